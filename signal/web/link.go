package web

import (
	"strings"
	"unicode"

	"dialtone/signal"
)

// Bounds of what Link fields may bring.
const (
	maxLinkBytes  = 16 << 10
	maxICEServers = 16
)

// Link is one value of a Link field (RFC 8288 §3).
type Link struct {
	Target string
	Params map[string]string // by lower-case name, the first of each
}

// ParseLinks reads all values of Link fields. What cannot be read ends the field that it is in.
func ParseLinks(fields []string) []Link {
	var out []Link
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

// ParseICEServers picks the ICE servers out of Link fields of relation "ice-server" (RFC 9725 §4.6). Those of other
// schemes, with control characters, and credentials that are not passwords, are left out; at most 16 are kept.
func ParseICEServers(fields []string) []signal.ICEServer {
	var out []signal.ICEServer
	for _, l := range ParseLinks(fields) {
		if !l.Is("ice-server") || len(out) == maxICEServers {
			continue
		}
		scheme, _, _ := strings.Cut(l.Target, ":")
		switch strings.ToLower(scheme) {
		case "stun", "stuns", "turn", "turns":
		default:
			continue
		}
		s := signal.ICEServer{URL: l.Target}
		if kind := l.Params["credential-type"]; kind == "" || strings.EqualFold(kind, "password") {
			s.Username, s.Credential = l.Params["username"], l.Params["credential"]
		}
		if len(s.URL) <= signal.MaxCandidate && len(s.Username) <= signal.MaxCandidate &&
			len(s.Credential) <= signal.MaxCandidate &&
			!strings.ContainsFunc(s.URL+s.Username+s.Credential, unicode.IsControl) {
			out = append(out, s)
		}
	}
	return out
}

// Is reports whether the link has a relation; relations are compared without case (RFC 8288 §3.3).
func (l Link) Is(rel string) bool {
	for r := range strings.FieldsSeq(l.Params["rel"]) {
		if strings.EqualFold(r, rel) {
			return true
		}
	}
	return false
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
func (p *parser) link() (Link, bool) {
	for p.eat(',') {
	}
	if !p.eat('<') {
		return Link{}, false
	}
	target, rest, ok := strings.Cut(p.rest, ">")
	if !ok {
		return Link{}, false
	}
	p.rest = rest
	l := Link{Target: strings.TrimSpace(target), Params: map[string]string{}}
	for p.eat(';') {
		name, value, ok := p.param()
		if !ok {
			return Link{}, false
		}
		if _, known := l.Params[name]; !known && name != "" {
			l.Params[name] = value
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
