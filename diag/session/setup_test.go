package session

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/feed"
	"dialtone/diag/lab/labtest"
)

// roomCall places one call through a room server and returns how long it took from the second party's dial until a channel
// was open on both sides. It returns when both logs have ended; closing counts what is still being closed then.
func roomCall(tb testing.TB, closing *sync.WaitGroup, dial func(code string) Dialer, code string, media bool) time.Duration {
	tb.Helper()
	var times [2]time.Time
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, hangUp := context.WithCancel(context.Background())
	defer hangUp() // before the wait: readers end with their calls
	open := make(chan int, 2)
	run := func(i int, echo bool) <-chan struct{} {
		f := feed.New(time.Now)
		reader := f.Reader()
		s := New(Options{Feed: f, Dial: dial(code), Config: diag.Config{Code: code, LoopbackOnly: true, NoMedia: !media, Echo: echo}})
		closing.Go(func() { s.Run(ctx) })
		waiting := make(chan struct{})
		wg.Go(func() {
			opened, dialled := false, false
			for {
				batch, err := reader.Next(context.Background())
				if err != nil {
					return
				}
				for _, e := range batch {
					if state, ok := e.Data.(diag.SignalState); ok && state.State == diag.SignalWaiting && !dialled {
						dialled = true
						close(waiting)
					}
					if _, ok := e.Data.(diag.ChannelOpen); ok && !opened {
						opened = true
						times[i] = f.Start().Add(e.At)
						open <- i
					}
				}
			}
		})
		return waiting
	}
	<-run(0, false)
	second := time.Now()
	run(1, true)
	for range 2 {
		select {
		case <-open:
		case <-time.After(2 * time.Minute):
			tb.Error("no channel opened")
			return 0
		}
	}
	hangUp()
	last := times[0]
	if times[1].After(last) {
		last = times[1]
	}
	return last.Sub(second)
}

// bareAPI is pion set as a peer in the demo sets it, without anything that observes it.
func bareAPI() *webrtc.API {
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	se.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil })
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetHostAcceptanceMinWait(0)
	se.SetPrflxAcceptanceMinWait(0)
	se.SetDTLSInsecureSkipHelloVerify(true)
	return webrtc.NewAPI(webrtc.WithSettingEngine(se))
}

// bareCall does with pion alone what a call without media does: the same settings and channels, descriptions and
// candidates handed over in memory.
func bareCall(tb testing.TB) time.Duration {
	tb.Helper()
	api := bareAPI()
	begin := time.Now()
	a, errA := api.NewPeerConnection(webrtc.Configuration{})
	b, errB := api.NewPeerConnection(webrtc.Configuration{})
	if errA != nil || errB != nil {
		tb.Fatal(errA, errB)
	}
	defer func() {
		_ = a.GracefulClose()
		_ = b.GracefulClose()
	}()
	open := make(chan struct{}, 8)
	seen := func(dc *webrtc.DataChannel) {
		var once sync.Once
		dc.OnOpen(func() { once.Do(func() { open <- struct{}{} }) })
	}
	b.OnDataChannel(seen)
	for _, label := range []string{diag.LabelControl, diag.LabelControlLegacy, diag.LabelChat, diag.LabelPing, diag.LabelStats} {
		dc, err := a.CreateDataChannel(label, nil)
		if err != nil {
			tb.Fatal(err)
		}
		if label == "chat" {
			seen(dc)
		}
	}
	check := func(err error) {
		if err != nil {
			tb.Error(err)
		}
	}
	var ready sync.WaitGroup
	ready.Add(1)
	pass := func(to *webrtc.PeerConnection) func(*webrtc.ICECandidate) {
		return func(c *webrtc.ICECandidate) {
			if c != nil {
				ready.Wait()
				_ = to.AddICECandidate(c.ToJSON()) // one that comes after the end finds nobody
			}
		}
	}
	a.OnICECandidate(pass(b))
	b.OnICECandidate(pass(a))
	offer, err := a.CreateOffer(nil)
	check(err)
	check(a.SetLocalDescription(offer))
	check(b.SetRemoteDescription(offer))
	answer, err := b.CreateAnswer(nil)
	check(err)
	check(b.SetLocalDescription(answer))
	check(a.SetRemoteDescription(answer))
	ready.Done()
	for range 2 {
		select {
		case <-open:
		case <-time.After(30 * time.Second):
			tb.Fatal("no channel opened")
		}
	}
	return time.Since(begin)
}

// BenchmarkSetup compares the set-up through a room server on loopback with bare pion, alternating in one run: from the
// second party's dial (bare: from the creation of the connections) until a channel is open on both sides. A third arm
// hands the messages over in memory instead, which tells the share of HTTP from the share of everything else. Medians, in
// ms, and the ratio room/bare.
func BenchmarkSetup(b *testing.B) {
	s := roomServer(b)
	var byRoom, byMemory, bare call.Distribution
	var closing sync.WaitGroup
	defer closing.Wait()
	for i := 0; b.Loop(); i++ {
		bare.Add(bareCall(b))
		meet := &rendezvous{}
		byMemory.Add(roomCall(b, &closing, func(string) Dialer { return meet.dial }, "memory", false))
		byRoom.Add(roomCall(b, &closing, func(code string) Dialer { return through(s, code) }, fmt.Sprint("setup", i), false))
	}
	median := func(d *call.Distribution) float64 {
		v, _ := d.Percentile(50)
		return v.Seconds() * 1e3
	}
	b.ReportMetric(median(&bare), "bare-ms")
	b.ReportMetric(median(&byMemory), "memory-ms")
	b.ReportMetric(median(&byRoom), "room-ms")
	b.ReportMetric(median(&byRoom)/median(&bare), "ratio")
}

// openFiles counts the process's descriptors: sockets above all.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("this system does not list a process's open files:", err)
	}
	return len(entries)
}

// settle waits until goroutines and files are back at what they were, or the deadline shows that they are not.
func settle(t *testing.T, goroutines, files int) (int, int) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		g, f := runtime.NumGoroutine(), openFiles(t)
		if (g <= goroutines && f <= files) || time.Now().After(deadline) {
			return g, f
		}
		runtime.Gosched()
		time.Sleep(20 * time.Millisecond) // what is waited for here is the absence of goroutines: no event tells it
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestCallsLeaveNothingBehind: 100 calls one after another, then 30 at once; goroutines, sockets and memory come back.
func TestCallsLeaveNothingBehind(t *testing.T) {
	series, parallel := labtest.Sample(100, 20), labtest.Sample(30, 10)
	s := roomServer(t)
	dial := func(code string) Dialer { return through(s, code) }
	var closing sync.WaitGroup
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	roomCall(t, &closing, dial, "warm-up", true) // clips are parsed, connections to the server are open
	closing.Wait()
	s.CloseClientConnections()
	goroutines, files = settle(t, goroutines, files)
	before := heap()
	for i := range series {
		roomCall(t, &closing, dial, fmt.Sprint("series", i), i%10 == 0)
	}
	var wg sync.WaitGroup
	for i := range parallel {
		wg.Go(func() { roomCall(t, &closing, dial, fmt.Sprint("parallel", i), i%5 == 0) }) // decoding is slow with -race
	}
	wg.Wait()
	closing.Wait()
	s.CloseClientConnections()
	g, f := settle(t, goroutines, files)
	after := heap()
	t.Logf("goroutines %d → %d, open files %d → %d, heap %d → %d KiB", goroutines, g, files, f, before>>10, after>>10)
	if g > goroutines+2 || f > files+2 {
		t.Errorf("left behind: goroutines %d → %d, open files %d → %d", goroutines, g, files, f)
		_ = pprof.Lookup("goroutine").WriteTo(t.Output(), 1)
	}
	if after > before+(8<<20) {
		t.Errorf("the heap grew from %d to %d KiB", before>>10, after>>10)
	}
}
