package signal

import "context"

// A call whose path is lost, or changes, cannot carry its own hang-up. A way that several exchanges of one call may
// use after each other, as a room is, can carry it instead: both peers name the call when they dial again, and the one
// that hangs up closes its channel, or dials, as [HangingUp] says.

type callKey struct{}

// callOf is what a context says of the call that an exchange is for.
type callOf struct {
	name string
	over bool
}

// WithCall names the call that an exchange is for, to dial again. Only its peers can know the name; empty: it has
// none.
func WithCall(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, callKey{}, callOf{name: name})
}

// HangingUp is the context of closing a channel because the call of a name is over, or of a dial that only says so: it
// meets no one and makes no channel. Its error is [ErrHungUp] if the server has noted that.
func HangingUp(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, callKey{}, callOf{name: name, over: true})
}

// CallOf returns the name that a context has, and whether the call is over.
func CallOf(ctx context.Context) (name string, over bool) {
	c, _ := ctx.Value(callKey{}).(callOf)
	return c.name, c.over
}
