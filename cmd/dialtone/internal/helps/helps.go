// Package helps writes the help of commands below their summaries.
package helps

import (
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
)

// ExitWords says what an exit code means, for people. docs/reference/exit-codes.md holds the same words.
var ExitWords = map[diag.Exit]string{
	diag.ExitPass:      "all checks passed",
	diag.ExitAssertion: "an assertion failed",
	diag.ExitUsage:     "invalid flags or configuration; nothing was started",
	diag.ExitSignaling: "the peers could not exchange offer, answer and candidates",
	diag.ExitNoPeer:    "timed out waiting for the peer",
	diag.ExitICE:       "no candidate pair connected, or the connection was lost",
	diag.ExitDTLS:      "a candidate pair connected, but the DTLS handshake failed",
	diag.ExitChannel:   "connected, but a data channel did not open or did not echo",
	diag.ExitMedia:     "connected, but media did not flow",
	diag.ExitCannotRun: "dialtone could not run: a port, a file or a terminal failed",

	diag.ExitRelay:          "nat: direct calls are unlikely, and a TURN server works",
	diag.ExitNoRelay:        "nat: direct calls are unlikely, and no TURN server works",
	diag.ExitInconclusive:   "nat: too little could be measured",
	diag.ExitNoConnectivity: "nat: no server answered on any transport",

	diag.ExitInterrupted: "interrupted by Ctrl-C, SIGTERM or SIGHUP before the work was done",
}

// CallExits are those of the commands that make calls.
var CallExits = []diag.Exit{
	diag.ExitPass, diag.ExitUsage, diag.ExitSignaling, diag.ExitNoPeer, diag.ExitICE, diag.ExitDTLS, diag.ExitChannel,
	diag.ExitMedia, diag.ExitCannotRun, diag.ExitInterrupted,
}

// Detail is the part of a command's help below its summary: examples, exit codes, further reading. It is formatted
// like a doc comment: indented lines stay as they are. The start form shows the first paragraph.
func Detail(text string, examples []string, exits ...diag.Exit) string {
	var b strings.Builder
	if text != "" {
		b.WriteString(text + "\n\n")
	}
	b.WriteString("Examples:\n\n")
	for _, e := range examples {
		b.WriteString("    " + e + "\n")
	}
	b.WriteString("\nExit codes:\n\n")
	for _, e := range slices.Sorted(slices.Values(exits)) {
		fmt.Fprintf(&b, "    %3d  %-15s %s\n", int(e), e, ExitWords[e])
	}
	b.WriteString("\nMore: docs/reference/configuration.md (files and variables), docs/reference/exit-codes.md.\n")
	return b.String()
}
