package web

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"
)

// Times are when a request began and how long its parts took. A duration of 0 means that the step did not happen or was
// not reached: a reused connection needs no DNS, an address needs none either, http has no TLS.
type Times struct {
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
}

// Tracer fills Times from the callbacks of httptrace, which come from
// several goroutines, and may come after the request is over.
type Tracer struct {
	mu                          sync.Mutex
	over                        bool
	connected                   bool
	wrote                       bool
	times                       Times
	dns, connect, tls, wroteEnd time.Time
}

// NewTracer starts the clock.
func NewTracer() *Tracer { return &Tracer{times: Times{Start: time.Now()}} }

// Hooks are for httptrace.WithClientTrace.
func (t *Tracer) Hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:     func(httptrace.DNSStartInfo) { t.connecting(func(now time.Time) { t.dns = now }) },
		DNSDone:      func(httptrace.DNSDoneInfo) { t.connecting(func(now time.Time) { t.times.DNS = now.Sub(t.dns) }) },
		ConnectStart: func(string, string) { t.connecting(func(now time.Time) { t.connect = now }) },
		ConnectDone: func(_, _ string, err error) {
			t.connecting(func(now time.Time) {
				if err == nil {
					t.times.Connect = now.Sub(t.connect)
				}
			})
		},
		TLSHandshakeStart: func() { t.connecting(func(now time.Time) { t.tls = now }) },
		TLSHandshakeDone: func(tls.ConnectionState, error) {
			t.connecting(func(now time.Time) { t.times.TLS = now.Sub(t.tls) })
		},
		GotConn:      t.gotConn,
		WroteHeaders: func() { t.mark(func(time.Time) { t.wrote = true }) },
		WroteRequest: func(httptrace.WroteRequestInfo) { t.mark(func(now time.Time) { t.wroteEnd = now }) },
		GotFirstResponseByte: func() {
			t.mark(func(now time.Time) {
				if !t.wroteEnd.IsZero() {
					t.times.FirstByte = now.Sub(t.wroteEnd)
				}
			})
		},
	}
}

// gotConn notes the connection. While one was being made another may have become free:
// then what the making took, and goes on to take, is not this request's.
func (t *Tracer) gotConn(info httptrace.GotConnInfo) {
	t.mark(func(time.Time) {
		t.connected = true
		t.times.Reused = info.Reused
		t.times.Remote = info.Conn.RemoteAddr().String()
		if info.Reused {
			t.times.DNS, t.times.Connect, t.times.TLS = 0, 0, 0
		}
	})
}

// connecting marks a step of making a connection, until there is one.
func (t *Tracer) connecting(set func(time.Time)) {
	t.mark(func(now time.Time) {
		if !t.connected {
			set(now)
		}
	})
}

func (t *Tracer) mark(set func(time.Time)) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.over {
		set(now)
	}
}

// Finish gives the times, and whether the server may have seen the request.
func (t *Tracer) Finish() (times Times, wrote bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	t.times.Total = time.Since(t.times.Start)
	return t.times, t.wrote
}
