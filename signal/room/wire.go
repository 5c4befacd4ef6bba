package room

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync"
	"time"

	"dialtone/signal"
	"dialtone/signal/web"
)

const (
	// maxBody bounds an answer in bytes.
	maxBody = 1 << 20
	// headerWait announces a server that holds polls, numbers them, and makes
	// every request atomic.
	headerWait = "Dialtone-Wait-Ms"
)

// wire makes single requests.
type wire struct {
	transport *http.Transport
	endpoint  string
	userAgent string
	timeout   time.Duration

	mu        sync.Mutex // one report at a time
	onRequest func(Request)
}

// letter is a request to make.
type letter struct {
	code    string
	body    []byte
	attempt int
	repeat  bool
	wait    time.Duration // what the server is asked to hold it
}

// answer is what came back.
type answer struct {
	status    int
	body      []byte
	location  string
	requestID string
	announced time.Duration // the longest hold, where the server announces one

	request Request // to be reported, when the caller has read the body
	wrote   bool    // the server may have seen the request
}

// post makes one request. The answer is never nil; whatever is not 200 is an
// error. The caller reports answer.request with tell.
func (w *wire) post(ctx context.Context, l letter) (*answer, *signal.Error) {
	t := web.NewTracer()
	limit := l.wait + w.timeout
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	a := &answer{}
	err := w.roundTrip(httptrace.WithClientTrace(bounded, t.Hooks()), l, a)
	a.request = Request{
		Code: l.code, Attempt: l.attempt, Repeat: l.repeat, LongPoll: l.wait > 0, Wait: l.wait, Sent: len(l.body),
		Status: a.status, Received: len(a.body), RequestID: a.requestID,
	}
	a.request.Times, a.wrote = t.Finish()
	var failure *signal.Error
	switch {
	case err != nil && ctx.Err() != nil:
		failure = &signal.Error{Op: l.code, Err: fmt.Errorf("given up here: %w", ctx.Err())}
	case errors.Is(err, errBodyTooLarge):
		failure = protocolError(l.code, a, err)
	case err != nil:
		failure = web.NetworkError(l.code, err, limit)
	case a.status != http.StatusOK:
		failure = statusError(l.code, a)
	}
	if failure != nil {
		a.request.Err = failure
	}
	return a, failure
}

var errBodyTooLarge = errors.New("the answer exceeds 1 MiB")

// roundTrip uses the transport itself: a client would follow redirects, and
// repeat the whole address in its errors.
func (w *wire) roundTrip(ctx context.Context, l letter, a *answer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.endpoint, bytes.NewReader(l.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", w.userAgent)
	resp, err := w.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	a.location = resp.Header.Get("Location")
	a.requestID = requestID(resp.Header.Get("X-Request-Id"))
	if ms, err := strconv.Atoi(resp.Header.Get(headerWait)); err == nil && ms > 0 {
		a.announced = min(time.Duration(ms)*time.Millisecond, maxWait)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return err
	}
	if len(body) > maxBody {
		return errBodyTooLarge
	}
	a.status, a.body = resp.StatusCode, body
	return nil
}

// requestID keeps a server's name for a request only if it is one.
func requestID(s string) string {
	if len(s) > 64 {
		return ""
	}
	for _, c := range s {
		if c <= ' ' || c > '~' {
			return ""
		}
	}
	return s
}

func (w *wire) tell(r Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onRequest(r)
}
