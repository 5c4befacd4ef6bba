package session

import (
	"context"
	"errors"
	"time"

	"dialtone/diag"
	"dialtone/diag/probe"
)

// Errors of [Session.Diagnose].
var (
	ErrNoServers  = errors.New("there is no STUN or TURN server to ask")
	ErrDiagnosing = errors.New("a diagnosis is under way")
)

// diagnosing is the part of a session that diagnoses the network. It belongs to the goroutine of Run.
type diagnosing struct {
	stop       context.CancelFunc // ends the diagnosis that runs; nil while none does
	known      bool               // one has come to its end
	failure    *ending            // there is no path: the call ends with this when diagnosis and probes are over
	explaining bool               // the diagnosis that runs is the one about the failure
	explained  bool               // nothing more is asked about it than the probes do
	late       bool               // the probes have had their time
}

// Diagnose asks the ICE servers of the call what the network does. It returns at once; events tell what comes of it.
// One diagnosis runs at a time, and none beyond the end of the call.
func (s *Session) Diagnose() error { return s.now(s.diagnoseAsked) }

func (s *Session) diagnoseAsked() error {
	q := s.inquiry()
	switch {
	case len(q.URLs) == 0:
		return ErrNoServers
	case s.nat.stop != nil:
		return ErrDiagnosing
	}
	s.diagnose(q, diag.BecauseAsked, 0)
	return nil
}

// inquiry asks the servers of the call, each with the account that the call has there: a media server may have named
// some of them.
func (s *Session) inquiry() probe.Inquiry {
	q := probe.Inquiry{TLS: s.o.TLS, Accounts: map[probe.URL]probe.Account{},
		Report: func(d diag.Data) { s.o.Feed.Append(d) }}
	if s.o.Net != nil {
		q.Net = s.o.Net
	}
	for _, server := range s.o.Config.ICEServers {
		u, err := probe.ParseURL(server.URL)
		if err != nil {
			continue // the probe of that server has told it
		}
		q.URLs = append(q.URLs, u)
		q.Accounts[u] = probe.Account{Username: server.Username, Password: server.Credential.Reveal()}
	}
	return q
}

// diagnose runs beside the call, for no longer than limit; 0: as long as it takes.
func (s *Session) diagnose(q probe.Inquiry, because diag.Because, limit time.Duration) {
	ctx, stop := context.WithCancel(context.Background()) // until the call ends
	s.nat.stop = stop
	q.Because = because
	if limit > 0 {
		q.Budget, q.Limit = limit*2/3, limit // what is left is for servers over TCP
	}
	d := probe.Begin(q)
	s.wg.Go(func() {
		defer stop()
		_, err := d.Run(ctx)
		s.inbox.put(func() { s.diagnosed(err == nil) })
	})
}

// diagnosed continues after a diagnosis.
func (s *Session) diagnosed(known bool) {
	s.nat.stop = nil
	s.nat.known = s.nat.known || known
	switch {
	case s.nat.failure == nil:
	case s.nat.explaining:
		s.nat.explained = true
		s.explained()
	default:
		s.explain()
	}
}

// noPath ends a call that has found no path. Its servers are asked first what the network does, unless that is known,
// and those that are being asked why they gave nothing may still answer.
func (s *Session) noPath(err error) {
	if s.nat.failure != nil {
		return
	}
	s.nat.failure = &ending{reason: diag.EndICE, by: diag.ByNetwork, err: err}
	tell(s.probes.settled)
	time.AfterFunc(probeTime, func() {
		s.inbox.put(func() {
			s.nat.late = true
			s.explained()
		})
	})
	switch {
	case s.o.Explain <= 0 || s.nat.known || len(s.inquiry().URLs) == 0:
		s.nat.explained = true
		s.explained()
	case s.nat.stop != nil:
		s.nat.stop() // it may take too long: another one begins when it is over
	default:
		s.explain()
	}
}

func (s *Session) explain() {
	s.nat.explaining = true
	s.diagnose(s.inquiry(), diag.BecauseICEFailed, s.o.Explain)
}

// explained ends a call without a path when nobody who could tell why is still being asked.
func (s *Session) explained() {
	if s.nat.failure != nil && s.nat.explained && (s.probes.left <= 0 || s.nat.late) {
		s.finishWith(diag.EndICE, diag.ByNetwork, nil, "") // with the failure
	}
}

// pathFound forgets a failure: a path came up after all.
func (s *Session) pathFound() {
	tell(s.probes.settled)
	if s.nat.failure != nil {
		s.nat.failure, s.nat.explaining, s.nat.explained = nil, false, false
		if s.nat.stop != nil {
			s.nat.stop()
		}
	}
}
