package signal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"
)

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func receive(t *testing.T, c Channel, kind Kind) Message {
	t.Helper()
	m, err := c.Receive(testContext(t))
	if err != nil || m.Kind != kind {
		t.Fatalf("got %s, %v, want %s", m.Kind, err, kind)
	}
	return m
}

func numbered(n int) Message {
	return Message{Kind: KindCandidate, Candidate: &Candidate{Candidate: fmt.Sprint("candidate:", n)}}
}

func TestPipeOrder(t *testing.T) {
	ctx := testContext(t)
	a, b := Pipe()
	if m := receive(t, a, KindPaired); m.Role != RoleOfferer {
		t.Errorf("the first end is %s", m.Role)
	}
	if m := receive(t, b, KindPaired); m.Role != RoleAnswerer {
		t.Errorf("the second end is %s", m.Role)
	}
	const count = 1000 // more than the queue holds
	var group sync.WaitGroup
	for _, c := range []Channel{a, b} {
		group.Go(func() {
			for n := range count {
				if err := c.Send(ctx, numbered(n)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for _, c := range []Channel{a, b} {
		group.Go(func() {
			for n := range count {
				m, err := c.Receive(ctx)
				if err != nil || m.Candidate.Candidate != numbered(n).Candidate.Candidate {
					t.Errorf("message %d is %+v, %v", n, m, err)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestPipeEnd(t *testing.T) {
	ends := map[string]func(context.Context, Channel) error{
		"close": func(ctx context.Context, c Channel) error { return c.Close(ctx) },
		"bye":   func(ctx context.Context, c Channel) error { return c.Send(ctx, Message{Kind: KindBye}) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			ctx := testContext(t)
			a, b := Pipe()
			receive(t, b, KindPaired)
			if err := a.Send(ctx, numbered(1)); err != nil {
				t.Fatal(err)
			}
			if err := end(ctx, a); err != nil {
				t.Fatal(err)
			}
			receive(t, b, KindCandidate)
			receive(t, b, KindBye)
			for range 2 {
				if _, err := b.Receive(ctx); !errors.Is(err, io.EOF) {
					t.Errorf("after bye: %v", err)
				}
				if _, err := a.Receive(ctx); !errors.Is(err, io.EOF) {
					t.Errorf("after our end: %v", err)
				}
			}
			if err := b.Send(ctx, numbered(2)); !errors.Is(err, ErrPeerGone) {
				t.Errorf("to who left: %v", err)
			}
			if err := a.Send(ctx, numbered(2)); !errors.Is(err, ErrClosed) {
				t.Errorf("after our end: %v", err)
			}
			if err := a.Close(ctx); err != nil {
				t.Errorf("second close: %v", err)
			}
		})
	}
}

func TestPipeContext(t *testing.T) {
	a, b := Pipe()
	receive(t, a, KindPaired)
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	if _, err := a.Receive(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("receive: %v", err)
	}
	if err := a.Send(ctx, numbered(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("send: %v", err)
	}
	if err := a.Send(testContext(t), Message{Kind: KindPaired}); !errors.Is(err, ErrMessage) {
		t.Errorf("sending paired: %v", err)
	}
	if err := b.Close(testContext(t)); err != nil {
		t.Error(err)
	}
}

// TestPipeCopies: what is under way does not change with the sender's variables.
func TestPipeCopies(t *testing.T) {
	a, b := Pipe()
	d := &Description{Type: "offer", SDP: "v=0"}
	if err := a.Send(testContext(t), Message{Kind: KindOffer, Description: d}); err != nil {
		t.Fatal(err)
	}
	d.SDP = "changed"
	receive(t, b, KindPaired)
	if m := receive(t, b, KindOffer); m.Description.SDP != "v=0" {
		t.Errorf("received %q", m.Description.SDP)
	}
}
