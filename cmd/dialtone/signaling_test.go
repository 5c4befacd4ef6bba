package main

import (
	"context"
	"testing"

	"dialtone/signal"
	"dialtone/signal/web"
)

func TestShownURL(t *testing.T) {
	tests := map[string]string{
		"127.0.0.1:8080/whip":                                 "http://127.0.0.1:8080/whip",
		"https://media.example/live/whip":                     "https://media.example/live/whip",
		"https://media.example/3f0a9c7d5be1482299aa/whip":     "https://media.example/…/whip",
		"https://media.example/whip?key=secret":               "https://media.example/whip?…",
		"https://media.example:8443/a/0123456789abcdef?x#key": "https://media.example:8443/a/…?…",
	}
	for address, want := range tests {
		if got := web.Shown(address); got != want {
			t.Errorf("%s is shown as %s, want %s", address, got, want)
		}
	}
}

// TestSilentOptions: only a server that got the request did not answer it.
func TestSilentOptions(t *testing.T) {
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	for _, sent := range []bool{true, false} {
		way := signal.Way{ICEServers: func(context.Context, signal.Setup) ([]signal.ICEServer, error) {
			return nil, &signal.Error{Op: "options", Sent: sent, Err: context.DeadlineExceeded}
		}}
		if _, warnings := namedServers(late, way, signal.Setup{}, nil); len(warnings) > 0 != sent {
			t.Errorf("sent %t: %v", sent, warnings)
		}
	}
}

// TestNamedServersStayAway: a server elsewhere names no ICE server of this machine; one on this machine may.
func TestNamedServersStayAway(t *testing.T) {
	way := signal.Way{ICEServers: func(context.Context, signal.Setup) ([]signal.ICEServer, error) {
		var out []signal.ICEServer
		for _, host := range []string{"127.0.0.1:9", "169.254.169.254:80", "[::ffff:127.0.0.1]", "localhost", "203.0.113.9"} {
			out = append(out, signal.ICEServer{URL: "turn:" + host + "?transport=tcp", Username: "u", Credential: "p"})
		}
		return out, nil
	}}
	for address, want := range map[string]int{"https://203.0.113.5/whip": 1, "http://127.0.0.1:8080/whip": 5} {
		used, notes := namedServers(t.Context(), way, signal.Setup{Address: address}, nil)
		if len(used) != want || (len(notes) == 1) != (want == 1) {
			t.Errorf("%s: %v, %v", address, used, notes)
		}
	}
}
