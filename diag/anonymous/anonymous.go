// Package anonymous takes what identifies people, hosts and calls out of events that are given to others: names of
// hosts, users, streams and channels, user name fragments, fingerprints, paths, and texts. Addresses and credentials
// are package record's.
package anonymous

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"dialtone/diag"
)

// Events are the events without names. The same name has the same pseudonym in all of them. What cannot be written is
// left out.
func Events(events []diag.Event) []diag.Event {
	n := namer{}
	out := make([]diag.Event, 0, len(events))
	for _, e := range events {
		if unknown, is := e.Data.(diag.Unknown); is { // nothing is known of what it holds
			unknown.Raw = json.RawMessage("{}")
			e.Data = unknown
			out = append(out, e)
			continue
		}
		raw, err := json.Marshal(e)
		var members map[string]any
		if err != nil || decode(raw, &members) != nil {
			continue
		}
		kind := e.Type()
		for name, value := range members {
			if name != "type" {
				members[name] = n.value(kind, name, value)
			}
		}
		var without diag.Event
		if raw, err = json.Marshal(members); err == nil && json.Unmarshal(raw, &without) == nil {
			out = append(out, without)
		}
	}
	return out
}

func decode(raw []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // a float64 has not all digits of some
	return d.Decode(to)
}

// namer numbers names: by what they name, in the order of their first use.
type namer map[string]map[string]int

// maxNames bounds each table: what comes later shares one pseudonym.
const maxNames = 10_000

func (n namer) of(what, name string) string {
	if n[what] == nil {
		n[what] = map[string]int{}
	}
	number, known := n[what][name]
	if !known {
		number = len(n[what]) + 1
		if number <= maxNames {
			n[what][name] = number
		}
	}
	return fmt.Sprint(what, number)
}

// value is a member of an event, or of an object in it.
func (n namer) value(kind diag.Type, name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for inner, value := range v {
			v[inner] = n.value(kind, inner, value)
		}
		return v
	case []any:
		for i := range v {
			v[i] = n.value(kind, name, v[i])
		}
		return v
	case string:
		if v == "" {
			return v
		}
		return n.member(kind, name, v)
	}
	return v
}

// named are the members whose values are names.
var named = map[string]string{
	"usernameFragment": "ufrag", "trackIdentifier": "id", "trackId": "id", "sourceTrackIdentifier": "id",
	"username": "user", "realm": "realm",
}

// ownLabels are those of the channels that dialtone opens.
var ownLabels = []string{
	diag.LabelChat, diag.LabelPing, diag.LabelControl, diag.LabelControlLegacy, diag.LabelStats,
}

func (n namer) member(kind diag.Type, name, s string) string {
	what := named[name]
	switch {
	case kind == diag.TypeOf(diag.CallStart{}) && (name == "code" || name == "join"):
		what = "code"
	case (name == "label" || name == "channel") && !slices.Contains(ownLabels, s):
		what = "channel"
	case name == "userAgent" || name == "agent":
		return strings.Join(productPattern.FindAllString(s, 10), " ")
	case kind == diag.TypeOf(diag.Message{}) && name == "text":
		return "***"
	}
	if what != "" {
		return n.of(what, s)
	}
	return n.text(s)
}

var (
	productPattern = regexp.MustCompile(`\b[A-Za-z]+/[0-9][0-9.]*`)
	urlPattern     = regexp.MustCompile(`(?i)\b(?:turns?|stuns?|https?|wss?):(?://)?[^\s"'<>\\]+`)
	partsPattern   = regexp.MustCompile(`(?i)^([a-z]+:(?://)?)(?:[^@/]*@)?(\[[^\]]*\]|[^:/?#]*)(:\d+)?(.*)$`)
	hostPattern    = regexp.MustCompile(`(?i)\b(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]\b`)
	homePattern    = regexp.MustCompile(`(?i)(?:\b[a-z]:\\+users\\+|/home/|/users/|/root/|/tmp/|/var/)[^\s"'<>:,]*`)
	printPattern   = regexp.MustCompile(`\b(?:[0-9A-Fa-f]{2}:){9,}[0-9A-Fa-f]{2}\b`)
	// names in a description: the second group is one
	ufragPattern = regexp.MustCompile(`(\bice-ufrag:|\bufrag )([^\s\\"]+)`)
	namePattern  = regexp.MustCompile(`(\bcname:|\bmslabel:|\ba=msid:|\blabel:|\ba=ssrc:\d+ msid:|` +
		`\bmsid-semantic: ?WMS )([^\s\\"]+)((?: [^\s\\"]+)*)`)
	originPattern = regexp.MustCompile(`(?m)^(o=)(\S+)`)
	linePattern   = regexp.MustCompile(`(?m)^([suiep]=)[^\r\n]*`)
)

// standards are hosts in the names of header extensions.
var standards = []string{"www.webrtc.org", "www.ietf.org", "aomediacodec.github.io"}

// text is a text without names in it.
func (n namer) text(s string) string {
	if !strings.ContainsAny(s, ".:/=\\ ") {
		return s
	}
	if strings.HasPrefix(s, "v=0") {
		s = originPattern.ReplaceAllString(s, "$1-")
		s = linePattern.ReplaceAllString(s, "$1-")
	}
	s = ufragPattern.ReplaceAllStringFunc(s, func(m string) string {
		p := ufragPattern.FindStringSubmatch(m)
		return p[1] + n.of("ufrag", p[2])
	})
	s = namePattern.ReplaceAllStringFunc(s, func(m string) string {
		p := namePattern.FindStringSubmatch(m)
		out := p[1]
		for i, id := range strings.Fields(p[2] + p[3]) {
			if i > 0 {
				out += " "
			}
			if id != "-" && id != "*" {
				id = n.of("id", id)
			}
			out += id
		}
		return out
	})
	s = printPattern.ReplaceAllStringFunc(s, n.fingerprint)
	s = urlPattern.ReplaceAllStringFunc(s, n.url)
	s = homePattern.ReplaceAllString(s, "/…")
	return hostPattern.ReplaceAllStringFunc(s, n.host)
}

// fingerprint is of the same length.
func (n namer) fingerprint(s string) string {
	var number int
	_, _ = fmt.Sscan(strings.TrimPrefix(n.of("fingerprint", strings.ToUpper(s)), "fingerprint"), &number)
	pairs := len(s)/3 + 1
	return strings.Repeat("00:", pairs-2) + fmt.Sprintf("%02X:%02X", number>>8&0xff, number&0xff)
}

// url is one without the path of a page; of a STUN or TURN server the transport stays.
func (n namer) url(s string) string {
	p := partsPattern.FindStringSubmatch(s)
	if p == nil {
		return "***"
	}
	if slices.Contains(standards, p[2]) {
		return s
	}
	host, rest := n.host(p[2]), ""
	if host == p[2] && !isAddress(host) && host != "localhost" && host != "" {
		host = n.of("host", host) + ".invalid" // one without a dot
	}
	if strings.HasPrefix(p[4], "?transport=") {
		rest = p[4]
	}
	return p[1] + host + p[3] + rest
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return err == nil || strings.HasSuffix(s, ".local")
}

// host is the pseudonym of a name with dots. Those that end in .local have one already.
func (n namer) host(s string) string {
	if isAddress(s) || slices.Contains(standards, strings.ToLower(s)) || strings.HasSuffix(s, ".invalid") ||
		!hostPattern.MatchString(s) {
		return s
	}
	return n.of("host", strings.ToLower(s)) + ".invalid"
}
