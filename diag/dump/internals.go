package dump

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
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
		known = true
		err = s.Array(func() error { return d.firefoxReport(s) })
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
		c.Granted, c.Audio, c.Video = true, r["audio_track_info"] != nil, r["video_track_info"] != nil
	default:
		c.Audio, c.Video = asked(r["audio"]), asked(r["video"])
	}
	d.capture(capture{when, text(r["rid"], 20), c})
}

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

// table is the statistics of a connection: by object, then by property.
type table struct {
	objects map[string]*object
	cells   int
	cut     bool
}

// object is one object of getStats over time.
type object struct {
	kind       string
	start, end float64 // milliseconds since 1970
	at         []float64
	columns    map[string]column
}

// column is the values of a property: numbers, or anything.
type column struct {
	numbers []float64
	values  []any
}

func (c column) len() int { return max(len(c.numbers), len(c.values)) }

func (c column) value(i int) any {
	if c.values != nil {
		return c.values[i]
	}
	return c.numbers[i]
}

// Bounds of the statistics of a connection.
const (
	maxCells  = 4_000_000
	maxPoints = 8192 // of a series: Chromium keeps 1,000
)

// read reads a series: {"startTime": …, "endTime": …, "statsType": …, "values": "[1,2,3]"}.
func (t *table) read(s *scan.Scanner, name string) error {
	id, property := splitSeries(name)
	if !properties[property] || t.cells > maxCells {
		t.cut = t.cut || t.cells > maxCells
		return s.Skip()
	}
	var kind, values string
	var start, end float64
	err := s.Object(func(name string) (err error) {
		var t string
		switch name {
		case "statsType":
			kind, err = s.Text(60)
		case "values":
			values, err = s.Text(maxSeries)
		case "startTime":
			t, err = s.Text(60)
			start, _ = milliseconds(t)
		case "endTime":
			t, err = s.Text(60)
			end, _ = milliseconds(t)
		default:
			err = s.Skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	kind = cmp.Or(kind, kindByName(id))
	col := parseColumn(values)
	if t.cells += col.len(); t.objects == nil {
		t.objects = map[string]*object{}
	}
	o := t.objects[id]
	if o == nil {
		o = &object{kind: kind, start: start, end: end, columns: map[string]column{}}
		t.objects[id] = o
	}
	if property == "timestamp" {
		o.at = col.numbers
	} else {
		o.columns[property] = col
	}
	return nil
}

// kindByName is the type of an object of Chromium before 2019, whose dumps do not say it.
func kindByName(id string) string {
	switch {
	case strings.HasPrefix(id, "ssrc_"):
		return "ssrc"
	case strings.HasPrefix(id, "Conn-"):
		return "googCandidatePair"
	}
	return ""
}

// splitSeries takes the name of a series apart: "OT01A33-bytesSent".
func splitSeries(name string) (id, property string) {
	if i := strings.LastIndexByte(name, '-'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", ""
}

// parseColumn reads the values of a series, of which the oldest of too many are left out. One that is not readable as a
// whole says nothing: which moment a value belongs to is known by its place from the end.
func parseColumn(values string) column {
	var numbers []float64
	if json.Unmarshal([]byte(values), &numbers) == nil && !strings.Contains(values, "null") {
		return column{numbers: slices.Clone(numbers[max(0, len(numbers)-maxPoints):])}
	}
	dec := json.NewDecoder(strings.NewReader(noNumbers.ReplaceAllString(values, "${1}null")))
	if _, err := dec.Token(); err != nil {
		return column{}
	}
	var list []any
	seen := map[string]any{} // values that come again take no memory
	for dec.More() {
		var v any
		if dec.Decode(&v) != nil {
			return column{}
		}
		if s, ok := v.(string); ok {
			if old, known := seen[s]; known {
				v = old
			} else if len(seen) < 1000 {
				seen[s] = v
			}
		}
		list = append(list, v)
	}
	if _, err := dec.Token(); err != nil {
		return column{}
	}
	return column{values: slices.Clone(list[max(0, len(list)-maxPoints):])}
}

// noNumbers are what programs other than browsers write for numbers that JSON does not have.
var noNumbers = regexp.MustCompile(`([\[,]\s*)(?:NaN|-?Infinity)\b`)

// times gives each object the times of its points. Chromium has them since version 117; before, only the first and the
// last.
func (o *object) times() {
	n := 0
	for _, c := range o.columns {
		n = max(n, c.len())
	}
	if len(o.at) > 0 {
		return
	}
	for i := range n {
		when := o.end
		if n > 1 {
			when = o.start + (o.end-o.start)*float64(i)/float64(n-1)
		}
		o.at = append(o.at, when)
	}
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

// ticks are the times at which reports were made: those of the objects that are measured at that time.
func ticks(objects map[string]*object) []float64 {
	var all []float64
	for _, o := range objects {
		if !strings.HasPrefix(o.kind, "remote-") && !slices.Contains(lasting, o.kind) {
			all = append(all, o.at...)
		}
	}
	slices.Sort(all)
	var out []float64
	for _, when := range all {
		if len(out) == 0 || when-out[len(out)-1] > 20 {
			out = append(out, when)
		} else {
			out[len(out)-1] = when
		}
	}
	return out
}

// lasting are types whose objects hold for the whole connection, however old.
var lasting = []string{
	"codec", "certificate", "local-candidate", "remote-candidate", "localcandidate", "remotecandidate",
}

// row is an object at a time: its latest values, unless they are of an object that has gone.
func (o *object) row(id string, tick float64) (stat, bool) {
	i, _ := slices.BinarySearchFunc(o.at, tick+1, func(a, b float64) int { return cmp.Compare(a, b) })
	i--
	fresh := 1500.0
	if strings.HasPrefix(o.kind, "remote-") {
		fresh = remoteStale
	}
	switch {
	case slices.Contains(lasting, o.kind) && len(o.at) > 0:
		i = max(i, 0)
	case i < 0 || tick-o.at[i] > fresh:
		return stat{}, false
	}
	s := stat{id: id, kind: o.kind, at: o.at[i], values: make(map[string]any, len(o.columns))}
	for name, c := range o.columns {
		if j := i - len(o.at) + c.len(); j >= 0 && j < c.len() { // a property may come later than its object
			if v := c.value(j); v != nil {
				s.values[name] = v
			}
		}
	}
	return s, true
}

// properties are those that are translated: of the structs, and those that are read by name.
var properties = func() map[string]bool {
	out := map[string]bool{}
	for _, f := range []fields{
		inboundFields, outboundFields, remoteFields, pairFields, transportFields, channelFields, browserInFields,
		browserOutFields,
	} {
		for name := range f {
			out[name] = true
		}
	}
	for _, name := range []string{
		"timestamp", "mediaType", "codecId", "payloadType", "lastPacketReceivedTimestamp", "trackIdentifier", "localId",
		"mediaSourceId", "keyFramesEncoded", "width", "height", "protocol", "dtlsState", "dtlsRole", "dtlsCipher",
		"tlsVersion", "localCertificateId", "remoteCertificateId", "fingerprint", "fingerprintAlgorithm",
		"selectedCandidatePairId", "selected", "address", "ip", "ipAddress", "port", "portNumber", "transport",
		"candidateType", "priority", "url", "relayProtocol", "foundation", "tcpType", "usernameFragment", "relatedAddress",
	} {
		out[name] = true
	}
	for name := range legacyNames {
		out[name] = true
	}
	return out
}()
