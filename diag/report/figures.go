package report

import (
	"dialtone/diag/call"
)

// figure is a statistic of a stream as all formats show it. A new one is a line of figures.
type figure struct {
	title  string // of its column of the table of streams; "" for none
	unit   unit
	minor  bool   // left out if there is little room
	metric string // of Prometheus, "media_…"; "" for none
	help   string
	name   string // in a baseline; "" if it is not compared. More is worse
	of     func(*call.Stream) *float64
}

var figures = []figure{
	{
		title: "packets", unit: unitCount, metric: "packets", help: "Packets of media in the described run.",
		of: func(s *call.Stream) *float64 { return new(float64(s.Packets)) },
	},
	{
		title: "bitrate", unit: unitBits, metric: "bytes_per_second", help: "Rate of the media over the whole connection.",
		of: func(s *call.Stream) *float64 { return s.Bitrate },
	},
	{
		title: "loss", unit: unitRatio, metric: "loss_ratio", help: "Share of the packets that were lost.", name: "loss",
		of: func(s *call.Stream) *float64 { return s.Loss },
	},
	{
		title: "jitter", unit: unitMillis, metric: "jitter_seconds", help: "Interarrival jitter.", name: "jitter",
		of: func(s *call.Stream) *float64 { return float(s.Jitter) },
	},
	{
		title: "round trip", unit: unitMillis, metric: "round_trip_seconds", help: "Round-trip time as RTCP measures it.",
		of: func(s *call.Stream) *float64 { return float(s.RoundTrip) },
	},
	{
		title: "one way", unit: unitMillis, minor: true, metric: "one_way_delay_seconds", name: "one-way delay",
		help: "Mean one-way delay of the packets of media, if it was measured.",
		of:   func(s *call.Stream) *float64 { return float(s.OneWayDelay) },
	},
	{
		metric: "mos", unit: unitCount, help: "Speech quality by the E-model, 1 to 4.5.",
		of: func(s *call.Stream) *float64 { return s.MOS },
	},
	{
		metric: "audio_level", unit: unitCount, help: "Level of the audio, RMS of the whole run; 1 is full scale.",
		of: func(s *call.Stream) *float64 { return s.Level },
	},
	{
		title: "frames", unit: unitPerSecond, metric: "frames_per_second",
		help: "Frames of video per second over the whole connection.",
		of:   func(s *call.Stream) *float64 { return s.FramesPerSecond },
	},
	{title: "NACK", unit: unitCount, minor: true, of: func(s *call.Stream) *float64 { return new(float64(s.NACK)) }},
	{
		metric: "fec_packets", unit: unitCount, help: "Packets of FEC, and repetitions in those of media.",
		of: func(s *call.Stream) *float64 { return s.FEC },
	},
	{title: "PLI", unit: unitCount, minor: true, of: func(s *call.Stream) *float64 { return new(float64(s.PLI)) }},
}
