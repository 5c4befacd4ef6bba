package post

import (
	"context"

	"dialtone/signal"
	"dialtone/signal/web"
)

// defaultPreset is what --offer does without --preset.
const defaultPreset = "aiortc"

// Way is a call by HTTP requests: one POST of the offer, or what a preset says.
var Way = Over(signal.Way{
	Name: "post", Path: "/offer",
	Call: []signal.Flag{
		{Name: "offer", Placeholder: "URL", Help: "POST the offer to this address as JSON; the response is the answer."},
		presetFlag,
	},
	Answer: []signal.Flag{{
		Name: "listen", Placeholder: "HOST:PORT",
		Help: "Accept offers posted as JSON to http://HOST:PORT/offer, and answer in the response.",
	}},
	Check: []signal.Flag{
		{Name: "offer", Placeholder: "URL", Help: "POST an offer to this address as JSON; the response is the answer."},
		presetFlag,
	},
	For:    configured,
	Listen: func(s signal.Setup) signal.Server { return NewServer(ServerOptions{Token: s.Token}) },
}, Builtin(defaultPreset))

var presetFlag = signal.Flag{
	Name: "preset", Placeholder: "NAME",
	Help: "The requests that the server of --offer wants: a preset (dialtone explain preset lists them) or an own one " +
		"in a FILE.toml.",
}

// configured is the way with the preset that was chosen.
func configured(w signal.Way, flags map[string]string) (signal.Way, error) {
	name := flags[presetFlag.Name]
	if name == "" {
		return w, nil
	}
	shape, err := Preset(name)
	if err != nil {
		return signal.Way{}, err
	}
	return Over(w, shape), nil
}

// Over is a way whose calls are made by the requests of a shape.
func Over(w signal.Way, shape *Shape) signal.Way {
	options := func(ctx context.Context, s signal.Setup) Options {
		return Options{
			URL: s.Address, Shape: shape, Fields: s.Fields, Trickle: s.Trickle, OnICEServers: s.OnICEServers,
			Options: web.OptionsOf(s).Traced(ctx),
		}
	}
	w.Token, w.Media, w.Channel, w.ValidAddress, w.Shown = true, shape.Way(), shape.Channel, web.Valid, web.Shown
	w.Kinds, w.Offered = shape.Kinds, shape.offers()
	w.Dial = func(ctx context.Context, s signal.Setup) (signal.Channel, error) {
		c, err := Dial(ctx, options(ctx, s))
		if err != nil {
			return nil, err // and not a channel that is nil
		}
		return c, nil
	}
	w.ValidFields = func(fields map[string]any) error {
		_, err := shape.with(fields)
		return err
	}
	w.ICEServers = nil
	if shape.Servers != nil {
		w.ICEServers = func(ctx context.Context, s signal.Setup) ([]signal.ICEServer, error) {
			o := options(ctx, s)
			o.Patience = -1 // the call itself will find out
			return ICEServers(ctx, o)
		}
	}
	return w
}
