package dump

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/dump/aboutwebrtc"
	"dialtone/diag/dump/scan"
)

// firefoxReport is a WebrtcGlobalStatisticsReport's report of a connection (RTCStatsReportInternal), as about:webrtc
// copies it.
type firefoxReport struct {
	PCID          string
	Timestamp     any
	Closed        bool
	Offerer       *bool
	Configuration map[string]any
	SDPHistory    []firefoxDescription
}

type firefoxDescription struct {
	Timestamp any
	IsLocal   bool
	SDP       string
	Type      string
}

// firefoxMember takes a member of a document that may be a report.
func (d *reading) firefoxMember(s *scan.Scanner, name string) error {
	if len(d.single) > 60 {
		return s.Skip()
	}
	raw, err := s.Raw(maxReport)
	if err == nil && firefoxMembers[name] {
		if d.single == nil {
			d.single = map[string]json.RawMessage{}
		}
		d.single[name] = raw
	}
	return tolerable(err)
}

// readPage reads a page of about:webrtc that was saved.
func (d *reading) readPage(in *bufio.Reader) error {
	d.Format = diag.DumpFirefox
	err := aboutwebrtc.Read(in, func(report map[string]any) {
		members := map[string]json.RawMessage{}
		for name, value := range report {
			raw, err := json.Marshal(value)
			if err == nil {
				members[name] = raw
			}
		}
		d.firefox(members)
	})
	for _, c := range d.pending {
		c.partial = err != nil // what ICE came to is logged at the end
	}
	d.endPage()
	if errors.Is(err, aboutwebrtc.ErrNotPage) {
		return fmt.Errorf("%w: %w", ErrNotDump, err)
	}
	return err
}

// firefoxMembers are those that make a document a report of Firefox.
var firefoxMembers = map[string]bool{
	"pcid": true, "timestamp": true, "closed": true, "offerer": true, "configuration": true, "sdpHistory": true,
	"iceRestarts": true, "codecStats": true, "dataChannelStats": true, "iceCandidatePairStats": true,
	"iceCandidateStats": true, "inboundRtpStreamStats": true, "outboundRtpStreamStats": true, "mediaSourceStats": true,
	"videoSourceStats": true, "remoteInboundRtpStreamStats": true, "remoteOutboundRtpStreamStats": true,
	"transportStats": true, "trickledIceCandidateStats": true,
	"videoFrameHistories": true,
}

var errReport = fmt.Errorf("a report is not readable: %w", scan.ErrSyntax)

// firefoxReport reads one of the reports of a list.
func (d *reading) firefoxReport(s *scan.Scanner) error {
	raw, err := s.Raw(maxReport)
	if err != nil {
		return tolerable(err)
	}
	members := firstObject(raw)
	if members["pcid"] == nil && len(d.members) == 0 {
		d.members = slices.Sorted(maps.Keys(members))
	}
	if reports := members["reports"]; reports != nil { // a list of histories
		var list []map[string]json.RawMessage
		if json.Unmarshal(reports, &list) == nil {
			for _, m := range list {
				d.firefox(m)
			}
		}
		return nil
	}
	d.firefox(members)
	return nil
}

// firstObject is a value, or the first object in the lists that it is; nil: there is none.
func firstObject(raw json.RawMessage) (members map[string]json.RawMessage) {
	for range 4 {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
			break
		}
		i := slices.IndexFunc(list, func(one json.RawMessage) bool { return one[0] == '{' })
		raw = list[max(i, 0)]
	}
	_ = json.Unmarshal(raw, &members)
	return members
}

// firefox translates a report. Several reports of a connection are its history.
func (d *reading) firefox(members map[string]json.RawMessage) {
	d.Format = diag.DumpFirefox
	var r firefoxReport
	raw, err := json.Marshal(members)
	if err != nil || json.Unmarshal(raw, &r) != nil || r.PCID == "" {
		d.fault(errReport)
		return
	}
	when, _ := milliseconds(r.Timestamp)
	c := d.firefoxConn(r.PCID)
	if c == nil {
		return
	}
	if c.config == nil && r.Configuration != nil {
		c.config = r.Configuration
	}
	c.closed = c.closed || r.Closed
	for _, x := range r.SDPHistory[min(c.histories, len(r.SDPHistory)):] {
		c.histories++
		side := diag.Remote
		if x.IsLocal {
			side = diag.Local
		}
		at, ok := milliseconds(x.Timestamp)
		if !ok {
			at = when
		}
		c.begin(at, diag.PhaseOfferAnswer)
		c.describe(at, side, map[string]any{"sdp": x.SDP, "type": firefoxType(x, r.Offerer)})
	}
	list := firefoxStats(members)
	for i := range list {
		if list[i].at == 0 {
			list[i].at = when
		}
	}
	c.firefoxStates(when, list, members["videoFrameHistories"])
	c.report(when, standardized(sorted(list)))
}

// firefoxConn is the connection that a report is about.
func (d *reading) firefoxConn(pcid string) *conn {
	name, _, _ := strings.Cut(pcid, " ")
	id := strings.Trim(name, "{}")
	i := slices.IndexFunc(d.pending, func(c *conn) bool { return c.id == id })
	if i >= 0 {
		return d.pending[i]
	}
	if d.tooMany(len(d.pending)) {
		return nil
	}
	c := d.conn(id, diag.DumpFirefox)
	if _, url, ok := strings.Cut(pcid, "url="); ok {
		c.url = withoutQuery(strings.TrimSuffix(url, ")"))
	}
	for _, word := range strings.Fields(pcid)[:min(2, len(strings.Fields(pcid)))] { // "{…} 1577966400000000 (id=…"
		if us, ok := number(any(word)); ok && us > 1e15 && us < 1e16 { // microseconds since 1970
			c.emit(us/1000, diag.SignalingState{State: "stable"})
		}
	}
	d.pending = append(d.pending, c)
	return c
}

// firefoxType is offer or answer, which old versions leave out.
func firefoxType(x firefoxDescription, offerer *bool) string {
	switch {
	case x.Type != "":
		return x.Type
	case offerer != nil && *offerer == x.IsLocal:
		return "offer"
	}
	return "answer"
}

// firefoxStats are the objects of a report.
func firefoxStats(members map[string]json.RawMessage) []stat {
	var out []stat
	for name, raw := range members {
		if !strings.HasSuffix(name, "Stats") {
			continue
		}
		var list []map[string]any
		if json.Unmarshal(raw, &list) != nil {
			continue
		}
		for _, values := range list[:min(len(list), maxObjects)] {
			s := stat{id: text(values["id"], 200), kind: text(values["type"], 60), values: values}
			s.at, _ = milliseconds(values["timestamp"])
			if s.id != "" {
				out = append(out, s)
			}
		}
	}
	return out
}

// firefoxStates takes the states of the transports, as Firefox reports no changes of them. A connection counts from the
// first sign of it: a packet, a frame or a report of the peer, whatever became of it. DTLS that is closed although the
// connection is not was closed by the peer.
func (c *conn) firefoxStates(at float64, list []stat, frames json.RawMessage) {
	for _, s := range list {
		if s.kind != "transport" {
			continue
		}
		ice, dtls := text(s.values["iceState"], 20), text(s.values["dtlsState"], 20)
		first := min(at, firstSign(list, frames))
		up := ice == "connected" || ice == "completed"
		if first < at || up && (dtls == "connected" || dtls == "closed" && !c.closed) {
			c.iceState(first, "connected")
			c.forget(diag.PhaseDTLS)
			c.connectionState(first, "connected")
		}
		switch {
		case ice == "failed" || ice == "disconnected":
			c.iceState(at, ice)
			c.connectionState(at, ice)
		case ice == "closed" && dtls == "failed" && !c.closed && selectedPair(list) == nil: // as Firefox has a failed ICE
			c.iceState(at, "failed")
			c.connectionState(at, "failed")
		default:
			c.iceState(at, cmp.Or(ice, c.ice))
		}
		return
	}
}

// firstSign is the earliest time of which a report proves that packets came.
func firstSign(list []stat, frames json.RawMessage) float64 {
	first := math.Inf(1)
	for _, s := range list {
		if strings.HasPrefix(s.kind, "remote-") && s.at > 0 {
			first = min(first, s.at)
		}
		if last, ok := milliseconds(s.values["lastPacketReceivedTimestamp"]); ok && s.kind != "candidate-pair" {
			first = min(first, last)
		}
	}
	var histories []struct {
		Entries []struct{ FirstFrameTimestamp float64 }
	}
	if json.Unmarshal(frames, &histories) == nil {
		for _, h := range histories {
			for _, e := range h.Entries {
				if e.FirstFrameTimestamp > 0 {
					first = min(first, e.FirstFrameTimestamp)
				}
			}
		}
	}
	return first
}
