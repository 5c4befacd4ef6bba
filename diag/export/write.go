package export

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
)

// connection is the name of the call in a dump.
const connection = "PC_0"

// WriteRTCStats writes a dump of rtcstats (file format 3): lines of [method, connection, value, time since the line
// before], statistics in full.
func WriteRTCStats(w io.Writer, s Source) error {
	out := bufio.NewWriter(w)
	head := map[string]any{"fileFormat": 3, "userAgent": s.Agent, "startTime": s.milliseconds(0)}
	s.snapshot(head)
	raw, err := json.Marshal(head)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "RTCStatsDump\n%s\n", raw); err != nil {
		return err
	}
	all := s.trace()
	s.reports(func(at time.Duration, list []object) {
		report := map[string]any{}
		for _, o := range list {
			o.values["id"], o.values["type"], o.values["timestamp"] = o.id, o.kind, s.milliseconds(at)
			report[o.id] = o.values
		}
		all = append(all, entry{s.milliseconds(at), "getStats", report, false})
	})
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	last := 0.0
	for _, e := range all {
		var id any = connection
		if e.client {
			id = nil
		}
		raw, err := json.Marshal([]any{e.method, id, e.value, e.at - last})
		if err != nil {
			return err
		}
		last = e.at
		if _, err := fmt.Fprintf(out, "%s\n", diag.EscapeJSON(raw)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// series is a property over time, as webrtc-internals has it.
type series struct {
	Start  string `json:"startTime"`
	End    string `json:"endTime"`
	Type   string `json:"statsType"`
	Values string `json:"values"`
	list   []any
}

// WriteInternals writes a dump of chrome://webrtc-internals.
func WriteInternals(w io.Writer, s Source) error {
	log, captures := []map[string]any{}, []map[string]any{}
	var config any = map[string]any{}
	for _, e := range s.trace() {
		switch {
		case e.method == "create":
			config = e.value
		case e.client:
			captures = append(captures, internalsCapture(e))
		default:
			value := ""
			if e.value != nil {
				raw, err := json.Marshal(e.value)
				if err != nil {
					return err
				}
				value = string(raw)
			}
			log = append(log, map[string]any{"timestamp": e.at, "type": e.method, "value": value})
		}
	}
	stats, err := s.internalsStats()
	if err != nil {
		return err
	}
	whole := map[string]any{
		"UserAgent": s.Agent, "getUserMedia": captures, "PeerConnections": map[string]any{"1-1": map[string]any{
			"pid": 1, "url": "", "rtcConfiguration": config, "updateLog": log, "stats": stats,
		}},
	}
	s.snapshot(whole)
	return diag.WriteJSON(w, whole, " ")
}

func internalsCapture(e entry) map[string]any {
	out := map[string]any{"rid": 1, "pid": 1, "request_id": 0, "request_type": "getUserMedia", "timestamp": e.at}
	if strings.Contains(e.method, "getDisplayMedia") {
		out["request_type"] = "getDisplayMedia"
	}
	switch v := e.value.(type) {
	case string:
		out["error"], out["error_message"], _ = strings.Cut(v, ": ")
	case map[string]bool:
		for kind, wanted := range v {
			if wanted {
				out[kind] = ""
			}
		}
	case [][]string:
		out["stream_id"] = "1"
		for _, track := range v {
			out[track[0]+"_track_info"] = `{"id":"` + track[0] + `"}`
		}
	}
	return out
}

func (s Source) internalsStats() (map[string]*series, error) {
	all := map[string]*series{}
	s.reports(func(at time.Duration, list []object) {
		when := s.StartedAt.Add(at).UTC().Format("2006-01-02T15:04:05.000Z")
		for _, o := range list {
			o.values["timestamp"] = s.milliseconds(at)
			for name, value := range o.values {
				key := o.id + "-" + name
				x := all[key]
				if x == nil {
					x = &series{Start: when, Type: o.kind}
					all[key] = x
				}
				x.End, x.list = when, append(x.list, value)
			}
		}
	})
	for _, x := range all {
		raw, err := json.Marshal(x.list)
		if err != nil {
			return nil, err
		}
		x.Values = string(raw)
	}
	return all, nil
}

// WriteCSV writes one line for each number of each object of each sample: time in seconds, type and ID of the object,
// name, value.
func WriteCSV(w io.Writer, s Source) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"at_s", "type", "id", "ssrc", "kind", "name", "value"}) // Error returns the first failure
	s.reports(func(at time.Duration, list []object) {
		for _, o := range list {
			ssrc := number(o.values["ssrc"])
			kind, _ := o.values["kind"].(string)
			for _, name := range slices.Sorted(maps.Keys(o.values)) {
				if v := number(o.values[name]); v != "" && name != "ssrc" {
					_ = out.Write([]string{strconv.FormatFloat(at.Seconds(), 'f', 6, 64), o.kind, o.id, ssrc, kind, name, v})
				}
			}
		}
	})
	out.Flush()
	return out.Error()
}

// number is a value as text; "" if it is no number.
func number(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case uint16, uint32, uint64, int64:
		return fmt.Sprint(v)
	}
	return ""
}
