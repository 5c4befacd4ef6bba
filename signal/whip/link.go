package whip

import (
	"strings"

	"dialtone/signal"
)

// Bounds of what Link fields may bring.
const (
	maxLinkBytes  = 16 << 10
	maxICEServers = 16
)

// ICEServer is what a Link field of relation "ice-server" names (RFC 9725 §4.6).
type ICEServer struct {
	URL        string // stun:, stuns:, turn: or turns:
	Username   string
	Credential string // a secret
}

// link is one value of a Link field (RFC 8288 §3).
type link struct {
	target string
	params map[string]string // by lower-case name, the first of each
}

// parseLinks reads all values of Link fields. What cannot be read ends the field that it is in.
func parseLinks(fields []string) []link {
	var out []link
	total := 0
	for _, field := range fields {
		if total += len(field); total > maxLinkBytes {
			return out
		}
		p := parser{rest: field}
		for {
			l, ok := p.link()
			if !ok {
				break
			}
			out = append(out, l)
		}
	}
	return out
}

// ParseICEServers picks the ICE servers out of Link fields. Those of other schemes, and credentials that are no password, are
// left out; at most 16 are taken.
func ParseICEServers(fields []string) []ICEServer {
	var out []ICEServer
	for _, l := range parseLinks(fields) {
		if !l.is("ice-server") || len(out) == maxICEServers {
			continue
		}
		scheme, _, _ := strings.Cut(l.target, ":")
		switch strings.ToLower(scheme) {
		case "stun", "stuns", "turn", "turns":
		default:
			continue
		}
		s := ICEServer{URL: l.target}
		if kind := l.params["credential-type"]; kind == "" || strings.EqualFold(kind, "password") {
			s.Username, s.Credential = l.params["username"], l.params["credential"]
		}
		if len(s.URL) <= signal.MaxCandidate && len(s.Username) <= signal.MaxCandidate && len(s.Credential) <= signal.MaxCandidate {
			out = append(out, s)
		}
	}
	return out
}

// is reports whether the link has a relation; relations are compared without case (RFC 8288 §3.3).
func (l link) is(rel string) bool {
	for _, r := range strings.Fields(l.params["rel"]) {
		if strings.EqualFold(r, rel) {
			return true
		}
	}
	return false
}

// formatLink writes a server's Link field.
func formatLink(s ICEServer) string {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace
	out := "<" + s.URL + `>; rel="ice-server"`
	if s.Username != "" {
		out += `; username="` + quote(s.Username) + `"; credential="` + quote(s.Credential) + `"; credential-type="password"`
	}
	return out
}

// parser walks through one field.
type parser struct{ rest string }

func (p *parser) space() { p.rest = strings.TrimLeft(p.rest, " \t") }

func (p *parser) eat(c byte) bool {
	p.space()
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// link reads "<target>; name=value; …" and the comma before it.
func (p *parser) link() (link, bool) {
	for p.eat(',') {
	}
	if !p.eat('<') {
		return link{}, false
	}
	target, rest, ok := strings.Cut(p.rest, ">")
	if !ok {
		return link{}, false
	}
	p.rest = rest
	l := link{target: strings.TrimSpace(target), params: map[string]string{}}
	for p.eat(';') {
		name, value, ok := p.param()
		if !ok {
			return link{}, false
		}
		if _, known := l.params[name]; !known && name != "" {
			l.params[name] = value
		}
	}
	p.space()
	return l, p.rest == "" || p.rest[0] == ','
}

// param reads "name", "name=token" or `name="quoted"`; an empty one is allowed.
func (p *parser) param() (name, value string, ok bool) {
	p.space()
	end := strings.IndexAny(p.rest, "=;, \t\"<>")
	if end < 0 {
		end = len(p.rest)
	}
	name, p.rest = strings.ToLower(p.rest[:end]), p.rest[end:]
	if !p.eat('=') {
		return name, "", true
	}
	if p.eat('"') {
		value, ok = p.quoted()
		return name, value, ok
	}
	end = strings.IndexAny(p.rest, ";, \t\"<>")
	if end < 0 {
		end = len(p.rest)
	}
	value, p.rest = p.rest[:end], p.rest[end:]
	return name, value, true
}

// quoted reads up to the closing quote.
func (p *parser) quoted() (string, bool) {
	var b strings.Builder
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; c {
		case '"':
			p.rest = p.rest[i+1:]
			return b.String(), true
		case '\\':
			if i++; i == len(p.rest) {
				return "", false
			}
			b.WriteByte(p.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}
