package conform

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"dialtone/signal/web"
)

// usage is §4.1 and what OPTIONS is for.
var usage = []check{
	{
		"get-endpoint", "4.1", "4.1", Must,
		"GET on the endpoint is answered 2xx without content: nothing is defined to be there",
		nil, getEndpoint, isEmpty,
	},
	{
		"get-session", "4.1", "4.1", Must,
		"GET on the session is answered 2xx without content", hasSession, getSession, isEmpty,
	},
	{
		"options-cors", "4.2", "4.3", Must,
		"OPTIONS on the endpoint supports CORS, without a token", nil, preflight, allowsPages,
	},
	{
		"options-accept-post", "4.2", "4.3", Should,
		"the answer to OPTIONS names application/sdp in Accept-Post", hasOptions, nil,
		state(func(s *suite) error {
			v := strings.Join(s.options.Header.Values("Accept-Post"), ",")
			return unless(strings.Contains(strings.ToLower(v), typeSDP), "Accept-Post is %s", orNone(v))
		}),
	},
	{
		"options-no-ice", "4.6", "", Should,
		"the answer to a preflight brings no STUN/TURN configuration, which is costly to make",
		hasOptions, nil, state(func(s *suite) error {
			n := len(web.ParseICEServers(s.options.Header.Values("Link")))
			return unless(n == 0, "it brings %d ICE servers", n)
		}),
	},
}

func isEmpty(_ context.Context, _ *suite, a *web.Answer) error {
	switch {
	case a.Status == http.StatusMethodNotAllowed:
		return draft("GET is answered 405, as drafts such as draft-ietf-wish-whip-08 required, not 2xx")
	case a.Status/100 != 2:
		return fmt.Errorf("GET is answered %d, not 2xx", a.Status)
	case len(a.Body) > 0:
		return fmt.Errorf("GET is answered with %d bytes of content", len(a.Body))
	}
	return nil
}

// preflight asks what a browser asks before it posts from a page of another origin.
func preflight(s *suite) web.Call {
	return web.Call{Method: http.MethodOptions, URL: s.endpoint, Anonymous: true, Header: http.Header{
		"Origin":                         {"https://page.example"},
		"Access-Control-Request-Method":  {http.MethodPost},
		"Access-Control-Request-Headers": {"authorization,content-type"},
	}}
}

func allowsPages(_ context.Context, s *suite, a *web.Answer) error {
	s.options = a
	s.remember("options")
	methods := strings.ToUpper(a.Header.Get("Access-Control-Allow-Methods"))
	headers := strings.ToLower(a.Header.Get("Access-Control-Allow-Headers"))
	switch origin := a.Header.Get("Access-Control-Allow-Origin"); {
	case a.Status/100 != 2:
		return fmt.Errorf("OPTIONS is answered %d, not 2xx", a.Status)
	case origin == "" && methods != "":
		return SkipError("pages of https://page.example may not call the server, which is its choice")
	case origin != "*" && origin != "https://page.example":
		return errors.New("Access-Control-Allow-Origin is " + orNone(origin))
	case methods != "" && methods != "*" && !strings.Contains(methods, "POST"):
		return errors.New("Access-Control-Allow-Methods lacks POST: " + web.Clean(methods))
	case headers != "*" && !strings.Contains(headers, "content-type"):
		return errors.New("Access-Control-Allow-Headers lacks Content-Type: " + orNone(headers))
	}
	return nil
}

func orNone(s string) string {
	if s = web.Clean(s); s == "" {
		return "absent"
	}
	return s
}
