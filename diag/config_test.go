package diag

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const testSecret = "hunter2-Very/Secret+"

func secretConfig() Config {
	return Config{
		Command: "call", Code: "w1", Server: "http://127.0.0.1:8000/call/", RelayOnly: true, NoMedia: true, Version: "0.1.0",
		ICEServers: []ICEServerAuth{{URL: "turn:turn.example", Username: "alice", Credential: testSecret}, {URL: "stun:stun.example"}},
		Wait:       time.Minute, For: 10 * time.Second,
	}
}

// TestSecretIsNotPrinted tries every way by which a value gets into a text by accident.
func TestSecretIsNotPrinted(t *testing.T) {
	c := secretConfig()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	start, err := json.Marshal(c.Start(time.Unix(1767323045, 0)))
	if err != nil {
		t.Fatal(err)
	}
	secret := c.ICEServers[0].Credential
	texts := []string{string(raw), string(start), fmt.Errorf("failed: %w", fmt.Errorf("%v", c)).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		texts = append(texts, fmt.Sprintf(verb, c), fmt.Sprintf(verb, &c), fmt.Sprintf(verb, secret), fmt.Sprintf(verb, &secret))
	}
	for _, text := range texts {
		for _, form := range []string{testSecret, fmt.Sprintf("%x", testSecret), fmt.Sprintf("%X", testSecret)} {
			if strings.Contains(text, form) {
				t.Errorf("the secret is in %q", text)
			}
		}
	}
	if secret.Reveal() != testSecret {
		t.Error("Reveal does not reveal")
	}
}

func TestConfigStart(t *testing.T) {
	want := CallStart{
		Command: "call", Code: "w1", Server: "http://127.0.0.1:8000/call/", RelayOnly: true, LocalVersion: "0.1.0", StartedAtUnix: 1767323045.25,
		ICEServers: []ICEServer{{URL: "turn:turn.example", HasUsername: true}, {URL: "stun:stun.example"}},
		WaitMs:     new(Millis(time.Minute)), ForMs: new(Millis(10 * time.Second)),
	}
	if diff := cmp.Diff(want, secretConfig().Start(time.UnixMilli(1767323045250))); diff != "" {
		t.Error(diff)
	}
	if got := (Config{Code: "x"}).Start(time.Unix(0, 0)); got.WaitMs != nil || got.ForMs != nil || !got.Media {
		t.Errorf("a call without limits, with media, is told as %+v", got)
	}
}

func TestValidate(t *testing.T) {
	good := Config{Code: "w1"}
	tests := []struct {
		name  string
		tweak func(*Config)
		want  []string // a word of each mistake; none: valid
	}{
		{"good", func(*Config) {}, nil},
		{"longest code", func(c *Config) { c.Code = strings.Repeat("ж", MaxCode) }, nil},
		{"no code", func(c *Config) { c.Code = "" }, []string{"empty"}},
		{"code too long", func(c *Config) { c.Code = strings.Repeat("ж", MaxCode+1) }, []string{"256 characters"}},
		{"control character", func(c *Config) { c.Code = "a\x1bb" }, []string{"control character"}},
		{"broken UTF-8", func(c *Config) { c.Code = "a\xff" }, []string{"UTF-8"}},
		{"all at once", func(c *Config) { c.Code, c.For, c.Wait, c.RelayOnly = "", -1, -1, true }, []string{"empty", "--for", "--wait", "--relay-only"}},
		{"relay only with a server", func(c *Config) { c.RelayOnly, c.ICEServers = true, []ICEServerAuth{{URL: "turn:x"}} }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.tweak(&c)
			err := c.Validate()
			if (err == nil) != (len(tt.want) == 0) {
				t.Fatalf("Validate() = %v", err)
			}
			for _, word := range tt.want {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not mention %q", err, word)
				}
			}
		})
	}
}
