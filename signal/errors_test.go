package signal

import (
	"errors"
	"fmt"
	"testing"
)

func TestErrorText(t *testing.T) {
	tests := []struct {
		name string
		err  *Error
		want string
	}{
		{
			"all", &Error{Op: "dial", Reason: ReasonStatus, Status: 500, RequestID: "ab-1", Err: errors.New("the server fails")},
			"signaling dial failed: the server fails (HTTP 500, request ab-1)",
		},
		{"cause only", &Error{Op: "offer", Err: ErrPeerGone}, "signaling offer failed: the peer is gone"},
		{"reason only", &Error{Op: "offer", Reason: ReasonTimeout}, "signaling offer failed: timeout"},
	}
	for _, test := range tests {
		if got := test.err.Error(); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	wrapped := fmt.Errorf("call: %w", &Error{Op: "ice", Reason: ReasonPeerGone, Err: ErrPeerGone})
	var e *Error
	if !errors.Is(wrapped, ErrPeerGone) || !errors.As(wrapped, &e) || e.Op != "ice" {
		t.Errorf("%v cannot be branched on", wrapped)
	}
}
