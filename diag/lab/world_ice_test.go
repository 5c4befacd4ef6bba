package lab

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// meet says for each pair of kinds whether two ICE agents find a direct path: D, or none: R for relay. Rows and columns run
// through the mappings, and for each through the filterings, from the friendliest to the strictest.
const meet = `
DDDDDDDDD
DDDDDDDDD
DDDRRRRRR
DDRDDRDDR
DDRDRRDRR
DDRRRRRRR
DDRDDRRRR
DDRDRRRRR
DDRRRRRRR`

// TestAgentsMeet lets real ICE agents, with host and server-reflexive candidates, find each other from behind each pair of
// NATs. What is expected here was measured elsewhere, so this tests the world. Most of the time is waiting for failures;
// hence many at once, more than t.Parallel allows on a small machine.
func TestAgentsMeet(t *testing.T) {
	var all sync.WaitGroup
	slots := make(chan struct{}, 15)
	for i, row := range strings.Fields(meet) {
		for j, want := range row[:i+1] { // the other half is the same by symmetry
			sides := []Side{{Mapping: behaviors[i/3], Filtering: behaviors[i%3]}, {Mapping: behaviors[j/3], Filtering: behaviors[j%3]}}
			slots <- struct{}{}
			all.Go(func() {
				defer func() { <-slots }()
				if got, err := meets(t.Context(), sides); err != nil || got != (want == 'D') {
					t.Errorf("%v: direct is %t, %v", sides, got, err)
				}
			})
		}
	}
	all.Wait()
}

// meets lets agents of two clients exchange candidates and try.
func meets(ctx context.Context, sides []Side) (met bool, err error) {
	w, err := NewWorld(WorldOptions{Sides: sides})
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	var agents [2]*ice.Agent
	defer func() {
		for _, a := range agents {
			if a != nil {
				err = errors.Join(err, a.Close())
			}
		}
	}()
	for i := range agents {
		if agents[i], err = agent(w, i); err != nil {
			return false, err
		}
	}
	for i, a := range agents {
		if err := gather(a, agents[1-i]); err != nil {
			return false, err
		}
	}
	return connect(ctx, agents)
}

// agent is one that gives up soon.
func agent(w *World, client int) (*ice.Agent, error) {
	server := w.Responders()[0].Addr()
	urls := []*stun.URI{{Scheme: stun.SchemeTypeSTUN, Host: server.Addr().String(), Port: int(server.Port()), Proto: stun.ProtoTypeUDP}}
	return ice.NewAgentWithOptions(
		ice.WithNet(w.Client(client)), ice.WithUrls(urls), ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4}),
		ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeHost, ice.CandidateTypeServerReflexive}),
		ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled), ice.WithLoggerFactory(unheard()),
		ice.WithHostAcceptanceMinWait(0), ice.WithSrflxAcceptanceMinWait(0), ice.WithPrflxAcceptanceMinWait(0),
		ice.WithCheckInterval(50*time.Millisecond), ice.WithDisconnectedTimeout(700*time.Millisecond), ice.WithFailedTimeout(700*time.Millisecond),
	)
}

// gather gathers the candidates of one agent and gives them to the other.
func gather(a, other *ice.Agent) error {
	done := make(chan error, 1)
	var errs []error
	err := a.OnCandidate(func(c ice.Candidate) {
		if c == nil {
			done <- errors.Join(errs...)
			return
		}
		errs = append(errs, other.AddRemoteCandidate(c))
	})
	if err := errors.Join(err, a.GatherCandidates()); err != nil {
		return err
	}
	return <-done
}

// connect starts the checks on both sides; true when both find a path, false when one fails.
func connect(ctx context.Context, agents [2]*ice.Agent) (bool, error) {
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	var results [2]error
	var both sync.WaitGroup
	defer both.Wait()
	defer stop()
	for i, a := range agents {
		ufrag, pwd, err := agents[1-i].GetLocalUserCredentials()
		if err != nil {
			return false, err
		}
		if err := a.OnConnectionStateChange(func(s ice.ConnectionState) {
			if s == ice.ConnectionStateFailed {
				stop()
			}
		}); err != nil {
			return false, err
		}
		start := a.Dial
		if i == 1 {
			start = a.Accept
		}
		both.Go(func() { _, results[i] = start(ctx, ufrag, pwd) })
	}
	both.Wait()
	return results[0] == nil && results[1] == nil, nil
}
