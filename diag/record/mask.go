package record

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The patterns find possible addresses, which the masker then checks. Each matches the longest run, so that a
// fingerprint is not mistaken for the MAC address with which it begins.
var (
	mdnsPattern   = regexp.MustCompile(`(?i)[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_-])?\.local\b`)
	colonPattern  = regexp.MustCompile(`[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*`)
	dottedPattern = regexp.MustCompile(`\d+(?:\.\d+){3,}`)
	dashPattern   = regexp.MustCompile(`\b[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2})+\b`)
	// systemd names interfaces by their MAC address
	interfacePattern  = regexp.MustCompile(`\b(?:en|wl|ww|sl)x([0-9a-f]{12})\b`)
	foundationPattern = regexp.MustCompile(`candidate:([^\s:]{1,64}) \d{1,5} (?i:udp|tcp|ssltcp|tls) `)
)

// edit replaces text[from:to].
type edit struct {
	from, to int
	with     string
}

// text replaces every address in s by its pseudonym.
func (m *masker) text(s string) string {
	if strings.IndexByte(s, '.') < 0 && strings.IndexByte(s, ':') < 0 && strings.IndexByte(s, '-') < 0 &&
		strings.IndexByte(s, 'x') < 0 {
		return s // every address has one of these
	}
	var edits []edit
	edits = m.find(edits, s, foundationPattern, m.foundationAt)
	edits = m.find(edits, s, mdnsPattern, m.mdnsAt)
	edits = m.find(edits, s, colonPattern, m.colonsAt)
	edits = m.find(edits, s, dottedPattern, m.dotsAt)
	edits = m.find(edits, s, dashPattern, m.dashesAt)
	edits = m.find(edits, s, interfacePattern, m.interfaceAt)
	if len(edits) == 0 {
		return s
	}
	var b strings.Builder
	last := 0
	for _, e := range edits {
		b.WriteString(s[last:e.from])
		b.WriteString(e.with)
		last = e.to
	}
	b.WriteString(s[last:])
	return b.String()
}

// find adds an edit for each match of pattern that check accepts as an address and that no earlier edit covers; edits
// are and stay in order. check gets the first group of the match, if the pattern has one.
func (m *masker) find(edits []edit, s string, pattern *regexp.Regexp,
	check func(s string, from, to int) (edit, bool),
) []edit {
	earlier := edits
	for _, loc := range pattern.FindAllStringSubmatchIndex(s, -1) {
		from, to := loc[0], loc[1]
		if len(loc) > 2 {
			from, to = loc[2], loc[3]
		}
		if e, ok := check(s, from, to); ok && !covered(earlier, e) {
			edits = append(edits, e)
		}
	}
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	return edits
}

// covered reports whether one of the edits, which are in order, overlaps e.
func covered(edits []edit, e edit) bool {
	i, _ := slices.BinarySearchFunc(edits, e.from, func(o edit, from int) int { return cmp.Compare(o.to, from+1) })
	return i < len(edits) && edits[i].from < e.to // the first that ends after the beginning of e
}

func (m *masker) foundationAt(s string, from, to int) (edit, bool) {
	return edit{from, to, m.foundation(s[from:to])}, true
}

// mdnsAt keeps the form of the names that browsers create (a UUID), so that a reader still recognizes it.
func (m *masker) mdnsAt(s string, from, to int) (edit, bool) {
	n := m.mdns.number(strings.ToLower(s[from:to]))
	return edit{from, to, fmt.Sprintf("00000000-0000-4000-8000-%012x.local", n)}, true
}

// colonsAt checks a run with two colons or more: an IPv6 address, perhaps followed by a port, a MAC address, or
// neither.
func (m *masker) colonsAt(s string, from, to int) (edit, bool) {
	from, to, ok := trimRun(s, from, to)
	if !ok {
		return edit{}, false
	}
	run := s[from:to]
	if groups := strings.Split(run, ":"); isMAC(groups) {
		return edit{from, to, separated(m.hexMAC(strings.Join(groups, "")), ":")}, true
	}
	addr, err := netip.ParseAddr(run)
	if err != nil {
		run = run[:max(strings.LastIndexByte(run, ':'), 0)] // the last part may have been a port
		addr, err = netip.ParseAddr(run)
	}
	if err != nil || !addr.Is6() {
		return edit{}, false
	}
	with, ok := m.addr(addr)
	if !ok {
		with = run // kept, including an IPv4 address at its end
	}
	return edit{from, from + len(run), with}, true
}

// trimRun removes punctuation from the ends of a run of hex digits, colons and dots; false when the run is part of a
// word.
func trimRun(s string, from, to int) (int, int, bool) {
	start, end := from, to
	for from < to && (s[from] == '.' || s[from] == ':' && !strings.HasPrefix(s[from:to], "::")) {
		from++
	}
	for to > from && (s[to-1] == '.' || s[to-1] == ':' && !strings.HasSuffix(s[from:to], "::")) {
		to--
	}
	if from == start && from > 0 && isWord(s[from-1]) && !isEscape(s, from-1) {
		return 0, 0, false
	}
	if to == end && to < len(s) && isWord(s[to]) {
		return 0, 0, false
	}
	return from, to, from < to
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isEscape reports whether s[i] is the character of an escaped line break or tab, in a text that is JSON itself.
func isEscape(s string, i int) bool {
	return i > 0 && s[i-1] == '\\' && strings.IndexByte("nrt", s[i]) >= 0
}

func isMAC(groups []string) bool {
	return len(groups) == 6 && !slices.ContainsFunc(groups,
		func(g string) bool { return len(g) != 2 || strings.Contains(g, ".") })
}

// separated writes 12 hex digits in pairs.
func separated(digits, by string) string {
	pairs := make([]string, 0, 6)
	for i := 0; i < len(digits); i += 2 {
		pairs = append(pairs, digits[i:i+2])
	}
	return strings.Join(pairs, by)
}

// dotsAt checks four or more numbers with dots between them; the first four may be an IPv4 address.
func (m *masker) dotsAt(s string, from, to int) (edit, bool) {
	var octets [4]byte
	end := from
	for i, group := range strings.SplitN(s[from:to], ".", 5)[:4] {
		n, err := strconv.ParseUint(group, 10, 8)
		if err != nil || len(group) > 3 {
			return edit{}, false
		}
		octets[i] = byte(n)
		end += len(group) + 1
	}
	with, ok := m.addr(netip.AddrFrom4(octets))
	return edit{from, end - 1, with}, ok
}

func (m *masker) dashesAt(s string, from, to int) (edit, bool) {
	groups := strings.Split(s[from:to], "-")
	if !isMAC(groups) {
		return edit{}, false
	}
	return edit{from, to, separated(m.hexMAC(strings.Join(groups, "")), "-")}, true
}

func (m *masker) interfaceAt(s string, from, to int) (edit, bool) {
	return edit{from, to, m.hexMAC(s[from:to])}, true
}
