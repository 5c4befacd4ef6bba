package peer

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/stdnet"

	"dialtone/diag"
	"dialtone/diag/call"
)

// late is a network that loses everything until some time has passed.
type late struct {
	transport.Net
	until time.Time
}

func (l late) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := l.Net.ListenUDP(network, addr)
	return lateConn{conn, l.until}, err
}

type lateConn struct {
	transport.UDPConn
	until time.Time
}

func (c lateConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if time.Now().Before(c.until) {
		return len(b), nil
	}
	return c.UDPConn.WriteTo(b, to)
}

// TestPatient: a call whose network begins to pass packets when every pair would have failed connects if it is patient,
// and fails without waiting for that network if it is not.
func TestPatient(t *testing.T) {
	for patient, want := range map[bool]State{true: StateConnected, false: StateICEFailed} {
		t.Run(fmt.Sprint(patient), func(t *testing.T) {
			t.Parallel()
			system, err := stdnet.NewNet()
			if err != nil {
				t.Fatal(err)
			}
			silence := 3 * time.Second
			if !patient {
				silence = time.Minute
			}
			o := Options{NoMedia: true, Patient: patient, Net: late{system, time.Now().Add(silence)}}
			states := make(chan State, 8)
			o.OnState = func(s State) { states <- s }
			if !patient {
				o.Timeouts.LastPair = 500 * time.Millisecond
			}
			a, b := pair(t, o, Options{NoMedia: true, Patient: true, Net: o.Net})
			connect(t, a, b)
			select {
			case got := <-states:
				if got != want {
					t.Errorf("state %d", got)
				}
			case <-time.After(15 * time.Second):
				t.Error("nothing came of it")
			}
			if !patient {
				return
			}
			c := a.until(t, "the connection", func(c *call.Call) bool { return c.ConnectedAt != nil })
			for _, p := range c.Pairs {
				if p.RequestsSent < 10 {
					t.Errorf("%d checks on a pair", p.RequestsSent)
				}
			}
		})
	}
}

// TestPatience: the waits add up to what RFC 8863 asks for.
func TestPatience(t *testing.T) {
	waits := Options{Patient: true}.withDefaults().Timeouts
	if waits.Disconnected+waits.Failed != diag.PatientTime || waits.NoCandidates != diag.PatientTime {
		t.Errorf("%+v", waits)
	}
}
