package lab

import (
	"fmt"
	"math"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/stun/v4"
)

// TestLossShare: each flow loses the share that was asked for, independently of the others, and so does the first packet
// of many worlds.
func TestLossShare(t *testing.T) {
	const packets = 20000
	server := netip.MustParseAddrPort("1.2.3.10:3478")
	client := netip.MustParseAddrPort("1.2.4.1:0")
	for _, loss := range []float64{0, 0.05, 0.1, 0.2, 1} {
		share := func(what string, lost int) {
			// Five standard deviations; nothing at all where there is no chance.
			bound := 5 * math.Sqrt(loss*(1-loss)/packets)
			if got := float64(lost) / packets; math.Abs(got-loss) > bound {
				t.Errorf("%s: %.4f lost, want %.2f ± %.4f", what, got, loss, bound)
			}
		}
		l := newLinks(WorldOptions{Loss: loss, Seed: 7}, nil)
		var out, both int
		for range packets {
			request, answer := l.arrives(flow{client, server}), l.arrives(flow{server, client})
			if !request {
				out++
			}
			if !request && !answer {
				both++
			}
		}
		share("out", out)
		sent, lost := l.traffic()
		share("back", lost-out)
		if sent != 2*packets {
			t.Errorf("%d packets counted, want %d", sent, 2*packets)
		}
		if got := float64(both) / packets; math.Abs(got-loss*loss) > 0.01 {
			t.Errorf("both ways lost: %.4f, want %.4f", got, loss*loss)
		}
		first := 0
		for seed := range uint64(packets) {
			if !newLinks(WorldOptions{Loss: loss, Seed: seed}, nil).arrives(flow{client, server}) {
				first++
			}
		}
		share("first of each seed", first)
	}
}

// answered sends many requests in one world and returns which of them are answered.
func answered(t *testing.T, o WorldOptions) (numbers []int, lost float64) {
	t.Helper()
	const requests, markers = 400, 50
	w := world(t, o)
	a := ask(t, w.Client(0))
	number := map[[stun.TransactionIDSize]byte]int{}
	for i := range requests + markers {
		number[a.send(w.Responders()[0].Addr())] = i
	}
	for {
		r, err := a.receive()
		if err != nil {
			t.Fatal(err)
		}
		if n := number[r.id]; n < requests {
			numbers = append(numbers, n)
			continue
		}
		// The packets keep their order: with a marker there, all that is still to come was sent later.
		return numbers, 1 - float64(len(numbers))/requests
	}
}

// TestLossByNetwork: request and answer can be lost, and what is lost depends on the seed alone.
func TestLossByNetwork(t *testing.T) {
	for _, loss := range []float64{0.1, 0.2} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			o := WorldOptions{Mapping: AddressDependent, Filtering: AddressAndPortDependent, Loss: loss, Seed: 3}
			numbers, lost := answered(t, o)
			want := 1 - (1-loss)*(1-loss)
			if math.Abs(lost-want) > 5*math.Sqrt(want*(1-want)/400) {
				t.Errorf("%.3f without an answer, want about %.3f", lost, want)
			}
			again, _ := answered(t, o)
			if d := cmp.Diff(numbers, again); d != "" {
				t.Error("the same seed lost others:", d)
			}
			o.Seed++
			if other, _ := answered(t, o); cmp.Equal(numbers, other) {
				t.Error("another seed lost the same")
			}
		})
	}
}

// TestBlockUDP: nothing passes.
func TestBlockUDP(t *testing.T) {
	for name, o := range map[string]WorldOptions{"blocked": {BlockUDP: true}, "all lost": {Loss: 1}} {
		t.Run(name, func(t *testing.T) {
			w := world(t, o)
			a := ask(t, w.Client(0))
			for range 20 {
				a.send(w.Responders()[0].Addr())
			}
			until(t, func() bool { sent, lost := w.Traffic(); return sent == 20 && lost == 20 })
			if n := w.Responders()[0].Requests(); n != 0 {
				t.Errorf("%d requests came through", n)
			}
		})
	}
}

// TestNATBehaviorString: the terms of RFC 4787.
func TestNATBehaviorString(t *testing.T) {
	got := fmt.Sprint(append(behaviors, 3))
	if want := "[endpoint-independent address-dependent address-and-port-dependent unknown]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
