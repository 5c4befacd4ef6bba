package words

import (
	"strings"
	"testing"

	"dialtone/diag"
)

// TestSignalAdvice: the most specific of what is known about a failure decides.
func TestSignalAdvice(t *testing.T) {
	for _, test := range []struct {
		failure diag.SignalFailure
		want    string // a part of the advice
	}{
		{diag.SignalFailure{Op: "page"}, "localhost:8000"},
		{diag.SignalFailure{Op: "endpoint"}, "complete address"},
		{diag.SignalFailure{Op: "dial", Reason: "dns"}, "DNS"},
		{diag.SignalFailure{Op: "dial", Reason: "status", Status: 511}, "Open any address in a browser and log in there: this network answers in place of the server."},
		{diag.SignalFailure{Op: "dial", Reason: "status", Status: 302, Location: "http://portal/"}, " If that is a page of this network, as in a hotel, open it in a browser first."},
		{diag.SignalFailure{Op: "dial", Reason: "status", Status: 301, Location: "https://h/call/\x1b"}, "redirects to: https://h/call/\ufffd."},
		{diag.SignalFailure{Op: "dial", Reason: "status", Status: 302}, "final address"},
		{diag.SignalFailure{Op: "dial", Reason: "status", Status: 403, Code: "weak_code"}, "/call/code.json"},
		{diag.SignalFailure{Op: "dial", Reason: "status", Status: 403, Code: "unknown_host"}, "--allowed-host"},
		{diag.SignalFailure{Op: "offer", Reason: "status", Status: 307, Code: "near_redirect"}, "if you trust the server"},
		{diag.SignalFailure{Op: "offer", Reason: "status", Status: 401, Code: "token_missing"}, "Give the bearer token"},
		{diag.SignalFailure{Op: "offer", Reason: "status", Status: 401}, "with --header 'Authorization: …'"},
		{diag.SignalFailure{Op: "offer", Reason: "limit", Status: 413}, "size limit"},
		{diag.SignalFailure{Op: "offer", Reason: "limit", Status: 429}, "Wait before"},
		{diag.SignalFailure{Op: "dial", Reason: "status", Status: 201}, "another protocol"},
		{diag.SignalFailure{Op: "offer", Reason: "status", Status: 403}, "the server's reason"},
		{diag.SignalFailure{Op: "offer", Reason: "status", Status: 404}, "Check the address"},
		{diag.SignalFailure{Op: "offer", Reason: "status", Status: 409}, "Try again later"},
		{diag.SignalFailure{Op: "offer", Reason: "status", Status: 503}, "busy"},
		{diag.SignalFailure{Op: "offer", Reason: "status", Status: 502}, "proxy forwards to"},
		{diag.SignalFailure{Op: "dial", Reason: "tls", Code: "unknown_authority"}, "--ca FILE"},
		{diag.SignalFailure{Op: "dial", Reason: "tls", Code: "no_tls"}, "http://"},
		{diag.SignalFailure{Op: "dial", Reason: "rejected", Status: 400, Code: "needs_tls"}, "https://"},
		{diag.SignalFailure{Op: "dial", Reason: "proxy", Status: 407}, "USER:PASSWORD"},
		{diag.SignalFailure{Op: "dial", Reason: "proxy", Status: 401}, "USER:PASSWORD"},
		{diag.SignalFailure{Op: "dial", Reason: "proxy", Status: 403}, "proxy permit"},
		{diag.SignalFailure{Op: "dial", Reason: "proxy"}, "NO_PROXY"},
		{diag.SignalFailure{Op: "pairing", Reason: "rejected", Code: "not_offerer"}, "before the peer"},
		{diag.SignalFailure{Op: "get_status", Reason: "protocol", Code: "inconsistent"}, "Dial again"},
		{diag.SignalFailure{Op: "get_status", Reason: "protocol"}, "another protocol"},
		{diag.SignalFailure{Op: "get_status", Reason: "new", Code: "newer"}, ""},
	} {
		got := SignalAdvice(test.failure)
		if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%+v: %q", test.failure, got)
		}
	}
}
