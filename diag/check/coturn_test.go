package check

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/logging"
	turnclient "github.com/pion/turn/v5"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/probe"
)

// startCoturn runs the TURN server that most people run, over UDP on loopback, until the test ends. It returns its URL.
func startCoturn(t *testing.T, options ...string) string {
	t.Helper()
	program := labtest.NeedProgram(t, "turnserver")
	dir := t.TempDir()
	server := labtest.Server{
		Program: program, Ports: 1,
		Args: func(ports []string) []string {
			return append(slices.Clone(options), "-n", "--listening-ip=127.0.0.1", "--listening-port="+ports[0], "--relay-ip=127.0.0.1",
				"--no-cli", "--no-tls", "--no-dtls", "--realm=example.org", "--log-file=stdout", "--pidfile="+filepath.Join(dir, "pid"),
				"--userdb="+filepath.Join(dir, "db"))
		},
		Answers: func(ctx context.Context, ports []string) (up bool) {
			ctx, over := context.WithTimeout(ctx, time.Second)
			defer over()
			probe.All(ctx, []probe.Target{{URL: "stun:127.0.0.1:" + ports[0]}}, func(r diag.Server) { up = r.OK() })
			return up
		},
	}
	return "turn:127.0.0.1:" + server.Start(t)[0] + "?transport=udp"
}

// occupy holds an allocation of the account until the test ends.
func occupy(t *testing.T, url string) {
	t.Helper()
	pc, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSuffix(strings.TrimPrefix(url, "turn:"), "?transport=udp")
	c, err := turnclient.NewClient(&turnclient.ClientConfig{
		STUNServerAddr: address, TURNServerAddr: address, Conn: pc, Username: "dialtone", Password: "right", Realm: "example.org",
		LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		_ = pc.Close()
	})
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	relay, err := c.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = relay.Close() })
}

// TestCoturn: what coturn refuses has the same codes and findings as what the lab's servers refuse, and what it relays passes.
func TestCoturn(t *testing.T) {
	const account = "--user=dialtone:right"
	past := fmt.Sprintf("%d:ann", time.Now().Add(-time.Hour).Unix())
	rows := []struct {
		name     string
		options  []string
		user     string
		password string
		exit     string
		finding  string // "" for none
	}{
		{"carries a call", []string{"--lt-cred-mech", account, "--allow-loopback-peers"}, "dialtone", "right", "pass", ""},
		{"quota for the call alone", []string{"--lt-cred-mech", account, "--allow-loopback-peers", "--user-quota=2"}, "dialtone", "right", "pass", ""},
		{"wrong password", []string{"--lt-cred-mech", account, "--allow-loopback-peers"}, "dialtone", "wrong", "ice", "turn.unauthorized"},
		{"quota", []string{"--lt-cred-mech", account, "--allow-loopback-peers", "--user-quota=1"}, "dialtone", "right", "ice", "turn.quota_reached"},
		{"expired", []string{"--use-auth-secret", "--static-auth-secret=s", "--allow-loopback-peers"}, past, "x", "ice", "turn.credentials_expired"},
		{"peers forbidden", []string{"--lt-cred-mech", account}, "dialtone", "right", "ice", "ice.no_path"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			url := startCoturn(t, row.options...)
			if row.name == "quota" {
				occupy(t, url)
			}
			o := relayed(url, row.password)
			o.Config.ICEServers[0].Username, o.unwatched = row.user, true
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			told := row.finding == ""
			for _, f := range r.Findings {
				told = told || f.ID == row.finding
			}
			if row.exit == "pass" && len(r.Findings) > 0 {
				t.Errorf("%+v", r.Findings)
			}
			if r.Exit.Name != row.exit || !told || row.exit == "pass" && (r.Path == nil || r.Path.Local.CandidateType != diag.Relay || r.Path.Remote.CandidateType != diag.Relay) {
				t.Error(written(t, r))
			}
		})
	}
}
