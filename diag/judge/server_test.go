package judge

import (
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
)

// TestErrorCodeFindings: every error code that has an advice of its own has a finding of its own, and each is explained.
func TestErrorCodeFindings(t *testing.T) {
	for code, want := range map[int]string{
		300: "server.try_alternate", 401: "turn.unauthorized", 403: "turn.forbidden", 437: "turn.allocation_mismatch", 438: "turn.stale_nonce",
		441: "turn.wrong_credentials", 442: "turn.transport_unsupported", 446: "turn.connection_exists", 486: "turn.quota_reached",
		508: "turn.insufficient_capacity", 599: "stun.error_response",
	} {
		if id := diag.ServerFindingID(diag.ServerResult{Cause: "stun-error", ErrorCode: code}); id != want {
			t.Errorf("%d: %s, want %s", code, id, want)
		}
	}
	expired := diag.ServerResult{Cause: "auth", ErrorCode: 401, CredentialExpired: "2026-01-02T03:04:05Z"}
	if id := diag.ServerFindingID(expired); id != "turn.credentials_expired" {
		t.Error(id)
	}
}

// TestExpiryFindings warns from the fourteenth day on, in a call as in a diagnosis.
func TestExpiryFindings(t *testing.T) {
	for days, want := range map[int]string{-3: "t has expired.", 0: "within a day", 1: "in 1 day.", 13: "in 13 days.", 14: "", 90: ""} {
		s := diag.ServerResult{
			URL: "turns:t", OK: true, Transport: "tls", TLSName: "t.example", TLSIssuer: "an authority", TLSExpires: "2026-12-04T16:19:26Z", TLSDaysLeft: &days,
		}
		call := &call.Call{Servers: []call.ServerRow{{ServerResult: s}}}
		report := diag.JudgeNAT(&diag.NATObservations{}, []diag.ServerResult{s}, []diag.NATRelay{{ServerResult: s}}, nil)
		for where, found := range map[string][]diag.Finding{"call": serverFindings(call, diag.Warn), "nat": report.Findings} {
			found = slices.DeleteFunc(found, func(f diag.Finding) bool { return f.ID != "server.tls_expires" })
			if len(found) > 1 || (len(found) > 0) != (want != "") {
				t.Errorf("%s, %d days: %+v", where, days, found)
				continue
			}
			for _, f := range found {
				if !strings.Contains(f.Title, want) || f.Severity != diag.Warn || !strings.Contains(f.Evidence[0], "t.example, issued by an authority") || f.Advice == "" {
					t.Errorf("%s, %d days: %+v", where, days, f)
				}
			}
		}
	}
	if found := diag.WithExpiry(nil, diag.ServerResult{OK: true}); found != nil {
		t.Errorf("without a certificate: %+v", found)
	}
}

// TestRelayFindings: what is known of a relay that was had.
func TestRelayFindings(t *testing.T) {
	had := diag.ServerResult{URL: "turn:t", OK: true, Transport: "udp", Address: "9.9.9.9:3478", RelayAddress: "9.9.9.9:50000"}
	for want, r := range map[string]diag.NATRelay{
		"turn.relay_untested": {Peer: "9.9.9.9:3478", OwnPeer: true, Stopped: "send", StoppedText: "nothing"},
		"turn.relay_silent":   {Peer: "8.8.8.8:3478", Stopped: "send", StoppedText: "nothing"},
		"turn.peer_forbidden": {Peer: "8.8.8.8:3478", Stopped: "permission", StoppedCode: 403, StoppedText: "no"},
		"turn.refresh_failed": {Peer: "8.8.8.8:3478", Stopped: "refresh", StoppedCode: 437, StoppedText: "no"},
	} {
		r.ServerResult = had
		report := diag.JudgeNAT(&diag.NATObservations{}, nil, []diag.NATRelay{r}, nil)
		if len(report.Findings) != 1 || report.Findings[0].ID != want {
			t.Errorf("%s: %+v", want, report.Findings)
		}
	}
	had.SRV = "far.example:4000"
	report := diag.JudgeNAT(&diag.NATObservations{}, []diag.ServerResult{had}, []diag.NATRelay{{ServerResult: had}}, nil)
	if len(report.Findings) != 2 || report.Findings[0].ID != "server.found_by_srv" || !strings.Contains(report.Findings[1].Advice, "far.example:4000") {
		t.Errorf("%+v", report.Findings)
	}
}

func TestNewNATTimes(t *testing.T) {
	if diag.NewNATTimes(nil, 3) != nil {
		t.Error("times of nothing")
	}
	const ms = 1000 * 1000
	got := diag.NewNATTimes([]time.Duration{30 * ms, 10 * ms, 20 * ms}, 4)
	if want := (diag.NATTimes{MinMs: 10 * ms, MedianMs: 20 * ms, JitterMs: 15 * ms, Sent: 4, Lost: 1}); *got != want {
		t.Errorf("%+v, want %+v", *got, want)
	}
}
