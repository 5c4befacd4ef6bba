package diag

import (
	"errors"
	"fmt"
	"io"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxCode is how many characters a room code may have.
const MaxCode = 255

// Config is what a user asked of one call. It is plain data: reading flags, files and the environment is the command's
// job.
type Config struct {
	Command      string              // call, answer or demo: as written to the recording
	Code         string              // 1–255 characters, none of them a control character
	Traceparent  string              // of the call, for the signaling server (W3C Trace Context); it is not recorded
	Signaling    string              // the way in which offer and answer travel, by its name
	NoCode       bool                // it needs no code
	Listens      bool                // the call waits at an address of its own
	Carried      bool                // people carry the descriptions
	NamesServers bool                // the signaling server may offer ICE servers
	Server       string              // the signaling server as the user named it
	Token        Secret              // bearer token of the signaling
	Secrets      []Secret            // further ones, which no file may contain
	Channel      string              // label of the one data channel that is opened instead of dialtone's own; "": those
	Join         string              // what the peer types, shown while waiting
	ICEServers   []ICEServerAuth     // asked in this order
	RelayOnly    bool                // only relayed candidates (iceTransportPolicy "relay")
	Patient      bool                // waits for a path as long as RFC 8863 asks for
	PionDefaults bool                // pion's own acceptance waits instead of none
	NoMedia      bool                // data channels only
	NoKinds      []string            // kinds of media that are left out: audio or video
	Way          Direction           // the only direction of media; "" for both
	Codecs       map[string][]string // by kind of media, the names of the only codecs, the preferred first; none: all
	SendMedia    []string            // files that are sent instead of clips
	Impair       []Impairment        // what the call's own packets suffer; none: nothing
	Stress       bool                // the call goes through the steps of a stress test
	Speed        *SpeedPlan          // throughput is measured; nil: it is not
	ServeSpeed   bool                // the peer may measure throughput
	MediaOnly    bool                // no data channels, as WHIP and WHEP want it
	Echo         bool                // send back what comes instead of clips (dialtone answer)
	LoopbackOnly bool                // gather on the loopback interface alone: the demo needs no network
	Wait         time.Duration       // for the peer; 0: without limit
	For          time.Duration       // length of the established call; 0: until somebody hangs up
	Redial       time.Duration       // how long a lost path is dialed for again; 0: 60 s, negative: not at all
	Insecure     bool                // no TLS verification, of signaling, turns: and stuns: servers
	CAFile       string              // PEM with further authorities to trust
	KeyLog       string              // file for the keys of DTLS; "": they are not written
	PCAPNG       string              // file for the packets and the keys; "": they are not written
	Decrypted    string              // file for the packets without their encryption; "": they are not written
	SaveMedia    string              // directory for files of the media that is received; "": it is not kept
	Proxy        Secret              // URL of the proxy for signaling and for TURN over TCP and TLS; "": the environment's
	Version      string              // dialtone's
}

// WithoutFiles lets a call write nothing beside its events: its peer in the same process does.
func (c *Config) WithoutFiles() { c.KeyLog, c.PCAPNG, c.Decrypted, c.SaveMedia = "", "", "", "" }

// ICEServerAuth is an RTCIceServer with one URL.
type ICEServerAuth struct {
	URL        string
	Username   string
	Credential Secret
}

// Secret is a string that refuses to be printed: every formatting verb and JSON show asterisks.
type Secret string

// String hides the secret.
func (Secret) String() string { return "***" }

// Format hides the secret from every verb: String alone would leave %d, which prints what it can't format.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "***") }

// MarshalText hides the secret from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Reveal returns the secret itself, for the one place that must send it.
func (s Secret) Reveal() string { return string(s) }

// Validate returns every mistake of the configuration, joined, or nil. The URLs of ICE servers are checked by their
// owner, the probe package.
func (c Config) Validate() error {
	var errs []error
	if !c.NoCode {
		errs = append(errs, ValidCode(c.Code))
	}
	if c.For < 0 {
		errs = append(errs, fmt.Errorf("the length of the call is negative (%v): give --for a duration such as 10s", c.For))
	}
	if c.Wait < 0 {
		errs = append(errs, fmt.Errorf("the wait is negative (%v): give --wait a duration such as 1m, or 0 to wait "+
			"without limit", c.Wait))
	}
	if c.RelayOnly && len(c.ICEServers) == 0 && !c.NamesServers {
		errs = append(errs, errors.New("--relay-only needs a TURN server: add --ice turn:HOST --ice-user NAME --ice-pass "+
			"PASSWORD"))
	}
	return errors.Join(errs...)
}

// ValidCode reports what is wrong with a room code, or nil.
func ValidCode(code string) error {
	switch n := utf8.RuneCountInString(code); {
	case n == 0:
		return errors.New("the room code is empty: choose a word that both peers dial")
	case n > MaxCode:
		return fmt.Errorf("the room code has %d characters: at most %d are allowed", n, MaxCode)
	}
	for _, r := range code {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return errors.New("the room code holds a control character or broken UTF-8: choose a plain word")
		}
	}
	return nil
}

// Start is the first event of a call with this configuration: everything but the secrets.
func (c Config) Start(now time.Time) CallStart {
	s := CallStart{
		Command: c.Command, Code: c.Code, Signaling: c.Signaling, Listens: c.Listens, Carried: c.Carried, Server: c.Server,
		Join: c.Join, RelayOnly: c.RelayOnly, Channel: c.Channel, PionDefaults: c.PionDefaults, Patient: c.Patient,
		Media: !c.NoMedia, MediaOnly: c.MediaOnly, Way: c.Way, LocalVersion: c.Version,
		StartedAtUnix: float64(now.UnixMilli()) / 1e3, Impair: c.Impair, Stress: c.Stress,
	}
	s.Dialed = c.NoCode && !c.Listens && !c.Carried && c.Server != ""
	for _, ice := range c.ICEServers {
		s.ICEServers = append(s.ICEServers, ICEServer{URL: ice.URL, HasUsername: ice.Username != ""})
	}
	if c.Wait > 0 {
		s.WaitMs = new(Millis(c.Wait))
	}
	if c.For > 0 {
		s.ForMs = new(Millis(c.For))
	}
	return s
}
