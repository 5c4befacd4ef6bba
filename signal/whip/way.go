package whip

import (
	"dialtone/signal"
	"dialtone/signal/post"
)

const (
	typeSDP      = "application/sdp"
	typeFragment = "application/trickle-ice-sdpfrag"
)

// Publish is WHIP, and Play is WHEP. Their clients are presets of package post.
var (
	Publish = way(signal.Way{
		Name: "whip",
		Call: []signal.Flag{{
			Placeholder: "URL",
			Help:        "Publish test audio and video to this endpoint of a media server (WHIP, RFC 9725).",
		}},
		Answer: []signal.Flag{{
			Placeholder: "HOST:PORT",
			Help:        "Accept what encoders publish to http://HOST:PORT/whip (WHIP, RFC 9725).",
		}},
		Check:  []signal.Flag{{Placeholder: "URL", Help: "Publish to this endpoint of a media server (WHIP)."}},
		Others: obs,
	})
	Play = way(signal.Way{
		Name: "whep",
		Call: []signal.Flag{{Placeholder: "URL", Help: "Play from this endpoint of a media server (WHEP)."}},
		Answer: []signal.Flag{{
			Placeholder: "HOST:PORT", Help: "Send test audio and video to players at http://HOST:PORT/whep (WHEP).",
		}},
		Check: []signal.Flag{{Placeholder: "URL", Help: "Play from this endpoint of a media server (WHEP)."}},
	})
)

// obs is what OBS Studio (30 and later) asks for in Settings, Stream.
func obs(url string, token bool) string {
	bearer := "empty"
	if token {
		bearer = "the token"
	}
	return "OBS: in Settings, Stream, choose Service WHIP; Server: " + url + "; Bearer Token: " + bearer
}

// way completes what the two have in common.
func way(w signal.Way) signal.Way {
	for _, flags := range [][]signal.Flag{w.Call, w.Answer, w.Check} {
		flags[0].Name = w.Name
	}
	w = post.Over(w, post.Builtin(w.Name))
	w.Path = "/" + w.Name
	play := w.Media == signal.MediaToCaller
	w.Listen = func(s signal.Setup) signal.Server { return NewServer(ServerOptions{Play: play, Token: s.Token}) }
	return w
}
