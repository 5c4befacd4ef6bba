package rooms

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"dialtone/signal/conform"
	"dialtone/signal/web"
)

// maxExchanges bounds what is kept of the requests of a rule.
const maxExchanges = 40

// table is a room with its peers, for the test of a rule. After the first failure it does nothing any more.
type table struct {
	do       func(method string, body []byte) (*web.Answer, error) // makes a request
	code     string                                                // of the room
	log      []string
	users    []string
	answered bool
	err      error // why the server violates the rule; a conform.SkipError: why that is not known
}

// object is a request.
type object map[string]any

// description is an offer or an answer as peers post it.
type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

// reply is an answer to get_status.
type reply struct {
	Code   string            `json:"code"`
	Offer  *description      `json:"offer"`
	Answer *description      `json:"answer"`
	Routes []json.RawMessage `json:"new_ice_routes"`
}

// Descriptions and a candidate for the tests: a server hands on what it does not understand.
var (
	offer     = description{"offer", "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=note:ä€😀 \"quoted\"\r\n"}
	answer    = description{"answer", "v=0\r\no=- 3 4 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"}
	candidate = object{
		"candidate": "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host", "sdpMid": "0", "sdpMLineIndex": 0,
	}
)

// require notes a violation.
func (t *table) require(holds bool, why string, args ...any) {
	if t.err == nil && !holds {
		t.err = fmt.Errorf(why, args...)
	}
}

// send makes a request and notes it. After a failure the answer is empty.
func (t *table) send(method string, body []byte, what string) *web.Answer {
	if t.err != nil {
		return &web.Answer{}
	}
	a, err := t.do(method, body)
	if a == nil {
		t.err = cmp.Or(err, errors.New("no answer"))
		t.note(what + " → no answer")
		return &web.Answer{}
	}
	t.answered = true
	t.note(fmt.Sprintf("%s → %d %s", what, a.Status, web.Clean(string(a.Body[:min(len(a.Body), 200)]))))
	return a
}

func (t *table) note(line string) {
	if len(t.log) < maxExchanges {
		t.log = append(t.log, line)
	}
}

// post makes a request of the protocol.
func (t *table) post(o object) *web.Answer {
	body, err := json.Marshal(o)
	t.require(err == nil, "%w", err)
	return t.send(http.MethodPost, body, fmt.Sprint(o["code"]))
}

// ok makes a request that the server has to accept.
func (t *table) ok(o object) *web.Answer {
	a := t.post(o)
	t.require(a.Status == http.StatusOK, "%s was answered with %d instead of 200", o["code"], a.Status)
	return a
}

// no makes a request that the server has to refuse.
func (t *table) no(o object) *web.Answer { return t.refused(t.post(o)) }

// refused requires that an answer is a refusal of the client's request.
func (t *table) refused(a *web.Answer) *web.Answer {
	t.require(a.Status < http.StatusInternalServerError, "the server failed, instead of refusing it with 400")
	t.require(a.Status/100 == 4, "the server accepted it, instead of refusing it with 400")
	return a
}

// hangUp ends a call without a room.
func (t *table) hangUp(call string) {
	a := t.ok(object{"code": "hang_up", "call_code": t.code, "call": call})
	if a.Status == http.StatusBadRequest {
		t.err = conform.SkipError("the server does not have the extension hang_up")
	}
}

// hungUp makes a request that the server has to refuse because the call is over.
func (t *table) hungUp(o object) {
	var got struct {
		Error string `json:"error"`
	}
	err := json.Unmarshal(t.no(o).Body, &got)
	t.require(err == nil && got.Error == "hung_up", "the refusal does not have the error hung_up")
}

// dial takes a place in the room, to begin a call.
func (t *table) dial() string { return t.dialFor("") }

// dialFor takes a place in the room, to continue a call.
func (t *table) dialFor(call string) string {
	o := object{"code": "dial", "call_code": t.code}
	if call != "" {
		o["call"] = call
	}
	a := t.post(o)
	var got struct {
		UserID string `json:"user_id"`
	}
	isUser := a.Status == http.StatusOK && json.Unmarshal(a.Body, &got) == nil && got.UserID != ""
	t.require(isUser, noUser)
	if isUser {
		t.users = append(t.users, got.UserID)
	}
	return got.UserID
}

// pair has two peers dial.
func (t *table) pair() (first, second string) { return t.dial(), t.dial() }

// offered is a pair whose first peer has offered.
func (t *table) offered() (first, second string) {
	first, second = t.pair()
	t.ok(describes(first, offer))
	return first, second
}

// connected is a pair that has exchanged descriptions.
func (t *table) connected() (first, second string) {
	first, second = t.offered()
	t.ok(describes(second, answer))
	t.expect(first, "answered")
	return first, second
}

// poll asks for news.
func (t *table) poll(user string) (r reply) {
	body := t.ok(asks(user)).Body
	isObject := json.Unmarshal(body, &r) == nil && strings.HasPrefix(strings.TrimSpace(string(body)), "{")
	t.require(isObject, "the answer to get_status has no JSON object")
	return r
}

// expect asks for news and compares the code; "" is an empty object.
func (t *table) expect(user, code string) {
	got := t.poll(user).Code
	t.require(got == code, "get_status gives the code %q, expected %q", web.Clean(got), code)
}

// leave hangs up for everyone who is left.
func (t *table) leave() {
	last := table{do: t.do}
	for _, user := range t.users {
		last.post(object{"code": "disconnect", "user_id": user})
		last.err = nil
	}
}
