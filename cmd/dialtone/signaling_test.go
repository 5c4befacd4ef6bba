package main

import (
	"testing"

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
