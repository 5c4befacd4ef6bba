package save

import (
	"errors"
	"net"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4/pkg/media/rtpdump"

	"dialtone/diag"
)

// stream is one that is written. The goroutine of the saver uses it.
type stream struct {
	s       *Saver
	track   Track
	began   time.Time
	ended   bool
	dump    *file
	dumps   *rtpdump.Writer
	packets uint64

	sequence sequence
	codec    string // of the last packet
	part     part   // nil: its codec has no file, or there were too many
	parts    int
}

// part is a file of media in the making.
type part interface {
	// add takes the next packet; missing means that packets before it did not arrive.
	add(p *rtp.Packet, missing bool) error
	// close completes the file. It is nil if nothing could be written.
	close() (f *file, frames uint32, err error)
}

func newStream(s *Saver, first packet) *stream {
	st := &stream{s: s, track: first.track, began: first.at}
	head := rtpdump.Header{Start: first.at, Source: net.IPv4zero}
	if from := first.track.From; from.Addr().Unmap().Is4() {
		head.Source, head.Port = from.Addr().Unmap().AsSlice(), from.Port()
	}
	var err error
	if st.dump, err = s.create(st.track, ".rtpdump"); err == nil {
		st.dumps, err = rtpdump.NewWriter(st.dump, head)
	}
	st.check(err)
	return st
}

// check ends a stream that cannot be written.
func (st *stream) check(err error) {
	if err != nil {
		st.s.warn("save.failed", st.s.o.Dir, diag.Clean(err.Error(), 300))
		st.end("")
	}
}

// packet writes one packet, within the bounds.
func (st *stream) packet(p packet) {
	switch {
	case st.ended:
		return
	case st.s.o.Budget.spent():
		st.end(diag.MediaLimitSize)
		return
	case p.at.Sub(st.began) >= MaxTime:
		st.end(diag.MediaLimitTime)
		return
	}
	err := st.dumps.WritePacket(rtpdump.Packet{Offset: p.at.Sub(st.began), Payload: p.raw})
	st.packets++
	in := &rtp.Packet{}
	if err == nil && in.Unmarshal(p.raw) == nil {
		err = st.sequence.add(arrived{in, p.codec, p.at}, st.media)
	}
	st.check(err)
}

// media writes the next packet of the sequence to the file of its codec.
func (st *stream) media(p arrived, missing bool) error {
	if p.codec != st.codec {
		if err := st.finish(""); err != nil {
			return err
		}
		st.codec = p.codec
		if st.parts == maxParts {
			return nil
		}
		begun, err := newPart(st, p.codec)
		if err != nil {
			return err
		}
		st.part = begun
		st.parts++
	}
	if st.part == nil {
		return nil
	}
	return st.part.add(p.Packet, missing)
}

// finish completes the file of the present codec.
func (st *stream) finish(limit diag.MediaLimit) error {
	if st.part == nil {
		return nil
	}
	f, frames, err := st.part.close()
	st.part = nil
	if f != nil {
		st.s.report(f, st.track, diag.MediaFile{Codec: st.codec, Frames: frames, Limit: limit})
	}
	return err
}

// end completes all files of the stream.
func (st *stream) end(limit diag.MediaLimit) {
	if st.ended {
		return
	}
	st.ended = true
	err := st.sequence.flush(st.media)
	err = errors.Join(err, st.finish(limit))
	if st.dump != nil {
		err = errors.Join(err, st.dump.Close())
		st.s.report(st.dump, st.track, diag.MediaFile{Codec: "rtpdump", Packets: st.packets, Limit: limit})
	}
	if err != nil {
		st.s.warn("save.failed", st.s.o.Dir, diag.Clean(err.Error(), 300))
	}
	if limit != "" {
		st.s.warn("save.limit", string(limit), "")
	}
}
