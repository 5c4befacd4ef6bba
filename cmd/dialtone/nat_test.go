package main

import (
	"strings"
	"testing"

	"dialtone/diag/iceurl"
)

// TestPublicServers: the list can be used, and the documentation has the same.
func TestPublicServers(t *testing.T) {
	doc := readDoc(t, "reference/configuration.md")
	for _, s := range publicServers {
		if u, err := iceurl.Parse(s); err != nil || u.Scheme != iceurl.STUN || u.String() != s {
			t.Errorf("%s is read as %v, %v", s, u, err)
		}
		if !strings.Contains(doc, s) {
			t.Errorf("docs/reference/configuration.md does not list %s", s)
		}
	}
}

// TestPublicServersAreAskedOnRequest alone.
func TestPublicServersAreAskedOnRequest(t *testing.T) {
	c := natCommand{Servers: []string{"stun.example.org"}}
	if list, err := c.servers(); err != nil || len(list) != 1 {
		t.Errorf("without --public: %v, %v", list, err)
	}
	c.Public = true
	if list, err := c.servers(); err != nil || len(list) != 1+len(publicServers) {
		t.Errorf("with --public: %v, %v", list, err)
	}
	c = natCommand{}
	if _, err := c.servers(); err == nil || !strings.Contains(err.Error(), "--public") {
		t.Errorf("without anything: %v", err)
	}
}
