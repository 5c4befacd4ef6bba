package browser

import (
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/finding"
)

// tracksGone names tracks that ended without the page's doing.
func tracksGone(out *finding.List, s *State, f Facts) {
	for i, c := range s.Changes {
		if c.Side != diag.Local || c.Change != diag.TrackEnded || grantedAfter(s, c.Kind, c.At) {
			continue
		}
		if stoppedByPage(s.Changes[:i], c.TrackID) {
			continue
		}
		out.Add("browser.track_ended", diag.Warn, diag.Clean(c.Kind, 20),
			TrackGone{diag.Clean(c.Kind, 20), diag.Millis(f.Ended - c.At)})
	}
}

func grantedAfter(s *State, kind string, at time.Duration) bool {
	return slices.ContainsFunc(s.Captures, func(r CaptureRow) bool {
		return r.Granted && r.At > at && (kind == "audio" && r.Audio || kind == "video" && r.Video)
	})
}

func stoppedByPage(changes []ChangeRow, id string) bool {
	return slices.ContainsFunc(changes, func(c ChangeRow) bool {
		return c.TrackID == id && c.Change == diag.TrackStopped
	})
}

// sendingStopped names streams whose counter of packets stands still since some time before the end.
func sendingStopped(out *finding.List, s *State, f Facts) {
	if len(f.Samples) == 0 || !f.Connected {
		return
	}
	last := len(f.Samples) - 1
	for _, o := range f.Samples[last].Outbound {
		now := diag.OrZero(o.PacketsSent)
		first := last // sample since which nothing was sent
		for first > 0 {
			before, known := packetsSent(f.Samples[first-1], o)
			if !known || before != now {
				break
			}
			first--
		}
		still := f.Times[last] - f.Times[first]
		if now == 0 || still < stoppedAfter || inactive(s, o) || slices.Contains(f.Unsent, o.Kind) {
			continue
		}
		out.Add("browser.sending_stopped", diag.Warn, streamName(o.Kind, o.SSRC, o.Mid),
			SendingStopped{o.Kind, o.SSRC, now, diag.Millis(still), lastChange(s, o.Kind)})
	}
}

func packetsSent(sample diag.Sample, o diag.OutboundRTP) (uint64, bool) {
	for _, other := range sample.Outbound {
		if other.Kind == o.Kind && other.SSRC == o.SSRC && other.PacketsSent != nil {
			return *other.PacketsSent, true
		}
	}
	return 0, false
}

// inactive reports whether the browser says that the stream is turned off, as a layer of simulcast may be.
func inactive(s *State, o diag.OutboundRTP) bool {
	return slices.ContainsFunc(s.Outbound, func(b Outbound) bool {
		return b.Latest.Kind == o.Kind && b.Latest.SSRC == o.SSRC && b.Latest.Active != nil && !*b.Latest.Active
	})
}

func lastChange(s *State, kind string) diag.TrackChange {
	for i := len(s.Changes) - 1; i >= 0; i-- {
		if c := s.Changes[i]; c.Side == diag.Local && c.Kind == kind {
			return c.Change
		}
	}
	return ""
}

// sources names sources that give nothing: a microphone without any sound, a camera without frames.
// A window that is shared may stand still for long.
func sources(out *finding.List, s *State, _ Facts) {
	for _, o := range s.Outbound {
		first, last := o.First, o.Latest
		over, all := (o.At - o.GaveAt).Seconds(), (o.At - o.Since).Seconds()
		e := SourceSilent{Kind: last.Kind, SSRC: last.SSRC, Later: true, Change: lastChange(s, last.Kind)}
		var id string
		switch {
		case last.Kind == "audio" && first.SourceDuration != nil && last.SourceDuration != nil && last.SourceEnergy != nil:
			id = "browser.source_silent_audio"
			if *last.SourceEnergy == 0 {
				over, all, e.Later = *last.SourceDuration, 0, false
			}
		case last.Kind == "video" && last.SourceTrackID != "" && last.SourceFrames != nil &&
			last.ContentType != "screenshare":
			id = "browser.source_silent_video"
			e.Later = *last.SourceFrames > 0 || first.SourceFrames == nil || *first.SourceFrames > 0 || o.GaveAt > o.Since
		}
		if id == "" || over < silentFor || e.Later && over < max(silentLater, all/2) {
			continue
		}
		e.OverMs = diag.Millis(diag.SecondsOf(over))
		out.Add(id, diag.Warn, streamName(last.Kind, last.SSRC, ""), e)
	}
}

// limits names video whose quality the browser reduced.
func limits(out *finding.List, s *State, _ Facts) {
	for _, o := range s.Outbound {
		if o.Latest.Kind != "video" {
			continue
		}
		durations := map[string]time.Duration{}
		if d := o.Latest.LimitationDurations; d != nil {
			durations["cpu"], durations["bandwidth"] = diag.SecondsOf(d.CPU), diag.SecondsOf(d.Bandwidth)
			durations["none"], durations["other"] = diag.SecondsOf(d.None), diag.SecondsOf(d.Other)
		} else {
			durations = o.Reasons
		}
		all := durations["cpu"] + durations["bandwidth"] + durations["none"] + durations["other"]
		for _, reason := range []string{"cpu", "bandwidth"} {
			if d := durations[reason]; d >= limitedFor && d.Seconds() >= limitedShare*all.Seconds() {
				severity := diag.Warn
				e := Limited{
					SSRC: o.Latest.SSRC, ForMs: diag.Millis(d), OfMs: diag.Millis(all), Changes: o.Latest.ResolutionChanges,
					Encoder: o.Latest.Encoder,
				}
				if reason == "bandwidth" && o.Roomy >= d/2 {
					severity, e.Available, e.Wanted = diag.Info, o.Available, &o.Wanted
				}
				out.Add("browser.limited_"+reason, severity, streamName("video", o.Latest.SSRC, ""), e)
			}
		}
	}
}
