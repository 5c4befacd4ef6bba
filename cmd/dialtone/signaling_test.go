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
