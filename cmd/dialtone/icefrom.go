package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/cmd/dialtone/internal/requests"
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

// expiryMargin is how long before their end credentials are asked for anew.
const expiryMargin = time.Minute

// iceSupply gives the ICE servers of --ice-from, and asks again before their credentials expire.
type iceSupply struct {
	source posting.Source
	length time.Duration // of a call: the credentials must outlast it

	mu      sync.Mutex
	known   []diag.ICEServerAuth
	expires time.Time
	asked   bool
}

// newICESupply makes the supply of a command; nil without --ice-from.
func newICESupply(f iceFromFlags, config diag.Config) *iceSupply {
	if f.ICEFrom.url == "" {
		return nil
	}
	s := &iceSupply{length: config.For, source: posting.Source{Method: f.ICEFrom.method, URL: f.ICEFrom.url}}
	setup := chosen{}.setup(config)
	s.source.Options = web.OptionsOf(setup)
	s.source.Token, s.source.Header = "", requests.Of(f.ICEHeader)
	return s
}

// renew puts the servers of the supply in the place of those that it gave before.
func (s *iceSupply) renew(ctx context.Context, have []diag.ICEServerAuth) ([]diag.ICEServerAuth, error) {
	if s == nil {
		return have, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	others := slices.DeleteFunc(slices.Clone(have), func(one diag.ICEServerAuth) bool {
		return slices.Contains(s.known, one)
	})
	if !s.asked || !s.expires.IsZero() && time.Until(s.expires) < s.length+expiryMargin {
		servers, expires, err := s.source.Fetch(ctx)
		if err != nil {
			return nil, fmt.Errorf("--ice-from: %w", advised(err))
		}
		s.known, s.expires, s.asked = requests.Usable(servers, others), expires, true
	}
	return append(others, s.known...), nil
}
