// Package other says what files are that are no dumps of browsers, and what to do instead.
package other

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// others are beginnings of files that are no dumps, with what they are and what to do.
var others = []struct {
	begin *regexp.Regexp
	what  string
}{
	{begins(`\x89PNG\r\n|\xff\xd8\xff|GIF8`), "a picture: save the dump itself instead of a screenshot"},
	{begins(`RIFF`), "a picture, a sound or a video"},
	{begins(`%PDF-`), "a PDF document: save the dump itself instead of printing the page"},
	{begins(`PK\x03\x04`), "a ZIP archive in another: unpack it, and give the dump in it"},
	{
		begins(`\n\r\r\n|\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4|\x4d\x3c\xb2\xa1`),
		"a capture of packets: open it with Wireshark",
	},
	{begins(`\(\xb5/\xfd`), "packed by zstd: unpack it, and give the file in it"},
	{begins(`\xfd7zXZ`), "packed by xz: unpack it, and give the file in it"},
	{begins(`BZh`), "packed by bzip2: unpack it first"},
	{begins(`.{257}ustar`), "a tar archive: unpack it, and give the dump in it"},
	{begins(`(?:[^\n{[<]{0,80}\n)?[>\s"]*v=0(?:\r|\n|\\)`), description},
	{begins(`<\?xml`), "an XML document"},
	{begins(`\{\\rtf`), "a document of a word processor: save the dump as plain text"},
	{begins(`From: <Saved by `), "a page saved as MHTML: save a dump (chrome://webrtc-internals has a button for it)"},
	{begins(`(?:From|To|Subject|Date|Received|Return-Path|Delivered-To|MIME-Version|Message-ID): `), mail},
	{begins(`>`), "text quoted from a message: get the dump as an attachment"},
	{begins("```"), "a dump within text: give only what is between the lines with ```"},
	{begins(`[^{[<]*\n\s*\{\s*"`), "a dump within text: remove what is before its first {"},
	{
		begins(`Create a WebRTC-Internals dump|.{0,200}chrome://webrtc-internals`),
		"text of the page chrome://webrtc-internals: download the dump with its button",
	},
	{begins(`.{0,50}RTCPeerConnection Statistics`), "text of the page about:webrtc: press Copy Report, or save the page"},
	{begins(`\[\d+:\d+:`), log},
	{begins(`[^{[<][^\n]*\.js:\d+|Navigated to |\[(?:Log|Error|Warning|Info)\] `), log},
}

// begins is an expression for the beginning of a file, whatever its bytes are.
func begins(expression string) *regexp.Regexp {
	return regexp.MustCompile(`(?s)\A(?:` + expression + `)`)
}

const (
	description = "a session description by itself, which does not say how the call went: save a dump during the call"
	mail        = "an e-mail: save what is attached to it, and give that"
	log         = "a log, which has no statistics of calls: save a dump during the call"
)

// Kind says what a file is that is no dump, by its beginning; empty: it may be one.
func Kind(head []byte) string {
	latin := make([]rune, len(head)) // a byte each, as regexp reads UTF-8
	for i, b := range head {
		latin[i] = rune(b)
	}
	for _, o := range others {
		if o.begin.MatchString(string(latin)) {
			return o.what
		}
	}
	return ""
}

// Text says how a file begins that no reader takes and that is of no known kind.
func Text(head []byte) string {
	control := func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n", r) }
	if bytes.ContainsFunc(head[:min(len(head), 200)], control) {
		return "binary data: of what browsers save of a call, only the dump is read"
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return fmt.Sprintf("text that begins with %.40q", line)
}

// Document says what a JSON document is that is no dump, by its members.
func Document(members []string) string {
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(members, name) })
	}
	switch {
	case has("log"):
		return "an HTTP archive (HAR), which has no statistics of calls: save a dump of the call"
	case has("schema"):
		return "a report of dialtone: give the recording of the call (--record)"
	case has("updateLog"):
		return "one connection out of a dump of chrome://webrtc-internals: give the whole file"
	case has("type", "sdp"):
		return description
	case has("candidate"):
		return "a candidate by itself: save a dump during the call"
	case has("id", "type", "timestamp"), has("inbound-rtp"), has("stats", "timestamp"):
		return reportAlone
	case slices.ContainsFunc(members, func(name string) bool {
		return strings.HasPrefix(name, "RTC") || strings.HasPrefix(name, "IT0") || strings.HasPrefix(name, "OT0")
	}):
		return reportAlone
	case len(members) == 0:
		return "an empty JSON document"
	}
	return fmt.Sprintf("a JSON document with %.60q and no connection", strings.Join(members[:min(len(members), 4)], ", "))
}

const reportAlone = "a report of getStats by itself, which does not say how the call went: save a dump during the " +
	"call, or let the page record with rtcstats (Safari has no dumps)"
