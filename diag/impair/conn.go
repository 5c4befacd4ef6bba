package impair

import (
	"container/heap"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/pion/transport/v5"
)

// maxDatagram is the longest payload of UDP over IPv4.
const maxDatagram = 65_507

// maxWaiting bounds the packets that a socket delays at once in a direction, in bytes: a second at 512 Mbit/s.
const maxWaiting = 64 << 20

// conn is an impaired socket. It has no goroutine: what is sent later is sent by a timer, and what arrives later is
// waited for by those who read.
type conn struct {
	transport.UDPConn
	net *Net
	out sender
	in  receiver
}

// sender is what waits to be sent.
type sender struct {
	mu     sync.Mutex
	queue  queue
	timer  *time.Timer
	closed bool
}

// receiver is what has come and waits to be read.
type receiver struct {
	mu       sync.Mutex // of what follows
	queue    queue
	deadline time.Time // of the reader
	reading  sync.Mutex
	buffer   []byte // of the goroutine that reads
}

// WriteTo sends a packet, now or later. What is dropped counts as sent, as it does on any network.
func (c *conn) WriteTo(b []byte, to net.Addr) (int, error) { return c.send(b, to) }

// Write sends a packet to the address of the socket.
func (c *conn) Write(b []byte) (int, error) { return c.send(b, nil) }

func (c *conn) send(b []byte, to net.Addr) (int, error) {
	fate, now := c.net.pass(c.net.out, b)
	s := &c.out
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, net.ErrClosed
	}
	for _, due := range fate.Due[:fate.Copies] {
		at := c.net.begun.Add(due)
		if len(s.queue.list) == 0 && !at.After(now) {
			if err := c.write(b, to); err != nil {
				return 0, err
			}
			continue
		}
		if !s.queue.put(packet{at: at, from: to, data: b}) {
			c.net.overflow(c.net.out, b)
		}
	}
	c.wakeSender()
	return len(b), nil
}

func (c *conn) write(b []byte, to net.Addr) (err error) {
	if to == nil {
		_, err = c.UDPConn.Write(b)
	} else {
		_, err = c.UDPConn.WriteTo(b, to)
	}
	return err
}

// wakeSender sets the timer for the next packet that waits.
func (c *conn) wakeSender() {
	s := &c.out
	if len(s.queue.list) == 0 {
		return
	}
	wait := time.Until(s.queue.list[0].at)
	if s.timer == nil {
		s.timer = time.AfterFunc(wait, c.flush)
		return
	}
	s.timer.Reset(wait)
}

// flush sends what is due.
func (c *conn) flush() {
	s := &c.out
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for p, ok := s.queue.take(now); ok && !s.closed; p, ok = s.queue.take(now) {
		_ = c.write(p.data, p.from) // there is no one left to report it to: the packet is lost
	}
	if !s.closed {
		c.wakeSender()
	}
}

// Close sends at once what waits, which is the goodbye of the call, and closes the socket.
func (c *conn) Close() error {
	s := &c.out
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
	for p, ok := s.queue.take(time.Time{}); ok && !s.closed; p, ok = s.queue.take(time.Time{}) {
		_ = c.write(p.data, p.from)
	}
	s.closed = true
	return c.UDPConn.Close()
}

// Read returns the next packet that has arrived.
func (c *conn) Read(b []byte) (int, error) {
	n, _, err := c.ReadFrom(b)
	return n, err
}

// ReadFrom returns the next packet that has arrived.
func (c *conn) ReadFrom(b []byte) (int, net.Addr, error) {
	r := &c.in
	r.reading.Lock()
	defer r.reading.Unlock()
	for {
		r.mu.Lock()
		p, ok := r.queue.take(time.Now())
		if ok {
			r.mu.Unlock()
			return copy(b, p.data), p.from, nil
		}
		err := c.UDPConn.SetReadDeadline(r.until())
		r.mu.Unlock()
		if err != nil {
			return 0, nil, err
		}
		n, from, err := c.UDPConn.ReadFrom(r.buffer)
		switch {
		case err == nil:
			c.arrived(r.buffer[:n], from)
		case !errors.Is(err, os.ErrDeadlineExceeded) && !isTimeout(err), r.expired():
			return 0, nil, err
		}
	}
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// arrived keeps a packet until it is due.
func (c *conn) arrived(b []byte, from net.Addr) {
	fate, _ := c.net.pass(c.net.in, b)
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	for _, due := range fate.Due[:fate.Copies] {
		if !c.in.queue.put(packet{at: c.net.begun.Add(due), from: from, data: b}) {
			c.net.overflow(c.net.in, b)
		}
	}
}

// until is how long to wait for a packet: until one that waits is due, or the reader's own deadline. The zero time
// means without limit.
func (r *receiver) until() time.Time {
	if len(r.queue.list) == 0 {
		return r.deadline
	}
	if due := r.queue.list[0].at; r.deadline.IsZero() || due.Before(r.deadline) {
		return due
	}
	return r.deadline
}

// expired reports whether the reader's own deadline is over.
func (r *receiver) expired() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.deadline.IsZero() && !time.Now().Before(r.deadline)
}

// SetReadDeadline bounds reads, also one that waits.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.in.deadline = t
	return c.UDPConn.SetReadDeadline(c.in.until())
}

// SetDeadline bounds reads and writes.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// packet waits until a time.
type packet struct {
	at   time.Time
	n    uint64 // of two packets of one time, the first comes first
	from net.Addr
	data []byte
}

// queue holds packets by their time.
type queue struct {
	list  packets
	n     uint64
	bytes int // that they take, about
}

// put keeps a copy of the packet; false for one that is too much.
func (q *queue) put(p packet) bool {
	if q.bytes+cost(p.data) > maxWaiting {
		return false
	}
	q.n++
	q.bytes += cost(p.data)
	p.n, p.data = q.n, append([]byte(nil), p.data...)
	heap.Push(&q.list, p)
	return true
}

// cost is about what a packet takes in a queue, in bytes.
func cost(data []byte) int { return len(data) + 100 }

// take returns the next packet if it is due; for the zero time any is.
func (q *queue) take(now time.Time) (packet, bool) {
	if len(q.list) == 0 || !now.IsZero() && q.list[0].at.After(now) {
		return packet{}, false
	}
	p, _ := heap.Pop(&q.list).(packet)
	q.bytes -= cost(p.data)
	return p, true
}

// packets implement heap.Interface.
type packets []packet

func (p packets) Len() int { return len(p) }
func (p packets) Less(i, j int) bool {
	return p[i].at.Before(p[j].at) || p[i].at.Equal(p[j].at) && p[i].n < p[j].n
}
func (p packets) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p *packets) Push(x any) {
	one, _ := x.(packet)
	*p = append(*p, one)
}

func (p *packets) Pop() any {
	old := *p
	last := old[len(old)-1]
	old[len(old)-1] = packet{}
	*p = old[:len(old)-1]
	return last
}
