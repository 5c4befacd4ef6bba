package diag

// The events of this machine: its addresses and routes, and times in which nothing ran.
var _ = []Type{register[NetworkChanged](), register[Paused]()}

func (NetworkChanged) name() Type { return "network.changed" }
func (Paused) name() Type         { return "machine.paused" }

// NetworkChanged ("network.changed") reports that addresses or default routes of this machine changed. Addresses of
// the loopback interface and of the link only are left out, as are those that cannot be used: of interfaces without a
// carrier, and tentative ones (RFC 4862 §2).
type NetworkChanged struct {
	Added   []InterfaceAddress `json:"added,omitempty"`
	Removed []InterfaceAddress `json:"removed,omitempty"`
	Routes  []DefaultRoute     `json:"defaultRoutes,omitempty"` // those that changed
	Online  bool               `json:"online"`                  // the machine has an address now
}

// InterfaceAddress is an IP address of this machine.
type InterfaceAddress struct {
	Interface string      `json:"networkInterface"` // eth0, wlan0, …
	Address   string      `json:"address"`
	Kind      AddressKind `json:"addressKind"` // public or private
}

// DefaultRoute is what packets to the Internet take.
type DefaultRoute struct {
	IPv6   bool   `json:"ipv6,omitempty"`   // of IPv6; else of IPv4
	Up     bool   `json:"up"`               // there is one
	Source string `json:"source,omitempty"` // the address that packets leave from; absent without a route
}

// PauseSource is what shows that nothing ran.
type PauseSource string

// Sources of a [Paused].
const (
	// PauseSuspend: the clock that counts the time of suspension moved ahead of the one that does not.
	PauseSuspend PauseSource = "suspend"
	// PauseStopped: timers of this program fired late, by 250 ms or more: it was stopped (SIGSTOP), or got no processor.
	PauseStopped PauseSource = "stopped"
	// PauseClock: the wall clock moved ahead of the monotonic one: the machine was suspended, or its clock was set.
	PauseClock PauseSource = "clock"
)

// Paused ("machine.paused") reports, when it is over, that this program did not run for a time.
type Paused struct {
	DurationMs Millis      `json:"duration_ms"`
	Source     PauseSource `json:"source"`
}
