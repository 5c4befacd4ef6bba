package session

import (
	"context"
	"time"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/probe"
)

// diagnosis asks ICE servers what the network does, one inquiry at a time.
type diagnosis struct {
	begin   func(probe.Inquiry) (run func(context.Context) error)
	stop    context.CancelFunc // ends the one in progress; nil: none is
	because diag.Because       // why the last one was begun
	known   bool               // one has finished
}

func beginDiagnosis(q probe.Inquiry) func(context.Context) error {
	d := probe.Begin(q)
	return func(ctx context.Context) error {
		_, err := d.Run(ctx)
		return err
	}
}

func (d *diagnosis) cancel() {
	if d.stop != nil {
		d.stop()
	}
}

// Diagnose asks the ICE servers of the call what the network does. It returns at once; events report the result. One
// diagnosis runs at a time, and none beyond the end of the call.
func (s *Session) Diagnose() error {
	return s.now(func() {
		switch {
		case len(s.inquiry().URLs) == 0:
			s.o.Feed.Append(diag.Warning{ID: "diagnosis.no_servers"})
		case s.diagnosis.stop != nil:
			s.o.Feed.Append(diag.Warning{ID: "diagnosis.in_progress"})
		default:
			s.diagnose(diag.BecauseAsked, 0)
		}
	})
}

// inquiry asks the servers of the call that can be asked, each with the account that the call has there: a media server
// may have named some of them. The probe of a server reports an unusable URL.
func (s *Session) inquiry() probe.Inquiry {
	q := probe.Inquiry{
		TLS: s.o.TLS, Proxies: s.o.Proxies, Accounts: map[iceurl.URL]probe.Account{},
		Report: func(d diag.Data) { s.o.Feed.Append(d) }, Dial: s.dialServer, Limiter: s.o.Limiter,
	}
	if s.o.Net != nil {
		q.Net = s.o.Net
	}
	for _, server := range s.o.Config.ICEServers {
		if u, err := iceurl.Parse(server.URL); err == nil {
			q.URLs = append(q.URLs, u)
			q.Accounts[u] = probe.Account{Username: server.Username, Password: server.Credential.Reveal()}
		}
	}
	return q
}

// diagnose asks in the background, for no longer than limit; 0: as long as it takes.
func (s *Session) diagnose(because diag.Because, limit time.Duration) {
	q := s.inquiry()
	ctx, stop := context.WithCancel(context.Background()) // until the call ends
	s.diagnosis.stop, s.diagnosis.because, q.Because = stop, because, because
	if limit > 0 {
		q.Budget, q.Limit = limit*2/3, limit // what is left is for servers over TCP
	}
	run := s.diagnosis.begin(q)
	s.wg.Go(func() {
		defer stop()
		err := run(ctx)
		known := err == nil && ctx.Err() == nil
		s.do(func() {
			s.diagnosis.stop = nil
			s.diagnosis.known = s.diagnosis.known || known
			s.handle(input{kind: inDiagnosed})
		})
	})
}

// explain asks the ICE servers why there is no path, unless that is known. A diagnosis in progress may take too long:
// it is cancelled, and the next one begins when it is over.
func explain(s *Session, in input) input {
	s.probes.settled.open()
	switch {
	case !isUnexplained(s, in):
	case s.diagnosis.stop == nil:
		s.diagnose(diag.BecauseICEFailed, s.o.Explain)
	default:
		s.diagnosis.cancel()
	}
	return input{kind: inProbed} // in case that nothing is open
}
