package peer

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/pion/sctp"

	"dialtone/diag"
	"dialtone/diag/call"
)

// handshakeTimes out: the timer of the association's handshake expires for the last time although it has succeeded, as
// one does whose goroutine waits for the association's lock meanwhile.
func handshakeTimesOut(t *testing.T, s *side) {
	t.Helper()
	field := reflect.ValueOf(s.pc.SCTP()).Elem().FieldByName("sctpAssociation")
	association := *(**sctp.Association)(field.Addr().UnsafePointer())
	timer := reflect.ValueOf(association).Elem().FieldByName("t1Init").Elem()
	at := func(name string) reflect.Value {
		f := timer.FieldByName(name)
		return reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
	}
	mutex, _ := at("mutex").Addr().Interface().(*sync.Mutex)
	clock, _ := at("timer").Interface().(*time.Timer)
	mutex.Lock()
	defer mutex.Unlock()
	const started = 1
	at("nRtos").SetUint(at("maxRetrans").Uint())
	at("state").SetUint(started)
	at("pending").SetUint(1)
	clock.Reset(0)
}

// TestLateHandshakeTimeout: a handshake that is given up when it has succeeded stops neither the call nor its end.
func TestLateHandshakeTimeout(t *testing.T) {
	t.Parallel()
	a, b := pair(t, Options{NoMedia: true}, Options{NoMedia: true})
	connect(t, a, b)
	for _, s := range []*side{a, b} {
		s.until(t, "its channels", func(c *call.Call) bool { return len(c.Channels) == len(ownLabels) })
	}
	handshakeTimesOut(t, a)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20 { // the timer fires during one of them
			a.Sample(false)
			if err := a.Send(diag.LabelChat, true, []byte("hello")); err != nil {
				t.Error(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("the association is locked")
	}
}
