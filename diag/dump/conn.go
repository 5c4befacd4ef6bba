package dump

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/record"
)

// entry is a call of the API, or an event of it.
type entry struct {
	at    float64 // milliseconds since 1970
	name  string
	value any
	extra []any
	local bool // the time is in a time zone that is not known
}

// stat is one object of a getStats report.
type stat struct {
	id, kind string  // kind: its type
	at       float64 // milliseconds since 1970
	values   map[string]any
}

// fact is an event with its time in milliseconds since 1970.
type fact struct {
	at   float64
	data diag.Data
}

// conn translates one RTCPeerConnection. What it is given must be in order of time, for each kind by itself.
type conn struct {
	d         *reading
	id        string
	page      string // that it belongs to, where the dump says so
	url       string
	agent     string
	format    diag.DumpFormat
	config    any // RTCConfiguration
	facts     []fact
	first     float64 // time of the first event, milliseconds since 1970
	opened    float64 // the same, without requests for devices
	last      float64 // and of the last
	cut       bool    // events are left out, because all take too much memory
	partial   bool    // so is what could not be read
	entries   int
	histories int // descriptions of Firefox that were taken

	ice, dtls, connection string
	closed                bool
	closedAt, goodbye     float64 // when this side closed it, and when the peer had, by statistics; 0: unknown
	role                  diag.Role
	pending               map[diag.Side]any // descriptions that are being set
	ufrag                 map[diag.Side]string
	described             map[diag.Side]bool // sides whose description is known
	media, data           bool               // that descriptions have sections of
	localUfrags           []string
	remoteUfrags          []string
	spans                 map[diag.PhaseName]bool // those that are open
	everConnected         bool
	up                    float64 // when the connection was up last
	path                  bool    // ICE has connected once
	proven                float64 // time of the first statistics that only a connection has; 0: none

	candidates candidates
	stats      statistics
}

func (d *reading) conn(id string, format diag.DumpFormat) *conn {
	id = diag.Clean(id, 100)
	for slices.ContainsFunc(d.pending, func(c *conn) bool { return c.id == id }) { // a document has a name twice
		id += "+"
	}
	return &conn{
		d: d, id: id, format: format, pending: map[diag.Side]any{}, ufrag: map[diag.Side]string{},
		described: map[diag.Side]bool{}, spans: map[diag.PhaseName]bool{}, stats: newStatistics(),
		candidates: candidates{map[string]int{}, map[string]string{}, map[string]string{}, map[string]bool{}},
	}
}

// emit keeps an event.
func (c *conn) emit(at float64, data diag.Data) int {
	if at < 0 || at > maxTime {
		c.d.fault(errTime)
		return -1
	}
	c.timed(at)
	if !c.d.wanted(c.id) {
		return -1
	}
	if !c.d.take(record.SizeOf(data)) {
		c.cut = true
		return -1
	}
	c.facts = append(c.facts, fact{at, data})
	return len(c.facts) - 1
}

// timed notes the time of something that may be left out.
func (c *conn) timed(at float64) {
	if c.first == 0 || at < c.first {
		c.first = at
	}
	c.last = max(c.last, at)
}

// skips reports whether reports need no translation: the connection is not wanted, or there is no room.
func (c *conn) skips(at float64) bool {
	wanted := c.d.wanted(c.id)
	if wanted && !c.d.full {
		return false
	}
	c.timed(at)
	c.cut = c.cut || wanted
	c.stats.samples++
	return true
}

func (c *conn) begin(at float64, phase diag.PhaseName) {
	if !c.spans[phase] {
		c.spans[phase] = true
		c.emit(at, diag.PhaseStart{Phase: phase})
	}
}

func (c *conn) end(at float64, phase diag.PhaseName, outcome diag.Outcome) {
	if c.spans[phase] {
		delete(c.spans, phase)
		c.emit(at, diag.PhaseEnd{Phase: phase, Outcome: outcome})
	}
}

// forget takes a phase out that began, and of which it is unknown how long it took.
func (c *conn) forget(phase diag.PhaseName) {
	delete(c.spans, phase)
	c.facts = slices.DeleteFunc(c.facts, func(f fact) bool { return f.data == diag.PhaseStart{Phase: phase} })
}

// finish adds the beginning and the end, and puts all in order.
func (c *conn) finish() Connection {
	unsaid := c.connection == "" || c.partial && (c.connection == "new" || c.connection == "connecting")
	if unsaid && c.proven > 0 { // browsers did not report this state until 2019
		c.connectionState(c.proven, "connected")
	}
	slices.SortStableFunc(c.facts, func(a, b fact) int { return cmp.Compare(a.at, b.at) })
	out := Connection{
		ID: c.id, URL: c.url, State: cmp.Or(c.connection, c.ice), Samples: c.stats.samples, LocalUfrags: c.localUfrags,
		RemoteUfrags: c.remoteUfrags, Cut: c.cut,
	}
	if c.last == 0 {
		return out
	}
	first, opened, last := c.first, max(c.first, c.opened), c.last
	if c.goodbye > 0 {
		last = c.goodbye
		c.facts = slices.DeleteFunc(c.facts, func(f fact) bool { return f.at > last })
	}
	if wait := c.d.written - last; !c.everConnected && !c.closed && wait > 0 && wait < 24*3600*1000 {
		last = c.d.written // it went on without any event
	}
	if last-first > 30*24*3600*1000 { // times of other clocks
		first = last - 30*24*3600*1000
		opened = max(first, opened)
	}
	out.StartedAt, out.OpenedAt, out.Length = at(first), at(opened), time.Duration((last-opened)*1e6)
	if !c.d.wanted(c.id) {
		return out
	}
	if c.connection == "" && c.dtls == "" { // old browsers do not say how far DTLS came
		c.forget(diag.PhaseDTLS)
	}
	ended := c.ended()
	c.lastSample(last)
	facts := slices.Concat([]fact{{first, c.start(first)}, {first, diag.DumpStart{
		Format: c.format, Connection: c.id, URL: c.url, UserAgent: diag.Clean(c.agent, 300),
		Open: ended.Reason == diag.EndDump, Partial: c.partial || c.cut,
		Snapshot: c.format == diag.DumpFirefox || c.d.snapshot,
	}}}, c.facts, []fact{{last, ended}})
	for i, f := range facts {
		out.Events = append(out.Events, diag.Event{
			Seq: uint64(i + 1), At: time.Duration(max(0, f.at-first) * 1e6), Data: f.data, //nolint:gosec // not negative
		})
	}
	return out
}

// lastSample marks the last sample if it is what was counted until the end. Browsers take one each second.
func (c *conn) lastSample(end float64) {
	for i := len(c.facts) - 1; i >= 0; i-- {
		if s, ok := c.facts[i].data.(diag.Sample); ok {
			s.Final = end-c.facts[i].at < 2000
			c.facts[i].data = s
			return
		}
	}
}

// ended is how the connection ended, by its states. A dump that is written during the call ends with it open.
func (c *conn) ended() diag.CallEnded {
	switch {
	case c.dtls == "failed" && c.everConnected: // an alert of the peer, which had not accepted the handshake
		return diag.CallEnded{Reason: diag.EndDTLS, By: diag.ByRemote}
	case c.dtls == "failed":
		return diag.CallEnded{Reason: diag.EndDTLS, By: diag.ByNetwork}
	case c.goodbye > 0, c.dtls == "closed" && c.everConnected && !c.closed: // by an alert of the peer (close_notify)
		return diag.CallEnded{Reason: diag.EndPeerHangup, By: diag.ByRemote}
	case (c.ice == "failed" || c.connection == "failed") && !c.everConnected:
		return diag.CallEnded{Reason: diag.EndICE, By: diag.ByNetwork}
	case c.ice == "failed" || c.connection == "failed":
		return diag.CallEnded{Reason: diag.EndPeerLost, By: diag.ByNetwork}
	case c.closed:
		return diag.CallEnded{Reason: diag.EndHangup, By: diag.ByLocal}
	}
	return diag.CallEnded{Reason: diag.EndDump}
}

// start is the configuration.
func (c *conn) start(first float64) diag.CallStart {
	s := diag.CallStart{
		Command: "import", Code: c.id, ICEServers: servers(decoded(member(c.config, "iceServers"))),
		RelayOnly:     strings.Contains(text(member(c.config, "iceTransportPolicy"), 20), "relay"),
		StartedAtUnix: first / 1000, Media: c.media, MediaOnly: !c.data,
	}
	return s
}

// servers are the ICE servers of a configuration, without credentials.
func servers(v any) []diag.ICEServer {
	list, _ := v.([]any)
	var out []diag.ICEServer
	for _, s := range list[:min(len(list), 64)] {
		urls, ok := member(s, "urls").([]any)
		if !ok {
			urls = []any{member(s, "urls"), member(s, "url")}
		}
		for _, u := range urls[:min(len(urls), 16)] {
			if url := text(u, 300); url != "" {
				out = append(out, diag.ICEServer{URL: url, HasUsername: member(s, "username") != nil})
			}
		}
	}
	return out
}
