package server

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/signal/pairs"
)

// TestStatusByState has a row for each row of the protocol's table of states.
func TestStatusByState(t *testing.T) {
	tests := []struct {
		state                 pairs.State
		initiator, subscriber string
		// again is what the same poll gets a second time.
		initiatorAgain, subscriberAgain string
	}{
		{pairs.Waiting, `{}`, "", `{}`, ""},
		{pairs.NeedInit, needInitBody, `{}`, needInitBody, `{}`},
		{pairs.Offered, `{}`, offeredBody, `{}`, offeredBody},
		{pairs.Answered, answeredBody, `{}`, connectedBody, connectedBody},
		{pairs.Connected, connectedBody, connectedBody, connectedBody, connectedBody},
	}
	stores := newStores(t)
	for _, test := range tests {
		stores.run(t, test.state.String(), func(t *testing.T, l *line) {
			initiator, subscriber := l.pairIn(test.state)
			if subscriber != "" {
				l.want("subscriber", l.poll(subscriber), 200, test.subscriber)
			}
			l.want("initiator", l.poll(initiator), 200, test.initiator)
			l.want("initiator again", l.poll(initiator), 200, test.initiatorAgain)
			if subscriber != "" {
				l.want("subscriber again", l.poll(subscriber), 200, test.subscriberAgain)
			}
		})
	}
}

// TestWhoMayWhen tries offer and answer by both parties in each state.
func TestWhoMayWhen(t *testing.T) {
	stores := newStores(t)
	for s := pairs.Waiting; s <= pairs.Connected; s++ {
		stores.run(t, s.String(), func(t *testing.T, l *line) { testWhoMayWhen(t, l, s) })
	}
}

func testWhoMayWhen(t *testing.T, l *line, s pairs.State) {
	t.Helper()
	for _, request := range []string{"offer", "answer"} {
		for _, by := range []string{"initiator", "subscriber"} {
			initiator, subscriber := l.pairIn(s)
			user := initiator
			if by == "subscriber" {
				user = subscriber
			}
			if user == "" {
				continue
			}
			post := l.offer
			if request == "answer" {
				post = l.answer
			}
			what := fmt.Sprintf("%s by %s in %s", request, by, s)
			if s == pairs.NeedInit && request == "offer" && by == "initiator" ||
				s == pairs.Offered && request == "answer" && by == "subscriber" {
				l.want(what, post(user), 200, "")
				l.wantRefused("a second "+what, post(user), 400, "wrong_state")
			} else {
				l.wantRefused(what, post(user), 400, "wrong_state")
			}
			l.want("disconnect", l.disconnect(initiator), 200, "")
		}
	}
}

// TestErrorsOfTheOriginal keeps its statuses, and gives 400 for its 500s.
func TestErrorsOfTheOriginal(t *testing.T) { newStores(t).run(t, "rules", testErrorsOfTheOriginal) }

func testErrorsOfTheOriginal(t *testing.T, l *line) {
	t.Helper()
	initiator, _ := l.pairIn(pairs.NeedInit)
	l.dial("waits") // an empty user_id matched a waiting pair there
	tests := []struct{ name, body, reason string }{
		{"unknown user", `{"code":"get_status","user_id":"` + strings.Repeat("0", 64) + `"}`, "unknown_user"},
		{"missing user", `{"code":"get_status"}`, "unknown_user"},
		{"null user", `{"code":"get_status","user_id":null}`, "unknown_user"},
		{"number as user", `{"code":"get_status","user_id":1}`, "unknown_user"},
		{"list as user", `{"code":"get_status","user_id":[""]}`, "unknown_user"},
		{"empty user polls", `{"code":"get_status","user_id":""}`, "unknown_user"},
		{"empty user injects", `{"code":"ice","user_id":"","ice":{"candidate":"c"}}`, "unknown_user"},
		{"empty user hangs up", `{"code":"disconnect","user_id":""}`, "unknown_user"},
		{"user in capitals", `{"code":"get_status","USER_ID":"` + initiator + `"}`, "unknown_user"},
		{"unknown code, unknown user", `{"code":"x"}`, "unknown_user"},
		{"unknown code", `{"code":"x","user_id":"` + initiator + `"}`, "unknown_code"},
		{"missing code", `{"user_id":"` + initiator + `"}`, "unknown_code"},
		{"number as code", `{"code":1,"user_id":"` + initiator + `"}`, "unknown_code"},
		{"malformed", `{"code":`, "malformed_json"},
		{"trailing", `{"code":"dial","call_code":"w"}{}`, "malformed_json"},
		{"empty", ``, "malformed_json"},
		{"null", `null`, "malformed_json"},
		{"list", `[]`, "malformed_json"},
		{"text", `"dial"`, "malformed_json"},
		{"not UTF-8", "{\"code\":\"dial\",\"call_code\":\"\xff\"}", "malformed_json"},
		{"dial without call_code", `{"code":"dial"}`, "bad_call_code"},
		{"offer missing", `{"code":"offer","user_id":"` + initiator + `"}`, "bad_offer"},
		{"offer null", `{"code":"offer","user_id":"` + initiator + `","offer":null}`, "bad_offer"},
		{"offer of type answer", `{"code":"offer","user_id":"` + initiator + `","offer":{"type":"answer","sdp":"a"}}`, "bad_offer"},
		{"offer without sdp", `{"code":"offer","user_id":"` + initiator + `","offer":{"type":"offer","sdp":""}}`, "bad_offer"},
		{"wait_ms is text", `{"code":"get_status","user_id":"` + initiator + `","wait_ms":"1"}`, "bad_wait_ms"},
		{"poll is 0", `{"code":"get_status","user_id":"` + initiator + `","poll":0}`, "bad_poll"},
		{"poll is negative", `{"code":"get_status","user_id":"` + initiator + `","poll":-1}`, "bad_poll"},
	}
	for _, test := range tests {
		l.wantRefused(test.name, l.post(test.body), 400, test.reason)
	}
	l.want("the call is unharmed", l.poll(initiator), 200, needInitBody)
}

func TestMethodsAndPaths(t *testing.T) {
	l := newLine(t, Options{})
	ctx := context.Background()
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodHead, http.MethodOptions, http.MethodDelete} {
		if got := l.do(ctx, method, "/call/call_line_process/", ""); got.status != 400 {
			t.Errorf("%s: %d", method, got.status)
		}
	}
	l.wantRefused("GET", l.do(ctx, "GET", "/call/call_line_process/", ""), 400, "unknown_code")
	if got := l.do(ctx, "POST", "/call/call_line_process", `{"code":"dial","call_code":"w"}`); got.status != 200 {
		t.Errorf("without the slash: %d %s", got.status, got.body)
	}
	for _, path := range []string{"/", "/call/x", "/healthz/", "/call/call_line_process/x", "/admin"} {
		l.wantRefused(path, l.do(ctx, "GET", path, ""), 404, "not_found")
	}
}

func TestCallCodes(t *testing.T) {
	tests := []struct {
		name, json string
		ok         bool
	}{
		{"one character", `"w"`, true},
		{"255 characters of four bytes", `"` + strings.Repeat("😀", 255) + `"`, true},
		{"256 characters", `"` + strings.Repeat("w", 256) + `"`, false},
		{"spaces and letters of all kinds", `" ä 通話 "`, true},
		{"empty", `""`, false},
		{"null", `null`, false},
		{"number", `1`, false},
		{"object", `{}`, false},
		{"control character", `"a\u0000b"`, false},
		{"line feed", `"a\nb"`, false},
		{"delete", `"\u007f"`, false},
		{"C1", `"\u0085"`, false},
	}
	l := newLine(t, Options{})
	for _, test := range tests {
		got := l.post(`{"code":"dial","call_code":` + test.json + `}`)
		if test.ok {
			if got.status != 200 {
				t.Errorf("%s: %d %s", test.name, got.status, got.body)
			}
		} else {
			l.wantRefused(test.name, got, 400, "bad_call_code")
		}
	}
}

func TestUserIDs(t *testing.T) {
	l := newLine(t, Options{})
	shape := regexp.MustCompile(`^[0-9a-f]{64}$`)
	seen := map[string]bool{}
	for range 100 {
		id := l.dial("w")
		if !shape.MatchString(id) || seen[id] {
			t.Fatalf("user_id %q", id)
		}
		seen[id] = true
	}
}

func TestThirdBeginsANewPair(t *testing.T) { newStores(t).run(t, "rules", testThirdBeginsANewPair) }

func testThirdBeginsANewPair(t *testing.T, l *line) {
	t.Helper()
	first, second := l.dial("w"), l.dial("w")
	third := l.dial("w")
	l.want("first", l.poll(first), 200, needInitBody)
	l.want("second", l.poll(second), 200, `{}`)
	l.want("third waits", l.poll(third), 200, `{}`)
	fourth := l.dial("w")
	l.want("third", l.poll(third), 200, needInitBody)
	l.want("the first pair is on its own", l.disconnect(first), 200, "")
	l.want("fourth", l.poll(fourth), 200, `{}`)
}

func TestCandidates(t *testing.T) { newStores(t).run(t, "rules", testCandidates) }

func testCandidates(t *testing.T, l *line) {
	t.Helper()
	one, two, three := `{"candidate":"1","sdpMid":"0"}`, `{"candidate":"2"}`, `{"candidate":"","x":{"kept":1}}`
	initiator, subscriber := l.pairIn(pairs.NeedInit)
	l.want("early", l.ice(initiator, one), 200, "")
	l.want("early null", l.ice(initiator, "null"), 200, "")
	l.want("no field", l.post(`{"code":"ice","user_id":"`+initiator+`"}`), 200, "")
	l.want("offer", l.offer(initiator), 200, "")
	l.want("not before connected", l.poll(subscriber), 200, offeredBody)
	l.want("answer", l.answer(subscriber), 200, "")
	l.want("from the other side", l.ice(subscriber, two), 200, "")
	l.want("answered", l.poll(initiator), 200, answeredBody)
	l.want("kept until connected", l.poll(subscriber), 200, connectedWith(one, "null", "null"))
	l.want("once", l.poll(subscriber), 200, connectedBody)
	l.want("the other way", l.poll(initiator), 200, connectedWith(two))
	l.want("late", l.ice(subscriber, three), 200, "")
	l.want("as it was sent", l.poll(initiator), 200, connectedWith(three))
	for _, bad := range []string{`1`, `"candidate:1"`, `[]`, `{"candidate":1}`, `{"sdpMLineIndex":-1}`, `{"candidate":"` + strings.Repeat("x", 1025) + `"}`, `{"x":"` + strings.Repeat("x", 2048) + `"}`} {
		l.wantRefused(bad[:min(20, len(bad))], l.ice(subscriber, bad), 400, "bad_candidate")
	}
	if n := l.server.Health().StoredBytes; n != 0 && len(l.others) == 0 {
		t.Errorf("%d bytes are stored: descriptions are not needed once both peers have them", n)
	}
}

func TestDisconnect(t *testing.T) {
	stores := newStores(t)
	for s := pairs.Waiting; s <= pairs.Connected; s++ {
		stores.run(t, s.String(), func(t *testing.T, l *line) { testDisconnect(t, l, s) })
	}
}

func testDisconnect(t *testing.T, l *line, s pairs.State) {
	t.Helper()
	initiator, subscriber := l.pairIn(s)
	l.want("disconnect", l.disconnect(initiator), 200, "")
	l.wantRefused("who left", l.poll(initiator), 400, "unknown_user")
	l.wantRefused("who left, again", l.disconnect(initiator), 400, "unknown_user")
	if subscriber != "" {
		l.wantRefused("the other", l.poll(subscriber), 400, "peer_left")
		l.wantRefused("the other sends", l.ice(subscriber, "null"), 400, "peer_left")
	}
	if h := l.server.Health(); len(l.others) == 0 && (h.Pairs != 0 || h.Parties != 0 || h.Waiting != 0 || h.StoredBytes != 0) {
		t.Errorf("in %s remains %+v", s, h)
	}
	if again := l.dial("pair"); l.poll(again).body != `{}` {
		t.Error("the code is not free again")
	}
}

// TestHangUp: a call that is over is over for the peer that dials to continue it, and for no one else.
func TestHangUp(t *testing.T) {
	for name, hangUp := range map[string]func(l *line, call string){
		"in the room": func(l *line, call string) {
			user := l.dialFor(call).userID(l.t)
			l.want("hang up", l.post(fmt.Sprintf(`{"code":"disconnect","user_id":%q,"hung_up":%q}`, user, call)), 200, "")
		},
		"without a room": func(l *line, call string) { l.hangUp(call) },
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLine(t, Options{})
			waits := l.dialFor("a b").userID(t)
			hangUp(l, "a b")
			l.wantRefused(name+": who is in the room", l.poll(waits), 400, "hung_up")
			hangUp(l, "a c")
			l.wantRefused(name+": who dials later", l.dialFor("a c"), 400, "hung_up")
			time.Sleep(pairs.HangUpTime - time.Second)
			l.wantRefused(name+": who dials much later", l.dialFor("a c"), 400, "hung_up")
			time.Sleep(time.Minute)
			if got := l.poll(l.dialFor("a c").userID(t)); got.body != `{}` {
				t.Errorf("%s: who dials long after: %s", name, got.body)
			}
			time.Sleep(2 * pairs.HangUpTime)
			if h := l.server.Health(); h.Pairs != 0 || h.Parties != 0 || h.Waiting != 0 {
				t.Errorf("%s: there remains %+v", name, h)
			}
		})
	}
}

// TestContinuedCallsMeetNoOneElse: neither a dial that continues a call nor its hang-up reaches a peer that waits under
// the same code for another call, or to begin one.
func TestContinuedCallsMeetNoOneElse(t *testing.T) {
	newStores(t).run(t, "", func(t *testing.T, l *line) {
		begins, continues := l.dial("pair"), l.dialFor("a c").userID(t)
		l.hangUp("a b")
		l.hangUp("a b") // its answer was lost
		waits := l.dialFor("a d").userID(t)
		for name, user := range map[string]string{"who begins a call": begins, "another call": continues, "a third": waits} {
			if got := l.poll(user); got.body != `{}` {
				t.Errorf("%s got %s", name, got.body)
			}
		}
		l.wantRefused("the former peer", l.dialFor("a b"), 400, "hung_up")
		l.wantRefused("the former peer, once more", l.dialFor("a b"), 400, "hung_up")
		if l.dialFor("a c"); l.poll(continues).body != `{"code":"need_init"}` {
			t.Error("the peers of a call do not meet")
		}
		parked := l.parkIn(waits)
		l.hangUp("a d")
		l.wantRefused("who waits", <-parked, 400, "hung_up")
		l.wantRefused("who waited and dials once more", l.dialFor("a d"), 400, "hung_up")
		third, other := l.dialFor("a e").userID(t), l.dialFor("a e").userID(t)
		l.want("another name", l.post(fmt.Sprintf(`{"code":"disconnect","user_id":%q,"hung_up":"a b"}`, third)), 200, "")
		l.wantRefused("whose call was not named", l.poll(other), 400, "peer_left")
		if l.dial("pair"); l.poll(begins).body != `{"code":"need_init"}` {
			t.Error("those who begin a call do not meet")
		}
	})
}

// TestHangUpRefused: a hang-up without a code or a name, of a code that could be guessed, or of too many a client.
func TestHangUpRefused(t *testing.T) {
	l := newLine(t, Options{})
	for body, reason := range map[string]string{
		`{"code":"hang_up","call":"a b"}`:                                                           "bad_call_code",
		`{"code":"hang_up","call_code":"pair"}`:                                                     "bad_call",
		`{"code":"hang_up","call_code":"pair","call":7}`:                                            "bad_call",
		`{"code":"hang_up","call_code":"pair","call":"` + strings.Repeat("x", maxCallName+1) + `"}`: "bad_call",
	} {
		l.wantRefused(body[:min(60, len(body))], l.post(body), 400, reason)
	}
	strong := newLine(t, Options{StrongCodes: true})
	strong.wantRefused("a weak code", strong.post(`{"code":"hang_up","call_code":"pair","call":"a b"}`), 403, "weak_code")
}
