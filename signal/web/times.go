package web

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"

	"dialtone/signal"
)

// tracer fills Times from the callbacks of httptrace, which come from
// several goroutines, and may come after the request is over.
type tracer struct {
	mu                          sync.Mutex
	over                        bool
	connected                   bool
	wrote                       bool
	began                       bool // the answer: a byte of it came
	unresolved                  bool // the name of the server, or of the proxy, has no address yet
	state                       *tls.ConnectionState
	times                       signal.Times
	dns, connect, tls, wroteEnd time.Time
}

// newTracer starts the clock.
func newTracer() *tracer { return &tracer{times: signal.Times{Start: time.Now()}} }

// hooks are for httptrace.WithClientTrace.
func (t *tracer) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) {
			t.connecting(func(now time.Time) { t.dns, t.unresolved = now, true })
		},
		DNSDone: func(info httptrace.DNSDoneInfo) {
			t.connecting(func(now time.Time) { t.times.DNS, t.unresolved = now.Sub(t.dns), info.Err != nil })
		},
		ConnectStart: func(string, string) { t.connecting(func(now time.Time) { t.connect = now }) },
		ConnectDone: func(_, _ string, err error) {
			t.connecting(func(now time.Time) {
				if err == nil {
					t.times.Connect = now.Sub(t.connect)
				}
			})
		},
		TLSHandshakeStart: func() { t.connecting(func(now time.Time) { t.tls = now }) },
		TLSHandshakeDone: func(state tls.ConnectionState, err error) {
			t.connecting(func(now time.Time) {
				t.times.TLS = now.Sub(t.tls)
				if err == nil {
					t.state = &state
				}
			})
		},
		GotConn:      t.gotConn,
		WroteHeaders: func() { t.mark(func(time.Time) { t.wrote = true }) },
		WroteRequest: func(httptrace.WroteRequestInfo) { t.mark(func(now time.Time) { t.wroteEnd = now }) },
		GotFirstResponseByte: func() {
			t.mark(func(now time.Time) {
				t.began = true
				if !t.wroteEnd.IsZero() {
					t.times.FirstByte = now.Sub(t.wroteEnd)
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
		t.times.Reused = info.Reused
		t.times.Remote = info.Conn.RemoteAddr().String()
		if info.Reused {
			t.times.DNS, t.times.Connect, t.times.TLS, t.state = 0, 0, 0, nil
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

// finish puts the times into a request, and reports whether the server may have seen it.
func (t *tracer) finish(r *signal.Request) (wrote bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	t.times.Total = time.Since(t.times.Start)
	r.Times, r.TLSState = t.times, t.state
	return t.wrote
}
