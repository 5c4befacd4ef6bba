package server

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
	"unicode"
	"unicode/utf8"

	"dialtone/signal"
)

// request is a decoded body. Fields are validated when they are used, because
// which mistake is reported first follows the original: the user, then the code.
type request struct {
	code     string
	callCode string // valid, or ""
	userID   string // "" matches no party
	wait     time.Duration
	poll     uint64
	wantsICE bool   // a dial that asks for ICE servers
	call     string // of a dial: which call it continues, of hang_up: which is over; "": none
	hungUp   string // of a disconnect: which call is over; "": none
	fields   map[string]json.RawMessage
}

// readBody reads a body of at most limit bytes.
func readBody(w http.ResponseWriter, r *http.Request, limit int64, timeout time.Duration) ([]byte, *failure) {
	if limit >= 0 && r.ContentLength > limit {
		return nil, errTooLarge
	}
	deadline := http.NewResponseController(w)
	// Errors here mean a writer without a connection, as in tests.
	_ = deadline.SetReadDeadline(time.Now().Add(timeout))
	body := r.Body
	if limit >= 0 {
		body = http.MaxBytesReader(w, r.Body, limit)
	}
	raw, err := readAll(body, r.ContentLength)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, errIncomplete // and the deadline stays: the rest is not waited for
	}
	_ = deadline.SetReadDeadline(time.Time{})
	return raw, nil
}

// maxKnown is up to what length memory is made for a body before it has come, in bytes.
const maxKnown = 64 << 10

// readAll reads a body of a length, -1 if it is unknown. A known one needs no more memory than the body has.
func readAll(body io.Reader, length int64) ([]byte, error) {
	if length < 0 || length > maxKnown {
		return io.ReadAll(body)
	}
	raw := make([]byte, length)
	_, err := io.ReadFull(body, raw)
	return raw, err
}

// parseRequest decodes a body. Names are matched exactly, and the last of
// several equal names counts, as in the original.
func parseRequest(raw []byte) (*request, *failure) {
	if !utf8.Valid(raw) {
		return nil, errMalformed
	}
	r := &request{}
	if err := json.Unmarshal(raw, &r.fields); err != nil || r.fields == nil {
		return nil, errMalformed
	}
	r.code = r.text("code")
	r.userID = r.text("user_id")
	if code := r.text("call_code"); validCallCode(code) {
		r.callCode = code
	}
	r.call, r.hungUp = r.callName("call"), r.callName("hung_up")
	r.wantsICE = string(r.fields["ice_servers"]) == "true"
	return r, nil
}

// text is a field's string, "" where it is absent or no string.
func (r *request) text(name string) string {
	var s *string
	if err := json.Unmarshal(r.fields[name], &s); err != nil || s == nil {
		return ""
	}
	return *s
}

// maxCallName bounds what names a call, in bytes.
const maxCallName = 512

// callName is the name of a call, "" where it is absent or none.
func (r *request) callName(field string) string {
	if name := r.text(field); len(name) <= maxCallName {
		return name
	}
	return ""
}

func validCallCode(code string) bool {
	if code == "" || utf8.RuneCountInString(code) > maxCode {
		return false
	}
	for _, c := range code {
		if unicode.IsControl(c) {
			return false
		}
	}
	return true
}

// parseWait reads the fields of the wait_ms extension.
func (r *request) parseWait() *failure {
	if raw, ok := r.fields["wait_ms"]; ok {
		var ms *float64
		if err := json.Unmarshal(raw, &ms); err != nil || ms == nil {
			return errWait
		}
		r.wait = time.Duration(min(max(*ms, 0), float64(maxWait.Milliseconds())) * float64(time.Millisecond))
	}
	if raw, ok := r.fields["poll"]; ok {
		if err := json.Unmarshal(raw, &r.poll); err != nil || r.poll == 0 {
			return errPoll
		}
	}
	return nil
}

// description gives the validated offer or answer as it was sent.
func (r *request) description(kind signal.Kind, fail *failure) (json.RawMessage, *failure) {
	raw := r.fields[kind.String()]
	if _, err := signal.ParseDescription(raw, kind); err != nil {
		return nil, fail
	}
	return raw, nil
}

// candidate gives the validated candidate as it was sent, null included.
func (r *request) candidate() (json.RawMessage, *failure) {
	raw, ok := r.fields["ice"]
	if !ok || string(raw) == "null" {
		return json.RawMessage("null"), nil
	}
	if len(raw) > maxCandidate {
		return nil, errCandidate
	}
	if _, err := signal.ParseCandidate(raw); err != nil {
		return nil, errCandidate
	}
	return raw, nil
}
