package dump

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
)

var (
	errTrace = errors.New("a connection has too many entries in its trace: the rest was not read")
	errTime  = errors.New("some times are of no call: what has them was left out")
	errCount = errors.New("some reports have bytes of a stream and no packets: they were left out")
)

// maxTime is the latest time of an event, in milliseconds since 1970: in the year 2286.
const maxTime = 1e13

// statistics is what is known of the reports of a connection so far.
type statistics struct {
	samples  int
	kinds    map[string]string // of tracks, by direction and ID
	pairs    map[string]pairSeen
	selected string
	dtls     diag.DTLSState
	channels map[string]string // their state
	tracks   map[string]bool   // streams that are reported
	before   map[string]counts // of streams, at the report before
	heard    map[string]counts // of outbound streams, when their receiver's last report came
}

type pairSeen struct {
	state     diag.PairState
	nominated bool
}

// counts are the counters of a stream at one time.
type counts struct {
	at, bytes, packets, lost float64
	repeated                 float64 // of packets, those that were sent again
}

// originals are the packets without those that were sent again, at a time between two reports.
func (before counts) originals(now counts, at float64) float64 {
	first, last := before.packets-before.repeated, now.packets-now.repeated
	if at >= now.at || now.at <= before.at {
		return last
	}
	return first + (last-first)*max(0, at-before.at)/(now.at-before.at)
}

func newStatistics() statistics {
	return statistics{
		kinds: map[string]string{}, pairs: map[string]pairSeen{}, channels: map[string]string{}, tracks: map[string]bool{},
		before: map[string]counts{}, heard: map[string]counts{},
	}
}

var (
	inboundFields    = fieldsOf[diag.InboundRTP]()
	outboundFields   = fieldsOf[diag.OutboundRTP]()
	remoteFields     = fieldsOf[diag.RemoteInbound]()
	pairFields       = fieldsOf[diag.Pair]()
	transportFields  = fieldsOf[diag.TransportStats]()
	channelFields    = fieldsOf[diag.DataChannelRow]()
	browserInFields  = fieldsOf[diag.BrowserInbound]()
	browserOutFields = fieldsOf[diag.BrowserOutbound]()
	dtlsVersions     = map[string]string{"FEFF": "DTLS 1.0", "FEFD": "DTLS 1.2", "FEFC": "DTLS 1.3"}
	remoteStale      = float64(60_000) // ms after which a report of the peer is of another time
	maxStreams       = 200

	errStats = fmt.Errorf("a report has more than %d streams: the rest was left out", maxStreams)
)

// report takes one getStats report.
func (c *conn) report(at float64, list []stat) {
	byID := make(map[string]*stat, len(list))
	for i := range list {
		byID[list[i].id] = &list[i]
	}
	for _, s := range list {
		if s.kind == "local-candidate" || s.kind == "remote-candidate" {
			c.statCandidate(s)
		}
	}
	var sample diag.Sample
	var more diag.BrowserSample
	streams := 0
	for _, s := range list {
		switch s.kind {
		case "inbound-rtp", "outbound-rtp":
			if streams++; streams > maxStreams {
				c.d.fault(errStats)
				continue
			}
			if s.kind == "inbound-rtp" {
				c.inbound(at, &s, byID, &sample, &more)
			} else {
				c.outbound(at, &s, byID, list, &sample, &more)
			}
		case "data-channel":
			c.channel(at, &s, &sample)
		case "transport":
			c.transport(at, &s, byID, &sample)
		}
	}
	c.pairs(at, list, &sample, &more)
	if c.stats.samples++; uncounted(&sample) {
		c.d.fault(errCount)
		c.timed(at)
		return
	}
	if len(more.Inbound)+len(more.Outbound) > 0 {
		c.emit(at, more)
	}
	c.emit(at, sample)
}

// uncounted reports whether the packets of a stream are not known although it has some.
func uncounted(s *diag.Sample) bool {
	return slices.ContainsFunc(s.Inbound, func(in diag.InboundRTP) bool {
		return in.PacketsReceived == nil && diag.OrZero(in.BytesReceived) > 0
	}) || slices.ContainsFunc(s.Outbound, func(out diag.OutboundRTP) bool {
		return out.PacketsSent == nil && diag.OrZero(out.BytesSent) > 0
	})
}

// kindOf is audio or video.
func kindOf(s *stat) string {
	return cmp.Or(text(s.values["kind"], 20), text(s.values["mediaType"], 20))
}

// codecOf completes a stream with its codec.
func codecOf(s *stat, byID map[string]*stat) (mime string, clock uint32, payload uint8) {
	codec := byID[text(s.values["codecId"], 200)]
	if codec == nil {
		return "", 0, 0
	}
	assignTo(&clock, codec.values["clockRate"])
	assignTo(&payload, codec.values["payloadType"])
	return text(codec.values["mimeType"], 60), clock, payload
}

func (c *conn) inbound(at float64, s *stat, byID map[string]*stat, sample *diag.Sample, more *diag.BrowserSample) {
	var in diag.InboundRTP
	inboundFields.fill(&in, s.values)
	in.Kind = kindOf(s)
	if in.Kind == "" {
		return
	}
	mime, clock, payload := codecOf(s, byID)
	in.MimeType, in.ClockRate = cmp.Or(mime, in.MimeType), clock
	if last, ok := number(s.values["lastPacketReceivedTimestamp"]); ok && s.at-last >= 0 && s.at-last < 24*3600e3 {
		in.LastPacketReceivedAgo = new((s.at - last) / 1000)
	}
	now := counts{
		at: s.at, bytes: float64(diag.OrZero(in.BytesReceived)), packets: float64(diag.OrZero(in.PacketsReceived)),
		lost: float64(diag.OrZero(in.PacketsLost)),
	}
	if now.packets > 0 {
		c.prove(at) // they were decrypted
	}
	before := c.stats.before[s.id]
	if rate, lost, ok := c.since(s.id, now); ok {
		in.Bitrate, in.FractionLost = rate, lost
	}
	if ago := in.LastPacketReceivedAgo; ago != nil && now.packets > before.packets && *ago > (s.at-before.at)/1000 {
		in.LastPacketReceivedAgo = nil // its clock is another one: a packet came since the report before
	}
	c.stream(at, diag.Inbound, diag.TrackAdded{
		Direction: diag.Inbound, Kind: in.Kind, SSRC: in.SSRC, MimeType: in.MimeType, ClockRate: clock, PayloadType: payload,
		Mid: in.Mid, TrackID: text(s.values["trackIdentifier"], 100),
	})
	sample.Inbound = append(sample.Inbound, in)
	var b diag.BrowserInbound
	browserInFields.fill(&b, s.values)
	b.Kind, b.SSRC = in.Kind, in.SSRC
	more.Inbound = append(more.Inbound, b)
}

func (c *conn) outbound(
	at float64, s *stat, byID map[string]*stat, list []stat, sample *diag.Sample, more *diag.BrowserSample,
) {
	var out diag.OutboundRTP
	outboundFields.fill(&out, s.values)
	out.Kind = kindOf(s)
	if out.Kind == "" {
		return
	}
	mime, clock, payload := codecOf(s, byID)
	out.MimeType = cmp.Or(mime, out.MimeType)
	if n, ok := number(s.values["keyFramesEncoded"]); ok && out.KeyFramesSent == nil && n >= 0 && n < 1<<32 {
		out.KeyFramesSent = new(uint32(n))
	}
	now := counts{
		at: s.at, bytes: float64(diag.OrZero(out.BytesSent)), packets: float64(diag.OrZero(out.PacketsSent)),
		repeated: float64(diag.OrZero(out.RetransmittedPacketsSent)),
	}
	before := c.stats.before[s.id]
	if rate, _, ok := c.since(s.id, now); ok {
		out.Bitrate = rate
	}
	for i := range list {
		r := &list[i]
		if r.kind != "remote-inbound-rtp" || at-r.at > remoteStale {
			continue
		}
		local := text(r.values["localId"], 200)
		if local == s.id || local == "" && text(r.values["ssrc"], 20) == text(s.values["ssrc"], 20) {
			out.Remote = &diag.RemoteInbound{}
			remoteFields.fill(out.Remote, r.values)
			c.expected(&out, r.at, before, now)
		}
	}
	c.stream(at, diag.Outbound, diag.TrackAdded{
		Direction: diag.Outbound, Kind: out.Kind, SSRC: out.SSRC, MimeType: out.MimeType, ClockRate: clock,
		PayloadType: payload, Mid: out.Mid,
	})
	sample.Outbound = append(sample.Outbound, out)
	more.Outbound = append(more.Outbound, browserOutbound(s, out, byID))
}

// expected adds how many packets a report of the receiver is about. Chromium repeats the last one as long as no other
// comes, and does not say how many packets were received.
func (c *conn) expected(out *diag.OutboundRTP, at float64, before, now counts) {
	key := fmt.Sprint(out.SSRC)
	known, ok := c.stats.heard[key]
	if !ok || known.at != at {
		known = counts{at: at, packets: before.originals(now, at)}
		if len(c.stats.heard) < 10_000 || ok {
			c.stats.heard[key] = known
		}
	}
	r := out.Remote
	counted := r.PacketsReceived != nil || r.PacketsExpected != nil
	if at < now.at && !counted && r.PacketsLost != nil && out.PacketsSent != nil {
		r.PacketsExpected = new(max(int64(known.packets), *r.PacketsLost))
	}
}

// browserOutbound is what only the browser says of a stream that it sends, and of its source.
func browserOutbound(s *stat, out diag.OutboundRTP, byID map[string]*stat) diag.BrowserOutbound {
	var b diag.BrowserOutbound
	browserOutFields.fill(&b, s.values)
	b.Kind, b.SSRC = out.Kind, out.SSRC
	if source := byID[text(s.values["mediaSourceId"], 200)]; source != nil {
		browserOutFields.fill(&b, map[string]any{
			"sourceTrackIdentifier": source.values["trackIdentifier"], "sourceAudioLevel": source.values["audioLevel"],
			"sourceTotalAudioEnergy":     source.values["totalAudioEnergy"],
			"sourceTotalSamplesDuration": source.values["totalSamplesDuration"],
			"sourceFramesPerSecond":      source.values["framesPerSecond"],
			"sourceWidth":                source.values["width"], "sourceHeight": source.values["height"],
		})
	}
	return b
}

// since is what was counted since the report before: the bitrate, and the share that was lost.
func (c *conn) since(id string, now counts) (rate, lost *float64, ok bool) {
	before, known := c.stats.before[id]
	if known && now.at <= before.at {
		return nil, nil, false
	}
	if len(c.stats.before) < 10_000 || known {
		c.stats.before[id] = now
	}
	seconds := (now.at - before.at) / 1000
	if !known || seconds <= 0 || now.bytes < before.bytes || now.packets < before.packets {
		return nil, nil, false
	}
	rate = new((now.bytes - before.bytes) * 8 / seconds)
	if missing, came := now.lost-before.lost, now.packets-before.packets; missing >= 0 && missing+came > 0 {
		lost = new(missing / (missing + came))
	}
	return rate, lost, true
}

// stream reports a stream when it is first seen.
func (c *conn) stream(at float64, direction diag.Direction, d diag.TrackAdded) {
	key := string(direction) + " " + d.Kind + " " + fmt.Sprint(d.SSRC)
	if c.stats.tracks[key] || len(c.stats.tracks) > 1000 {
		return
	}
	c.stats.tracks[key] = true
	c.emit(at, d)
}

func (c *conn) channel(at float64, s *stat, sample *diag.Sample) {
	row := diag.DataChannelRow{}
	channelFields.fill(&row, s.values)
	if len(sample.Channels) >= 128 {
		sample.ChannelsOmitted++
		return
	}
	sample.Channels = append(sample.Channels, row)
	before := c.stats.channels[s.id]
	if before == row.State || len(c.stats.channels) > 1000 {
		return
	}
	c.stats.channels[s.id] = row.State
	if before == "" && row.State != "connecting" || before == "connecting" && row.State == "open" {
		c.emit(at, diag.ChannelOpen{
			ID: row.ID, Label: row.Label, Protocol: text(s.values["protocol"], 100), Ordered: true, Sampled: true,
		})
	}
	if row.State == "closed" {
		c.emit(at, diag.ChannelClose{ID: row.ID, Label: row.Label})
	}
}

// transport takes the state of DTLS, and the counters.
func (c *conn) transport(at float64, s *stat, byID map[string]*stat, sample *diag.Sample) {
	if sample.Transport == nil {
		sample.Transport = &diag.TransportStats{}
		transportFields.fill(sample.Transport, s.values)
	}
	d := diag.DTLSState{
		State: text(s.values["dtlsState"], 20), Role: text(s.values["dtlsRole"], 20),
		Cipher:            text(s.values["dtlsCipher"], 80),
		LocalFingerprint:  fingerprint(byID[text(s.values["localCertificateId"], 200)]),
		RemoteFingerprint: fingerprint(byID[text(s.values["remoteCertificateId"], 200)]),
	}
	version := strings.ToUpper(text(s.values["tlsVersion"], 20))
	d.Version = cmp.Or(dtlsVersions[version], version)
	if d.State == "" || d == c.stats.dtls || d.State == "failed" && !c.handshook(at) {
		return
	}
	if c.stats.dtls, c.dtls = d, d.State; d.State == "connected" {
		c.prove(at)
	}
	if d.State == "closed" && c.everConnected && c.format != diag.DumpFirefox && (!c.closed || at < c.closedAt) {
		c.goodbye = cmp.Or(c.goodbye, at)
	}
	c.emit(at, d)
}

// handshook reports whether there can have been a handshake that failed by a time: ICE has found a path, and DTLS has
// not been connected for longer than it takes the peer to reject the last message.
func (c *conn) handshook(at float64) bool { return c.path && (!c.everConnected || at-c.up < 2000) }

// prove notes the earliest time at which statistics show that the connection is up.
func (c *conn) prove(at float64) {
	if c.proven == 0 || at < c.proven {
		c.proven = at
	}
}

func fingerprint(s *stat) string {
	if s == nil || s.values["fingerprint"] == nil {
		return ""
	}
	return strings.ToLower(text(s.values["fingerprintAlgorithm"], 20)) + " " +
		strings.ToUpper(text(s.values["fingerprint"], 250))
}

// pairs takes the candidate pairs: those whose state has changed, and the selected one.
func (c *conn) pairs(at float64, list []stat, sample *diag.Sample, more *diag.BrowserSample) {
	selected := selectedPair(list)
	for i := range list {
		s := &list[i]
		if s.kind != "candidate-pair" {
			continue
		}
		var p diag.Pair
		pairFields.fill(&p, s.values)
		p.ID = diag.Clean(s.id, 100)
		p.LocalCandidateID = cmp.Or(c.candidates.byStat[p.LocalCandidateID], p.LocalCandidateID)
		p.RemoteCandidateID = cmp.Or(c.candidates.byStat[p.RemoteCandidateID], p.RemoteCandidateID)
		seen, known := c.stats.pairs[p.ID]
		if now := (pairSeen{p.State, p.Nominated}); (!known || seen != now) && len(c.stats.pairs) < 2000 {
			c.stats.pairs[p.ID] = now
			c.emit(at, p)
		}
		if s != selected {
			continue
		}
		sample.Pair = &p
		assignTo(&more.AvailableOutgoingBitrate, s.values["availableOutgoingBitrate"])
		if c.stats.selected != p.ID {
			c.stats.selected = p.ID
			c.emit(at, diag.Selected{
				PairID: p.ID, LocalCandidateID: p.LocalCandidateID, RemoteCandidateID: p.RemoteCandidateID,
				Local: c.candidates.named[p.LocalCandidateID], Remote: c.candidates.named[p.RemoteCandidateID],
			})
		}
	}
}

// selectedPair is the one that the transport names, else one that says so, else the nominated one with most bytes.
func selectedPair(list []stat) *stat {
	var named string
	for i := range list {
		if id := text(list[i].values["selectedCandidatePairId"], 200); id != "" {
			named = id
			break
		}
	}
	var best *stat
	var most float64
	for i := range list {
		s := &list[i]
		if s.kind != "candidate-pair" {
			continue
		}
		if s.id == named || named == "" && s.values["selected"] == true {
			return s
		}
		bytes, _ := number(s.values["bytesReceived"])
		if named == "" && s.values["nominated"] == true && s.values["state"] == "succeeded" && (best == nil || bytes > most) {
			best, most = s, bytes
		}
	}
	return best
}

// sorted puts the objects of a report in an order that does not depend on a map.
func sorted(list []stat) []stat {
	slices.SortFunc(list, func(a, b stat) int { return cmp.Compare(a.id, b.id) })
	return list
}
