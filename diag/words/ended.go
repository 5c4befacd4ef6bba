package words

import (
	"cmp"
	"strconv"

	"dialtone/diag"
)

// endings are the next steps after a call, by the most specific of what is known about its end: the reason with the HTTP
// status, with the code, with the party, or alone.
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

// Ended returns the next step after a call that ended; empty if the end needs none or its findings know it.
func Ended(e diag.CallEnded) string {
	reason := string(e.Reason)
	return cmp.Or(endings[reason+" "+strconv.Itoa(e.Status)], endings[reason+" "+e.Code],
		endings[reason+" "+string(e.By)], endings[reason])
}
