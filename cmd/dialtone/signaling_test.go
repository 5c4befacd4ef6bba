package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/cmd/dialtone/internal/requests"
	"dialtone/diag"
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

func TestUsableServers(t *testing.T) {
	have := []diag.ICEServerAuth{{URL: "stun:known.example:3478"}}
	got := requests.Usable([]signal.ICEServer{
		{URL: "stun:known.example"},
		{URL: "stun:new.example"},
		{URL: "stun:new.example:3478"},
		{URL: "turn:t.example"},
		{URL: "turn:t.example", Username: "ann", Credential: "p"},
		{URL: "http://x"},
	}, have)
	want := []diag.ICEServerAuth{{URL: "stun:new.example:3478"}, {URL: "turn:t.example:3478?transport=udp", Username: "ann", Credential: "p"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
