package reach

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"dialtone/diag"
)

// MaxText is how many bytes of a server's own words are kept.
const MaxText = 128

// Error is why a step ended without success.
type Error struct{ diag.Failure }

func (f *Error) Error() string { return f.String() }

// ErrAnswer is wrapped by errors about what a server sent.
var ErrAnswer = errors.New("unusable answer")

// Misconfigured is a target that cannot be asked.
func Misconfigured(detail diag.Detail, reason string) error {
	return &Error{diag.Failure{Cause: diag.CauseConfig, Detail: detail, Reason: reason}}
}

// Classify makes a failure of an error of the network. What is a failure already stays as it is.
func Classify(stage diag.StageName, err error) *diag.Failure {
	var known *Error
	var dns *net.DNSError
	var says interface{ Failure() diag.Failure }
	switch {
	case errors.As(err, &known):
		return &known.Failure
	case errors.As(err, &says):
		f := says.Failure()
		return &f
	}
	f := &diag.Failure{}
	switch {
	case errors.Is(err, context.Canceled):
		f.Cause = diag.CauseCancelled
	case errors.As(err, &dns):
		resolving(f, dns)
	case stage == diag.StageDNS:
		resolving(f, &net.DNSError{IsTimeout: IsTimeout(err), Err: reason(err)})
	case errors.Is(err, ErrAnswer):
		f.Cause, f.Reason = diag.CauseProtocol, reason(err)
	case Alert(f, err):
	case stage == diag.StageTLS && handshake(f, err):
		f.Cause = diag.CauseTLS
	case IsTimeout(err):
		f.Cause = diag.CauseTimeout
		var silence *SilenceError
		if errors.As(err, &silence) {
			f.Requests, f.Bytes = silence.Requests, silence.Part
		}
	case socketError(f, err):
	case stage == diag.StageTLS:
		f.Cause, f.Reason = diag.CauseTLS, reason(err)
	default:
		f.Cause, f.Reason = diag.CauseUnreachable, reason(err)
	}
	return f
}

// resolving describes a name that did not resolve.
func resolving(f *diag.Failure, err *net.DNSError) {
	f.Cause = diag.CauseDNS
	switch {
	case err.IsNotFound:
		f.Detail = diag.DetailNoName
	case err.IsTimeout:
		f.Detail = diag.DetailResolver
	default:
		f.Reason = diag.Clean(err.Err, MaxText)
	}
}

// handshake describes a failed handshake; false when the error is not about TLS.
func handshake(f *diag.Failure, err error) bool {
	var record tls.RecordHeaderError
	switch {
	case certificateFailure(f, err):
	case errors.As(err, &record):
		f.Detail = diag.DetailNotTLS
	case errors.Is(err, io.EOF), isAny(err, closedErrors):
		f.Detail = diag.DetailClosed
	default:
		return false
	}
	return true
}

// alerts are those whose meaning is known (RFC 8446 §6.2).
var alerts = map[tls.AlertError]diag.Detail{
	40: diag.DetailCipher, 70: diag.DetailVersion, 112: diag.DetailUnknownName, 116: diag.DetailClientCert,
	120: diag.DetailALPN,
}

// Alert describes an alert that a TLS server sent; false when the error is none. Package crypto/tls has its own type
// for that, which it does not export, so that it is recognized by how such errors are wrapped, and by its number.
func Alert(f *diag.Failure, err error) bool {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" || op.Err == nil {
		return false
	}
	f.Cause, f.Detail, f.Reason = diag.CauseTLS, diag.DetailAlert, reason(op.Err)
	if v := reflect.ValueOf(op.Err); v.Kind() == reflect.Uint8 {
		f.Detail = cmp.Or(alerts[tls.AlertError(v.Uint())], f.Detail)
	}
	return true
}

// socketError describes what the system's sockets report; false when it is none of that.
func socketError(f *diag.Failure, err error) bool {
	switch {
	case isAny(err, refusedErrors):
		f.Cause = diag.CauseRefused
	case isAny(err, unreachableErrors):
		f.Cause, f.Reason = diag.CauseUnreachable, reason(err)
	case errors.Is(err, os.ErrPermission):
		f.Cause, f.Detail, f.Reason = diag.CauseUnreachable, diag.DetailNotPermitted, reason(err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isAny(err, closedErrors):
		f.Cause, f.Detail = diag.CauseProtocol, diag.DetailClosed
	default:
		return false
	}
	return true
}

// reason is the innermost text of an error, bounded and clean: the outer ones repeat addresses.
func reason(err error) string {
	var op *net.OpError
	for errors.As(err, &op) && op.Err != nil {
		err = op.Err
	}
	return diag.Clean(strings.TrimPrefix(err.Error(), ErrAnswer.Error()+": "), MaxText)
}

// IsTimeout reports whether a deadline ended it.
func IsTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &t) &&
		t.Timeout()
}

// SilenceError says that no answer came.
type SilenceError struct {
	Requests int
	Part     int // bytes of an answer
	Waited   time.Duration
}

func (s *SilenceError) Error() string {
	text := fmt.Sprintf("%d requests in %.1f s", s.Requests, s.Waited.Seconds())
	if s.Requests == 1 {
		text = fmt.Sprintf("1 request in %.1f s", s.Waited.Seconds())
	}
	if s.Part > 0 {
		text += fmt.Sprintf(", %d bytes of an answer", s.Part)
	}
	return text
}

// Timeout makes it one, as of package net.
func (s *SilenceError) Timeout() bool { return true }

// IsRefused reports whether the port is closed.
func IsRefused(err error) bool { return isAny(err, refusedErrors) }

// isAny reports whether err is one of list.
func isAny(err error, list []error) bool {
	return slices.ContainsFunc(list, func(e error) bool { return errors.Is(err, e) })
}
