package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"dialtone/signal/web"
)

// maxExchanges bounds what is kept of the requests of a rule.
const maxExchanges = 40

// table is a room with its peers.
type table struct {
	client   *web.Client
	endpoint *url.URL
	code     string // of the room
	log      []string
	users    []string
	answered bool
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

// send makes a request and notes it. The error is that of a request without an answer.
func (t *table) send(ctx context.Context, method string, body []byte, what string) (*web.Answer, error) {
	a, err := t.client.Do(ctx, web.Call{
		Op: "conformance", Method: method, URL: t.endpoint, ContentType: "application/json", Body: body,
	})
	if a == nil {
		if err == nil {
			err = errors.New("no answer")
		}
		t.note(what + " → no answer")
		return nil, err
	}
	t.answered = true
	t.note(fmt.Sprintf("%s → %d %s", what, a.Status, web.Clean(string(a.Body[:min(len(a.Body), 200)]))))
	return a, nil
}

func (t *table) note(line string) {
	if len(t.log) < maxExchanges {
		t.log = append(t.log, line)
	}
}

// post makes a request of the protocol.
func (t *table) post(ctx context.Context, o object) (*web.Answer, error) {
	body, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	return t.send(ctx, http.MethodPost, body, fmt.Sprint(o["code"]))
}

// ok makes a request that the server has to accept.
func (t *table) ok(ctx context.Context, o object) error {
	a, err := t.post(ctx, o)
	if err == nil && a.Status != http.StatusOK {
		err = fmt.Errorf("%s was answered with %d instead of 200", o["code"], a.Status)
	}
	return err
}

// no makes a request that the server has to refuse.
func (t *table) no(ctx context.Context, o object) error {
	a, err := t.post(ctx, o)
	if err != nil {
		return err
	}
	return refused(a)
}

// errNoHangUp is why the rules of a hang-up cannot be tested.
const errNoHangUp = skip("the server does not have the extension hang_up")

// hangUp ends a call without a room.
func (t *table) hangUp(ctx context.Context, call string) error {
	a, err := t.post(ctx, object{"code": "hang_up", "call_code": t.code, "call": call})
	switch {
	case err != nil:
	case a.Status == http.StatusBadRequest:
		err = errNoHangUp
	case a.Status != http.StatusOK:
		err = fmt.Errorf("hang_up was answered with %d instead of 200", a.Status)
	}
	return err
}

// hungUp makes a request that the server has to refuse because the call is over.
func (t *table) hungUp(ctx context.Context, o object) error {
	a, err := t.post(ctx, o)
	if err != nil {
		return err
	}
	var got struct {
		Error string `json:"error"`
	}
	if err = refused(a); err == nil && (json.Unmarshal(a.Body, &got) != nil || got.Error != "hung_up") {
		err = errors.New("the refusal does not have the error hung_up")
	}
	return err
}

// dial takes a place in the room, to begin a call.
func (t *table) dial(ctx context.Context) (string, error) { return t.dialFor(ctx, "") }

// dialFor takes a place in the room, to continue a call.
func (t *table) dialFor(ctx context.Context, call string) (string, error) {
	o := object{"code": "dial", "call_code": t.code}
	if call != "" {
		o["call"] = call
	}
	a, err := t.post(ctx, o)
	if err != nil {
		return "", err
	}
	var got struct {
		UserID string `json:"user_id"`
	}
	if a.Status != http.StatusOK || json.Unmarshal(a.Body, &got) != nil || got.UserID == "" {
		return "", errors.New("dial was not answered with 200 and a user_id")
	}
	t.users = append(t.users, got.UserID)
	return got.UserID, nil
}

// pair has two peers dial.
func (t *table) pair(ctx context.Context) (first, second string, err error) {
	if first, err = t.dial(ctx); err == nil {
		second, err = t.dial(ctx)
	}
	return first, second, err
}

// offered is a pair whose first peer has offered.
func (t *table) offered(ctx context.Context) (first, second string, err error) {
	first, second, err = t.pair(ctx)
	if err == nil {
		err = t.ok(ctx, object{"code": "offer", "user_id": first, "offer": offer})
	}
	return first, second, err
}

// connected is a pair that has exchanged descriptions.
func (t *table) connected(ctx context.Context) (first, second string, err error) {
	first, second, err = t.offered(ctx)
	if err == nil {
		err = t.ok(ctx, object{"code": "answer", "user_id": second, "answer": answer})
	}
	if err == nil {
		err = t.expect(ctx, first, "answered")
	}
	return first, second, err
}

// poll asks for news.
func (t *table) poll(ctx context.Context, user string) (reply, error) {
	a, err := t.post(ctx, object{"code": "get_status", "user_id": user})
	if err != nil {
		return reply{}, err
	}
	var r reply
	switch {
	case a.Status != http.StatusOK:
		return r, fmt.Errorf("get_status was answered with %d instead of 200", a.Status)
	case json.Unmarshal(a.Body, &r) != nil || !strings.HasPrefix(strings.TrimSpace(string(a.Body)), "{"):
		return r, errors.New("the answer to get_status has no JSON object")
	}
	return r, nil
}

// expect asks for news and compares the code; "" is an empty object.
func (t *table) expect(ctx context.Context, user, code string) error {
	r, err := t.poll(ctx, user)
	if err == nil && r.Code != code {
		err = fmt.Errorf("get_status gives the code %q, expected %q", web.Clean(r.Code), code)
	}
	return err
}

// leave hangs up for everyone who is left.
func (t *table) leave(ctx context.Context) {
	log := t.log
	for _, user := range t.users {
		_, _ = t.post(ctx, object{"code": "disconnect", "user_id": user})
	}
	t.log = log
}
