package forward

import (
	"io"
	"net"
	"sync"
)

// Closers are open connections that can be closed all at once, after which no new ones are accepted. The zero value is
// ready.
type Closers struct {
	mu     sync.Mutex
	open   map[io.Closer]struct{}
	closed bool
}

// Add keeps a connection, or closes it when the others have been closed.
func (l *Closers) Add(c io.Closer) error {
	l.mu.Lock()
	closed := l.closed
	if !closed {
		if l.open == nil {
			l.open = map[io.Closer]struct{}{}
		}
		l.open[c] = struct{}{}
	}
	l.mu.Unlock()
	if closed {
		_ = c.Close() // calls Remove
		return net.ErrClosed
	}
	return nil
}

// Remove forgets a connection, which its owner closes.
func (l *Closers) Remove(c io.Closer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}

// CloseAll closes every connection; pending reads and writes return an error.
func (l *Closers) CloseAll() {
	l.mu.Lock()
	l.closed = true
	open := l.open
	l.open = nil
	l.mu.Unlock()
	for c := range open {
		_ = c.Close()
	}
}
