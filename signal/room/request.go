package room

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"
)

// Request is one HTTP request with its times. A duration of 0 means that the
// step did not happen or was not reached: a reused connection needs no DNS,
// an address needs none either, http has no TLS.
type Request struct {
	// Code is the protocol's name of the request: "dial", "get_status", "offer", …
	Code string
	// Attempt counts from 1; more are repeats after a failure.
	Attempt int
	// Repeat tells that the server asked for the same offer or answer again.
	Repeat bool
	// LongPoll tells that the server was asked to hold the answer, for Wait.
	LongPoll bool
	Wait     time.Duration

	// Start is when the request began.
	Start time.Time
	// DNS, Connect and TLS are what a new connection took.
	DNS     time.Duration
	Connect time.Duration
	TLS     time.Duration
	// FirstByte is from the request written to the first byte of the answer: the
	// way there and back and the server's own time, with a long poll the hold.
	FirstByte time.Duration
	// Total is from Start to the answer read, or to the failure.
	Total time.Duration
	// Reused tells that no new connection was needed.
	Reused bool
	// Remote is the address and port connected to, a proxy's where there is one.
	Remote string

	// Status is the HTTP status, 0 without an answer.
	Status int
	// Sent and Received are the sizes of the bodies in bytes.
	Sent     int
	Received int
	// Answer is the code that get_status was answered with: "need_init", …, "" for {}.
	Answer string
	// Candidates is how many candidates the answer brought; Refused how many
	// of its entries were none, or exceeded the bounds, and were dropped.
	Candidates int
	Refused    int
	// RequestID is the server's name for the request, where it gave one.
	RequestID string
	// Err is the failure, a *signal.Error; nil for an answer that the protocol foresees.
	Err error
}

// tracer fills a Request from the callbacks of httptrace, which come from
// several goroutines, and may come after the request is over.
type tracer struct {
	mu                          sync.Mutex
	over                        bool
	connected                   bool
	wrote                       bool
	request                     Request
	dns, connect, tls, wroteEnd time.Time
}

func (t *tracer) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:     func(httptrace.DNSStartInfo) { t.connecting(func(now time.Time) { t.dns = now }) },
		DNSDone:      func(httptrace.DNSDoneInfo) { t.connecting(func(now time.Time) { t.request.DNS = now.Sub(t.dns) }) },
		ConnectStart: func(string, string) { t.connecting(func(now time.Time) { t.connect = now }) },
		ConnectDone: func(_, _ string, err error) {
			t.connecting(func(now time.Time) {
				if err == nil {
					t.request.Connect = now.Sub(t.connect)
				}
			})
		},
		TLSHandshakeStart: func() { t.connecting(func(now time.Time) { t.tls = now }) },
		TLSHandshakeDone: func(tls.ConnectionState, error) {
			t.connecting(func(now time.Time) { t.request.TLS = now.Sub(t.tls) })
		},
		GotConn:      t.gotConn,
		WroteHeaders: func() { t.mark(func(time.Time) { t.wrote = true }) },
		WroteRequest: func(httptrace.WroteRequestInfo) { t.mark(func(now time.Time) { t.wroteEnd = now }) },
		GotFirstResponseByte: func() {
			t.mark(func(now time.Time) {
				if !t.wroteEnd.IsZero() {
					t.request.FirstByte = now.Sub(t.wroteEnd)
				}
			})
		},
	}
}

// gotConn notes the connection. While one was being made another may have become free:
// then what the making took, and goes on to take, is not this request's.
func (t *tracer) gotConn(info httptrace.GotConnInfo) {
	t.mark(func(time.Time) {
		t.connected = true
		t.request.Reused = info.Reused
		t.request.Remote = info.Conn.RemoteAddr().String()
		if info.Reused {
			t.request.DNS, t.request.Connect, t.request.TLS = 0, 0, 0
		}
	})
}

// connecting marks a step of making a connection, until there is one.
func (t *tracer) connecting(set func(time.Time)) {
	t.mark(func(now time.Time) {
		if !t.connected {
			set(now)
		}
	})
}

func (t *tracer) mark(set func(time.Time)) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.over {
		set(now)
	}
}

// finish gives the record, and whether the server may have seen the request.
func (t *tracer) finish() (r Request, wrote bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	t.request.Total = time.Since(t.request.Start)
	return t.request, t.wrote
}
