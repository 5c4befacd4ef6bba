package peer

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/guard"
	"dialtone/diag/sdp"
)

// maxRemote bounds the peer's candidates of one negotiation: more cannot be in guard.MaxPairs pairs.
const maxRemote = guard.MaxPairs

// remotes are the candidates of the peer, from its descriptions and trickled.
type remotes struct {
	p *Peer

	mu       sync.Mutex
	ufrags   []string        // of the latest description; nil before the first
	before   []string        // of the one before it
	answered time.Time       // when the peer will have the answer to its offer of a restart
	pending  []Candidate     // of a description that has not come
	keys     map[string]bool // passed on since the last restart
	unusable int             // that were reported
	names    int             // that were to be resolved

	unresolved chan named
	held       chan held
}

// known reports whether a remote description is set.
func (r *remotes) known() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ufrags != nil
}

// restart expects the candidates of another negotiation.
func (r *remotes) restart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = nil
}

// answerTime is how long an answer may take to be used. Firefox forgets the nomination of a pair that comes before, and
// the agent nominates once: the peer went on sending on the old path.
const answerTime = 500 * time.Millisecond

// offered has the candidates of an offer wait until the peer has the answer, where the agent nominates pairs. Checks of
// the peer are answered before.
func (r *remotes) offered() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.p.pc.SCTP().Transport().ICETransport().Role() == webrtc.ICERoleControlling {
		r.answered = time.Now().Add(answerTime)
	}
}

// describe uses the candidates of a description that is set, and those that came before it.
func (r *remotes) describe(d *sdp.Description) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before, r.ufrags = r.ufrags, d.Ufrags()
	for value := range d.Candidates() {
		r.take(Candidate{Candidate: "candidate:" + value})
	}
	waiting := r.pending
	for r.pending = nil; len(waiting) > 0; waiting = waiting[1:] {
		r.take(waiting[0])
	}
}

// AddCandidate passes a candidate of the peer on; one that comes before its description is kept until then. A warning
// reports one that cannot be used, which ends nothing.
func (p *Peer) AddCandidate(c Candidate) {
	p.remotes.mu.Lock()
	defer p.remotes.mu.Unlock()
	p.remotes.take(c)
}

// take uses a candidate of the latest description, and keeps one of a description that has not come.
func (r *remotes) take(c Candidate) {
	ufrag, described := sdp.UfragOf(c.Candidate), r.ufrags != nil
	switch {
	case described && (ufrag == "" || slices.Contains(r.ufrags, ufrag)):
		if err := r.use(c, ""); err != nil {
			r.warn(err)
		}
	case slices.Contains(r.before, ufrag): // it came late, after an ICE restart
	case len(r.pending) >= maxRemote:
		r.p.guard.Dropped()
	default:
		r.pending = append(r.pending, c)
		if described {
			r.warn(fmt.Errorf("%w: its ufrag is not in the description: %q", errCandidate, diag.Clean(c.Candidate, 120)))
		}
	}
}

// maxUnusable is how many unusable candidates are reported; a hostile peer has more.
const maxUnusable = 8

func (r *remotes) warn(err error) {
	if r.unusable++; r.unusable <= maxUnusable {
		r.p.o.Emit(diag.Warning{ID: "ice.candidate_unusable", Cause: diag.Clean(err.Error(), 300)})
	}
}

// use gives a candidate to the agent, if it can be checked and there is room for it; name is what its address was
// resolved from.
func (r *remotes) use(c Candidate, name string) error {
	if c.Candidate == "" {
		return nil // the end of candidates, which changes nothing
	}
	d, err := parseRemote(c.Candidate)
	if err != nil {
		return err
	}
	d.Name = name
	key := candidateKey(d)
	if r.keys[key] {
		return nil
	}
	if len(r.keys) >= maxRemote || !r.affordable(d) {
		r.p.guard.Dropped()
		return nil
	}
	if r.keys == nil {
		r.keys = map[string]bool{}
	}
	r.keys[key] = true
	// Before the agent learns of it: its statistics may name a candidate as soon as it does.
	r.p.checks.remoteCandidate()
	r.p.candidates.report(d)
	switch {
	case !d.Reachable(), d.Component > 1:
		return nil // the report shows it; pairs have one component (RFC 8445 §6.1.2.2), which is that of RTP
	case strings.HasSuffix(d.Address, ".local"):
		if !r.p.guard.AllowName() {
			r.p.guard.Dropped()
			return nil
		}
	case isHostName(d.Address):
		r.resolve(c, d.Address)
		return nil
	case d.TCPType == tcpPassive:
		select {
		case r.held <- held{c, time.Now().Add(udpHeadStart)}:
		default: // several negotiations at once
			r.p.guard.Dropped()
		}
		return nil
	}
	if time.Now().Before(r.answered) {
		select {
		case r.held <- held{c, r.answered}:
			return nil
		default: // several negotiations at once
		}
	}
	return r.give(c)
}

// give passes a candidate to the agent.
func (r *remotes) give(c Candidate) error {
	err := r.p.pc.AddICECandidate(webrtc.ICECandidateInit{
		Candidate: c.Candidate, SDPMid: c.SDPMid, SDPMLineIndex: c.SDPMLineIndex, UsernameFragment: c.UsernameFragment,
	})
	if err != nil {
		return fmt.Errorf("adding the candidate %q: %w", diag.Clean(c.Candidate, 120), err)
	}
	return nil
}

// udpHeadStart is how long TCP candidates stand back for those over UDP, which are better for media (RFC 8421 §5):
// pion never leaves the pair that it nominated first.
const udpHeadStart = 500 * time.Millisecond

// held is a candidate that the agent gets later.
type held struct {
	candidate Candidate
	due       time.Time
}

// release gives the agent what was held, in its order. It returns with the context.
func (r *remotes) release(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case h := <-r.held:
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Until(h.due)):
				_ = r.give(h.candidate) // it could be parsed before
			}
		}
	}
}

// Names in candidates are rare, and agents are to ignore them (RFC 8839 §5.1); browsers resolve them.
const (
	maxNames = 4
	nameTime = 2 * time.Second
)

// isHostName reports whether an address is a name of the DNS. Those of mDNS are the agent's.
func isHostName(address string) bool {
	return diag.KindOfAddress(address) == diag.AddressName && !strings.HasSuffix(address, ".local")
}

// named is a candidate with a name for an address.
type named struct {
	candidate Candidate
	name      string
}

// resolve lets resolveNames resolve a name. A candidate whose name does not resolve stays alone.
func (r *remotes) resolve(c Candidate, name string) {
	if r.names++; r.names > maxNames {
		r.p.guard.Dropped()
		return
	}
	r.unresolved <- named{c, name} // there is room for all
}

// resolveNames uses the addresses of names, when they are known, beside the names. It returns with the context.
func (r *remotes) resolveNames(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-r.unresolved:
			r.useAddresses(ctx, n)
		}
	}
}

func (r *remotes) useAddresses(ctx context.Context, n named) {
	ctx, cancel := context.WithTimeout(ctx, nameTime)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", n.name)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range found[:min(len(found), maxNames)] {
		c := n.candidate
		c.Candidate = strings.Replace(c.Candidate, " "+n.name+" ", " "+a.Unmap().String()+" ", 1)
		_ = r.use(c, n.name) // it could be parsed before
	}
}

// affordable reports whether the host of a TCP candidate may be sent what connecting to it takes. The agent connects
// from every local address by itself.
func (r *remotes) affordable(d diag.Candidate) bool {
	if d.TCPType != tcpPassive {
		return true
	}
	to, err := netip.ParseAddr(d.Address)
	if err != nil {
		return true // a name
	}
	attempts := len(r.p.socks.Addresses(to.Is4()))
	return r.p.guard.Allow(to, attempts*guard.SYNsPerAttempt)
}

// Values of [diag.Candidate.TCPType] (RFC 6544 §4.5).
const (
	tcpActive  = "active"
	tcpPassive = "passive"
)
