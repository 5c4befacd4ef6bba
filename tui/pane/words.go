package pane

import (
	"net"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/tui/draw"
)

// address is host:port as it is written (RFC 3986 brackets around IPv6).
func address(host string, port uint16) string {
	if host == "" {
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// typeWords are the candidate types in words.
func typeWords(t diag.CandidateType) string {
	switch t {
	case diag.Host:
		return "host"
	case diag.Srflx:
		return "server-reflexive"
	case diag.Prflx:
		return "peer-reflexive"
	case diag.Relay:
		return "relayed"
	}
	return string(t)
}

// codec is the name of a MIME type: "opus" of "audio/opus".
func codec(mime string) string {
	_, name, found := strings.Cut(mime, "/")
	if !found {
		return mime
	}
	return name
}

// facts joins what is known by dots.
func facts(g draw.Glyphs, parts ...string) string {
	kept := parts[:0:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " "+g.Dot+" ")
}

// secs turns W3C seconds into a duration.
func secs(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }

// heading is the title of a section, with the first of the remarks that fits at the right edge.
func heading(th *draw.Theme, width int, title string, remarks ...string) string {
	return withRemark(th, draw.NewLine(width).Gap(1).Add(th.Strong, title), width, remarks...)
}

// withRemark puts the first of the remarks that fits at the right edge of a line.
func withRemark(th *draw.Theme, l *draw.Line, width int, remarks ...string) string {
	for _, r := range remarks {
		if before := l.Width(); l.Right(draw.NewLine(width).Add(th.Dim, r).Gap(1)).Width() > before {
			break
		}
	}
	return l.String()
}

// labelled writes "label  text" with the text wrapped below itself.
func labelled(th *draw.Theme, mark string, paint draw.Paint, text string, indent, width int) []string {
	var out []string
	for i, line := range draw.Wrap(text, width-indent-draw.Width(mark)-1) {
		l := draw.NewLine(width).Gap(indent)
		if i == 0 {
			l.Add(paint, mark)
		}
		out = append(out, l.To(indent+draw.Width(mark)+1).Add(th.Plain, line).String())
	}
	return out
}
