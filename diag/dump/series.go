package dump

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"dialtone/diag/dump/scan"
)

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
	if col.len() == 0 && strings.Trim(values, "[] ") != "" {
		s.Odd++
	}
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
		"availableOutgoingBitrate", "isRemote",
	} {
		out[name] = true
	}
	for name := range legacyNames {
		out[name] = true
	}
	return out
}()
