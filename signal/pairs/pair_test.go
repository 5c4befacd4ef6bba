package pairs

import (
	"encoding/json"
	"testing"
	"time"

	"dialtone/signal/gate"
)

// TestFind: a party is found while its pair lives, and its request is a sign of life. A pair whose time is over is not
// found, though no timer has ended it.
func TestFind(t *testing.T) {
	const expiry = time.Minute
	begun := time.Unix(1e9, 0)
	for _, tt := range []struct {
		after time.Duration
		over  bool
		why   Refusal
	}{{0, false, ""}, {expiry - 1, false, ""}, {expiry, false, Expired}, {time.Hour, false, Expired}, {0, true, PeerLeft}} {
		p, now := Open("w1", "", gate.Client{}, begun), begun.Add(tt.after)
		if tt.over {
			p.end(PeerLeft)
		}
		party, why := p.Find(p.Initiator.ID, now, expiry)
		if why != tt.why || (party != nil) != (why == "") || party != nil && !party.Seen.Equal(now) {
			t.Errorf("%+v: %q, %+v", tt, why, party)
		}
	}
	if _, why := Open("w1", "", gate.Client{}, begun).Find("x", begun, expiry); why != UnknownUser {
		t.Errorf("someone else: %q", why)
	}
}

// TestExpire: a live pair ends once, when its time is over.
func TestExpire(t *testing.T) {
	begun := time.Unix(1e9, 0)
	p := Open("w1", "", gate.Client{}, begun)
	for _, tt := range []struct {
		after time.Duration
		want  bool
	}{{time.Minute - 1, false}, {time.Minute, true}, {time.Minute, false}} {
		if got := p.Expire(begun.Add(tt.after), time.Minute); got != tt.want {
			t.Errorf("after %s: %t", tt.after, got)
		}
	}
	if p.IsLive() || p.Why != Expired {
		t.Errorf("%+v", p)
	}
}

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
