// Package pairs is the state machine of the room protocol: what dial, offer, answer, candidates, get_status and silence
// do to a pair of peers. A Pair is one value, and each request is one pure change of it; where the value is kept does
// not matter to the rules. Memory keeps pairs in this process; package redisstore where several servers find them.
//
// Times come from the store: servers that share one share its clock.
package pairs

import "errors"

// ErrNoPair is what a store's Update returns for an ID that it does not know.
var ErrNoPair = errors.New("no such pair")

// StoreError is that of a store which answers, and does not keep pairs.
type StoreError struct {
	// Why is the cause, for people: "it is read-only". It contains nothing that is not for the store's clients.
	Why string
	Err error // what the store said
}

// Error implements error.
func (e *StoreError) Error() string { return e.Why + ": " + e.Err.Error() }

// Unwrap gives Err.
func (e *StoreError) Unwrap() error { return e.Err }
