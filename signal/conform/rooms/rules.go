package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"

	"dialtone/signal/conform"
)

// leastID is how many characters a user ID has that cannot be guessed.
const leastID = 22

// rules are all of them.
var rules = []rule{
	{
		"dial-user", "dial", conform.Must, "dial gives each peer a user_id of its own",
		func(ctx context.Context, t *table) error {
			a, b, err := t.pair(ctx)
			if err == nil && a == b {
				err = errors.New("both peers got the same user_id")
			}
			return err
		},
	},
	{
		"dial-secret", "dial", conform.Should, "a user_id cannot be guessed",
		func(ctx context.Context, t *table) error {
			user, err := t.dial(ctx)
			if err == nil && len(user) < leastID {
				err = fmt.Errorf("it has %d characters: at least %d are needed", len(user), leastID)
			}
			return err
		},
	},
	{
		"dial-waits", "get_status", conform.Must, "the first peer gets {} until another dials",
		func(ctx context.Context, t *table) error {
			user, err := t.dial(ctx)
			if err == nil {
				err = t.expect(ctx, user, "")
			}
			return err
		},
	},
	{"dial-pairs", "get_status", conform.Must, "when the second peer has dialed, the first gets need_init at each poll, " +
		"and the second gets {}", func(ctx context.Context, t *table) error {
		first, second, err := t.pair(ctx)
		return steps(err, func() error { return t.expect(ctx, first, "need_init") },
			func() error { return t.expect(ctx, first, "need_init") }, func() error { return t.expect(ctx, second, "") })
	}},
	{
		"dial-third", "dial", conform.Must, "a third peer that dials the code begins a new pair",
		func(ctx context.Context, t *table) error {
			first, _, err := t.offered(ctx)
			if err != nil {
				return err
			}
			third, err := t.dial(ctx)
			return steps(err, func() error { return t.expect(ctx, third, "") }, func() error { return t.expect(ctx, first, "") })
		},
	},
	{
		"dial-apart", "dial", conform.Must, "another code is another room",
		func(ctx context.Context, t *table) error {
			user, err := t.dial(ctx)
			t.code += "-2"
			if err == nil {
				_, err = t.dial(ctx)
			}
			return steps(err, func() error { return t.expect(ctx, user, "") })
		},
	},
	{
		"dial-code", "dial", conform.Should, "dial without call_code is refused with 4xx",
		func(ctx context.Context, t *table) error {
			return t.no(ctx, object{"code": "dial"})
		},
	},
	{
		"offer-handed", "offer", conform.Must, "the second peer gets the offer, unchanged",
		func(ctx context.Context, t *table) error {
			_, second, err := t.offered(ctx)
			return steps(err, func() error { return t.gets(ctx, second, offer) })
		},
	},
	{
		"offer-repeats", "get_status", conform.Must, "the offer is repeated at each poll until it is answered",
		func(ctx context.Context, t *table) error {
			_, second, err := t.offered(ctx)
			again := func() error { return t.gets(ctx, second, offer) }
			return steps(err, again, again)
		},
	},
	{
		"offer-quiet", "get_status", conform.Must, "the first peer gets {} until its offer is answered",
		func(ctx context.Context, t *table) error {
			first, _, err := t.offered(ctx)
			return steps(err, func() error { return t.expect(ctx, first, "") })
		},
	},
	{
		"offer-role", "offer", conform.Must, "an offer of the second peer is refused with 4xx",
		func(ctx context.Context, t *table) error {
			_, second, err := t.pair(ctx)
			return steps(err, func() error { return t.no(ctx, object{"code": "offer", "user_id": second, "offer": offer}) })
		},
	},
	{
		"offer-early", "offer", conform.Must, "an offer before the second peer has dialed is refused with 4xx",
		func(ctx context.Context, t *table) error {
			user, err := t.dial(ctx)
			return steps(err, func() error { return t.no(ctx, object{"code": "offer", "user_id": user, "offer": offer}) })
		},
	},
	{
		"offer-twice", "offer", conform.Must, "a second offer is refused with 4xx",
		func(ctx context.Context, t *table) error {
			first, _, err := t.offered(ctx)
			return steps(err, func() error { return t.no(ctx, object{"code": "offer", "user_id": first, "offer": offer}) })
		},
	},
	{
		"offer-field", "offer", conform.Should, "a request offer without an offer is refused with 4xx",
		func(ctx context.Context, t *table) error {
			first, _, err := t.pair(ctx)
			return steps(err, func() error { return t.no(ctx, object{"code": "offer", "user_id": first}) })
		},
	},
	{
		"answer-handed", "answer", conform.Must, "the first peer gets the answer, unchanged",
		func(ctx context.Context, t *table) error {
			first, second, err := t.offered(ctx)
			return steps(err, func() error { return t.ok(ctx, object{"code": "answer", "user_id": second, "answer": answer}) },
				func() error { return t.gets(ctx, first, answer) })
		},
	},
	{
		"answer-once", "get_status", conform.Must, "when the first peer has got the answer, both get connected",
		func(ctx context.Context, t *table) error {
			first, second, err := t.connected(ctx)
			return steps(err, func() error { return t.expect(ctx, first, "connected") },
				func() error { return t.expect(ctx, second, "connected") })
		},
	},
	{
		"answer-role", "answer", conform.Must, "an answer of the first peer is refused with 4xx",
		func(ctx context.Context, t *table) error {
			first, _, err := t.offered(ctx)
			return steps(err, func() error { return t.no(ctx, object{"code": "answer", "user_id": first, "answer": answer}) })
		},
	},
	{
		"answer-early", "answer", conform.Must, "an answer before the offer is refused with 4xx",
		func(ctx context.Context, t *table) error {
			_, second, err := t.pair(ctx)
			return steps(err, func() error { return t.no(ctx, object{"code": "answer", "user_id": second, "answer": answer}) })
		},
	},
	{
		"answer-twice", "answer", conform.Must, "a second answer is refused with 4xx",
		func(ctx context.Context, t *table) error {
			_, second, err := t.connected(ctx)
			return steps(err, func() error { return t.no(ctx, object{"code": "answer", "user_id": second, "answer": answer}) })
		},
	},
	{"ice-kept", "ice", conform.Must, "candidates sent before the answer are kept, in order and unchanged", iceKept},
	{"ice-both", "ice", conform.Must, "a peer gets the candidates of the other, and none of its own", iceBoth},
	{"ice-once", "get_status", conform.Must, "candidates are given once", iceOnce},
	{"ice-parallel", "ice", conform.Should, "candidates that are sent at one time all arrive", iceParallel},
	{
		"user-unknown", "get_status", conform.Must, "an unknown user_id is refused with 4xx",
		func(ctx context.Context, t *table) error {
			return t.no(ctx, object{"code": "get_status", "user_id": strings.Repeat("0", 64)})
		},
	},
	{
		"user-empty", "get_status", conform.Must, "an empty user_id is refused with 4xx, while a peer waits too",
		func(ctx context.Context, t *table) error {
			_, err := t.dial(ctx)
			return steps(err, func() error { return t.no(ctx, object{"code": "get_status", "user_id": ""}) },
				func() error { return t.no(ctx, object{"code": "get_status", "user_id": nil}) })
		},
	},
	{
		"code-unknown", "requests", conform.Must, "an unknown code is refused with 4xx",
		func(ctx context.Context, t *table) error {
			user, err := t.dial(ctx)
			return steps(err, func() error { return t.no(ctx, object{"code": "conformance", "user_id": user}) })
		},
	},
	{
		"request-json", "requests", conform.Should, "a body without a JSON object is refused with 4xx",
		func(ctx context.Context, t *table) error {
			for _, body := range []string{"", "{", "[1]", `"dial"`} {
				a, err := t.send(ctx, http.MethodPost, []byte(body), fmt.Sprintf("%q", body))
				if err == nil {
					err = refused(a)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		"request-method", "requests", conform.Must, "GET is refused with 4xx",
		func(ctx context.Context, t *table) error {
			a, err := t.send(ctx, http.MethodGet, nil, "GET")
			return steps(err, func() error { return refused(a) })
		},
	},
	{
		"disconnect-peer", "disconnect", conform.Must, "disconnect ends the pair: polls of both peers are refused with 4xx",
		func(ctx context.Context, t *table) error {
			first, second, err := t.connected(ctx)
			return steps(err, func() error { return t.ok(ctx, object{"code": "disconnect", "user_id": first}) },
				func() error { return t.no(ctx, object{"code": "get_status", "user_id": second}) },
				func() error { return t.no(ctx, object{"code": "get_status", "user_id": first}) })
		},
	},
	{
		"hang-up-waiting", "hang_up", conform.Must, "hang_up ends the call for the peer that waits to continue it",
		func(ctx context.Context, t *table) error {
			user, err := t.dialFor(ctx, "a b")
			return steps(err, func() error { return t.hangUp(ctx, "a b") },
				func() error { return t.hungUp(ctx, object{"code": "get_status", "user_id": user}) })
		},
	},
	{
		"hang-up-later", "hang_up", conform.Must, "after hang_up, a dial that continues the call is refused with hung_up",
		func(ctx context.Context, t *table) error {
			return steps(t.hangUp(ctx, "a b"), func() error {
				return t.hungUp(ctx, object{"code": "dial", "call_code": t.code, "call": "a b"})
			})
		},
	},
	{
		"hang-up-apart", "hang_up", conform.Must, "neither hang_up nor a dial that continues a call reaches another peer " +
			"that waits under the code",
		func(ctx context.Context, t *table) error {
			first, err := t.dial(ctx)
			waits := func() error { return t.expect(ctx, first, "") }
			return steps(err, func() error { return t.hangUp(ctx, "a b") }, waits, func() error {
				_, err := t.dialFor(ctx, "a c")
				return err
			}, waits)
		},
	},
	{
		"disconnect-frees", "disconnect", conform.Must, "after disconnect the code begins a new pair",
		func(ctx context.Context, t *table) error {
			first, err := t.dial(ctx)
			err = steps(err, func() error { return t.ok(ctx, object{"code": "disconnect", "user_id": first}) })
			if err != nil {
				return err
			}
			next, _, err := t.pair(ctx)
			return steps(err, func() error { return t.expect(ctx, next, "need_init") })
		},
	},
}

// steps does one after the other until one fails.
func steps(err error, list ...func() error) error {
	for _, step := range list {
		if err == nil {
			err = step()
		}
	}
	return err
}

// gets asks for news and compares the description.
func (t *table) gets(ctx context.Context, user string, want description) error {
	r, err := t.poll(ctx, user)
	got, code := r.Offer, "offered"
	if want.Type == "answer" {
		got, code = r.Answer, "answered"
	}
	switch {
	case err != nil:
	case r.Code != code || got == nil:
		err = fmt.Errorf("get_status gives no %s", want.Type)
	case *got != want:
		err = fmt.Errorf("the %s was changed", want.Type)
	}
	return err
}

// ice sends the n-th candidate.
func (t *table) ice(ctx context.Context, user string, n int) error {
	one := object{}
	maps.Copy(one, candidate)
	one["sdpMLineIndex"] = n
	return t.ok(ctx, object{"code": "ice", "user_id": user, "ice": one})
}

// routes are the candidates that a poll gives, by the numbers that they were sent with.
func (t *table) routes(ctx context.Context, user string) (out []int, err error) {
	r, err := t.poll(ctx, user)
	if err == nil && r.Code != "connected" {
		err = fmt.Errorf("get_status gives the code %q, expected \"connected\"", r.Code)
	}
	for _, raw := range r.Routes {
		var one struct {
			Candidate string `json:"candidate"`
			Mid       string `json:"sdpMid"`
			Line      int    `json:"sdpMLineIndex"`
		}
		if json.Unmarshal(raw, &one) != nil || one.Candidate != candidate["candidate"] || one.Mid != "0" {
			return nil, errors.New("a candidate was changed")
		}
		out = append(out, one.Line)
	}
	return out, err
}

// arrives compares the candidates of a poll.
func (t *table) arrives(ctx context.Context, user string, want ...int) error {
	got, err := t.routes(ctx, user)
	if err == nil && fmt.Sprint(got) != fmt.Sprint(want) {
		err = fmt.Errorf("the candidates %v arrive, expected %v", got, want)
	}
	return err
}

func iceKept(ctx context.Context, t *table) error {
	first, second, err := t.offered(ctx)
	return steps(err, func() error { return t.ice(ctx, first, 1) }, func() error { return t.ice(ctx, first, 2) },
		func() error { return t.ok(ctx, object{"code": "answer", "user_id": second, "answer": answer}) },
		func() error { return t.expect(ctx, first, "answered") }, func() error { return t.arrives(ctx, second, 1, 2) })
}

func iceBoth(ctx context.Context, t *table) error {
	first, second, err := t.connected(ctx)
	return steps(err, func() error { return t.ice(ctx, first, 1) }, func() error { return t.ice(ctx, second, 2) },
		func() error { return t.arrives(ctx, first, 2) }, func() error { return t.arrives(ctx, second, 1) })
}

func iceOnce(ctx context.Context, t *table) error {
	first, second, err := t.connected(ctx)
	return steps(err, func() error { return t.ice(ctx, first, 1) }, func() error { return t.arrives(ctx, second, 1) },
		func() error { return t.arrives(ctx, second) })
}

// atOnce is how many candidates are sent at one time.
const atOnce = 8

func iceParallel(ctx context.Context, t *table) error {
	first, second, err := t.connected(ctx)
	if err != nil {
		return err
	}
	failures := make([]error, atOnce)
	senders := make([]table, atOnce)
	var sending sync.WaitGroup
	for n := range atOnce {
		senders[n] = table{client: t.client, endpoint: t.endpoint}
		sending.Go(func() { failures[n] = senders[n].ice(ctx, first, n) })
	}
	sending.Wait()
	for _, s := range senders {
		for _, line := range s.log {
			t.note(line)
		}
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	got, err := t.routes(ctx, second)
	if err == nil && len(got) != atOnce {
		err = fmt.Errorf("%d of %d candidates arrive", len(got), atOnce)
	}
	return err
}
