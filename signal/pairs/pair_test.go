package pairs

import (
	"encoding/json"
	"testing"
	"time"

	"dialtone/signal/gate"
)

// FuzzPair: a pair of a store that others can write to is refused, or can be asked and changed as any other.
func FuzzPair(f *testing.F) {
	now := time.Unix(1e9, 0)
	p := Open("w1", "", gate.Client{}, now)
	for _, change := range []func(){
		func() {}, func() { p.Join(now) }, func() { p.State = Connected }, func() { p.Subscriber = nil },
		func() { p.end(PeerLeft) }, func() { p.Initiator = nil },
	} {
		change()
		raw, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		fits := func(n int) bool { return n < 100 }
		for i := range 10 { // what a server does with it, each time from the beginning
			var p Pair
			if json.Unmarshal(raw, &p) != nil || !p.IsSound() {
				return
			}
			for _, one := range p.parties() {
				poll := Poll{UserID: one.ID, Number: one.Poll, Name: one.Parked}
				p.Wakes()
				switch i {
				case 0:
					p.Begin(one, poll, true, now)
				case 1:
					p.Begin(one, Poll{UserID: one.ID}, false, now)
				case 2:
					p.Look(poll, true, now, now)
				case 3:
					p.Leave(poll, now)
				case 4:
					p.Disconnect(one, p.Call)
				case 5:
					p.SetOffer(one, json.RawMessage("{}"), fits)
				case 6:
					p.SetAnswer(one, json.RawMessage("{}"), fits)
				case 7:
					p.AddCandidate(one, json.RawMessage("null"), 3, fits)
				case 8:
					p.Expire(now, time.Minute)
				case 9:
					p.Find(one.ID, now, time.Minute)
				}
			}
			if p.Bytes() < 0 || p.KeptFor(now, time.Minute) < 0 {
				t.Fatalf("%d bytes, kept for %v", p.Bytes(), p.KeptFor(now, time.Minute))
			}
			p.Wakes()
			if _, err := json.Marshal(&p); err != nil {
				t.Fatal(err)
			}
		}
	})
}
