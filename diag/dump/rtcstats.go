package dump

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"dialtone/diag"
	"dialtone/diag/dump/other"
	"dialtone/diag/dump/scan"
	"dialtone/diag/dump/shorthand"
)

// rtcstats is a dump of rtcstats while it is read: lines of [method, connection, value, …, time].
type rtcstats struct {
	d        *reading
	current  bool // the format that begins with RTCStatsDump: times are differences
	clock    float64
	conns    map[string]*conn
	order    []string
	reports  map[string]map[string]map[string]any // latest statistics, by connection and object
	offers   map[string]any                       // latest description that was created or set, by connection and kind
	page     string
	line     int
	bad      int
	firstBad string
}

func newRTCStats(d *reading) *rtcstats {
	return &rtcstats{
		d: d, conns: map[string]*conn{}, reports: map[string]map[string]map[string]any{}, offers: map[string]any{},
	}
}

// readRTCStats reads lines.
func (d *reading) readRTCStats(in *bufio.Reader) error {
	d.Format = diag.DumpRTCStats
	r := newRTCStats(d)
	err := r.read(in)
	for _, id := range r.order {
		d.pending = append(d.pending, r.conns[id])
	}
	d.endPage()
	if r.bad > 0 {
		d.fault(fmt.Errorf("%d lines are not readable, the first is line %s", r.bad, r.firstBad))
	}
	if len(r.conns) == 0 && len(d.captures) == 0 && err == nil {
		if len(d.members) > 0 {
			return fmt.Errorf("%w, but %s", ErrNotDump, other.Document(d.members))
		}
		return fmt.Errorf("%w: none of its %d lines is of a connection", ErrNotDump, r.line)
	}
	return err
}

// magic is the first line of a dump.
var magic = []byte("RTCStatsDump")

func (r *rtcstats) read(in *bufio.Reader) error {
	for {
		line, long, err := readLine(in, maxReport)
		if len(line) == 0 && !long && err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		r.line++
		line = bytes.TrimSpace(line)
		switch {
		case long:
			r.wrong("it is too long")
		case len(line) == 0:
		case bytes.HasPrefix(line, magic) && r.line == 1:
			r.current = true
		case bytes.HasSuffix(line, magic): // of a second dump, whose clock is another one
			if line = bytes.TrimSuffix(line, magic); len(line) > 0 {
				r.take(line)
			}
			r.d.fault(errMore)
			return nil
		case line[0] == '{':
			r.header(line)
		default:
			r.take(line)
		}
	}
}

// readLine reads a line; one that exceeds the limit is skipped.
func readLine(in *bufio.Reader, limit int) (line []byte, long bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if !long && len(line)+len(part) > limit {
			long, line = true, nil
		}
		if !long {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}

func (r *rtcstats) wrong(why string) {
	if r.bad == 0 {
		r.firstBad = fmt.Sprintf("%d: %s", r.line, why)
	}
	r.bad++
}

// header takes the description of the client.
func (r *rtcstats) header(line []byte) {
	var h map[string]any
	if json.Unmarshal(line, &h) != nil {
		r.wrong(scan.ErrSyntax.Error())
		return
	}
	if r.line == 1 {
		r.d.members = slices.Sorted(maps.Keys(h))
	}
	r.about(h)
}

// about takes what a server or a client says of the client.
func (r *rtcstats) about(h any) {
	if is, _ := member(h, diag.DumpSnapshot).(bool); is {
		r.d.snapshot = true
	}
	for _, name := range []string{"userAgent", "UserAgent"} {
		if agent := text(member(h, name), 300); agent != "" {
			r.d.UserAgent = agent
		}
	}
	for _, name := range []string{"url", "path", "origin"} {
		if url := text(member(h, name), 1000); url != "" && r.page == "" {
			r.page = withoutQuery(url)
		}
	}
}

// take takes a line.
func (r *rtcstats) take(line []byte) {
	var list []any
	if json.Unmarshal(line, &list) != nil || len(list) < 3 {
		r.wrong(scan.ErrSyntax.Error())
		return
	}
	if last, ok := number(list[len(list)-1]); ok && len(list) == 5 && last < 1e9 && !r.current {
		if _, ok := milliseconds(list[3]); ok { // Jitsi counts its lines: the time is before the count
			list = list[:4]
		}
	}
	when, ok := number(list[len(list)-1])
	if r.current {
		when += r.clock
	}
	if _, sound := milliseconds(when); !ok || !sound {
		r.wrong("it has no time")
		return
	}
	r.clock = when
	e := entry{at: when, name: diag.Clean(shorthand.Method(list[0]), 100)}
	if len(list) > 3 {
		e.value, e.extra = list[2], list[3:len(list)-1]
	}
	id := text(list[1], 100)
	if r.d.traceCapture(e, pageOf(id)) {
		return
	}
	if id == "" || id == "null" {
		r.client(e)
		return
	}
	r.connection(id, e)
}

// pageOf is the page of a connection, as Chromium names it: "9-1" is of page 9.
func pageOf(id string) string {
	page, _, numbered := strings.Cut(id, "-")
	if _, err := strconv.Atoi(page); err != nil || !numbered {
		return ""
	}
	return page
}

// client takes what is about no connection. Changes of tracks concern those that send them.
func (r *rtcstats) client(e entry) {
	switch e.name {
	case "connectionInfo": // as Jitsi's server begins a file
		r.about(decoded(e.value))
	case "create":
		if agent := brands(member(member(e.value, "userAgentData"), "brands")); agent != "" && r.d.UserAgent == "" {
			r.d.UserAgent = agent
		}
	}
	if !strings.HasPrefix(e.name, "MediaStreamTrack.") {
		return
	}
	for _, id := range r.order {
		r.conns[id].trace(e)
	}
}

// brands is what a browser calls itself in NavigatorUAData.
func brands(v any) string {
	list, _ := v.([]any)
	var names []string
	for _, b := range list[:min(len(list), 5)] {
		if brand := text(member(b, "brand"), 60); brand != "" && !strings.Contains(brand, "Brand") {
			names = append(names, brand+" "+text(member(b, "version"), 20))
		}
	}
	return strings.Join(names, ", ")
}

func (r *rtcstats) connection(id string, e entry) {
	c := r.conns[id]
	if c == nil {
		if r.d.tooMany(len(r.conns)) {
			return
		}
		c = r.d.conn(id, diag.DumpRTCStats)
		c.url, c.page = r.page, pageOf(id)
		r.conns[id] = c
		r.order = append(r.order, id)
	}
	switch e.name {
	case "getStats", "getstats":
		r.getStats(c, id, e)
		return
	case "createOfferOnSuccess", "createAnswerOnSuccess", "setLocalDescription", "setLocalDescriptionOnSuccess",
		"setRemoteDescription":
		e.value = r.description(id, e)
	}
	c.trace(e)
}

// description restores a description whose sections are left out because they are those of the one before.
func (r *rtcstats) description(id string, e entry) any {
	m, ok := decoded(e.value).(map[string]any)
	body, _ := m["sdp"].(string)
	if !ok || body == "" {
		return e.value
	}
	side := "local "
	if strings.HasPrefix(e.name, "setRemote") {
		side = "remote "
	}
	key := id + " " + side + text(m["type"], 20)
	base, _ := r.offers[key].(string)
	body = restoreSections(base, body)
	m["sdp"], r.offers[key] = body, body
	return m
}

func restoreSections(base, body string) string {
	old, list := splitSections(base), splitSections(body)
	for i := range list {
		short := "m="
		if i == 0 {
			short = "v="
		}
		if list[i] == short && i < len(old) {
			list[i] = old[i]
		}
	}
	return strings.TrimSpace(strings.Join(list, "\r\n")) + "\r\n"
}

// splitSections parts a description before each m= line.
func splitSections(s string) []string {
	list := strings.Split(s, "\nm=")
	for i := range list {
		if i > 0 {
			list[i] = "m=" + list[i]
		}
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// Bounds of a report.
const (
	maxObjects = 2000
	maxMembers = 200
)

// getStats takes the difference to the report before.
func (r *rtcstats) getStats(c *conn, id string, e entry) {
	delta, ok := e.value.(map[string]any)
	if !ok {
		r.wrong("its statistics are no object")
		return
	}
	if c.skips(e.at) {
		return
	}
	report := r.reports[id]
	if report == nil {
		report = map[string]map[string]any{}
		r.reports[id] = report
	}
	common, _ := milliseconds(firstOf(delta, "timestamp", "t"))
	changed := map[string]bool{}
	for name, value := range delta {
		object, ok := value.(map[string]any)
		switch {
		case value == nil && name != "timestamp" && name != "t":
			delete(report, name)
		case ok && (report[name] != nil || len(report) < maxObjects):
			report[name] = merged(report[name], object)
			changed[name] = true
		}
	}
	var list []stat
	for name, object := range report {
		s := stat{id: name, kind: text(object["type"], 60), at: e.at, values: object}
		if common > 0 {
			s.at = common
		}
		own, timed := milliseconds(object["timestamp"])
		if timed && (changed[name] || strings.HasPrefix(s.kind, "remote-")) {
			s.at = own // else nothing but the time has changed
		}
		list = append(list, s)
	}
	c.report(e.at, standardized(sorted(list)))
}

func firstOf(m map[string]any, names ...string) any {
	for _, name := range names {
		if v := m[name]; v != nil {
			return v
		}
	}
	return nil
}

// merged is an object with what has changed.
func merged(old, changed map[string]any) map[string]any {
	out := maps.Clone(old)
	if out == nil {
		out = map[string]any{}
	}
	timed := false
	for name, value := range changed {
		name = shorthand.Property(name)
		switch {
		case name == "type":
			value = shorthand.Type(value)
		case name == "timestamp":
			n, _ := number(value)
			if timed = n > 0; !timed { // 0 stands for the time of the report
				continue
			}
		}
		inner, isObject := value.(map[string]any)
		if before, ok := out[name].(map[string]any); ok && isObject {
			before = maps.Clone(before)
			maps.Copy(before, inner)
			value = before
		}
		if len(out) < maxMembers || out[name] != nil {
			out[name] = value
		}
	}
	if !timed {
		delete(out, "timestamp") // it is that of the report
	}
	return out
}

// wholeRTCStats reads a connection of the oldest format, which is one document: a list of {time, type, value}.
func (d *reading) wholeRTCStats(s *scan.Scanner, id string) error {
	r := newRTCStats(d)
	err := s.Array(func() error {
		raw, err := s.Raw(maxReport)
		if err != nil {
			return tolerable(err)
		}
		var e struct {
			Time, Timestamp any
			Type            string
			Value           any
		}
		if json.Unmarshal(raw, &e) != nil {
			r.wrong(scan.ErrSyntax.Error())
		}
		when, ok := milliseconds(e.Time)
		if !ok {
			when, _ = milliseconds(e.Timestamp)
		}
		one := entry{at: when, name: diag.Clean(shorthand.Method(e.Type), 100), value: e.Value}
		if !d.traceCapture(one, "") && id != "null" {
			r.connection(id, one)
		}
		return nil
	})
	for _, c := range slices.Sorted(maps.Keys(r.conns)) {
		d.pending = append(d.pending, r.conns[c])
	}
	return err
}

// endPage gives the connections the requests for devices of their page, and keeps them.
func (d *reading) endPage() {
	if len(d.pending) == 0 && len(d.captures) > 0 {
		d.pending = append(d.pending, d.conn(Page, d.Format))
	}
	for _, c := range d.pending {
		c.agent = d.UserAgent
		c.captured(d.captures)
		d.add(c)
		c.facts = nil
	}
	d.pending = nil
}
