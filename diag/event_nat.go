package diag

// The events of a diagnosis of the network, alone (dialtone nat) or during a call.
var _ = []Type{register[NATStarted](), register[NATProgress]()}

// NATStarted ("diagnosis.start") begins a diagnosis: from now on servers are asked what the network between them and
// this machine does.
type NATStarted struct {
	URLs     []string `json:"urls"`              // the servers, without credentials
	Deep     bool     `json:"deep,omitempty"`    // binding lifetime and fragments too
	Hairpin  bool     `json:"hairpin,omitempty"` // hairpinning too
	Run      int      `json:"run,omitempty"`     // of --watch, from 1
	BudgetMs Millis   `json:"budget_ms"`         // it takes no longer
	Because  string   `json:"because,omitempty"` // what made the session ask: a key, a failed ICE
}

// Type is "diagnosis.start".
func (NATStarted) Type() Type { return "diagnosis.start" }

// NATProgress ("diagnosis.progress") is what a diagnosis knows so far. The last one of a diagnosis is Final; those
// before may change their mind about everything.
type NATProgress struct {
	Sent     int       `json:"sent"`              // requests over UDP
	Answered int       `json:"answered"`          // of these
	Final    bool      `json:"final,omitempty"`   // nothing more comes of this diagnosis
	Stopped  string    `json:"stopped,omitempty"` // why it ended before its time, of a final one: cancelled, or an error
	Report   NATReport `json:"report"`
}

// Type is "diagnosis.progress".
func (NATProgress) Type() Type { return "diagnosis.progress" }

// Why a session diagnoses the network during a call.
const (
	BecauseAsked     = "asked for"
	BecauseICEFailed = "ICE failed" // the call has failed, and ends when the diagnosis has told why
)

// Why a diagnosis ends before its time.
const (
	StoppedCancelled = "cancelled"
	StoppedTimeOver  = "its time was over" // what is known by then is a report nevertheless
)
