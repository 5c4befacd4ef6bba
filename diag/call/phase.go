package call

// State is where a call stands, for a header and for a verdict.
type State uint8

// States, in the order of a good call.
const (
	StateUnknown      State = iota
	StateDialing            // the signaling server has not answered yet
	StateWaiting            // for the peer
	StateNegotiating        // offer and answer travel
	StateConnecting         // ICE checks, then DTLS
	StateConnected          // media and data flow
	StateReconnecting       // the path went silent; consent checks go on
	StateLost               // the path is lost; the peer is dialed again
	StateEnded              // CallEnded is there
)

var stateNames = [...]string{
	"unknown", "dialing", "waiting", "negotiating", "connecting", "connected", "reconnecting", "path lost", "ended",
}

// String is the word that a header shows.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return stateNames[StateUnknown]
}
