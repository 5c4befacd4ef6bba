// Package other says what files are that are no dumps of browsers, and what to do instead.
package other

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// others are beginnings of files that are no dumps, with what they are and what to do.
var others = []struct{ begin, what string }{
	{"\x89PNG\r\n\x1a\n", picture},
	{"\xff\xd8\xff", picture},
	{"GIF8", picture},
	{"RIFF", "a picture, a sound or a video"},
	{"%PDF-", "a PDF document: save the dump itself instead of printing the page"},
	{"PK\x03\x04", "a ZIP archive: unpack it, and give the dump in it"},
	{"\n\r\r\n", packets},
	{"\xd4\xc3\xb2\xa1", packets},
	{"\xa1\xb2\xc3\xd4", packets},
	{"\x4d\x3c\xb2\xa1", packets},
	{"(\xb5/\xfd", "packed by zstd: unpack it, and give the file in it"},
	{"\xfd7zXZ", "packed by xz: unpack it, and give the file in it"},
	{"BZh", "packed by bzip2: unpack it first"},
	{"v=0\r", description},
	{"v=0\n", description},
	{"<?xml", "an XML document"},
}

const (
	picture     = "a picture: save the dump itself instead of a screenshot"
	packets     = "a capture of packets: open it with Wireshark"
	description = "a session description by itself, which does not say how the call went: save a dump during the call"
)

// Kind says what a file is that no reader takes, by its beginning.
func Kind(head []byte) string {
	for _, o := range others {
		if bytes.HasPrefix(head, []byte(o.begin)) {
			return o.what
		}
	}
	control := func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n", r) }
	if bytes.ContainsFunc(head[:min(len(head), 200)], control) {
		return "binary data"
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
	case has("type", "sdp"):
		return description
	case has("candidate"):
		return "a candidate by itself: save a dump during the call"
	case has("id", "type", "timestamp"), has("inbound-rtp"):
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

const reportAlone = "a report of getStats by itself: save a dump during the call"
