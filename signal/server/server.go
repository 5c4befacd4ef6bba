package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"dialtone/signal"
	"dialtone/signal/gate"
	"dialtone/signal/page"
	"dialtone/signal/pairs"
)

// HeaderWait announces the wait_ms extension in every answer of the call endpoint:
// its value is the longest wait in milliseconds. See the package comment.
const HeaderWait = "Dialtone-Wait-Ms"

// headerRequestID names the request in every answer and in the log.
const headerRequestID = "X-Request-Id"

// Server is the room server, an http.Handler. Make it with New and end it with
// Close (Serve does it).
type Server struct {
	options  Options
	store    Store
	stop     func() // listening to the store
	ledger   *ledger
	names    *naming
	static   http.Handler // the page; nil: none
	refusals *gate.Refusals
	started  time.Time
}

// New makes a server. It starts nothing; timers run only while pairs live.
func New(o Options) *Server {
	s := &Server{options: o.withDefaults(), names: newNaming(), started: time.Now()}
	s.refusals = gate.NewRefusals(s.options.Logger)
	if s.options.Page != nil {
		s.static = http.StripPrefix("/call", s.options.Page)
	}
	s.ledger = newLedger(s.options, s.onTime)
	if s.store = s.options.Store; s.store == nil {
		s.store = pairs.NewMemory(s.options.Expiry, s.options.Pairs)
	}
	s.ledger.prefix, s.stop = s.store.Listen(s.ledger.wake)
	return s
}

// Close ends all pairs: parked requests are answered, later ones refused with
// 503. It may be called again.
func (s *Server) Close() {
	s.ledger.close()
	s.stop()
}

// Serve answers on ln until ctx ends, then shuts down in order: parked requests
// are answered, running ones finish, for at most Options.ShutdownTimeout. It
// closes ln in any case. The error is nil after an orderly shutdown.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	defer s.Close()
	limits := s.options.Conns
	limits.Proxies = s.options.Proxies
	conns := gate.NewConns(limits, s.refusals)
	detached := newDetachedConns(ln.Addr(), conns)
	hs := &http.Server{
		Handler:           gate.Arrived(s),
		ConnContext:       detached.inContext,
		ConnState:         conns.State,
		ReadHeaderTimeout: s.options.HeaderTimeout,
		// Parked requests need the longest wait, and then time to be written.
		// There is no ReadTimeout: it would end parked requests as well; bodies
		// have their own deadline.
		WriteTimeout:   maxWait + answerTimeout,
		IdleTimeout:    s.options.IdleTimeout,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(s.options.Logger.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 2)
	go func() { served <- hs.Serve(conns.Listener(ln)) }()
	go func() { served <- hs.Serve(detached) }()
	var failed error
	select {
	case failed = <-served:
		served <- failed
	case <-ctx.Done():
		failed = s.drain(served)
	}
	s.Close()
	err := s.shutdown(ctx, hs, detached)
	<-served
	<-served
	return errors.Join(failed, err)
}

// drain goes on for as long as a server that is about to end may, and returns why it could not.
func (s *Server) drain(served chan error) error {
	if s.options.Drain <= 0 {
		return nil
	}
	emptied := s.ledger.drain()
	if s.options.Store != nil {
		emptied = nil // other servers go on with the pairs when the load balancer has noticed
	}
	s.options.Logger.Info("draining", "for", s.options.Drain.String())
	over := time.NewTimer(s.options.Drain)
	defer over.Stop()
	select {
	case failed := <-served:
		served <- failed
		return failed
	case <-emptied:
	case <-over.C:
	}
	return nil
}

// shutdown ends what the server still does, in order if it can.
func (s *Server) shutdown(ctx context.Context, hs *http.Server, d *detachedConns) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.ShutdownTimeout)
	defer cancel()
	err := hs.Shutdown(bounded)
	if err != nil {
		err = errors.Join(err, hs.Close())
	}
	d.wait(bounded)
	return err
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := http.Handler(http.HandlerFunc(s.answer))
	if strings.HasPrefix(r.URL.Path, s.options.Base+"/") {
		answer = http.StripPrefix(s.options.Base, answer)
	}
	answer.ServeHTTP(w, r)
}

// answer answers a request, and lets it be observed.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	id := s.names.request()
	secured(r)
	s.prepare(w.Header(), id)
	if s.options.Observe == nil {
		s.serve(w, r, id)
		return
	}
	seen := s.watch(w, r, id)
	s.serve(seen, r, id)
	s.finish(seen)
}

// serve answers a request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, id string) {
	fail := s.checkHost(r)
	if fail == nil {
		fail = s.route(w, r, id)
	}
	if fail != nil {
		s.refuse(w, id, r.RemoteAddr, fail)
	}
}

// route answers a request by its path, unless it is to be refused.
func (s *Server) route(w http.ResponseWriter, r *http.Request, id string) *failure {
	switch r.URL.Path {
	case "/call/call_line_process/", "/call/call_line_process":
		s.announce(w.Header())
		return s.serveCall(w, r, id)
	case "/call": // relative: a proxy may serve this below a path of its own
		w.Header().Set("Location", "call/")
		w.WriteHeader(http.StatusPermanentRedirect)
	case "/call/code.json":
		writeJSON(w, http.StatusOK, map[string]string{"code": NewCode()})
	case "/healthz":
		s.serveHealth(w)
	case "/metrics":
		if s.options.Metrics == nil {
			return errNotFound
		}
		s.options.Metrics.ServeHTTP(w, r)
	default:
		if s.static == nil || !strings.HasPrefix(r.URL.Path, "/call/") {
			return errNotFound
		}
		s.static.ServeHTTP(w, r)
	}
	return nil
}

func (s *Server) serveCall(w http.ResponseWriter, r *http.Request, id string) *failure {
	from, unnamed := s.options.Proxies.Client(r.RemoteAddr, r.Header)
	if unnamed {
		s.refusals.Warn("requests come from a proxy that is not named: its clients share limits", "proxy", r.RemoteAddr,
			"flag", "--trusted-proxy")
	}
	if fail := s.ledger.admit(from); fail != nil {
		return fail
	}
	if r.Method != http.MethodPost {
		return errUnknownCode
	}
	raw, fail := readBody(w, r, s.options.MaxBody, s.options.BodyTimeout)
	if fail != nil {
		return fail
	}
	req, fail := parseRequest(raw)
	if fail != nil {
		return fail
	}
	gate.Busy(r.Context(), s.ledger.knows(req.userID))
	note(w, func(a *Access) { a.Operation = operation(req.code) })
	switch req.code {
	case "dial":
		reply, fail := s.dial(r.Context(), from, req)
		if fail != nil {
			return fail
		}
		writeJSON(w, http.StatusOK, reply)
		return nil
	case "get_status":
		return s.serveStatus(w, r, id, req)
	case "hang_up":
		fail = s.hangUp(r.Context(), from, req)
	default:
		fail = s.change(r.Context(), req)
	}
	if fail == nil {
		w.WriteHeader(http.StatusOK)
	}
	return fail
}

func (s *Server) dial(ctx context.Context, from gate.Client, req *request) (*dialReply, *failure) {
	if fail := s.mayDial(req); fail != nil {
		return nil, fail
	}
	var initiator, user string
	var fail *failure
	err := s.store.Dial(ctx, pairs.Room(req.callCode, req.call), func(waiting *pairs.Pair, now time.Time) (p *pairs.Pair) {
		if p, fail = s.ledger.dial(waiting, req.callCode, req.call, from, now); p == nil {
			return nil
		}
		initiator, user = p.Initiator.ID, p.Initiator.ID
		if p.Subscriber != nil {
			user = p.Subscriber.ID
		}
		return p
	})
	if err != nil {
		fail = s.storeFailure(err)
	}
	s.ledger.dialed(fail == nil && user != initiator)
	if fail != nil {
		return nil, fail
	}
	opened := user == initiator
	s.options.Logger.Info("dialed", "call", s.names.hash(req.callCode), "user", s.names.hash(user), "opened", opened)
	reply := &dialReply{UserID: user}
	if req.wantsICE && s.options.ICEServers != nil {
		reply.ICEServers = s.options.ICEServers(s.names.hash(initiator))
	}
	return reply, nil
}

// mayDial refuses a dial, or the hang-up of a call, whatever the rooms are.
func (s *Server) mayDial(req *request) *failure {
	switch {
	case req.callCode == "":
		return errCallCode
	case s.options.StrongCodes && !isStrong(req.callCode):
		return errWeakCode
	case s.ledger.isClosed():
		return s.closing()
	}
	return nil
}

// hangUp ends the call that a peer continues, or will dial to continue, without pairing anyone.
func (s *Server) hangUp(ctx context.Context, from gate.Client, req *request) *failure {
	if fail := s.mayDial(req); fail != nil {
		return fail
	}
	if req.call == "" {
		return errCallName
	}
	var fail *failure
	err := s.store.Dial(ctx, pairs.Room(req.callCode, req.call), func(waiting *pairs.Pair, now time.Time) (p *pairs.Pair) {
		p, fail = s.ledger.hangUp(waiting, req.callCode, req.call, from, now)
		return p
	})
	if err != nil {
		return s.storeFailure(err)
	}
	s.options.Logger.Info("hang_up", "call", s.names.hash(req.callCode))
	return fail
}

// dialReply is the body that answers dial.
type dialReply struct {
	UserID     string           `json:"user_id"`
	ICEServers []page.ICEServer `json:"ice_servers,omitempty"`
}

// checkHost refuses what web pages of other sites, or of names that lead here, send. It is the only thing that keeps
// them from this server over plain http, where browsers do not report the site.
func (s *Server) checkHost(r *http.Request) *failure {
	switch s.options.Hosts.Check(r) {
	case gate.UnknownHost:
		s.refusals.Warn("a browser named a host that is not this server's", "host", r.Host, "from", r.RemoteAddr,
			"flag", "--public-url or --allowed-host")
		return errUnknownHost
	case gate.CrossSite:
		s.refusals.Warn("a page of another site sent a request", "host", r.Host, "from", r.RemoteAddr,
			"flag", "--public-url or --allowed-host, if the page is this server's")
		return errCrossSite
	case gate.Welcome:
	}
	return nil
}

// change does the requests that answer with an empty body.
func (s *Server) change(ctx context.Context, req *request) *failure {
	var code string
	fail := s.update(ctx, req.userID, func(p *pairs.Pair, party *pairs.Party, _ time.Time) *failure {
		code = p.Code
		return s.apply(p, party, req)
	})
	if fail != nil {
		return fail
	}
	switch req.code {
	case "ice":
		s.ledger.add(&s.ledger.count.Candidates)
		return nil
	case "disconnect":
		s.ledger.add(&s.ledger.count.Left)
	}
	s.options.Logger.Info(req.code, "call", s.names.hash(code), "user", s.names.hash(req.userID))
	return nil
}

// apply does one changing request of a known party.
func (s *Server) apply(p *pairs.Pair, by *pairs.Party, req *request) *failure {
	var raw json.RawMessage
	var fail *failure
	var why pairs.Refusal
	switch req.code {
	case "offer":
		if raw, fail = req.description(signal.KindOffer, errOffer); fail == nil {
			why = p.SetOffer(by, raw, s.ledger.fits(p))
		}
	case "answer":
		if raw, fail = req.description(signal.KindAnswer, errAnswer); fail == nil {
			why = p.SetAnswer(by, raw, s.ledger.fits(p))
		}
	case "ice":
		if raw, fail = req.candidate(); fail == nil {
			why = p.AddCandidate(by, raw, s.options.CandidatesPerSide, s.ledger.fits(p))
		}
	case "disconnect":
		p.Disconnect(by, req.hungUp)
	default:
		fail = errUnknownCode
	}
	if why != "" {
		fail = refusals[why]
	}
	return fail
}

// prepare sets the headers of every answer.
func (s *Server) prepare(h http.Header, id string) {
	h.Set(headerRequestID, id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}

// announce sets the header of the call endpoint's answers.
func (s *Server) announce(h http.Header) {
	h.Set(HeaderWait, strconv.FormatInt(maxWait.Milliseconds(), 10))
}

// refuse answers with a failure's status and a body that says what to do.
func (s *Server) refuse(w http.ResponseWriter, id, remote string, fail *failure) {
	s.ledger.refused(fail)
	note(w, func(a *Access) { a.Reason = fail.reason })
	s.options.Logger.Debug("refused", "request", id, "status", fail.status, "reason", fail.reason, "from", remote)
	if fail.retry > 0 {
		w.Header().Set("Retry-After", fail.retryAfter())
	}
	if fail.closes() {
		w.Header().Set("Connection", "close")
	}
	writeJSON(w, fail.status, map[string]string{"error": fail.reason, "message": fail.message, "request_id": id})
}

// writeJSON answers in one write. An error means that the client has left.
func writeJSON(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		raw, status = []byte(`{"error":"internal"}`), http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}
