package transfer

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
)

func TestParse(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"code":"ask","version":1,"max_bytes":1000,"max_ms":5000}`:                                              true,
		`{"code":"test","number":1,"test":{"way":"up","for_ms":1000,"size":16,"max_bytes":1}}`:                   true,
		`{"code":"test","number":1,"test":{"way":"sideways","for_ms":1000,"size":16,"max_bytes":1}}`:             false,
		`{"code":"test","number":1,"test":{"way":"up","for_ms":1000,"size":15,"max_bytes":1}}`:                   false,
		`{"code":"test","number":1,"test":{"way":"up","for_ms":1000,"size":16}}`:                                 false,
		`{"code":"test","number":1,"test":{"way":"up","for_ms":1000,"warm_up_ms":1000,"size":16,"max_bytes":1}}`: false,
		`{"code":"test","number":1,"test":{"way":"down","for_ms":120001,"size":16,"max_bytes":1}}`:               false,
		`{"code":"test","number":100,"test":{"way":"up","for_ms":1000,"size":16,"max_bytes":1}}`:                 false,
		`{"code":"test","number":-1}`: false,
		`{"code":"count","number":0,"count":{"direction":"inbound","from_ms":0,"to_ms":100,"bytes":1,"messages":1}}`:              true,
		`{"code":"count","number":0,"count":{"direction":"inbound","from_ms":100,"to_ms":100,"bytes":1,"messages":1}}`:            false,
		`{"code":"count","number":0,"count":{"direction":"inbound","from_ms":0,"to_ms":1,"bytes":1,"messages":1,"jitter_ms":-1}}`: false,
		`{"code":"done","number":0,"sender":{"starved":2,"cores":1}}`:                                                             false,
		`{"code":"done","number":0,"sender":{"starved":0.5,"cores":1,"cpu":-1}}`:                                                  false,
		`not JSON`: false,
		`{"code":"` + strings.Repeat("x", maxMessage) + `"}`: false,
	} {
		if _, err := parse([]byte(text)); (err == nil) != ok || err != nil && !errors.Is(err, errMessage) {
			t.Errorf("%.100s: %v", text, err)
		}
	}
}

func TestNumberOf(t *testing.T) {
	for label, want := range map[string]int{
		"dialtone-speed/0": 0, "dialtone-speed/99": 99, "dialtone-speed/100": -1, "dialtone-speed/01": -1, "dialtone-speed/-1": -1, "dialtone-speed": -1,
	} {
		if n, ok := numberOf(label); ok != (want >= 0) || ok && n != want {
			t.Errorf("%s: %d, %v", label, n, ok)
		}
	}
}

// FuzzParse: what is read can be written, and is within bounds.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"code":"test","number":1,"test":{"way":"up","for_ms":1000,"size":16,"max_bytes":1}}`))
	f.Add([]byte(`{"code":"count","count":{"from_ms":0,"to_ms":100,"bytes":1,"messages":1,"lost":-3}}`))
	f.Add([]byte(`{"code":"done","sender":{"starved":0.1,"cores":2}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parse(data)
		if err != nil {
			return
		}
		if _, err := json.Marshal(m); err != nil {
			t.Fatal(err)
		}
		if m.Test != nil && (m.Test.ForMs.Duration() > MaxTestTime || m.Test.Way != diag.SpeedIdle && m.Test.Size > MaxSize) {
			t.Errorf("%+v", m.Test)
		}
	})
}

func TestUDPDrops(t *testing.T) {
	in, out := udpDrops([]byte("Ip: Forwarding\nIp: 1\nUdp: InDatagrams RcvbufErrors SndbufErrors\nUdp: 7 3 2\n"))
	if in == nil || out == nil || *in != 3 || *out != 2 {
		t.Error("of IPv4:", in, out)
	}
	in, out = udpDrops([]byte("Udp6InDatagrams 4\nUdp6RcvbufErrors 5\nUdp6SndbufErrors 6\nUdpLite6RcvbufErrors 9\n"))
	if in == nil || out == nil || *in != 5 || *out != 6 {
		t.Error("of IPv6:", in, out)
	}
	if in, out = udpDrops([]byte("Udp: RcvbufErrors\nUdp: many\n")); in != nil || out != nil {
		t.Error("of another form:", *in)
	}
}

func TestCPUTicks(t *testing.T) {
	idle, all := cpuTicks([]byte("cpu  10 1 5 80 4 0 0 0 3 0\ncpu0 1 2 3\n"))
	if idle == nil || all == nil || *idle != 84 || *all != 100 {
		t.Error(idle, all)
	}
	if idle, _ = cpuTicks([]byte("cpu 1 2 3 4 5 6 7 x\n")); idle != nil {
		t.Error("of another form")
	}
}

// TestFiller: without a measured rate little waits; a full path is filled further, but no more than SCTP takes.
func TestFiller(t *testing.T) {
	f := newFiller(1000)
	if f.limit != 2000 {
		t.Error("begins with", f.limit)
	}
	acked, at := uint64(0), time.Duration(0)
	for range 100 { // 1 MB/s, 100 ms
		at += 100 * time.Millisecond
		acked += 100_000
		f.look(at, acked, sctpState{1 << 20, 100 * time.Millisecond})
	}
	if most := uint64(windowGain*(1<<20)) + 2000; f.limit != most {
		t.Error("ends with", f.limit, "instead of", most)
	}
	f.look(at, acked, sctpState{10_000, 100 * time.Millisecond})
	if f.limit != 14_500 {
		t.Error("after a loss", f.limit)
	}
}
