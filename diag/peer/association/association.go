// Package association keeps the SCTP association of a call going where pion/sctp would block it.
package association

import (
	"reflect"
	"sync"
	"time"

	"github.com/pion/sctp"
	"github.com/pion/webrtc/v4"
)

// How long the association is looked for: it is made some round trips after DTLS, and by then nothing depends on it.
const (
	firstLook = 5 * time.Millisecond
	lastLook  = time.Second
)

// Unblock takes the results of handshakes from the association until the connection is closed. A timer of pion/sctp
// 1.12 may give up the handshake when it has just succeeded, as on a machine that is short of CPU. It then waits, with
// the association's lock held, for a receiver of that result; there is none any more, and nothing could be sent,
// read or closed.
func Unblock(transport *webrtc.SCTPTransport, closed <-chan struct{}) {
	var results chan error
	for wait := firstLook; results == nil; wait = min(wait*2, lastLook) {
		if results = handshakes(transport); results != nil {
			break
		}
		select {
		case <-closed:
			return
		case <-time.After(wait):
		}
	}
	for {
		select {
		case <-closed:
			return
		case <-results:
		}
	}
}

// handshakes is where the association of a transport reports results of handshakes; nil before there is one. Neither
// is exported: with other versions of the modules, without such fields, it is nil as well.
func handshakes(transport *webrtc.SCTPTransport) chan error {
	lock, association := field[sync.RWMutex](transport, "lock"), field[*sctp.Association](transport, "sctpAssociation")
	if lock == nil || association == nil {
		return nil
	}
	lock.RLock()
	defer lock.RUnlock()
	if *association == nil {
		return nil
	}
	if results := field[chan error](*association, "handshakeCompletedCh"); results != nil {
		return *results
	}
	return nil
}

// field is a field of a struct, exported or not; nil if the struct has none of that name and type.
func field[T any](of any, name string) *T {
	f := reflect.ValueOf(of).Elem().FieldByName(name)
	if !f.IsValid() || f.Type() != reflect.TypeFor[T]() {
		return nil
	}
	return (*T)(f.Addr().UnsafePointer())
}
