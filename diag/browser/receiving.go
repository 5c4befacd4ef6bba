package browser

import (
	"dialtone/diag"
	"dialtone/diag/finding"
)

// undecoded names video that comes without a picture.
func undecoded(out *finding.List, _ *State, f Facts) {
	if len(f.Samples) == 0 {
		return
	}
	last := len(f.Samples) - 1
	for _, in := range f.Samples[last].Inbound {
		padding := in.BytesReceived != nil && *in.BytesReceived == 0 // with which servers probe the bandwidth
		if in.Kind != "video" || in.FramesDecoded == nil || *in.FramesDecoded > 0 || padding {
			continue
		}
		first := last // sample since which packets come
		for first > 0 && packetsReceived(f.Samples[first-1], in.SSRC) > 0 {
			first--
		}
		if over := f.Times[last] - f.Times[first]; over >= stoppedAfter && diag.OrZero(in.PacketsReceived) >= undecodedLeast {
			out.Add("browser.undecoded", diag.Warn, streamName("video", in.SSRC, in.Mid),
				Undecoded{in.SSRC, *in.PacketsReceived, in.FramesReceived, diag.Millis(over)})
		}
	}
}

func packetsReceived(sample diag.Sample, ssrc uint32) uint64 {
	for _, in := range sample.Inbound {
		if in.Kind == "video" && in.SSRC == ssrc {
			return diag.OrZero(in.PacketsReceived)
		}
	}
	return 0
}

// uncounted reports that the dump does not show which media flowed.
func uncounted(out *finding.List, s *State, f Facts) {
	if !f.Uncounted {
		return
	}
	out.Add("browser.uncounted", diag.Info, "", Uncounted{s.Start.Partial})
}

// concealed names audio of which much was made up, because packets were lost or late.
func concealed(out *finding.List, s *State, f Facts) {
	if len(f.Samples) == 0 {
		return
	}
	for _, in := range f.Samples[len(f.Samples)-1].Inbound {
		if in.Kind != "audio" || in.ConcealedSamples == nil || in.TotalSamplesReceived == nil {
			continue
		}
		e := Concealed{SSRC: in.SSRC, Samples: *in.TotalSamplesReceived, LossSeen: in.PacketsLost}
		made := *in.ConcealedSamples
		for _, b := range s.Inbound {
			if b.Latest.Kind == "audio" && b.Latest.SSRC == in.SSRC {
				e.Events = b.Latest.ConcealmentCount
				made -= min(made, diag.OrZero(b.Latest.SilentConcealed)) // silence for a sender that is quiet
			}
		}
		if e.Samples < concealedLeast || diag.OrZero(in.PacketsReceived) == 0 {
			continue
		}
		if e.Share = float64(made) / float64(e.Samples); e.Share > concealedShare {
			out.Add("browser.concealment", diag.Warn, streamName("audio", in.SSRC, in.Mid), e)
		}
	}
}

// buffers names streams that wait long in the jitter buffer.
func buffers(out *finding.List, s *State, _ Facts) {
	for _, b := range s.Inbound {
		in := b.Latest
		if in.JitterBuffer == nil || in.Emitted == nil || *in.Emitted < 30 {
			continue
		}
		if mean := *in.JitterBuffer / float64(*in.Emitted); mean > longBuffer {
			out.Add("browser.jitter_buffer", diag.Warn, streamName(in.Kind, in.SSRC, ""),
				Buffered{in.SSRC, diag.Millis(diag.SecondsOf(mean))})
		}
	}
}
