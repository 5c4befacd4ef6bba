package rooms

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"dialtone/signal/conform"
)

// leastID is how many characters a user ID has that cannot be guessed.
const leastID = 22

// rules are all of them.
var rules = []rule{
	{"dial-user", "dial", conform.Must, "dial gives each peer a user_id of its own", func(t *table) {
		first, second := t.pair()
		t.require(first != second, "both peers got the same user_id")
	}},
	{"dial-secret", "dial", conform.Should, "a user_id cannot be guessed", func(t *table) {
		n := len(t.dial())
		t.require(n >= leastID, "it has %d characters: at least %d are needed", n, leastID)
	}},
	{"dial-waits", "get_status", conform.Must, "the first peer gets {} until another dials", func(t *table) {
		t.expect(t.dial(), "")
	}},
	{"dial-pairs", "get_status", conform.Must, "when the second peer has dialed, the first gets need_init at each poll, " +
		"and the second gets {}", func(t *table) {
		first, second := t.pair()
		t.expect(first, "need_init")
		t.expect(first, "need_init")
		t.expect(second, "")
	}},
	{"dial-third", "dial", conform.Must, "a third peer that dials the code begins a new pair", func(t *table) {
		first, _ := t.offered()
		third := t.dial()
		t.expect(third, "")
		t.expect(first, "")
	}},
	{"dial-apart", "dial", conform.Must, "another code is another room", func(t *table) {
		user := t.dial()
		t.code += "-2"
		t.dial()
		t.expect(user, "")
	}},
	{"dial-code", "dial", conform.Should, "dial without call_code is refused with 4xx", func(t *table) {
		t.no(object{"code": "dial"})
	}},
	{"offer-handed", "offer", conform.Must, "the second peer gets the offer, unchanged", func(t *table) {
		_, second := t.offered()
		t.gets(second, offer)
	}},
	{
		"offer-repeats", "get_status", conform.Must, "the offer is repeated at each poll until it is answered",
		func(t *table) {
			_, second := t.offered()
			t.gets(second, offer)
			t.gets(second, offer)
		},
	},
	{"offer-quiet", "get_status", conform.Must, "the first peer gets {} until its offer is answered", func(t *table) {
		first, _ := t.offered()
		t.expect(first, "")
	}},
	{"offer-role", "offer", conform.Must, "an offer of the second peer is refused with 4xx", func(t *table) {
		_, second := t.pair()
		t.no(describes(second, offer))
	}},
	{
		"offer-early", "offer", conform.Must, "an offer before the second peer has dialed is refused with 4xx",
		func(t *table) {
			t.no(describes(t.dial(), offer))
		},
	},
	{"offer-twice", "offer", conform.Must, "a second offer is refused with 4xx", func(t *table) {
		first, _ := t.offered()
		t.no(describes(first, offer))
	}},
	{"offer-field", "offer", conform.Should, "a request offer without an offer is refused with 4xx", func(t *table) {
		first, _ := t.pair()
		t.no(object{"code": "offer", "user_id": first})
	}},
	{"answer-handed", "answer", conform.Must, "the first peer gets the answer, unchanged", func(t *table) {
		first, second := t.offered()
		t.ok(describes(second, answer))
		t.gets(first, answer)
	}},
	{
		"answer-once", "get_status", conform.Must, "when the first peer has got the answer, both get connected",
		func(t *table) {
			first, second := t.connected()
			t.expect(first, "connected")
			t.expect(second, "connected")
		},
	},
	{"answer-role", "answer", conform.Must, "an answer of the first peer is refused with 4xx", func(t *table) {
		first, _ := t.offered()
		t.no(describes(first, answer))
	}},
	{"answer-early", "answer", conform.Must, "an answer before the offer is refused with 4xx", func(t *table) {
		_, second := t.pair()
		t.no(describes(second, answer))
	}},
	{"answer-twice", "answer", conform.Must, "a second answer is refused with 4xx", func(t *table) {
		_, second := t.connected()
		t.no(describes(second, answer))
	}},
	{
		"ice-kept", "ice", conform.Must, "candidates sent before the answer are kept, in order and unchanged",
		func(t *table) {
			first, second := t.offered()
			t.ice(first, 1)
			t.ice(first, 2)
			t.ok(describes(second, answer))
			t.expect(first, "answered")
			t.arrives(second, 1, 2)
		},
	},
	{"ice-both", "ice", conform.Must, "a peer gets the candidates of the other, and none of its own", func(t *table) {
		first, second := t.connected()
		t.ice(first, 1)
		t.ice(second, 2)
		t.arrives(first, 2)
		t.arrives(second, 1)
	}},
	{"ice-once", "get_status", conform.Must, "candidates are given once", func(t *table) {
		first, second := t.connected()
		t.ice(first, 1)
		t.arrives(second, 1)
		t.arrives(second)
	}},
	{"ice-parallel", "ice", conform.Should, "candidates that are sent at one time all arrive", iceParallel},
	{"user-unknown", "get_status", conform.Must, "an unknown user_id is refused with 4xx", func(t *table) {
		t.no(asks(strings.Repeat("0", 64)))
	}},
	{
		"user-empty", "get_status", conform.Must, "an empty user_id is refused with 4xx, while a peer waits too",
		func(t *table) {
			t.dial()
			t.no(asks(""))
			t.no(object{"code": "get_status", "user_id": nil})
		},
	},
	{"code-unknown", "requests", conform.Must, "an unknown code is refused with 4xx", func(t *table) {
		t.no(object{"code": "conformance", "user_id": t.dial()})
	}},
	{"request-json", "requests", conform.Should, "a body without a JSON object is refused with 4xx", func(t *table) {
		for _, body := range []string{"", "{", "[1]", `"dial"`} {
			t.refused(t.send(http.MethodPost, []byte(body), fmt.Sprintf("%q", body)))
		}
	}},
	{"request-method", "requests", conform.Must, "GET is refused with 4xx", func(t *table) {
		t.refused(t.send(http.MethodGet, nil, "GET"))
	}},
	{
		"disconnect-peer", "disconnect", conform.Must, "disconnect ends the pair: polls of both peers are refused with 4xx",
		func(t *table) {
			first, second := t.connected()
			t.ok(object{"code": "disconnect", "user_id": first})
			t.no(asks(second))
			t.no(asks(first))
		},
	},
	{
		"hang-up-waiting", "hang_up", conform.Must, "hang_up ends the call for the peer that waits to continue it",
		func(t *table) {
			user := t.dialFor("a b")
			t.hangUp("a b")
			t.hungUp(asks(user))
		},
	},
	{
		"hang-up-later", "hang_up", conform.Must, "after hang_up, a dial that continues the call is refused with hung_up",
		func(t *table) {
			t.hangUp("a b")
			t.hungUp(object{"code": "dial", "call_code": t.code, "call": "a b"})
		},
	},
	{"hang-up-apart", "hang_up", conform.Must, "neither hang_up nor a dial that continues a call reaches another peer " +
		"that waits under the code", func(t *table) {
		first := t.dial()
		t.hangUp("a b")
		t.expect(first, "")
		t.dialFor("a c")
		t.expect(first, "")
	}},
	{"disconnect-frees", "disconnect", conform.Must, "after disconnect the code begins a new pair", func(t *table) {
		t.ok(object{"code": "disconnect", "user_id": t.dial()})
		next, _ := t.pair()
		t.expect(next, "need_init")
	}},
}

// describes is the request that posts a description.
func describes(user string, d description) object {
	return object{"code": d.Type, "user_id": user, d.Type: d}
}

// asks is the request for news.
func asks(user string) object { return object{"code": "get_status", "user_id": user} }

// gets asks for news and compares the description.
func (t *table) gets(user string, want description) {
	r := t.poll(user)
	got, code := r.Offer, "offered"
	if want.Type == "answer" {
		got, code = r.Answer, "answered"
	}
	t.require(r.Code == code && got != nil, "get_status gives no %s", want.Type)
	t.require(got != nil && *got == want, "the %s was changed", want.Type)
}

// ice sends the n-th candidate.
func (t *table) ice(user string, n int) {
	one := maps.Clone(candidate)
	one["sdpMLineIndex"] = n
	t.ok(object{"code": "ice", "user_id": user, "ice": one})
}

// routes are the candidates that a poll gives, by the numbers that they were sent with.
func (t *table) routes(user string) []int {
	r := t.poll(user)
	t.require(r.Code == "connected", "get_status gives the code %q, expected \"connected\"", r.Code)
	out := []int{}
	for _, raw := range r.Routes {
		var one struct {
			Candidate string `json:"candidate"`
			Mid       string `json:"sdpMid"`
			Line      int    `json:"sdpMLineIndex"`
		}
		isSent := json.Unmarshal(raw, &one) == nil && one.Candidate == candidate["candidate"] && one.Mid == "0"
		t.require(isSent, "a candidate was changed")
		out = append(out, one.Line)
	}
	return out
}

// arrives compares the candidates of a poll.
func (t *table) arrives(user string, want ...int) {
	got := t.routes(user)
	t.require(slices.Equal(got, want), "the candidates %v arrive, expected %v", got, want)
}

// atOnce is how many candidates are sent at one time.
const atOnce = 8

func iceParallel(t *table) {
	first, second := t.connected()
	senders := make([]table, atOnce)
	var sending sync.WaitGroup
	for n := range atOnce {
		senders[n] = table{do: t.do, err: t.err}
		sending.Go(func() { senders[n].ice(first, n) })
	}
	sending.Wait()
	for _, s := range senders {
		for _, line := range s.log {
			t.note(line)
		}
		t.err = errors.Join(t.err, s.err)
	}
	got := t.routes(second)
	t.require(len(got) == atOnce, "%d of %d candidates arrive", len(got), atOnce)
}
