package server

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// cable forwards TCP connections to a server until it is cut.
type cable struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	isCut bool
	conns []net.Conn
}

func startProxy(t *testing.T, to string) *cable {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{listener: ln, to: to}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := new(net.Dialer).DialContext(context.Background(), "tcp", to)
			if err != nil || !c.add(in, out) {
				_ = in.Close()
				continue
			}
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				running.Go(func() {
					_, _ = io.Copy(pair[0], pair[1]) // it ends when either is closed
					_ = pair[0].Close()
				})
			}
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		c.cut()
		running.Wait()
	})
	return c
}

// String is where the cable begins.
func (c *cable) String() string { return c.listener.Addr().String() }

func (c *cable) add(conns ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isCut {
		for _, one := range conns {
			_ = one.Close()
		}
		return false
	}
	c.conns = append(c.conns, conns...)
	return true
}

// cut closes all connections, now and later.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = true
	for _, one := range c.conns {
		_ = one.Close()
	}
	c.conns = nil
}

// restore lets connections through again.
func (c *cable) restore() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = false
}
