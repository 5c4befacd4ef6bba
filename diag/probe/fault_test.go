package probe

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/lab"
	"dialtone/diag/words"
)

// TestFaults asks servers that misbehave: the cause must be right for each on each transport.
func TestFaults(t *testing.T) {
	t.Parallel()
	type want struct {
		stage diag.StageName
		cause diag.Cause
		text  string
	}
	all := func(w want) map[lab.Transport]want {
		return map[lab.Transport]want{lab.UDP: w, lab.TCP: w, lab.TLS: w, lab.DTLS: w}
	}
	silent := want{diag.StageAllocate, diag.CauseTimeout, "request"}
	closed := want{diag.StageAllocate, diag.CauseProtocol, "closed the connection"}
	protocol := func(text string) map[lab.Transport]want {
		return all(want{diag.StageAllocate, diag.CauseProtocol, text})
	}
	tests := map[lab.Behavior]map[lab.Transport]want{
		lab.Silent: all(silent),
		lab.Mute: {
			lab.UDP: silent, lab.TCP: silent,
			lab.TLS: {diag.StageTLS, diag.CauseTimeout, "TLS handshake"}, lab.DTLS: {diag.StageTLS, diag.CauseTimeout, "over DTLS"},
		},
		lab.Refused: {
			lab.UDP: {diag.StageAllocate, diag.CauseRefused, "UDP"}, lab.TCP: {diag.StageConnect, diag.CauseRefused, "TCP"},
			lab.TLS: {diag.StageConnect, diag.CauseRefused, "TCP"}, lab.DTLS: {diag.StageTLS, diag.CauseRefused, "UDP"},
		},
		lab.Closing:          {lab.UDP: silent, lab.TCP: closed, lab.TLS: closed, lab.DTLS: closed},
		lab.Garbage:          protocol("no STUN message"),
		lab.HTTP:             protocol("web server"),
		lab.Huge:             protocol("65552 bytes"),
		lab.BadIntegrity:     protocol("MESSAGE-INTEGRITY"),
		lab.NoAddress:        protocol("relayed transport address"),
		lab.EmptyMapped:      protocol("0 bytes long"),
		lab.WrongTransaction: protocol("not asked"),
		lab.NoNonce:          protocol("no REALM"),
		lab.Trickle: {
			lab.UDP: {}, lab.TCP: {diag.StageAllocate, diag.CauseTimeout, "bytes of an answer"},
			lab.TLS: {diag.StageAllocate, diag.CauseTimeout, "bytes of an answer"}, lab.DTLS: {},
		},
		lab.NoLifetime: protocol("without LIFETIME"),
		lab.Unsigned:   all(want{}),
		lab.NoMapped:   all(want{}),
		lab.StaleOnce:  all(want{}),
		lab.EmptyRealm: all(want{}),
		lab.Correct:    all(want{}),
	}
	var targets []Target
	type expected struct {
		want
		name    string
		timeout time.Duration
		lacks   string
	}
	wants := map[string]expected{} // by URL
	for behavior, byTransport := range tests {
		for tr, want := range byTransport {
			s := startFault(t, lab.Fault{Network: tr, Behavior: behavior, Username: user, Password: password})
			target := target(s.TURN(), s.Certificate())
			target.Timeout = 10 * time.Second
			if want.cause == diag.CauseTimeout {
				target.Timeout = 2 * time.Second
			}
			targets = append(targets, target)
			lacks := map[lab.Behavior]string{lab.Unsigned: "MESSAGE-INTEGRITY", lab.NoMapped: "XOR-MAPPED-ADDRESS"}[behavior]
			wants[target.URL] = expected{want, behavior.String() + " " + string(tr), target.Timeout, lacks}
		}
	}
	All(t.Context(), targets, func(r diag.Server) {
		checkResult(t, r)
		want := wants[r.URL]
		if stageOf(r) != want.stage || r.Cause() != want.cause || !strings.Contains(errorText(r), want.text) {
			t.Errorf("%s: %+v", want.name, r)
		}
		took := r.DurationMs().Duration()
		if want.cause == diag.CauseTimeout && took < want.timeout/2 || want.cause != diag.CauseTimeout && took >= want.timeout {
			t.Errorf("%s took %v of %v: %+v", want.name, took, want.timeout, r)
		}
		lacks := ""
		if allocate := r.Stage(diag.StageAllocate); allocate != nil {
			lacks = strings.Join(allocate.Lacks, " ")
		}
		if lacks != want.lacks {
			t.Errorf("%s: lacks %q, not %q", want.name, lacks, want.lacks)
		}
		if want.text == "MESSAGE-INTEGRITY" && (r.Relayed() != "" || r.Mapped() != "") {
			t.Errorf("addresses of an answer whose signature is wrong: %+v", r)
		}
	})
}

// TestErrorCodes orders every error code from a STUN server, from a TURN server at once, and after it took the
// credentials.
func TestErrorCodes(t *testing.T) {
	codes := []int{300, 400, 401, 403, 405, 420, 437, 438, 440, 441, 442, 443, 446, 447, 486, 487, 500, 508, 599}
	for _, code := range codes {
		answering := startFault(t, lab.Fault{Behavior: lab.StunError, Code: code, Reason: "be\x1b[31mcause"})
		refusing := startFault(t, lab.Fault{Behavior: lab.AuthError, Code: code})
		cause := diag.CauseSTUN
		if code == 401 || code == 441 {
			cause = diag.CauseAuth
		}
		check := func(how string, r diag.Server, stage diag.StageName, cause diag.Cause) {
			t.Helper()
			if r.Code() != code || stageOf(r) != stage || r.Cause() != cause {
				t.Errorf("%d %s: %+v", code, how, r)
			}
		}
		r := ask(t, target(answering.STUN(), nil))
		check("binding", r, diag.StageBinding, cause)
		if !strings.Contains(errorText(r), "be\uFFFD[31mcause") {
			t.Errorf("%d: the reason is missing: %q", code, errorText(r))
		}
		if code != 401 {
			check("allocate", ask(t, target(answering.TURN(), nil)), diag.StageAllocate, cause)
		}
		if code == 400 {
			cause = diag.CauseAuth // with credentials, see credentialsError
		}
		check("with credentials", ask(t, target(refusing.TURN(), nil)), diag.StageAllocate, cause)
	}
}

// TestSharedSecretRejected: credentials that were made of a shared secret a moment ago have not expired. The secret differs,
// or the clock.
func TestSharedSecretRejected(t *testing.T) {
	for _, format := range []string{"%d:ann", "ann:%d"} {
		server := startFault(t, lab.Fault{Behavior: lab.AuthError, Code: 401})
		to := target(server.TURN(), nil)
		to.Username = fmt.Sprintf(format, time.Now().Add(time.Hour).Unix())
		r := ask(t, to)
		said := errorText(r) + ". " + words.ServerAdvice(&r)
		if !strings.Contains(said, "valid until") || !strings.Contains(said, "shared secret") || strings.Contains(said, "expired") {
			t.Errorf("%s: %s", format, said)
		}
	}
}

// TestPadding: what a server fills its texts with is not shown.
func TestPadding(t *testing.T) {
	server := startFault(t, lab.Fault{Behavior: lab.StunError, Code: 508, Reason: "Full\x00\x00\x00", Software: "A server \x00"})
	r := ask(t, target(server.TURN(), nil))
	if f := r.Failed(); f == nil || f.Failure.Reason != "Full" || r.Software() != "A server" {
		t.Errorf("%+v, %q", f, r.Software())
	}
}

func TestAlternateServer(t *testing.T) {
	s := startFault(t, lab.Fault{Behavior: lab.StunError, Code: 300, Alternate: netip.MustParseAddrPort("[2001:db8::7]:3478")})
	if r := ask(t, target(s.STUN(), nil)); !strings.Contains(errorText(r), "[2001:db8::7]:3478") || words.ServerAdvice(&r) == "" {
		t.Errorf("%+v", r)
	}
}

// TestRepeats counts requests: a stale nonce is replaced once, an address that is in use is left twice.
func TestRepeats(t *testing.T) {
	for _, tt := range []struct {
		name     string
		fault    lab.Fault
		requests int
	}{
		{"stale nonce", lab.Fault{Behavior: lab.AuthError, Code: 438}, 3},
		{"allocation mismatch", lab.Fault{Behavior: lab.AuthError, Code: 437}, 6},
		{"any other", lab.Fault{Behavior: lab.AuthError, Code: 508}, 2},
	} {
		tt.fault.Network = lab.TCP
		s := startFault(t, tt.fault)
		if r := ask(t, target(s.TURN(), nil)); r.Code() != tt.fault.Code || s.Requests() != tt.requests {
			t.Errorf("%s: %d requests, want %d: %+v", tt.name, s.Requests(), tt.requests, r)
		}
	}
}

func TestCertificates(t *testing.T) {
	certificate := func(o lab.CertificateOptions) *lab.Certificate {
		c, err := lab.NewCertificate(o)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	expired := certificate(lab.CertificateOptions{NotAfter: time.Now().Add(-time.Hour)})
	foreign := certificate(lab.CertificateOptions{Names: []string{"other.example", "192.0.2.1"}})
	good := certificate(lab.CertificateOptions{})
	for _, tt := range []struct {
		name   string
		served *lab.Certificate
		config *tls.Config
		text   string
	}{
		{"unknown authority", good, nil, "was not sent"},
		{"expired", expired, &tls.Config{RootCAs: expired.Pool}, "valid from"},
		{"another name", foreign, &tls.Config{RootCAs: foreign.Pool}, "not for 127.0.0.1"},
		{"another name is asked for", foreign, &tls.Config{RootCAs: foreign.Pool, ServerName: "other.example"}, ""},
		{"not verified", foreign, &tls.Config{InsecureSkipVerify: true}, ""},
		{"good", good, &tls.Config{RootCAs: good.Pool}, ""},
	} {
		for _, tr := range []lab.Transport{lab.TLS, lab.DTLS} {
			t.Run(tt.name+" "+string(tr), func(t *testing.T) {
				s := startFault(t, lab.Fault{Network: tr, Behavior: lab.Correct, Certificate: tt.served})
				r := ask(t, Target{URL: s.STUN(), TLS: tt.config})
				if tt.text == "" {
					if !r.OK() {
						t.Errorf("%+v", r)
					}
					return
				}
				if stageOf(r) != diag.StageTLS || r.Cause() != diag.CauseTLS || !strings.Contains(errorText(r), tt.text) {
					t.Errorf("%+v", r)
				}
			})
		}
	}
}

// TestNoTLS asks a plain server with TLS, and a TLS server without.
func TestNoTLS(t *testing.T) {
	web := startFault(t, lab.Fault{Network: lab.TCP, Behavior: lab.HTTP})
	if r := ask(t, target("turns:"+web.Addr(), nil)); r.Cause() != diag.CauseTLS || !strings.Contains(errorText(r), "does not speak TLS") {
		t.Errorf("%+v", r)
	}
	closing := startFault(t, lab.Fault{Network: lab.TCP, Behavior: lab.Closing})
	if r := ask(t, target("turns:"+closing.Addr(), nil)); r.Cause() != diag.CauseTLS || !strings.Contains(errorText(r), "closed the connection") {
		t.Errorf("%+v", r)
	}
	secured := startFault(t, lab.Fault{Network: lab.TLS, Behavior: lab.Correct})
	if r := ask(t, target("turn:"+secured.Addr()+"?transport=tcp", nil)); r.Cause() != diag.CauseProtocol || !strings.Contains(words.ServerAdvice(&r), "turns:") {
		t.Errorf("%+v", r)
	}
}
