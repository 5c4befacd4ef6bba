package dump

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/dump/other"
	"dialtone/diag/dump/scan"
)

// readDocument reads a file that is one JSON document: a dump of webrtc-internals, or one of Firefox.
func (d *reading) readDocument(in *bufio.Reader) error {
	s := scan.New(in)
	known := false
	read := func(name string) error {
		ok, err := d.member(s, name)
		known = known || ok
		return err
	}
	first, err := s.Peek()
	if err != nil {
		return err
	}
	if first == '[' {
		err = s.Array(func() error { return d.firefoxReport(s) })
		known = len(d.pending) > 0
	} else {
		err = s.Object(read)
	}
	if d.single["pcid"] != nil { // the members of one report of Firefox
		d.firefox(d.single)
		known = true
	}
	d.endPage()
	if s.Long > 0 {
		d.fault(errLongValues)
	}
	if s.Broken > 0 {
		d.fault(errBroken)
	}
	if s.Odd > 0 {
		d.fault(fmt.Errorf("%d values are of another kind than in dumps: they were left out", s.Odd))
	}
	if !known && err == nil {
		return fmt.Errorf("%w, but %s", ErrNotDump, other.Document(d.members))
	}
	if _, more := s.Next(); err == nil && more == nil {
		d.fault(errMore)
	}
	return err
}

var (
	errLongValues = errors.New("some values are too long: they were cut or left out")
	errBroken     = errors.New("line ends break texts, as in a dump pasted into a message: get it as an attachment")
	errMore       = errors.New("something follows the dump, which was not read: give a second dump as a file of its own")
)

// member reads a member of the document; known says that it is one of a dump.
func (d *reading) member(s *scan.Scanner, name string) (known bool, err error) {
	switch name {
	case "PeerConnections":
		d.Format = diag.DumpInternals
		return true, s.Object(func(id string) error { return d.internalsConnection(s, id) })
	case "getUserMedia":
		return true, s.Array(func() error {
			raw, err := s.Raw(maxText)
			if err == nil {
				d.internalsCapture(raw)
			}
			return tolerable(err)
		})
	case "UserAgent":
		d.UserAgent, err = s.Text(1000)
		return true, err
	case diag.DumpSnapshot:
		raw, err := s.Raw(100)
		d.snapshot = string(raw) == "true"
		return true, tolerable(err)
	case "timestamp":
		raw, err := s.Raw(100)
		if err == nil && json.Unmarshal(raw, &d.written) == nil {
			if d.single == nil {
				d.single = map[string]json.RawMessage{}
			}
			d.single[name] = raw
		}
		return false, tolerable(err)
	case "peerConnections":
		d.Format = diag.DumpRTCStats
		return true, s.Object(func(id string) error { return d.wholeRTCStats(s, id) })
	case "reports":
		d.Format = diag.DumpFirefox
		return true, s.Array(func() error { return d.firefoxReport(s) })
	}
	if len(d.members) < 20 {
		d.members = append(d.members, name)
	}
	return false, d.firefoxMember(s, name)
}

// tolerable is an error unless reading can go on behind it.
func tolerable(err error) error {
	if errors.Is(err, scan.ErrLong) {
		return nil
	}
	return err
}

// internalsCapture takes a request for devices.
func (d *reading) internalsCapture(raw []byte) {
	var r map[string]any
	if json.Unmarshal(raw, &r) != nil {
		return
	}
	when, ok := milliseconds(r["timestamp"])
	if !ok {
		when, ok = milliseconds(r["startTime"])
	}
	if !ok {
		return
	}
	c := diag.CaptureRequest{Request: cmp.Or(text(r["request_type"], 40), "getUserMedia")}
	switch {
	case r["error"] != nil:
		c.Error, c.Message = failureName(r)
	case r["stream_id"] != nil:
		c.Granted, c.Audio, c.Video = true, described(r["audio_track_info"]), described(r["video_track_info"])
	default:
		c.Audio, c.Video = asked(r["audio"]), asked(r["video"])
	}
	d.capture(capture{when, text(r["rid"], 20), text(r["request_id"], 20), c})
}

// described reports whether a track that was granted is: Chromium writes "null" for one that was not asked for.
func described(track any) bool { return track != nil && track != "null" }

// internalsConnection reads a connection: its trace, and its statistics as one series for each property.
func (d *reading) internalsConnection(s *scan.Scanner, id string) error {
	if d.tooMany(len(d.pending)) {
		return s.Skip()
	}
	c := d.conn(id, diag.DumpInternals)
	c.page, _, _ = strings.Cut(id, "-")
	var entries []entry
	series := table{}
	err := s.Object(func(name string) error {
		switch name {
		case "updateLog":
			return s.Array(func() error {
				e, err := internalsEntry(s)
				if err == nil && len(entries) < maxEntries {
					entries = append(entries, e)
				}
				return tolerable(err)
			})
		case "stats":
			return s.Object(func(name string) error {
				if d.full && !strings.HasSuffix(name, "-timestamp") {
					return s.Skip()
				}
				return series.read(s, name)
			})
		case "url":
			url, err := s.Text(2000)
			c.url = withoutQuery(url)
			return err
		case "rtcConfiguration":
			raw, err := s.Raw(maxText)
			var v any
			if err == nil && json.Unmarshal(raw, &v) == nil {
				c.config = decoded(v)
			}
			return tolerable(err)
		}
		return s.Skip()
	})
	if c.agent = d.UserAgent; series.cut {
		d.fault(errSeries)
	}
	c.partial = err != nil || series.cut
	c.replay(entries, series)
	d.pending = append(d.pending, c)
	return err
}

var errSeries = errors.New("a connection has too many statistics: the rest was left out")

func internalsEntry(s *scan.Scanner) (entry, error) {
	raw, err := s.Raw(maxText)
	if err != nil {
		return entry{}, err
	}
	var r struct {
		Type            string
		Value           any
		Timestamp, Time any
	}
	if json.Unmarshal(raw, &r) != nil {
		return entry{}, scan.ErrLong
	}
	e := entry{name: diag.Clean(r.Type, 100), value: r.Value}
	var ok bool
	if e.at, ok = milliseconds(r.Timestamp); !ok {
		e.at, e.local = milliseconds(r.Time)
		said := text(r.Time, 40)
		e.local = e.local && !strings.HasSuffix(said, "Z") && strings.Contains(said, ":")
	}
	return e, nil
}

// placed gives entries without a readable time that of the one before, and those whose times are of the local time
// zone the one of the statistics: both begin within seconds, and zones differ by quarters of an hour.
func placed(entries []entry, t table) {
	begin := math.Inf(1)
	for _, o := range t.objects {
		if o.start > 0 {
			begin = min(begin, o.start)
		}
	}
	var last, zone float64
	for i := range entries {
		e := &entries[i]
		if e.local && last == 0 && !math.IsInf(begin, 1) {
			zone = math.Round((begin-e.at)/quarter) * quarter
			if math.Abs(zone) > 56*quarter { // 14 hours
				zone = 0
			}
		}
		switch {
		case e.local:
			e.at += zone
		case e.at == 0 && last > 0:
			e.at = last
		case e.at == 0 && !math.IsInf(begin, 1):
			e.at = begin
		}
		last = e.at
	}
}

const quarter = 900e3 // ms

// clockBack is how much earlier, in ms, an entry of a trace may be than the one before.
const clockBack = 2000

var errClock = errors.New("the clock was set back during the call: times and lengths may be wrong")

// replay translates the trace, and the reports, in the order of their times.
func (c *conn) replay(entries []entry, t table) {
	placed(entries, t)
	latest := 0.0
	for i := range entries {
		if back := latest - entries[i].at; back > clockBack {
			c.d.fault(errClock)
		}
		latest = max(latest, entries[i].at)
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	for _, e := range entries {
		c.trace(e)
	}
	ids := make([]string, 0, len(t.objects))
	for id, o := range t.objects {
		o.times()
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, tick := range ticks(t.objects) {
		if c.skips(tick) {
			continue
		}
		var list []stat
		for _, id := range ids {
			if s, ok := t.objects[id].row(id, tick); ok {
				list = append(list, s)
			}
		}
		c.report(tick, standardized(list))
	}
}
