package room

import (
	"time"

	"dialtone/signal/web"
)

// Request is one HTTP request with its times.
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

	// Times are when it began and how long its parts took.
	web.Times

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
