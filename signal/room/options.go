package room

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dialtone/signal"
	"dialtone/signal/web"
)

// Way is the room protocol.
var Way = signal.Way{
	Name:  "room",
	Coded: true,
	Check: []signal.Flag{{
		Name: "room", Placeholder: "CODE",
		Help: "Dial this code at --server and wait for the peer, such as dialtone answer.",
	}},
	ValidAddress: func(address string) error {
		_, err := Endpoint(address)
		return err
	},
	Dial: func(ctx context.Context, s signal.Setup) (signal.Channel, error) {
		return Dial(ctx, Options{Server: s.Address, Code: s.Code, Options: web.OptionsOf(s).Traced(ctx)})
	},
}

// Options configure one call. Server and Code are needed; 0 means the documented default elsewhere.
type Options struct {
	// Server is the address of the server, see Endpoint.
	Server string
	// Code is the room code, 1 to 255 characters: both peers dial the same one.
	Code string
	// Options of the HTTP client. The protocol has no token. Timeout is 10 s by default. OnRequest gets a request before
	// what it brought can be received, and must not call the channel.
	web.Options
	// GiveUp is how long requests are repeated over network errors and 5xx before the channel fails. Default 10 s: by then
	// the pair has expired.
	GiveUp time.Duration
	// LongPoll is how long the server is asked to hold a poll, at most 25 s. Default 20 s. Negative: never, poll as the
	// original's page does, only faster.
	LongPoll time.Duration
}

// The longest hold of the protocol.
const maxWait = 25 * time.Second

func (o Options) withDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.GiveUp == 0 {
		o.GiveUp = 10 * time.Second
	}
	if o.LongPoll == 0 {
		o.LongPoll = 20 * time.Second
	}
	o.LongPoll = min(o.LongPoll, maxWait)
	return o
}

const (
	// pagePath is where the original and dialtone's server have their page, and callPath is the endpoint below it.
	pagePath = "/call/"
	callPath = "call_line_process/"
	// servePort is where dialtone's own server listens by default.
	servePort = "8000"
)

// Endpoint makes the address that requests go to from that of a server: a host, host:port, the page's address with or
// without slash, or the complete address of the endpoint. A query and a fragment are dropped.
//
//	call.example.org           https://call.example.org/call/call_line_process/
//	call.example.org:8443      https://call.example.org:8443/call/call_line_process/
//	call.example.org:8000      http://call.example.org:8000/call/call_line_process/
//	localhost, 192.168.1.5     http://…:8000/call/call_line_process/
//	https://host/room          https://host/room/call_line_process/
//
// web.PageEndpoint says what an address without a scheme means, and which error it returns.
func Endpoint(server string) (*url.URL, error) {
	u, err := web.PageEndpoint(server, servePort)
	if err != nil {
		return nil, err
	}
	u.RawQuery, u.ForceQuery, u.RawPath = "", false, ""
	path := strings.TrimRight(u.Path, "/")
	switch {
	case path == "":
		u.Path = pagePath + callPath
	case strings.HasSuffix(path+"/", "/"+callPath):
		u.Path = path + "/"
	default:
		u.Path = path + "/" + callPath
	}
	return web.PageEndpoint(u.String(), servePort) // escaped, it may be too long
}

// headerWait announces a server that holds polls, numbers them, and makes every request atomic.
const headerWait = "Dialtone-Wait-Ms"

// announced is the longest hold that a server announces; 0: none.
func announced(a *web.Answer) time.Duration {
	ms, err := strconv.Atoi(a.Header.Get(headerWait))
	if err != nil || ms <= 0 {
		return 0
	}
	return min(time.Duration(ms)*time.Millisecond, maxWait)
}

// request makes a request of the protocol.
func (c *channel) request(op string, body []byte) web.Call {
	return web.Call{
		Op: op, Method: http.MethodPost, URL: c.endpoint, ContentType: "application/json", Accept: "application/json",
		Body: body, Expect: []int{http.StatusOK}, Anonymous: true, Refine: c.refine,
	}
}
