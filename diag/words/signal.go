package words

import "dialtone/diag"

// signalAdvice is what to do about failures of signaling: the first row that fits counts. What a row leaves empty fits
// everything.
var signalAdvice = []struct {
	op, reason, code string
	from, to         int // HTTP status, both inclusive
	advice           string
}{
	{
		op: "page",
		advice: "Give the address of the signaling server's page, such as https://call.example.org/call/ " +
			"or localhost:8000.",
	},
	{op: "endpoint", advice: "Give a complete address, such as https://media.example.org/whip."},
	{op: "token", advice: `Give only the token, without "Bearer", spaces or line breaks.`},
	{op: "tls", advice: "Give a file of PEM certificates with --ca."},
	{op: "code", advice: "Choose another room code."},
	{op: "listen", advice: "Wait until that call has begun."},
	{op: "answer", reason: "timeout", advice: "Check the ICE servers: the answer waits for their candidates."},
	{op: "paste", code: "input", advice: "Start again and paste the peer's text."},
	{op: "paste", code: "output", advice: "Check where the output goes."},
	{op: "paste", code: "once", advice: "Hang up and call again."},
	{op: "pairing", code: "not_offerer", advice: "Start the check before the peer, or use --role any."},
	{op: "pairing", code: "not_answerer", advice: "Start the peer before the check, or use --role any."},
	{
		op: "restart", reason: "protocol",
		advice: "Hang up and call again: the server does not restart ICE correctly.",
	},

	{code: "needs_tls", advice: "Give an https:// address."},
	{code: "no_http", advice: "Check the address and the port."},
	{code: "inconsistent", advice: "Dial again at both ends."},
	{
		reason: "proxy", from: 407, to: 407,
		advice: "Add the user name and password of the proxy to HTTP_PROXY and HTTPS_PROXY.",
	},
	{reason: "proxy", advice: "Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY."},
	{reason: "dns", advice: "Check the name of the server and the DNS of this machine."},
	{reason: "refused", advice: "Start the server, or check the port."},
	{reason: "unreachable", advice: "Check the network of this machine and the address."},
	{reason: "timeout", advice: "Check the address, firewalls and proxies."},
	{reason: "broken", advice: "Check the log of the server, or of the proxy in front of it."},
	{reason: "peer-gone", advice: "Dial again at both ends."},
	{reason: "shutdown", advice: "Call again when the server has restarted."},
	{reason: "limit", advice: "Wait a little, or raise the limits of the server."},
	{
		reason: "tls", code: "unknown_authority",
		advice: "If you trust the authority, give its certificate with --ca FILE; --insecure verifies nothing.",
	},
	{
		reason: "tls", code: "wrong_name",
		advice: "Use a name that the certificate contains; --insecure verifies nothing.",
	},
	{
		reason: "tls", code: "certificate_expired",
		advice: "Renew the certificate, or set the clock of this machine; --insecure verifies nothing.",
	},
	{
		reason: "tls", code: "bad_certificate",
		advice: "Install a certificate that is valid for this server; --insecure verifies nothing.",
	},
	{reason: "tls", code: "no_tls", advice: "Give an http:// address, or the port of the https service."},
	{reason: "tls", advice: "Check the TLS versions and certificates of the server."},

	{code: "token_missing", advice: "Give the bearer token with --token."},
	{
		code: "token_withheld",
		advice: "Give the address that the server redirects to: the token is sent only to the origin that " +
			"you name.",
	},
	{code: "token_rejected", advice: "Check --token."},
	{
		reason: "status", from: 300, to: 399,
		advice: "Give the final address: only the redirects 307 and 308 keep a POST.",
	},
	{
		reason: "status", from: 401, to: 403,
		advice: "Check the access rules: the server, or a proxy in front of it, requires a login that " +
			"dialtone does not support.",
	},
	{
		reason: "status", from: 409, to: 409,
		advice: "Try again later: the server is busy, or has nothing to play.",
	},
	{reason: "status", from: 404, to: 410, advice: "Check the address, to the last character."},
	{reason: "status", from: 503, to: 503, advice: "Try again later: the server is busy, or has nothing to play."},
	{reason: "status", from: 500, to: 999, advice: "Check the log of the server, or try again later."},
	{reason: "protocol", advice: "Check the address: the server speaks another protocol."},
	{reason: "rejected", advice: "Check the log of the server for the reason."},
}

// SignalAdvice is the next step after a failure of signaling; "" if there is none.
func SignalAdvice(f diag.SignalFailure) string {
	if f.Location != "" {
		return "Give the address that the server redirects to: " + diag.Clean(f.Location, 200) + "."
	}
	for _, row := range signalAdvice {
		if (row.op == "" || row.op == f.Op) && (row.reason == "" || row.reason == f.Reason) &&
			(row.code == "" || row.code == f.Code) && (row.to == 0 || row.from <= f.Status && f.Status <= row.to) {
			return row.advice
		}
	}
	return ""
}
