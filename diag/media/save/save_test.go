package save

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
	"github.com/pion/webrtc/v4/pkg/media/rtpdump"
	"go.uber.org/goleak"

	"dialtone/diag"
	"dialtone/diag/media"
	"dialtone/diag/media/video"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collector is the destination of a player: packets in the order in which they are sent.
type collector struct{ packets []*rtp.Packet }

func (c *collector) WriteRTP(p *rtp.Packet) error {
	c.packets = append(c.packets, &rtp.Packet{Header: p.Header.Clone(), Payload: bytes.Clone(p.Payload)})
	return nil
}

// play returns the packets of four seconds of a codec's clip, which for video is the clip once.
func play(t *testing.T, codec string) []*rtp.Packet {
	t.Helper()
	clip, err := media.CodecOf(codec).ReadClip()
	if err != nil {
		t.Fatal(err)
	}
	var c collector
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second-1)
		defer cancel()
		if err := media.NewPlayer(clip, &c).Play(ctx); err != nil {
			t.Error(err)
		}
	})
	return c.packets
}

// shuffled swaps each two packets and repeats each fifth.
func shuffled(packets []*rtp.Packet) []*rtp.Packet {
	out := slices.Clone(packets)
	for i := 1; i+1 < len(out); i += 2 {
		out[i], out[i+1] = out[i+1], out[i]
	}
	for i := 0; i < len(out); i += 5 {
		out = slices.Insert(out, i, out[i])
	}
	return out
}

// saved writes packets and returns the files by their extension, and what was reported.
func saved(t *testing.T, codec string, packets []*rtp.Packet, budget *Budget) (map[string]string, []diag.Data) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new", "media")
	var events []diag.Data
	s, err := New(Options{Dir: dir, Budget: budget, Emit: func(d diag.Data) { events = append(events, d) }})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Unix(1_700_000_000, 0)
	for i, p := range packets {
		p.SSRC = 7
		raw, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		s.Packet(Track{Kind: "video", Mid: "../1", SSRC: 7}, codec, began.Add(time.Duration(i)*10*time.Millisecond), raw)
	}
	s.Close()
	s.Packet(Track{}, codec, began, []byte("after the end"))
	s.Close()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode() != 0o600 || !strings.HasPrefix(e.Name(), "video-___1-7.") {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
		files[filepath.Ext(e.Name())] = filepath.Join(dir, e.Name())
	}
	return files, events
}

// contents are the frames of a file of IVF, the packets of an Ogg file, or the bytes of another.
func contents(t *testing.T, path string) [][]byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	switch filepath.Ext(path) {
	case ".ivf":
		r, head, err := ivfreader.NewWith(bytes.NewReader(raw))
		if err != nil || head.Width != 320 || head.Height != 240 {
			t.Fatal(head, err)
		}
		return until(t, func() ([]byte, error) {
			frame, _, err := r.ParseNextFrame()
			return frame, err
		})
	case ".ogg":
		r, _, err := oggreader.NewWith(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		return until(t, func() ([]byte, error) {
			page, _, err := r.ParseNextPage()
			return page, err
		})[1:] // behind the comments
	}
	return [][]byte{raw}
}

// until reads to the end.
func until(t *testing.T, next func() ([]byte, error)) (out [][]byte) {
	t.Helper()
	for {
		b, err := next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
}

// TestWhole: packets that come twice and in another order give the clip that was sent, which a player plays, and all of
// them are kept as they came.
func TestWhole(t *testing.T) {
	for codec, clip := range map[string]string{
		"VP8": "picture.vp8.ivf", "VP9": "picture.vp9.ivf", "AV1": "picture.av1.ivf", "H264": "picture.h264", "opus": "tone.ogg",
		"PCMU": "tone.ul", "PCMA": "tone.al", "G722": "tone.g722",
	} {
		t.Run(codec, func(t *testing.T) {
			packets := play(t, codec)
			sent := shuffled(packets)
			files, events := saved(t, codec, sent, &Budget{})
			extension := map[string]string{"VP8": ".ivf", "VP9": ".ivf", "AV1": ".ivf", "H264": ".h264", "opus": ".ogg"}[codec]
			file := files[cmp.Or(extension, ".au")]
			want, got := contents(t, filepath.Join("..", "clips", clip)), contents(t, file)
			switch {
			case extension == ".h264":
				want, got = pictureUnits(want[0]), pictureUnits(got[0])
			case extension == "":
				want, got = [][]byte{bytes.Repeat(want[0], 4)}, [][]byte{got[0][auHeader:]}
			case extension == ".ogg":
				want = nil // pages of the clip hold many packets
				for _, p := range packets {
					want = append(want, p.Payload)
				}
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got) %.2000s", diff)
			}
			if len(events) != 2 || len(files) != 2 {
				t.Errorf("%+v", events)
			}
			last := events[1].(diag.MediaFile)
			if last.Packets != uint64(len(sent)) || last.Codec != "rtpdump" || last.Bytes == 0 || last.Mid != "../1" {
				t.Errorf("%+v", last)
			}
			dumped(t, files[".rtpdump"], sent)
			plays(t, file, codec)
		})
	}
}

// pictureUnits are the NAL units that a decoder needs: pion's payloader leaves others out.
func pictureUnits(b []byte) [][]byte {
	units := bytes.Split(bytes.ReplaceAll(b, []byte{0, 0, 0, 1}, []byte{0, 0, 1}), []byte{0, 0, 1})
	return slices.DeleteFunc(units, func(u []byte) bool { return len(u) == 0 || !slices.Contains([]byte{1, 5, 7, 8}, u[0]&0x1f) })
}

// dumped compares a file of rtptools with what was sent.
func dumped(t *testing.T, path string, sent []*rtp.Packet) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	r, head, err := rtpdump.NewReader(f)
	if err != nil || head.Start.Unix() != 1_700_000_000 {
		t.Fatal(head, err)
	}
	for i, p := range sent {
		raw, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Next()
		if err != nil || !bytes.Equal(got.Payload, raw) || got.Offset != time.Duration(i)*10*time.Millisecond {
			t.Fatalf("packet %d: %+v, %v", i, got, err)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Error("more packets than were sent")
	}
}

// plays lets ffmpeg decode a file, where it is installed.
func plays(t *testing.T, path, codec string) {
	t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Log("ffmpeg is missing: the file is not played")
		return
	}
	out, err := exec.CommandContext(t.Context(), ffmpeg, "-v", "error", "-i", path, "-f", "null", "-").CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%s: %v\n%s", codec, err, out)
	}
}

// TestLost: a frame that lacks a packet is left out, and only that; audio keeps its time.
func TestLost(t *testing.T) {
	whole := play(t, "VP8")
	index := func(frame int, match func(*rtp.Packet) bool) int { // of a packet of a frame
		stamps := 0
		for i, p := range whole {
			if i > 0 && p.Timestamp != whole[i-1].Timestamp {
				stamps++
			}
			if stamps == frame && match(p) {
				return i
			}
		}
		t.Fatal("the clip has no such packet")
		return 0
	}
	first := func(p *rtp.Packet) bool { return videos["VP8"].shows(p.Payload).Start }
	last := func(p *rtp.Packet) bool { return p.Marker }
	middle := func(p *rtp.Packet) bool { return !first(p) && !last(p) }
	for name, tt := range map[string]struct {
		lost []int
		left []int // out: frames
	}{
		"the middle":               {[]int{index(50, middle)}, []int{50}},
		"the first":                {[]int{index(50, first)}, []int{50}},
		"the last":                 {[]int{index(50, last)}, []int{50}},
		"a frame":                  {[]int{index(10, first)}, []int{10}},
		"an end and a beginning":   {[]int{index(50, last), index(51, first)}, []int{50, 51}},
		"the first of the stream":  {[]int{0}, nil},
		"the middle of key frames": {[]int{index(0, middle), index(50, middle)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var sent []*rtp.Packet
			for i, p := range whole {
				if !slices.Contains(tt.lost, i) {
					sent = append(sent, p)
				}
			}
			clip := contents(t, "../clips/picture.vp8.ivf")
			var want [][]byte
			for i, frame := range clip {
				if !slices.Contains(tt.left, i) {
					want = append(want, frame)
				}
			}
			switch name { // a file begins with a whole key frame
			case "the first of the stream":
				want = clip[50:]
			case "the middle of key frames":
				want = nil
			}
			files, _ := saved(t, "VP8", shuffled(sent), &Budget{})
			if want == nil {
				if files[".ivf"] != "" {
					t.Error("there is a file without a key frame")
				}
				return
			}
			if got := contents(t, files[".ivf"]); !gocmp.Equal(want, got) {
				t.Errorf("%d frames instead of %d", len(got), len(want))
			}
		})
	}
}

// TestParts: a frame of H264 whose first packet is lost, after which others can be read, is left out as well, and a
// sender that marks no end of frames loses none.
func TestParts(t *testing.T) {
	packets := play(t, "H264")
	key := 0
	for i, p := range packets {
		if i > 0 && p.Payload[0]&0x1f == 7 {
			key = i
		}
	}
	var sent []*rtp.Packet
	var want [][]byte
	for i, p := range packets {
		unit := p.Payload[0] & 0x1f
		if i != key {
			sent = append(sent, p)
		}
		if p.Timestamp != packets[key].Timestamp && slices.Contains([]byte{1, 5, 7, 8}, unit) {
			want = append(want, p.Payload)
		}
	}
	files, _ := saved(t, "H264", sent, &Budget{})
	if diff := gocmp.Diff(want, pictureUnits(contents(t, files[".h264"])[0])); diff != "" {
		t.Errorf("(-want +got) %.500s", diff)
	}
	unmarked := play(t, "VP8")
	for _, p := range unmarked {
		p.Marker = false
	}
	files, _ = saved(t, "VP8", unmarked, &Budget{})
	if diff := gocmp.Diff(contents(t, "../clips/picture.vp8.ivf"), contents(t, files[".ivf"])); diff != "" {
		t.Errorf("(-want +got) %.500s", diff)
	}
}

// TestGaps: audio that is lost keeps its time: concealed in Opus, and as silence elsewhere.
func TestGaps(t *testing.T) {
	tone := play(t, "opus")
	sent := append(slices.Clone(tone[:50]), tone[60:]...)
	files, _ := saved(t, "opus", sent, &Budget{})
	got := contents(t, files[".ogg"])
	if len(got) != len(tone) {
		t.Errorf("%d packets instead of %d", len(got), len(tone))
	}
	for _, p := range got[50:60] {
		if len(p) != 1 || p[0] != tone[49].Payload[0]&^3 {
			t.Errorf("% x", p)
		}
	}
	ulaw := play(t, "PCMU")
	files, _ = saved(t, "PCMU", append(slices.Clone(ulaw[:50]), ulaw[60:]...), &Budget{})
	sound := contents(t, files[".au"])[0]
	if size := binary.BigEndian.Uint32(sound[8:]); int(size) != len(sound)-auHeader || size != uint32(160*len(ulaw)) {
		t.Errorf("%d bytes in the header of %d", size, len(sound))
	}
	if gap := sound[auHeader+50*160 : auHeader+60*160]; !bytes.Equal(gap, bytes.Repeat([]byte{0xff}, 1600)) {
		t.Error("the gap is not silent")
	}
	ulaw[10].Timestamp += 1 << 30 // a jump is not filled
	files, _ = saved(t, "PCMU", ulaw[:12], &Budget{})
	if size := len(contents(t, files[".au"])[0]); size != auHeader+12*160 {
		t.Errorf("%d bytes after a jump", size)
	}
}

// TestBounds: a full budget and a long stream end the files, which say so and are whole.
func TestBounds(t *testing.T) {
	tone := play(t, "opus")
	budget := &Budget{}
	budget.used.Store(MaxSize - 1000)
	files, events := saved(t, "opus", tone, budget)
	var limits []diag.MediaLimit
	warned := 0
	for _, d := range events {
		switch d := d.(type) {
		case diag.MediaFile:
			limits = append(limits, d.Limit)
		case diag.Warning:
			warned++
			if d.ID != "save.limit" || d.Subject != "size" {
				t.Errorf("%+v", d)
			}
		}
	}
	if !slices.Equal(limits, []diag.MediaLimit{"size", "size"}) || warned != 1 {
		t.Errorf("%+v", events)
	}
	if n := len(contents(t, files[".ogg"])); n == 0 || n > 20 {
		t.Errorf("%d packets within 1,000 bytes", n)
	}
}

// TestTime: the bound of time ends a stream, and what comes after it is left out.
func TestTime(t *testing.T) {
	dir := t.TempDir()
	var events []diag.Data
	s, err := New(Options{Dir: dir, Budget: &Budget{}, Emit: func(d diag.Data) { events = append(events, d) }})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range play(t, "opus")[:5] {
		raw, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		s.Packet(Track{Kind: "audio", SSRC: 9}, "opus", time.Unix(1, 0).Add(time.Duration(i)*MaxTime/3), raw)
	}
	s.Close()
	want := []diag.Data{
		diag.MediaFile{Kind: "audio", SSRC: 9, Codec: "opus", Frames: 3, Limit: "time"},
		diag.MediaFile{Kind: "audio", SSRC: 9, Codec: "rtpdump", Packets: 3, Limit: "time"},
		diag.Warning{ID: "save.limit", Subject: "time"},
	}
	if diff := gocmp.Diff(want, events, cmpopts.IgnoreFields(diag.MediaFile{}, "File", "Bytes")); diff != "" {
		t.Error(diff)
	}
}

// FuzzSaver takes its input for packets of a hostile peer: a byte for the codec, one for the length of the payload, and
// the payload, whose first byte also moves sequence number and timestamp.
func FuzzSaver(f *testing.F) {
	names := []string{"opus", "PCMU", "G722", "VP8", "VP9", "AV1", "H264", "H265", ""}
	f.Add([]byte{0, 3, 0xf8, 0xff, 0xfe, 3, 4, 0x10, 0x50, 0x82, 0, 6, 4, 0x67, 0x42, 0xc0, 0x1f})
	f.Fuzz(func(t *testing.T, script []byte) {
		dir := t.TempDir()
		s, err := New(Options{Dir: dir, Budget: &Budget{}, Emit: func(diag.Data) {}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		at, seq, stamp := time.Unix(1, 0), uint16(0), uint32(0)
		for n := 0; len(script) > 2 && n < 300; n++ {
			codec, length := names[int(script[0])%len(names)], min(int(script[1]), len(script)-2)
			payload := script[2 : 2+length]
			script = script[2+length:]
			seq, stamp, at = seq+1, stamp+960, at.Add(20*time.Millisecond)
			if length > 0 {
				seq, stamp = seq+uint16(payload[0]&3), stamp+uint32(payload[0])<<24
			}
			p := rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: seq, Timestamp: stamp, SSRC: 1, Marker: seq&1 == 0}, Payload: payload}
			if raw, err := p.Marshal(); err == nil {
				s.Packet(Track{Kind: "video", SSRC: uint32(len(codec))}, codec, at, raw)
			}
		}
	})
}

// TestChanges: another codec begins another file; a source that begins anew goes on in the same; and what is not
// negotiated is only dumped.
func TestChanges(t *testing.T) {
	dir := t.TempDir()
	var events []diag.Data
	s, err := New(Options{Dir: dir, Budget: &Budget{}, Emit: func(d diag.Data) { events = append(events, d) }})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_700_000_000, 0)
	feed := func(codec string, packets []*rtp.Packet, seq uint16) {
		for i, p := range packets {
			p.SequenceNumber = seq + uint16(i)
			raw, err := p.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			at = at.Add(20 * time.Millisecond)
			s.Packet(Track{Kind: "audio", SSRC: 9}, codec, at, raw)
		}
	}
	tone, ulaw := play(t, "opus")[:20], play(t, "PCMU")[:20]
	feed("opus", tone, 65530)
	feed("PCMU", ulaw, 65550-65536)
	feed("", ulaw, 34)
	feed("PCMU", ulaw, 54)
	feed("PCMU", ulaw, 40_000) // from the beginning
	s.Packet(Track{Kind: "audio", SSRC: 9}, "PCMU", at, []byte("no RTP"))
	s.Close()
	var got []string
	for _, d := range events {
		f := d.(diag.MediaFile)
		got = append(got, f.Codec+" "+filepath.Base(f.File))
	}
	want := []string{"opus audio-9.ogg", "PCMU audio-9.au", "PCMU audio-9-2.au", "rtpdump audio-9.rtpdump"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if f := events[2].(diag.MediaFile); f.Frames != 40 {
		t.Errorf("%+v", f)
	}
}

// TestFull: a file whose beginning cannot be written ends as if there were none.
func TestFull(t *testing.T) {
	full := func() (*file, error) { // as one of a full disk, it cannot be written to
		f, err := os.Open(os.DevNull)
		return &file{File: f, budget: &Budget{}}, err
	}
	v := &pictures{codec: "VP8", create: full, shows: func([]byte) video.Picture { return video.Picture{Key: true, Start: true} }}
	if err := v.add(&rtp.Packet{Header: rtp.Header{Marker: true}, Payload: []byte{1}}, false); err == nil {
		t.Error("pictures were written")
	}
	if _, frames, err := v.close(); err != nil || frames != 0 {
		t.Errorf("%d frames, %v", frames, err)
	}
}

// TestUnwritable: a directory that cannot be made is an error, and none takes packets.
func TestUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	none, err := New(Options{Dir: filepath.Join(file, "x")})
	if err == nil || none != nil {
		t.Error("a directory in a file")
	}
	none.Packet(Track{}, "opus", time.Time{}, nil)
	none.Close()
}
