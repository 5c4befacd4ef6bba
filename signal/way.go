package signal

import (
	"context"
	"net/http"
	"net/url"
)

// Way is one way to exchange descriptions with a peer. It is all that the rest of the program knows of it: the flags
// that choose it, how to dial and to listen, and its traits. Each is declared in its own package and listed in package
// ways.
type Way struct {
	// Name is stable: recordings, reports and scenarios hold it.
	Name string
	// Call are its flags in dialtone call, Answer those in dialtone answer, Check those in dialtone check and in
	// scenarios. The first of each chooses the way, and its value is Setup.Address; the values of the others are in
	// Setup.Values.
	Call, Answer, Check []Flag

	// Coded: both peers give the same code (Setup.Code) to the same server (Setup.Address). The first flag of Check takes
	// the code; in call and answer it is an argument.
	Coded bool
	// Carried: people carry the descriptions as texts, for which Setup.Texts is needed. A call cannot be dialed again.
	Carried bool
	// Token: a bearer token can be sent, and required.
	Token bool
	// Media is which way media goes. Ways that carry it one way have no data channels, and answerers have nothing to echo.
	Media Media
	// Kinds are the kinds of media that the peer takes, "audio" and "video"; nil: both.
	Kinds []string
	// Offered: the peer makes the offer, and the caller answers it.
	Offered bool
	// Channel is the label of the one data channel that the peer wants; "": those of dialtone.
	Channel string

	// For is the way as the values of its flags make it; nil: they change nothing. The error is for the user.
	For func(w Way, values map[string]string) (Way, error)

	// ValidFields checks the fields of requests that the user gives; nil: the way has none. The error is for the user.
	ValidFields func(fields map[string]any) error
	// ValidAddress checks an address to dial; nil: any is usable. The error is an *Error.
	ValidAddress func(address string) error
	// Shown is an address without the keys that it may contain; nil: as it is.
	Shown func(address string) string
	// Dial makes the channel of a call. It does not wait for the peer, which KindPaired reports. The error is an *Error.
	Dial func(ctx context.Context, s Setup) (Channel, error)
	// Listen makes the server of an answerer, which callers reach at Path below its address; nil: answerers dial too.
	Listen func(s Setup) Server
	Path   string
	// Others is what to type into other programs so that they call an address that answers, with a token or without; nil:
	// there is nothing to say.
	Others func(url string, token bool) string
	// ICEServers asks an address for the ICE servers that it offers, before the call; nil: the way knows none.
	ICEServers func(ctx context.Context, s Setup) ([]ICEServer, error)
}

// OneWay reports whether nothing but media in one direction is carried.
func (w Way) OneWay() bool { return w.Media != MediaBothWays }

// Flag is a flag of a way.
type Flag struct {
	Name        string // without hyphens
	Placeholder string // of its value; "": it takes none
	Help        string
}

// Media is which way media goes.
type Media uint8

// The ways of media.
const (
	MediaBothWays   Media = iota // and data channels
	MediaFromCaller              // the caller publishes
	MediaToCaller                // the caller plays
)

// Setup is what a call gives to its way of signaling.
type Setup struct {
	Address string            // as the user gave it
	Code    string            // of ways that are coded
	Values  map[string]string // of further flags of the way, by name
	Answers bool              // the call waits for an offer; of ways that are coded the server decides
	Token   string            // a secret, sent only to the origin of Address and to TokenTo; "": none
	Header  http.Header       // further fields of requests: secrets, which go where the token goes
	TokenTo []string          // hosts that get the token besides
	Fields  map[string]any    // of the body of requests, by name
	Secrets []string          // values of Fields that must not be shown
	Trickle bool              // candidates follow the description, if the way can carry them

	CAFile    string // PEM file of certificates to trust besides the system's
	Insecure  bool   // accept every certificate
	UserAgent string
	Texts     Texts // of ways that are carried
	// Proxy chooses the proxy of a request; nil: that of the environment.
	Proxy func(*http.Request) (*url.URL, error)

	// OnRequest gets every request when it is over, one at a time; nil: none.
	OnRequest func(Request)
	// OnICEServers gets ICE servers that come with the answer: too late for the candidates of this call.
	OnICEServers func([]ICEServer)
}

// Server is a signaling server of an answerer: an http.Handler whose callers are answered one after another.
type Server interface {
	http.Handler
	// Accept makes the channel of the next call, which is paired when a caller comes.
	Accept(ctx context.Context) (Channel, error)
}

// Texts is where the texts of a carried exchange are shown and read. Its methods are called one at a time each.
type Texts interface {
	// Show presents a local text ("offer" or "answer") to the person who carries it.
	Show(kind, text string) error
	// Read waits for the peer's text, of the kind that is expected. It must return when ctx ends; io.EOF means that
	// nothing more can be read.
	Read(ctx context.Context, kind string) (string, error)
	// Reject reports why a text could not be used; Read follows.
	Reject(err error)
	// Say prints a message to the person, apart from the texts.
	Say(message string)
}

// ICEServer is an ICE server that a signaling server offers.
type ICEServer struct {
	URL        string // stun:, stuns:, turn: or turns:
	Username   string
	Credential string // a secret
}
