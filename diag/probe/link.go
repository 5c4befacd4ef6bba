package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"time"

	"dialtone/diag/reach"
)

// link is a connection to a server that carries whole messages.
type link struct {
	conn     net.Conn
	reliable bool               // a stream: nothing is lost, nothing is sent twice
	past     map[txID]time.Time // asked with, before the question that is open, and when
	buffer   []byte             // for a datagram
	partial  []byte             // of a stream: what has come of a message that was not complete at a deadline
}

// maxRecord is what a datagram is read into: pion/dtls calls it an error when a record (RFC 6347 §4.1) is longer than
// its reader's buffer, and of a datagram the system drops the rest, which the check of its length notices.
const maxRecord = 1 << 14

// send writes one message, until the deadline of ctx at the latest.
func (l *link) send(ctx context.Context, b []byte) error {
	deadline, _ := ctx.Deadline()
	if err := l.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := l.conn.Write(b)
	return err
}

// receive waits for one message until a time. The bytes of a datagram are as they came; those of a stream are one
// message by its length.
func (l *link) receive(ctx context.Context, until time.Time) ([]byte, error) {
	if err := l.conn.SetReadDeadline(until); err != nil {
		return nil, err
	}
	// Anyone who watches ctx sets a deadline in the past, perhaps just before ours.
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if l.reliable {
		return l.message(readMessage)
	}
	if l.buffer == nil {
		l.buffer = make([]byte, maxRecord)
	}
	n, err := l.conn.Read(l.buffer)
	return l.buffer[:n], err
}

// message reads one message of the stream. One that is cut off by a deadline is read again from its beginning, or what
// comes later would not be where messages begin.
func (l *link) message(read func(io.Reader) ([]byte, error)) ([]byte, error) {
	var taken bytes.Buffer
	b, err := read(io.TeeReader(io.MultiReader(bytes.NewReader(l.partial), l.conn), &taken))
	l.partial = nil
	if reach.IsTimeout(err) {
		l.partial = taken.Bytes()
	}
	return b, err
}

// readMessage reads one STUN message from a stream, which is cut by the length in each header (RFC 8489 §6.2.2). What
// cannot be a header ends it, and so does a length beyond [maxMessage]; both errors wrap [reach.ErrAnswer]. With an
// error it returns what was read before.
func readMessage(r io.Reader) ([]byte, error) {
	b := make([]byte, headerSize, 256)
	if n, err := io.ReadFull(r, b); err != nil {
		if n > 0 && looksLike(b[:n]) != "" {
			return b[:n], fmt.Errorf("%w: %w", reach.ErrAnswer, notSTUN(b[:n]))
		}
		return b[:n], err
	}
	size, err := messageSize(b)
	if err != nil {
		return b, fmt.Errorf("%w: %w", reach.ErrAnswer, err)
	}
	b = append(b, make([]byte, size-headerSize)...)
	n, err := io.ReadFull(r, b[headerSize:])
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // behind a header it is
	}
	return b[:headerSize+n], err
}

// schedule is when a request is sent over UDP, since the first time: three times quickly, since most losses are
// single, then with doubling pauses.
var schedule = []time.Duration{
	0, 100 * time.Millisecond, 200 * time.Millisecond, 700 * time.Millisecond, 1700 * time.Millisecond,
	3700 * time.Millisecond,
}

// sendAt is when send number n (from 0) is due; behind the schedule's end, every four seconds.
func sendAt(n int) time.Duration {
	last := len(schedule) - 1
	if n <= last {
		return schedule[n]
	}
	return schedule[last] + time.Duration(n-last)*4*time.Second
}

// maxStray is how many unusable messages are forgiven: somebody else's datagrams may come by, a flood may not.
const maxStray = 3

// reply is an answer and how long it took from the send that it answers.
type reply struct {
	*answer
	rtt time.Duration
}

// exchange asks until an answer comes, or until the deadline of ctx. build makes the request for a transaction ID; with
// fresh each send has its own (so the round trip is known), otherwise all have one.
func (l *link) exchange(ctx context.Context, m method, fresh bool, build func(txID) ([]byte, error)) (reply, error) {
	x := transaction{link: l, method: m, sent: map[txID]time.Time{}}
	defer x.retire()
	deadline, ok := ctx.Deadline()
	if !ok {
		return reply{}, errors.New("a request without a deadline")
	}
	start := time.Now()
	id := newTxID()
	for n := 0; ; n++ {
		if fresh {
			id = newTxID()
		}
		b, err := build(id)
		if err != nil {
			return reply{}, err
		}
		x.sent[id] = time.Now()
		x.sends++
		if err := l.send(ctx, b); err != nil {
			return reply{}, err
		}
		until := start.Add(sendAt(n + 1))
		if l.reliable || until.After(deadline) {
			until = deadline
		}
		r, err := x.await(ctx, until)
		if err == nil || !reach.IsTimeout(err) || until.Equal(deadline) || ctx.Err() != nil {
			return r, x.explain(ctx, err, time.Since(start))
		}
	}
}

// transaction is one question and all its sends.
type transaction struct {
	*link
	method method
	sent   map[txID]time.Time // by ID, when it was sent last
	sends  int
	part   int // bytes of an answer that did not become whole
	stray  int
	last   error // why the last stray was unusable
}

// await reads until an answer to one of the sends comes.
func (x *transaction) await(ctx context.Context, until time.Time) (reply, error) {
	for {
		b, err := x.receive(ctx, until)
		if err != nil {
			x.part = len(b)
			return reply{}, err
		}
		now := time.Now()
		if _, _, ok := decodeData(b); ok {
			continue // through a relay, late
		}
		a, err := decode(b)
		if err == nil {
			at, ours := x.sent[a.id]
			switch {
			case ours && a.method == x.method:
				return reply{answer: a, rtt: now.Sub(at)}, nil
			case x.asked(a.id):
				continue // a late answer to an earlier question
			}
			err = fmt.Errorf("%w: a response to something that was not asked", reach.ErrAnswer)
		}
		x.last = err
		if x.stray++; x.reliable || x.stray >= maxStray {
			return reply{}, err
		}
	}
}

// asked reports whether an earlier question had that ID.
func (x *transaction) asked(id txID) bool {
	_, ok := x.past[id]
	return ok
}

// explain makes a timeout what it was: cancelled, or nothing but strays, or silence.
func (x *transaction) explain(ctx context.Context, err error, waited time.Duration) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case reach.IsTimeout(err) && x.last != nil:
		return x.last
	case reach.IsTimeout(err):
		return &reach.SilenceError{Requests: x.sends, Part: x.part, Waited: waited}
	}
	return err
}

// retire remembers the sends, whose answers may still come.
func (x *transaction) retire() {
	if x.past == nil {
		x.past = map[txID]time.Time{}
	}
	maps.Copy(x.past, x.sent)
}
