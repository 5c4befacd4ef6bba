package server

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
)

// TestOverlappingRequests: what the original loses. Two dials at once meet, and of
// many candidates posted at once all arrive.
func TestOverlappingRequests(t *testing.T) {
	c := newCaller(t, serve(t, Options{}))
	var group sync.WaitGroup
	users := make([]string, 2)
	for n := range users {
		group.Go(func() { users[n] = c.mustPost(`{"code":"dial","call_code":"w"}`).userID(t) })
	}
	group.Wait()
	initiator, subscriber := users[0], users[1]
	if c.mustPost(`{"code":"get_status","user_id":"`+initiator+`"}`).body != needInitBody {
		initiator, subscriber = subscriber, initiator
	}
	accepted := 0
	var mu sync.Mutex
	for n := range 20 {
		group.Go(func() {
			c.mustPost(fmt.Sprintf(`{"code":"ice","user_id":%q,"ice":{"candidate":"%d"}}`, initiator, n))
		})
		group.Go(func() {
			r := c.mustPost(fmt.Sprintf(`{"code":"offer","user_id":%q,"offer":{"type":"offer","sdp":"%d"}}`, initiator, n))
			mu.Lock()
			defer mu.Unlock()
			if r.status == 200 {
				accepted++
			}
		})
	}
	group.Wait()
	if accepted != 1 {
		t.Errorf("%d offers were accepted", accepted)
	}
	c.mustPost(`{"code":"answer","user_id":"` + subscriber + `","answer":{"type":"answer","sdp":"a"}}`)
	c.mustPost(`{"code":"get_status","user_id":"` + initiator + `"}`)
	var got struct {
		Routes []json.RawMessage `json:"new_ice_routes"`
	}
	if err := json.Unmarshal([]byte(c.mustPost(`{"code":"get_status","user_id":"`+subscriber+`"}`).body), &got); err != nil || len(got.Routes) != 20 {
		t.Errorf("%d of 20 candidates arrived, %v", len(got.Routes), err)
	}
}

// TestManyParties makes random requests of many parties at once, for the race
// detector, and looks that nothing remains.
func TestManyParties(t *testing.T) {
	l := newLine(t, Options{})
	l.remote = "127.0.0.1:1"
	var group sync.WaitGroup
	for seed := range 16 {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(seed), 1)) //nolint:gosec // a test
			for range 50 {
				user := l.dial(fmt.Sprint(random.IntN(4)))
				for range random.IntN(20) {
					switch random.IntN(6) {
					case 0:
						l.offer(user)
					case 1:
						l.answer(user)
					case 2, 3:
						l.ice(user, `{"candidate":"c"}`)
					case 4:
						l.poll(user)
					case 5:
						l.post(fmt.Sprintf(`{"code":"get_status","user_id":%q,"wait_ms":1}`, user))
					}
				}
				l.disconnect(user)
			}
		})
	}
	group.Wait()
	if h := l.server.Health(); h.Pairs != 0 || h.Waiting != 0 || h.StoredBytes != 0 || h.Parked != 0 || !l.server.ledger.limits.pairsOf.IsEmpty() {
		t.Errorf("remains %+v", h)
	}
}
