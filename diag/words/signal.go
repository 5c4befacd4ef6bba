package words

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/sdp"
	"dialtone/diag/words/failure"
)

// signalAdvice is what to do about failures of signaling: the first row that fits counts. What a row leaves empty fits
// everything.
var signalAdvice = []struct {
	op, reason, code string
	from, to         int // HTTP status, both inclusive
	advice           string
}{
	{
		op:     "page",
		advice: "Give the address of the signaling server's page, such as https://call.example.org/call/ or localhost:8000.",
	},
	{op: "endpoint", advice: "Give a complete address, such as https://media.example.org/whip."},
	{op: "ice-servers", from: 401, to: 403, advice: "Check --ice-header: the service wants to know who asks."},
	{op: "ice-servers", reason: "protocol", advice: "Give the address of the service that hands out TURN credentials."},
	{op: "preset", advice: "Show what the preset needs: dialtone explain preset/NAME."},
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
	{
		code: "missing_value",
		advice: "Show where the preset looks for the value: dialtone explain preset/NAME. In a room of Janus another " +
			"client must publish first.",
	},
	{code: "weak_code", advice: "Use a room code from the page of the server, or from /call/code.json."},
	{code: "store_unavailable", advice: "Check the Redis of the server (--store); the log of the server has the cause."},
	{code: "draining", advice: "Dial again: the server is about to end, and another one or its successor takes the call."},
	{code: "unknown_host", advice: "Start the server with --public-url or --allowed-host."},
	{code: "bad_redirect", advice: "Fix the redirects of the server, or of the proxy in front of it."},
	{code: "bad_header", advice: "Fix the header of the server's answer: a line of it is not valid."},
	{
		code:   "no_body",
		advice: "Check the address and the --preset: the server accepted the request, and sends its answer in another way.",
	},
	{code: "encoding", advice: "Let the server, or the proxy in front of it, send plain UTF-8 that is not compressed."},
	{
		code:   "other_form",
		advice: "Choose the --preset of this server, or let it send nothing but SDP, or JSON: clients do not search for it.",
	},
	{
		code:   "returned_offer",
		advice: "Check the address: what is there sends back what it gets, as a WebRTC server does not.",
	},
	{
		code:   "is_offer",
		advice: "Check the address and the --preset: the server expects the answer from its client.",
	},
	{code: "other_type", advice: "Let the server write the type as \"answer\": browsers accept no other."},
	{code: "near_redirect", advice: "Give the final address, if you trust the server to name one of this machine."},
	{code: "no_http", advice: "Check the address and the port."},
	{code: "inconsistent", advice: "Dial again at both ends."},
	{reason: "proxy", from: 401, to: 401, advice: failure.ProxyCredentials},
	{reason: "proxy", from: 407, to: 407, advice: failure.ProxyCredentials},
	{reason: "proxy", from: 403, to: 405, advice: "Let the proxy permit connections to this server and its port."},
	{reason: "proxy", advice: "Check --proxy, HTTP_PROXY, HTTPS_PROXY and NO_PROXY."},
	{reason: "dns", advice: "Check the name of the server and the DNS of this machine."},
	{
		op: "dial", reason: "refused",
		advice: "Start the server (dialtone serve is one), or give the address of another with --server.",
	},
	{reason: "refused", advice: "Start the server, or check the port."},
	{reason: "unreachable", advice: "Check the network of this machine and the address."},
	{
		reason: "timeout", code: "no_response",
		advice: "Check the log of the server, or of the proxy in front of it: the connection was accepted, and no response " +
			"came.",
	},
	{code: "incomplete", advice: "Check the log of the server, or of the proxy in front of it."},
	{reason: "timeout", advice: "Check the address and firewalls; if only a proxy leads out, name it with --proxy."},
	{reason: "broken", advice: "Check the log of the server, or of the proxy in front of it."},
	{reason: "peer-gone", advice: "Dial again at both ends."},
	{
		reason: "forgotten",
		advice: "Dial again at both ends; if that happens again, check the server's log, and its store if it has one.",
	},
	{reason: "shutdown", advice: "Call again when the server has restarted."},
	{
		reason: "limit", from: 413, to: 413,
		advice: "Raise the size limit of the server, or of the proxy in front of it (nginx: client_max_body_size).",
	},
	{reason: "limit", advice: "Wait before the next call, or raise the limits of the server."},
	{
		reason: "tls", code: "unknown_authority",
		advice: "If you trust the issuer, such as the proxy of your company, give its certificate with --ca FILE; " +
			"--insecure verifies nothing.",
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
	{code: "token_rejected", advice: "Check --token, or the Authorization in --header."},
	{reason: "status", from: 200, to: 299, advice: "Check the address: the server speaks another protocol."},
	{
		reason: "status", from: 300, to: 399,
		advice: "Give the final address: only the redirects 307 and 308 keep a POST.",
	},
	{
		reason: "status", from: 403, to: 403,
		advice: "Follow the server's reason, if it gave one. Otherwise check whether it wants a token (--token), and what " +
			"this token may do.",
	},
	{
		reason: "status", from: 401, to: 402,
		advice: "Log in as the server, or a proxy in front of it, wants it: with --header 'Authorization: …', or with a " +
			"cookie in --header 'Cookie: …'.",
	},
	{
		reason: "status", from: 409, to: 409,
		advice: "Try again later: the server is busy, or has nothing to play.",
	},
	{op: "answer", reason: "status", from: 405, to: 405, advice: noAnswer},
	{op: "answer", reason: "status", from: 501, to: 501, advice: noAnswer},
	{reason: "status", from: 405, to: 405, advice: noPOST},
	{reason: "status", from: 501, to: 501, advice: noPOST},
	{
		reason: "status", from: 404, to: 404,
		advice: "Check the address, to the last character, and the token, if there is one: some servers answer a wrong " +
			"token so.",
	},
	{reason: "status", from: 405, to: 410, advice: "Check the address, to the last character."},
	{
		reason: "status", from: 511, to: 511,
		advice: "Open any address in a browser and log in there: this network answers in place of the server.",
	},
	{reason: "status", from: 503, to: 503, advice: "Try again later: the server is busy, or has nothing to play."},
	{
		reason: "status", from: 502, to: 502,
		advice: "Start the server behind the proxy that answered, or check where the proxy forwards to.",
	},
	{reason: "status", from: 500, to: 999, advice: "Check the log of the server, or try again later."},
	{reason: "protocol", advice: "Check the address: the server speaks another protocol."},
	{reason: "rejected", advice: "Follow the server's reason, if it gave one. Otherwise check its log."},
}

// noPOST is for servers of files, and for pages.
const noPOST = "Check the address: what is there accepts no POST."

// noAnswer is for servers that made the offer, and do not take the answer where they said.
const noAnswer = "Check the log of the server, and the address of the session that it returned against the paths of " +
	"the proxy in front of it: it made an offer, and does not accept the answer there."

// schemeAdvice is how to give what servers want to know their clients by, by the scheme that they name.
var schemeAdvice = map[string]string{
	"basic":  "Give the user name and the password: --header 'Authorization: Basic USER:PASSWORD'.",
	"digest": "Let the server, or the proxy in front of it, accept Bearer or Basic: dialtone does not support Digest.",
	"negotiate": "Let the server, or the proxy in front of it, accept Bearer or Basic: dialtone does not support " +
		"Negotiate.",
}

// SignalAdvice is the next step after a failure of signaling; "" if there is none.
func SignalAdvice(f diag.SignalFailure) string {
	if f.Code == "token_withheld" {
		return "If you trust " + diag.Clean(f.Location, 200) + ", add --token-to " + diag.Clean(f.Location, 200) + "."
	}
	if f.Code == "login_page" {
		return "Check the address. If it is right and this network has a login page of its own, as in a hotel, log in " +
			"there with a browser. Otherwise log in as the server, or a proxy in front of it, wants it: with --token, " +
			"or with a cookie in --header 'Cookie: …'."
	}
	if advice, ok := schemeAdvice[strings.ToLower(f.Scheme)]; ok && f.Status == http.StatusUnauthorized {
		return advice
	}
	if f.Location != "" {
		text := "Give the address that the server redirects to: " + diag.Clean(f.Location, 200) + "."
		if f.Status == http.StatusFound || f.Status == http.StatusSeeOther { // as login pages send
			text += " If that is a page of this network, as in a hotel, open it in a browser first."
		}
		return text
	}
	for _, row := range signalAdvice {
		if (row.op == "" || row.op == f.Op) && (row.reason == "" || row.reason == f.Reason) &&
			(row.code == "" || row.code == f.Code) && (row.to == 0 || row.from <= f.Status && f.Status <= row.to) {
			return row.advice
		}
	}
	return ""
}

// remarks say what was wrong with an answer and was tolerated.
var remarks = map[string]string{
	"status":          "the status is not the one that the protocol has",
	"content_type":    "the content type is not application/sdp",
	"bom":             "the description begins with a byte order mark",
	"blank":           "the description begins with blank lines or spaces",
	"line_end":        "the last line of the description has no end",
	"gzip":            "the answer is compressed, although it was not asked to be",
	"utf8":            "the answer is not valid UTF-8",
	"type":            "the type of the description is not a text",
	"elsewhere":       "the description is at another place of the answer than the protocol says",
	"no_setup":        "the description has no a=setup: it does not say who starts the DTLS handshake",
	"no_session":      "the answer has no Location: the session cannot be ended",
	"session_near":    "the Location leads to this machine or its link, and is not used: the session cannot be ended",
	"session_http":    "the Location leads from https to http, and is not used: the session cannot be ended",
	"session_invalid": "the Location is not a valid address of http or https: the session cannot be ended",
}

// requestFindings are those about requests that ended nothing.
var requestFindings = map[string]entry{
	"signal.tolerated": on("An answer of the signaling server is not as its protocol has it. dialtone uses it, as other "+
		"clients do. A stricter client may fail with this server.",
		func(_ judge.Finding, e judge.Tolerated) Text {
			t := say("The answer of the server is not exactly as its protocol has it.",
				"Fix the server, if other clients fail with it.")
			for _, r := range e.Remarks {
				t.Evidence = append(t.Evidence, cmp.Or(remarks[r], r))
			}
			if judge.LacksSession(e.Remarks) {
				t.Advice = "Let the server, or the proxy in front of it, return the session's own address as Location: " +
					"sessions stay there until the server notices their end."
			}
			return t
		}),
	"signal.deferred": on("The signaling server asked to come again later (429 or 503 with Retry-After), and accepted "+
		"the request when it was repeated. The setup took as much longer.",
		func(_ judge.Finding, e judge.Deferred) Text {
			t := say("The signaling server asked to come again later before it accepted the call.",
				"Check the limits of the server, or place fewer calls at once.")
			if n := e.Times - e.Unavailable; n > 0 {
				t.Evidence = append(t.Evidence, Count(n, "request was", "requests were")+" answered with HTTP 429 and repeated")
			}
			if n := e.Unavailable; n > 0 {
				t.Evidence = append(t.Evidence, Count(n, "request was", "requests were")+" answered with HTTP 503 and repeated")
				t.Advice = "Look in the log of the server: it was full, about to end, or could not reach its store (--store)."
			}
			return t
		}),
	"signal.answer_mismatch": on("An answer has the media sections of the offer, in their order, with their kinds and "+
		"mids (RFC 3264 §6, RFC 9143 §7.3), even for what it rejects, and says active or passive where the offer leaves "+
		"the DTLS role open (RFC 8842 §5.3). This one does not. dialtone uses what it can of it, and the rest may be "+
		"missing.",
		func(_ judge.Finding, e judge.AnswerMismatch) Text {
			t := say("The answer does not match the offer.",
				"Fix the server, or the peer's program: browsers may reject such an answer as a whole.")
			for _, s := range e.Sections {
				t.Evidence = append(t.Evidence, misfit(s))
			}
			return t
		}),
	"signal.client_refused": on("The server that the call waits at refused a request of a client: an offer, a PATCH with "+
		"candidates or a restart, a DELETE, or a request of a web page. The client was answered the reason.",
		func(_ judge.Finding, e judge.ClientRefused) Text {
			t := say(fmt.Sprintf("%s %s was refused with HTTP %d.",
				map[bool]string{false: "A client's", true: "Another client's"}[e.Other], e.Method, e.Status),
				checkClient, labeled("path", e.Path), Count(e.Times, "such request", "such requests"))
			if reason := strings.TrimRight(e.Problem, ".: \n"); reason != "" {
				t.Title = strings.TrimSuffix(t.Title, ".") + ": " + reason + "."
			}
			return t
		}),
	"signal.session_left": on("The request that ends the session failed. The server may keep the session until it "+
		"notices that the media has stopped. If it does not know the session (404), its Location is wrong, for example "+
		"because a proxy in front of it maps paths, or it has ended the session itself.",
		func(_ judge.Finding, e judge.RequestFailed) Text {
			t := Text{Title: "The session could not be ended at the server.", Evidence: failedRequest(e)}
			switch e.Status {
			case http.StatusNotFound, http.StatusGone:
				t.Advice = noSession
			case http.StatusMethodNotAllowed, http.StatusNotImplemented:
				t.Advice = "Check whether the server takes DELETE at the Location that it returns. If it does not, it keeps " +
					"sessions until it notices their end."
			default:
				t.Advice = "Check the log of the server for sessions that stay."
			}
			return t
		}),
	"signal.request_failed": on("A request that a call can do without failed: one with candidates that were found after "+
		"the offer, or for an ICE restart. Without candidates the server learns the local addresses from connectivity "+
		"checks, if it can be reached. Also the request to --ice-from for new credentials, which is made before those in "+
		"use expire: the relays of the call may go on, and an ICE restart is refused new ones.",
		func(_ judge.Finding, e judge.RequestFailed) Text {
			t := say("The server did not accept candidates that were found after the offer.",
				"Check the log of the server, and the Location that it returns against the paths of the proxy in front "+
					"of it.",
				failedRequest(e)...)
			if e.Status == http.StatusNotFound || e.Status == http.StatusGone {
				t.Advice = noSession
			}
			switch e.Request {
			case "restart":
				t.Title = "The server did not accept an ICE restart."
			case "ice-servers":
				t.Title = "The credentials of the TURN servers could not be renewed during the call."
				t.Advice = "Check the server of --ice-from and what it accepts; the next call asks it, too."
			}
			return t
		}),
}

// noSession is for answers that the server does not know a session.
const noSession = "Check whether the server has ended the session itself; if not, check the Location that it returns " +
	"against the paths of the proxy in front of it."

// misfit says how a section of an answer differs from that of the offer.
func misfit(s sdp.Misfit) string {
	switch {
	case s.Offered == "":
		return fmt.Sprintf("section %d (%s) was not offered", s.Section, s.Answered)
	case s.Answered == "":
		return fmt.Sprintf("section %d (%s) is missing in the answer", s.Section, s.Offered)
	case s.Offered == s.Answered:
		return fmt.Sprintf("section %d (%s) has a=setup:%s in the answer, which is neither active nor passive", s.Section,
			s.Offered, s.Setup)
	}
	return fmt.Sprintf("section %d: offered %s, answered %s", s.Section, s.Offered, s.Answered)
}

func failedRequest(e judge.RequestFailed) []string {
	status := "no answer"
	if e.Status != 0 {
		status = fmt.Sprintf("HTTP %d", e.Status)
	}
	return lines("the request "+e.Request+": "+status, e.Cause)
}

// checkClient is the advice about requests of clients that were refused.
const checkClient = "Check the client's request; the log has each with its time."
