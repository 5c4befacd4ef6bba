package session

import (
	"context"

	"dialtone/signal"
	"dialtone/signal/post"
	"dialtone/signal/room"
)

// overRoom dials with options that no flag gives.
func overRoom(o room.Options) Dialer {
	return Dialing(func(ctx context.Context, onRequest func(signal.Request)) (signal.Channel, error) {
		o := o
		o.OnRequest = onRequest
		return room.Dial(ctx, o)
	})
}

func overWHIP(o post.Options) Dialer {
	return Dialing(func(ctx context.Context, onRequest func(signal.Request)) (signal.Channel, error) {
		o := o
		o.OnRequest = onRequest
		c, err := post.Dial(ctx, o)
		if err != nil {
			return nil, err
		}
		return c, nil
	})
}
