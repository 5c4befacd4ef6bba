package aboutwebrtc

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// report is a connection while its element is read.
type report struct {
	root    *element
	members map[string]any
	at      time.Time // of the statistics
	opened  int       // data channels
}

// pcid is the name of a connection: "{…} 1795951259627961 (id=12884901889 url=https://…)".
var pcid = regexp.MustCompile(`^\{?[0-9A-Za-z-]+\}? .*\(id=\S+ url=.*\)$`)

// reportOf makes the report of a connection; nil: it has no name.
func reportOf(root *element) *report {
	r := &report{root: root, members: map[string]any{}}
	if !r.name() {
		return nil
	}
	r.heading()
	r.configuration()
	r.descriptions()
	r.tables()
	r.streams()
	r.opened = r.channelsOpened()
	r.root = nil
	return r
}

func (r *report) name() bool {
	r.root.all("span", func(e *element) {
		if text := e.content(); r.members["pcid"] == nil && e.has("info-body") && pcid.MatchString(text) {
			r.members["pcid"] = text
		}
	})
	return r.members["pcid"] != nil
}

// heading has the time of the statistics, and whether the connection is closed.
func (r *report) heading() {
	r.root.all("h3", func(e *element) {
		if r.members["timestamp"] != nil {
			return
		}
		e.all("span", func(e *element) {
			var args struct{ Now time.Time }
			if e.is("about-webrtc-connection-closed") {
				r.members["closed"] = true
			}
			if json.Unmarshal([]byte(e.attributes["data-l10n-args"]), &args) == nil && !args.Now.IsZero() {
				r.at = args.Now
			}
		})
		if r.at.IsZero() {
			r.oldHeading(e.content())
		}
		if !r.at.IsZero() {
			r.members["timestamp"] = milliseconds(r.at)
		}
	})
}

// oldHeading reads "[ 5 ] https://… (closed) Tue Nov 29 2026 13:02:11 GMT+0100 (CET)"; the oldest pages have no date.
func (r *report) oldHeading(text string) {
	_, after, _ := strings.Cut(text, " ] ")
	_, after, _ = strings.Cut(after, " ")
	if strings.HasPrefix(strings.TrimSpace(after), "(") {
		r.members["closed"] = true
	}
	if f := fullTime.FindString(text); f != "" {
		r.at, _ = time.Parse("Jan 02 2006 15:04:05 GMT-0700", f)
		return
	}
	if created := r.created(); !created.IsZero() {
		for _, day := range []int{0, 1} { // the first such time after the beginning
			if at, ok := clockTime(text, created.AddDate(0, 0, day)); ok && !at.Before(created.Truncate(time.Second)) {
				r.at = at
				return
			}
		}
	}
}

// created is when the connection was made, as its name says.
func (r *report) created() time.Time {
	text, _ := r.members["pcid"].(string)
	for word := range strings.FieldsSeq(text) {
		if us, err := strconv.ParseInt(word, 10, 64); err == nil && us > 1e15 && us < 1e16 {
			return time.UnixMicro(us)
		}
	}
	return time.Time{}
}

var (
	fullTime = regexp.MustCompile(`[A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d GMT[+-]\d{4}`)
	timeOnly = regexp.MustCompile(`\d\d:\d\d:\d\d GMT[+-]\d{4}`)
)

// clockTime reads a time of the day of a date.
func clockTime(text string, date time.Time) (time.Time, bool) {
	clock, err := time.Parse("15:04:05 GMT-0700", timeOnly.FindString(text))
	if err != nil {
		return time.Time{}, false
	}
	d := date.In(clock.Location())
	return time.Date(d.Year(), d.Month(), d.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0, clock.Location()), true
}

// moment is the time of a row of the page: that of the report if both are within 2 s, as the page shows no fractions.
func (r *report) moment(text string) (time.Time, bool) {
	if r.at.IsZero() {
		return time.Time{}, false
	}
	at, ok := clockTime(text, r.at)
	switch d := at.Sub(r.at); {
	case !ok:
		return r.at, false
	case d.Abs() <= 2*time.Second:
		return r.at, true
	case d > 12*time.Hour:
		return at.AddDate(0, 0, -1), true
	}
	return at, true
}

func milliseconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1000 }

var (
	policy  = regexp.MustCompile(`iceTransportPolicy: (\w+)`)
	servers = regexp.MustCompile(`urls: (\[[^\]]*\])`)
)

func (r *report) configuration() {
	r.root.all("div", func(e *element) {
		if !e.has("peer-connection-config") || r.members["configuration"] != nil {
			return
		}
		text, c := e.content(), map[string]any{}
		if m := policy.FindStringSubmatch(text); m != nil {
			c["iceTransportPolicy"] = m[1]
		}
		var list []any
		for _, m := range servers.FindAllStringSubmatch(text, 64) {
			var urls []string
			if json.Unmarshal([]byte(m[1]), &urls) == nil {
				list = append(list, map[string]any{"urls": urls})
			}
		}
		c["iceServers"] = list
		r.members["configuration"] = c
	})
}

// stamp is a time in milliseconds since 1970 within a text.
var stamp = regexp.MustCompile(`\d{13}`)

// descriptions takes those of the history, else the two that hold: in pages without a history, the local one is first.
func (r *report) descriptions() {
	var history, current []map[string]any
	localName, inHistory := "", map[*element]bool{}
	r.root.all("", func(e *element) {
		switch {
		case inHistory[e]:
		case e.name == "h5" && localName == "":
			localName, _, _ = strings.Cut(e.content(), " (")
		case e.name == "pre" && len(current) < 2:
			current = append(current, describe(e, len(current) == 0, 0))
		case e.has("sdp-history"):
			history = append(history, historyOf(e, localName)...)
			e.all("", func(e *element) { inHistory[e] = true })
		}
	})
	if history == nil {
		history = current
	}
	r.members["sdpHistory"] = history
}

// historyOf reads descriptions with their times: each by itself, or in a column for each side.
func historyOf(e *element, localName string) (out []map[string]any) {
	var at float64
	var local bool
	e.all("", func(e *element) {
		switch e.name {
		case "h4":
			local = e.is("about-webrtc-local-sdp-heading")
			localName = "" // columns say it
		case "h5":
			at, _ = strconv.ParseFloat(stamp.FindString(e.content()), 64)
			var args struct{ Timestamp float64 }
			if json.Unmarshal([]byte(e.attributes["data-l10n-args"]), &args) == nil && args.Timestamp > 0 {
				at = args.Timestamp
			}
			if localName != "" {
				local = strings.Contains(e.content(), localName)
			}
		case "pre":
			out = append(out, describe(e, local, at))
		}
	})
	slices.SortStableFunc(out, func(a, b map[string]any) int {
		x, _ := a["timestamp"].(float64)
		y, _ := b["timestamp"].(float64)
		return cmp.Compare(x, y)
	})
	return out
}

// describe is a description. Whether it is an offer, its DTLS roles say (RFC 8842 §5.2, §5.3).
func describe(e *element, local bool, at float64) map[string]any {
	var b strings.Builder
	for _, c := range e.children {
		b.WriteString(c.text)
	}
	body := strings.ReplaceAll(strings.ToValidUTF8(strings.TrimSpace(b.String()), ""), "\r", "") + "\n"
	m := map[string]any{"isLocal": local, "sdp": strings.ReplaceAll(body, "\n", "\r\n"), "type": "answer"}
	if strings.Contains(body, "a=setup:actpass") {
		m["type"] = "offer"
	}
	if at > 0 {
		m["timestamp"] = at
	}
	return m
}
