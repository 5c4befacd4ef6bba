package peer

import (
	"context"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/media"
	"dialtone/diag/media/save"
)

// remote is pion's OnTrack: called at a track's first packet.
func (t *tracks) remote(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	d := diag.TrackAdded{
		Direction: diag.Inbound, Kind: track.Kind().String(), SSRC: uint32(track.SSRC()),
		MimeType:  diag.Clean(track.Codec().MimeType, 64),
		ClockRate: track.Codec().ClockRate, PayloadType: uint8(track.PayloadType()), TrackID: diag.Clean(track.ID(), 128),
	}
	for _, transceiver := range t.p.pc.GetTransceivers() {
		if transceiver.Receiver() == receiver {
			d.Mid = diag.Clean(transceiver.Mid(), 32)
		}
	}
	t.p.recorder.SetMid(d.SSRC, d.Mid)
	if rid := track.RID(); rid != "" {
		t.p.recorder.SetRID(d.SSRC, diag.Clean(rid, 32))
	}
	t.p.o.Emit(d)
	t.start(func(context.Context) {
		read := receiver.ReadRTCP
		if rid := track.RID(); rid != "" { // of several: simulcast
			read = func() ([]rtcp.Packet, interceptor.Attributes, error) { return receiver.ReadSimulcastRTCP(rid) }
		}
		for { // the interceptors see reports only if they are read
			if _, _, err := read(); err != nil {
				return
			}
		}
	})
	source := &source{RTPReader: track, save: func([]byte) {}}
	if t.p.o.Save != nil {
		saved := save.Track{Kind: d.Kind, Mid: d.Mid, SSRC: d.SSRC, From: t.p.checks.remoteAddress()}
		source.save = func(b []byte) { t.save(saved, b) }
	}
	t.start(func(ctx context.Context) { t.read(ctx, track, source) })
}

// read reads a track to its end, forwarding it if this peer echoes.
func (t *tracks) read(ctx context.Context, track *webrtc.TrackRemote, source media.RTPReader) {
	t.mu.Lock()
	s := t.sends[track.Kind().String()]
	echo := s != nil && s.forward != nil
	t.mu.Unlock()
	buf := make([]byte, 1500)
	for {
		if echo && s.source.TryLock() { // the echo is one stream: others, as of simulcast, are only read meanwhile
			err := s.forward.Forward(ctx, source, track.Codec().ClockRate)
			s.source.Unlock()
			if err != nil {
				return // the track or the connection has ended
			}
			echo = false
		}
		if _, _, err := source.Read(buf); err != nil {
			return
		}
	}
}

// source is a track whose packets are saved as they are read.
type source struct {
	media.RTPReader
	save func(packet []byte)
}

// Read reads a packet.
func (s *source) Read(b []byte) (int, interceptor.Attributes, error) {
	n, a, err := s.RTPReader.Read(b)
	if err == nil {
		s.save(b[:n])
	}
	return n, a, err
}

// save keeps a packet of a track with the name of its codec.
func (t *tracks) save(track save.Track, b []byte) {
	if len(b) > 1 {
		codec, _ := t.p.recorder.CodecName(b[1] & 0x7f)
		t.p.o.Save.Packet(track, codec, t.p.o.Now(), b)
	}
}
