package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"dialtone/diag"
	"dialtone/diag/peer"
	"dialtone/signal"
	"dialtone/signal/web"
)

// callingFlags are the ways to the other party of who begins, beside the code word.
type callingFlags struct {
	Offer string `placeholder:"URL" group:"signaling" help:"Post the offer to this address, as JSON; the response is the answer."`
	WHIP  string `name:"whip" placeholder:"URL" group:"signaling" help:"Publish the clips to this endpoint of a media server (WHIP, RFC 9725)."`
	WHEP  string `name:"whep" placeholder:"URL" group:"signaling" help:"Play from this endpoint of a media server (WHEP)."`
	pasteFlags
	Token diag.Secret `placeholder:"TOKEN" group:"signaling" help:"Bearer token for --offer, --whip and --whep. Others can read it in the list of processes: better give it as DIALTONE_TOKEN or in the file."`
}

// answeringFlags are those of who is called.
type answeringFlags struct {
	Listen listenAddress `placeholder:"HOST:PORT" group:"signaling" help:"Take offers posted as JSON to http://HOST:PORT/offer, and answer in the response."`
	WHIP   string        `name:"whip" placeholder:"HOST:PORT" group:"signaling" help:"Take what encoders publish to http://HOST:PORT/whip (WHIP, RFC 9725)."`
	WHEP   string        `name:"whep" placeholder:"HOST:PORT" group:"signaling" help:"Play the clips to players at http://HOST:PORT/whep (WHEP)."`
	pasteFlags
	Token diag.Secret `placeholder:"TOKEN" group:"signaling" help:"Bearer token that callers of --listen, --whip and --whep must send. Better given as DIALTONE_TOKEN or in the file."`
	tlsFlags
}

// pasteFlags exchange texts that people carry.
type pasteFlags struct {
	Paste     bool   `group:"signaling" help:"Exchange offer and answer as texts, by copy and paste: no server at all."`
	PasteFrom string `placeholder:"FILE" group:"signaling" help:"With --paste: read the other party's text from this file, as soon as it is there, instead of stdin."`
	PasteTo   string `placeholder:"FILE" group:"signaling" help:"With --paste: write our text to this file instead of showing it."`
}

// way is one way to the other party. The zero value is the code word.
type way struct {
	kind  diag.Signaling
	flag  string // without hyphens
	value string
}

// flow is which way media goes.
func (w way) flow(calling bool) peer.Flow {
	switch {
	case !w.kind.NamesServers():
		return peer.FlowBoth
	case (w.kind == diag.SignalingWHIP) == calling:
		return peer.FlowSend
	}
	return peer.FlowReceive
}

// mediaAlone reports whether the way carries no data channels.
func (w way) mediaAlone() bool { return w.kind.NamesServers() }

func (f *callingFlags) ways() []way {
	return given(
		way{diag.SignalingOffer, "offer", f.Offer}, way{diag.SignalingWHIP, "whip", f.WHIP}, way{diag.SignalingWHEP, "whep",
			f.WHEP}, f.way(),
	)
}

func (f *answeringFlags) ways() []way {
	return given(
		way{diag.SignalingOffer, "listen", string(f.Listen)}, way{diag.SignalingWHIP, "whip",
			f.WHIP}, way{diag.SignalingWHEP, "whep", f.WHEP}, f.way(),
	)
}

func (f *pasteFlags) way() way {
	if !f.Paste {
		return way{}
	}
	return way{diag.SignalingPaste, "paste", "-"}
}

func given(all ...way) []way {
	var out []way
	for _, w := range all {
		if w.value != "" {
			out = append(out, w)
		}
	}
	return out
}

// choose takes the one way that was asked for. What is typed, code or flag, comes before the environment and the file.
// The error tells that there is none, or more than one, and what was typed that does not go with it.
func (a app) choose(code *string, ways []way) (way, error) {
	var typed []way
	for _, w := range ways {
		if a.settings.Typed[w.flag] {
			typed = append(typed, w)
		}
	}
	switch {
	case code != nil && len(typed) > 0:
		return way{}, fmt.Errorf("--%s needs no code: leave out %s, or the flag", typed[0].flag, quote(*code))
	case code != nil:
		return way{}, a.superfluous(way{})
	case len(typed) > 0:
		ways = typed
	}
	switch len(ways) {
	case 0:
		return way{}, errors.New("there is nobody to reach: give a code word, or another way, such as --paste")
	case 1:
		return ways[0], a.superfluous(ways[0])
	}
	return way{}, fmt.Errorf("--%s and --%s exclude each other: leave one out", ways[0].flag, ways[1].flag)
}

// superfluous names flags of the command line that have nothing to do with the way. In the environment or the file they
// are meant for other calls.
func (a app) superfluous(w way) error {
	var errs []error
	refuse := func(needs string, flags ...string) {
		for _, flag := range flags {
			if a.settings.Typed[flag] {
				errs = append(errs, fmt.Errorf("--%s goes with %s: leave it out", flag, needs))
			}
		}
	}
	if w.kind != "" {
		refuse("a code word", "server")
	}
	if w.kind == "" || w.kind == diag.SignalingPaste {
		refuse("a posted offer, WHIP and WHEP", "token", "tls", "tls-cert", "tls-key")
	}
	if w.kind != diag.SignalingPaste {
		refuse("--paste", "paste-from", "paste-to")
	}
	return errors.Join(errs...)
}

// checkMedia tells that a way which carries nothing but media was asked to carry none.
func (w way) checkMedia(m mediaFlags) error {
	if w.mediaAlone() && m.NoMedia {
		return fmt.Errorf("--no-media leaves nothing to --%s, which carries media alone: leave it out", w.flag)
	}
	return nil
}

// apply puts the way into the configuration of a call.
func (w way) apply(config *diag.Config, token diag.Secret) {
	if w.kind == "" {
		return
	}
	config.Signaling, config.Code, config.Server, config.Join = w.kind, "", "", ""
	config.MediaOnly = w.mediaAlone()
	if w.kind != diag.SignalingPaste {
		config.Token = token
	}
}

// webOptions are how endpoints are asked.
func webOptions(config diag.Config) web.Options {
	return web.Options{
		Trust: web.Trust{CAFile: config.CAFile,
			Insecure: config.Insecure}, Token: config.Token.Reveal(), UserAgent: "dialtone/" + config.Version,
	}
}

// checkURL tells what is wrong with the address after a flag.
func (w way) checkURL() error {
	_, err := web.Endpoint(w.value)
	var refused *signal.Error
	if errors.As(err, &refused) && refused.Err != nil {
		return fmt.Errorf("--%s: %w; %s", w.flag, refused.Err, refused.Hint)
	}
	return err
}

// longestPart is how long a part of a path may be to be taken for a name: what is longer may be a key.
const longestPart = 15

// shownURL is an address fit to be shown and recorded: many media servers put a key into the path or the query.
func shownURL(address string) string {
	u, err := web.Endpoint(address)
	if err != nil {
		return ""
	}
	parts := strings.Split(u.Path, "/")
	for i, part := range parts {
		if len(part) > longestPart {
			parts[i] = "…"
		}
	}
	query := ""
	if u.RawQuery != "" {
		query = "?…"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String() + strings.Join(parts, "/") + query
}
