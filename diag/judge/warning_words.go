package judge

// What this file says about warnings and ended calls is a copy of diag/words, for as long as findings have titles.

import (
	"cmp"
	"strconv"
	"strings"

	"dialtone/diag"
)

// warningWords are the title and the advice of a warning by its ID. A title that ends with a space takes the subject.
var warningWords = map[string][2]string{
	"signal.slow": {
		"The signaling server accepts messages too slowly; one was dropped.",
		"Check the load of the server, or use another one.",
	},
	"signal.candidate_lost": {
		"A local candidate did not reach the peer.",
		"Check the signaling server if no path is found.",
	},
	"signal.server_lost": {
		"The connection to the signaling server was lost; the call continues without it.",
		"Check the server before the next call.",
	},
	"signal.ice_servers_late": {
		"The server named ICE servers too late for this call: ",
		"Give them with --ice if no path is found.",
	},
	"ice.candidate_unusable": {
		"A remote candidate is not usable.",
		"Check what the peer's program signals; the call continues without this candidate.",
	},
	"ice.consent_lost": {
		"The peer stopped answering connectivity checks.",
		"Wait some seconds, then check the network on both sides.",
	},
	"ice.restart_failed": {
		"The ICE restart failed.",
		"Check the signaling server and the peer, then restart again.",
	},
	"ice.restart_unsupported": {
		"The peer does not support an ICE restart.",
		"Hang up and call again for new paths.",
	},
	"ice.restart_in_progress": {
		"An ICE restart is already in progress.",
		"Wait until it finishes.",
	},
	"channel.full": {
		"The data channel is full: ",
		"Check whether the peer's program hangs or its network is slow.",
	},
	"channel.unavailable": {
		"The data channel is not open: ",
		"Wait until the channel opens; a browser page may not open it at all.",
	},
	"channel.send_failed": {
		"A message could not be sent on the data channel: ",
		"Try again in a moment.",
	},
	"channel.too_many": {
		"The peer opened too many data channels; the excess was closed.",
		"Check whether the peer's program opens channels in a loop.",
	},
	"stats.unreadable": {
		"The peer's statistics are unreadable and are left out.",
		"Check the peer's program; the call itself continues.",
	},
	"stats.too_many": {
		"The peer sends its statistics too often; most are left out.",
		"Check the peer's program: one message a second is due.",
	},
	"media.source_stopped": {
		"The media source stopped: ",
		"Check the file or device that is sent.",
	},
	"media.not_sent": {
		"The call does not send ",
		"Call without --no-media, or choose a signaling that sends it.",
	},
	"call.not_connected": {
		"The call is not connected.",
		"Wait until the state is connected.",
	},
	"diagnosis.no_servers": {
		"No STUN or TURN server is configured.",
		"Call again with one: --ice stun:HOST.",
	},
	"diagnosis.in_progress": {
		"A diagnosis is already in progress.",
		"Wait some seconds for its verdict.",
	},
	"record.unwritable": {
		"The recording lacks an event: ",
		"Report this as a bug of dialtone.",
	},
}

func warningText(w diag.Warning) (title, advice string) {
	if w.ID == "signal.wrong_role" {
		if w.Subject == string(diag.RoleOfferer) {
			return "The room assigned the role of the offerer instead of the answerer.",
				"Start the peer before the check, or use --role any."
		}
		return "The room assigned the role of the answerer instead of the offerer.",
			"Start the check before the peer, or use --role any."
	}
	text, known := warningWords[w.ID]
	if !known {
		text[0] = "Unknown finding " + w.ID + "."
	}
	if strings.HasSuffix(text[0], " ") {
		text[0] += w.Subject + "."
	}
	return diag.Clean(text[0], 400), text[1]
}

var endings = map[string]string{
	"internal":                 "Check that this machine has a network interface and free ports.",
	"peer-lost":                "Ask whether the peer's program or network went away, then call again.",
	"peer-lost certificate":    "Another peer dialed the same room code. Choose a code that others cannot guess.",
	"peer-left":                "Call again; both peers must stay until the call is connected.",
	"signaling":                "Check the log of the signaling server, then call again.",
	"signaling remote":         "Check the log of the peer's program, then call again.",
	"signaling no-description": "Check the peer's program: it dials, but sends no offer or answer.",
	"signaling dns":            "Check the name of the server and this machine's DNS.",
	"signaling refused":        "Check that the server runs and that the port is right.",
	"signaling unreachable":    "Check this machine's network and the address of the server.",
	"signaling proxy":          "Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY.",
	"signaling tls":            "Check the certificate of the server, or name its authority with --ca.",
	"signaling timeout":        "Check the address, firewalls and proxies: the server did not answer.",
	"signaling broken":         "Check the log of the server and of any proxy in front of it.",
	"signaling 401":            "Check the token (--token).",
	"signaling 403":            "Check the token (--token).",
	"signaling 404":            "Check the path of the address.",
	"signaling 405":            "Check the path of the address.",
	"signaling status":         "Check the log of the server, or try again later.",
	"signaling limit":          "Wait a moment, or raise the limits of the server.",
	"signaling protocol":       "Check the address: a room server's is that of its call page, like https://HOST/call/.",
	"signaling rejected":       "Check the answer and the log of the server for the reason.",
	"signaling peer-gone":      "Dial again on both sides.",
	"signaling shutdown":       "Wait until the server is back, or use another one.",
}

func endedAdvice(e diag.CallEnded) string {
	reason := string(e.Reason)
	return cmp.Or(endings[reason+" "+strconv.Itoa(e.Status)], endings[reason+" "+e.Code],
		endings[reason+" "+string(e.By)], endings[reason])
}
