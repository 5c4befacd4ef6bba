package post

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"dialtone/signal"
	"dialtone/signal/web"
)

// maxServers bounds the ICE servers of one answer.
const maxServers = 16

// ICEServers asks an address for its ICE servers by the request that its shape has for that; most answer with none. The
// error is a *signal.Error.
func ICEServers(ctx context.Context, o Options) ([]signal.ICEServer, error) {
	client, err := web.Open(o.URL, o.Options)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	c := &Client{o: o, shape: o.Shape, client: client, values: values{"address": client.Endpoint().String()}}
	call, err := c.call(o.Shape.Servers)
	if err != nil {
		return nil, err
	}
	a, err := client.Do(ctx, call)
	if err != nil {
		return nil, err
	}
	servers, _ := parseServers(decode(a.Body))
	return append(web.ParseICEServers(a.Header.Values("Link")), servers...), nil
}

// Source is where ICE servers with credentials of limited time come from.
type Source struct {
	Method string // GET or POST
	URL    string
	web.Options
}

// Fetch asks for the ICE servers, and returns when their credentials expire; zero: never, or it is not known. The
// answer has the shape of Cloudflare or Metered (RTCIceServer in JSON), Twilio (ice_servers, ttl), Matrix or the REST
// draft (uris, username, password, ttl). The error is a *signal.Error.
func (s Source) Fetch(ctx context.Context) (servers []signal.ICEServer, expires time.Time, err error) {
	client, err := web.Open(s.URL, s.Options)
	if err != nil {
		return nil, expires, err
	}
	defer client.Close()
	call := web.Call{
		Op: "ice-servers", Method: s.Method, URL: client.Endpoint(), Accept: "application/json", Redirects: true,
	}
	if call.Method == "POST" {
		call.ContentType, call.Body = "application/json", []byte(`{"ttl":86400}`) // Cloudflare's; others ignore it
	}
	begun := time.Now()
	call.Read = func(a *web.Answer, _ *signal.Request) error {
		tree := decode(a.Body)
		if servers, _ = parseServers(tree); len(servers) == 0 {
			servers = web.ParseICEServers(a.Header.Values("Link"))
		}
		if len(servers) == 0 {
			return &signal.Error{
				Op: "ice-servers", Reason: signal.ReasonProtocol, Status: a.Status, Err: errNoServers,
			}
		}
		expires = expiry(tree, servers, begun)
		return nil
	}
	_, err = client.Do(ctx, call)
	return servers, expires, err
}

var (
	errNoServers = errors.New("the answer names no ICE servers")
	errNoJSON    = errors.New("this is not JSON")
	errNoneNamed = errors.New("this JSON names no STUN or TURN server")
)

// ParseICEServers reads ICE servers in JSON, as answers of [Source.Fetch] and RTCConfigurations have them.
func ParseICEServers(text []byte) ([]signal.ICEServer, error) {
	tree := decode(text)
	if tree == nil {
		return nil, errNoJSON
	}
	servers, _ := parseServers(tree)
	if len(servers) == 0 {
		return nil, errNoneNamed
	}
	return servers, nil
}

// parseServers reads the ICE servers of an answer in JSON, wherever its shape has them.
func parseServers(tree any) ([]signal.ICEServer, bool) {
	switch t := tree.(type) {
	case []any:
		var out []signal.ICEServer
		for _, one := range t {
			servers, _ := parseServers(one)
			out = append(out, servers...)
		}
		return out[:min(len(out), maxServers)], true
	case map[string]any:
		for _, name := range []string{"iceServers", "ice_servers", "iceConfig"} {
			if inner, ok := t[name]; ok {
				return parseServers(inner)
			}
		}
		return serverOf(t), true
	}
	return nil, false
}

// serverOf reads one entry: an RTCIceServer, or what the REST draft has.
func serverOf(t map[string]any) []signal.ICEServer {
	username, _ := t["username"].(string)
	password, _ := t["credential"].(string)
	if password == "" {
		password, _ = t["password"].(string)
	}
	var out []signal.ICEServer
	for _, name := range []string{"urls", "uris", "url"} {
		list, isList := t[name].([]any)
		if !isList {
			list = []any{t[name]}
		}
		for _, one := range list {
			u, ok := one.(string)
			if scheme, _, _ := strings.Cut(strings.ToLower(u), ":"); !ok || len(u) > signal.MaxCandidate ||
				scheme != "stun" && scheme != "stuns" && scheme != "turn" && scheme != "turns" {
				continue
			}
			out = append(out, signal.ICEServer{URL: u, Username: username, Credential: password})
		}
		if len(out) > 0 {
			return out // Twilio has urls and url, which are the same
		}
	}
	return nil
}

// expiry is when credentials end: by the lifetime that the answer gives, else by the time in their user name, as the
// REST draft makes it.
func expiry(tree any, servers []signal.ICEServer, begun time.Time) time.Time {
	if ttl, err := strconv.ParseUint(text(at(tree, "ttl")), 10, 31); err == nil && ttl > 0 {
		return begun.Add(time.Duration(ttl) * time.Second) // #nosec G115 -- 31 bits
	}
	for _, s := range servers {
		stamp, _, _ := strings.Cut(s.Username, ":")
		if at, err := strconv.ParseInt(stamp, 10, 64); err == nil && at > 1e9 && at < 1e11 {
			return time.Unix(at, 0)
		}
	}
	return time.Time{}
}
