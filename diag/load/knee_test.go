package load

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/assert"
	"dialtone/diag/check"
	"dialtone/diag/lab/labtest"
	"dialtone/signal"
	"dialtone/signal/ways"
)

// degrading is a WHIP server that answers late while it has more sessions than it can hold.
type degrading struct {
	api  *webrtc.API
	full int // sessions; 0: without limit

	mu       sync.Mutex
	sessions map[string]*webrtc.PeerConnection
	made     int
	most     int // sessions at once, since it was read
}

const degradedTime = time.Second

func newDegrading(t *testing.T, full int) (*degrading, *httptest.Server) {
	t.Helper()
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	d := &degrading{api: webrtc.NewAPI(webrtc.WithSettingEngine(se)), full: full, sessions: map[string]*webrtc.PeerConnection{}}
	s := httptest.NewServer(d)
	t.Cleanup(func() {
		s.Close()
		for name := range d.sessions {
			d.end(name)
		}
	})
	return d, s
}

// atOnce is the most sessions since it was called before.
func (d *degrading) atOnce() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.most
	d.most = 0
	return n
}

func (d *degrading) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		offer, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		name, answer, err := d.begin(string(offer))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/sdp")
		w.Header().Set("Location", name)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, answer)
	case http.MethodDelete:
		d.end(r.URL.Path)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func (d *degrading) begin(offer string) (name, answer string, err error) {
	pc, err := d.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", "", err
	}
	d.mu.Lock()
	d.made++
	name = "/session/" + strconv.Itoa(d.made)
	d.sessions[name] = pc
	d.most = max(d.most, len(d.sessions))
	late := d.full > 0 && len(d.sessions) > d.full
	d.mu.Unlock()
	if late {
		time.Sleep(degradedTime)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err == nil {
		var description webrtc.SessionDescription
		if description, err = pc.CreateAnswer(nil); err == nil {
			err = pc.SetLocalDescription(description)
		}
	}
	if err != nil {
		d.end(name)
		return "", "", err
	}
	<-gathered
	return name, pc.LocalDescription().SDP, nil
}

func (d *degrading) end(name string) {
	d.mu.Lock()
	pc := d.sessions[name]
	delete(d.sessions, name)
	d.mu.Unlock()
	if pc != nil {
		_ = pc.GracefulClose()
	}
}

// atServer are calls to a WHIP server, each of so long a time.
func atServer(t *testing.T, s *httptest.Server, hold time.Duration) Options {
	t.Helper()
	i := slices.IndexFunc(ways.All, func(w signal.Way) bool { return w.Name == "whip" })
	o := options(check.Remote{Way: ways.All[i], Setup: signal.Setup{Address: s.URL + "/whip"}, Shown: s.URL}, 1000, 1)
	o.Call.Config.For, o.Call.Config.LoopbackOnly, o.Call.NoEcho, o.Call.ExpectMedia = hold, true, true, []string{}
	a, err := ParseAssertion(`setup.p95 < duration("500ms")`)
	if err != nil {
		t.Fatal(err)
	}
	o.Assertions = []*assert.Assertion{a}
	return o
}

// runs is how often a nightly test is repeated.
func runs(t *testing.T, otherwise int) int {
	t.Helper()
	labtest.NeedQuiet(t)
	if n, err := strconv.Atoi(os.Getenv("LOAD_RUNS")); err == nil {
		return n
	}
	return otherwise
}

// TestKneeOfServer: the number of sessions from which on a server degrades is found within 5 %.
func TestKneeOfServer(t *testing.T) {
	const sessions = 40
	for n := range runs(t, 10) {
		t.Run(fmt.Sprint(n+1), func(t *testing.T) {
			server, address := newDegrading(t, sessions)
			reached := map[Rate]int{} // sessions
			r, err := FindLimit(t.Context(), atServer(t, address, 2*time.Second), 5, func(s Step) {
				reached[s.Rate] = server.atOnce()
				t.Logf("%s: %s, %d sessions %s", s.Rate, s.Outcome, reached[s.Rate], s.Broken)
			})
			if err != nil || r.Limit.Rate == nil || r.Limit.Tester {
				t.Fatalf("%v: %s", err, r.Headline)
			}
			if got := reached[*r.Limit.Rate]; got < sessions*95/100 || got > sessions*105/100 {
				t.Errorf("%d sessions at %v", got, *r.Limit.Rate)
			}
		})
	}
}

// TestStarvedTester: a tester that gets too little CPU time does not blame a good server.
func TestStarvedTester(t *testing.T) {
	times := runs(t, 50)
	withdrawn := 0
	for n := range times {
		stop := busyLoops(t, (n%4+1)*runtime.NumCPU())
		_, address := newDegrading(t, 0)
		o := atServer(t, address, 300*time.Millisecond)
		o.Plan = Plan{[]Stage{{From: 20, To: 20}}, 20, 1, 1}
		r, err := Run(t.Context(), o)
		stop()
		if err == nil {
			t.Logf("%d: %s; %d of %d calls not judged", n+1, r.Headline, r.Unjudged.Calls, r.Calls.Ended)
		}
		switch {
		case err != nil:
			t.Fatal(err)
		case r.Exit.Code == diag.ExitCannotRun:
			withdrawn++
		case r.Exit.Code != diag.ExitPass:
			t.Errorf("run %d: %s: %s; %+v", n+1, r.Exit.Name, r.Headline, r.Tester)
		}
	}
	t.Logf("no verdict in %d of %d runs", withdrawn, times)
}

// busyLoops are processes that use the CPU beside this one, until stop.
func busyLoops(t *testing.T, n int) (stop func()) {
	t.Helper()
	var list []*exec.Cmd
	stop = sync.OnceFunc(func() {
		for _, loop := range list {
			_ = loop.Process.Kill()
			_ = loop.Wait()
		}
	})
	t.Cleanup(stop)
	for range n {
		loop := exec.CommandContext(t.Context(), "sh", "-c", "while :; do :; done")
		if err := loop.Start(); err != nil {
			t.Fatal(err)
		}
		list = append(list, loop)
	}
	return stop
}
