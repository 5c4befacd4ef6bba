package conform

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"dialtone/signal/web"
	"dialtone/signal/whip"
)

// usage is §4.1 and what OPTIONS is for.
var usage = []check{
	{"get-endpoint", "4.1", Must, "GET on the endpoint is answered 2xx without content: nothing is defined to be there",
		func(ctx context.Context, s *suite) verdict {
			return s.get(ctx, s.endpoint)
		}},
	{"get-session", "4.1", Must, "GET on the session is answered 2xx without content",
		func(ctx context.Context, s *suite) verdict {
			if v := s.noSession(); v.skipped != "" {
				return v
			}
			return s.get(ctx, s.session)
		}},
	{"options-cors", "4.2", Must, "OPTIONS on the endpoint supports CORS, without a token", preflight},
	{"options-accept-post", "4.2", Should, "the answer to OPTIONS names application/sdp in Accept-Post",
		func(_ context.Context, s *suite) verdict {
			s.recall("options")
			if s.options == nil || s.options.Status/100 != 2 {
				return verdict{skipped: "OPTIONS is not answered 2xx"}
			}
			if v := strings.Join(s.options.Header.Values("Accept-Post"), ","); !strings.Contains(strings.ToLower(v), typeSDP) {
				return verdict{broken: "Accept-Post is " + orNone(v)}
			}
			return verdict{}
		}},
	{"options-no-ice", "4.6", Should, "the answer to a preflight brings no STUN/TURN configuration, whose making costs",
		func(_ context.Context, s *suite) verdict {
			s.recall("options")
			if s.options == nil {
				return verdict{skipped: "OPTIONS is not answered"}
			}
			if n := len(whip.ParseICEServers(s.options.Header.Values("Link"))); n > 0 {
				return verdict{broken: fmt.Sprintf("it brings %d ICE servers", n)}
			}
			return verdict{}
		}},
}

func (s *suite) get(ctx context.Context, u *url.URL) verdict {
	a, v := s.request(ctx, web.Call{Method: http.MethodGet, URL: u})
	switch {
	case a == nil:
		return v
	case a.Status == http.StatusMethodNotAllowed:
		return verdict{broken: "GET is answered 405, as early drafts had it, not 2xx"}
	case a.Status/100 != 2:
		return verdict{broken: fmt.Sprintf("GET is answered %d, not 2xx", a.Status)}
	case len(a.Body) > 0:
		return verdict{broken: fmt.Sprintf("GET is answered with %d bytes of content", len(a.Body))}
	}
	return verdict{}
}

// preflight asks what a browser asks before it posts from a page of another origin.
func preflight(ctx context.Context, s *suite) verdict {
	a, v := s.request(ctx, web.Call{
		Method: http.MethodOptions, URL: s.endpoint, Anonymous: true, Header: http.Header{
			"Origin":                         {"https://page.example"},
			"Access-Control-Request-Method":  {http.MethodPost},
			"Access-Control-Request-Headers": {"authorization,content-type"},
		},
	})
	if a == nil {
		return v
	}
	s.options = a
	s.remember("options")
	methods := strings.ToUpper(a.Header.Get("Access-Control-Allow-Methods"))
	headers := strings.ToLower(a.Header.Get("Access-Control-Allow-Headers"))
	switch origin := a.Header.Get("Access-Control-Allow-Origin"); {
	case a.Status/100 != 2:
		return verdict{broken: fmt.Sprintf("OPTIONS is answered %d, not 2xx", a.Status)}
	case origin != "*" && origin != "https://page.example":
		return verdict{broken: "Access-Control-Allow-Origin is " + orNone(origin)}
	case methods != "" && methods != "*" && !strings.Contains(methods, "POST"):
		return verdict{broken: "Access-Control-Allow-Methods leaves POST out: " + web.Clean(methods)}
	case headers != "*" && !strings.Contains(headers, "content-type"):
		return verdict{broken: "Access-Control-Allow-Headers leaves Content-Type out: " + orNone(headers)}
	}
	return verdict{}
}

func orNone(s string) string {
	if s = web.Clean(s); s == "" {
		return "absent"
	}
	return s
}
