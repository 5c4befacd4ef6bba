package main

import (
	"fmt"
	"strings"

	"dialtone/cmd/dialtone/internal/requests"
	"dialtone/cmd/dialtone/internal/supply"
	"dialtone/diag"
	posting "dialtone/signal/post"
	"dialtone/signal/web"
)

// iceFromFlags say where ICE servers with credentials of limited time come from.
type iceFromFlags struct {
	ICEFrom   iceSource         `own:"demo" name:"ice-from" placeholder:"URL" help:"Ask this address for STUN and TURN servers before each call, by GET, or by POST if it begins with 'POST '. The answers of Cloudflare, Twilio, Metered, Matrix and the TURN REST draft are understood."`
	ICEHeader []requests.Header `own:"demo" name:"ice-header" sep:"none" placeholder:"'NAME: VALUE'" help:"Send this field to --ice-from; like --header. Repeatable."`
}

// iceSource is an address, with the method to ask it by.
type iceSource struct{ method, url string }

func parseICESource(raw string) (iceSource, error) {
	s := iceSource{"GET", strings.TrimSpace(raw)}
	if rest, isPost := strings.CutPrefix(s.url, "POST "); isPost {
		s = iceSource{"POST", strings.TrimSpace(rest)}
	}
	if err := web.Valid(s.url); err != nil {
		return iceSource{}, advised(err)
	}
	return s, nil
}

// newSupply makes the supply of a command; nil without --ice-from.
func newSupply(f iceFromFlags, config diag.Config) *supply.Supply {
	if f.ICEFrom.url == "" {
		return nil
	}
	source := posting.Source{Method: f.ICEFrom.method, URL: f.ICEFrom.url, Options: web.OptionsOf(chosen{}.setup(config))}
	source.Token, source.Header = "", requests.Of(f.ICEHeader)
	return supply.New(source, config.For, func(err error) error { return fmt.Errorf("--ice-from: %w", advised(err)) })
}
