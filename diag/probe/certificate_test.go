package probe

import (
	"crypto/tls"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/lab"
	"dialtone/diag/nat"
)

// TestCertificateTold: what a certificate says is told whether the handshake succeeds or fails for it, and then in words.
func TestCertificateTold(t *testing.T) {
	certificate := func(o lab.CertificateOptions) *lab.Certificate {
		c, err := lab.NewCertificate(o)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	ended := time.Now().Add(-30 * time.Hour)
	expired := certificate(lab.CertificateOptions{NotAfter: ended})
	foreign := certificate(lab.CertificateOptions{Names: []string{"other.example", "192.0.2.1", "a.example", "b.example"}})
	until := time.Now().Add(25 * time.Hour)
	good := certificate(lab.CertificateOptions{NotAfter: until})
	const issuer = "dialtone lab authority"
	for _, tt := range []struct {
		name   string
		served *lab.Certificate
		config *tls.Config
		names  []string // in the text of the failure
		left   int
		cn     string
	}{
		{"good", good, &tls.Config{RootCAs: good.Pool}, nil, 1, "localhost"},
		{"unknown authority", good, nil, []string{"localhost", issuer, "unknown authority", until.UTC().Format(time.DateOnly)}, 1, "localhost"},
		{"expired", expired, &tls.Config{RootCAs: expired.Pool}, []string{"localhost", issuer, "to " + ended.UTC().Format(time.DateOnly)}, -2, "localhost"},
		{"foreign", foreign, &tls.Config{RootCAs: foreign.Pool}, []string{"is for other.example, a.example, b.example, …, not for 127.0.0.1", issuer}, 0, "other.example"},
	} {
		for _, tr := range []lab.Transport{lab.TLS, lab.DTLS} {
			t.Run(tt.name+" "+string(tr), func(t *testing.T) {
				s := startFault(t, lab.Fault{Network: tr, Behavior: lab.Correct, Certificate: tt.served})
				r := ask(t, Target{URL: s.STUN(), TLS: tt.config})
				if r.OK() != (tt.names == nil) || r.OK() != (r.Certificate().Version != "") {
					t.Fatalf("%+v", r)
				}
				for _, name := range tt.names {
					if !strings.Contains(errorText(r), name) {
						t.Errorf("%q does not say %q", errorText(r), name)
					}
				}
				tls := r.Stage(diag.StageTLS)
				if c := tls.Certificate; c.Name != tt.cn || c.Issuer != issuer {
					t.Errorf("%+v", c)
				}
				expires, err := time.Parse(time.RFC3339, tls.Certificate.NotAfter)
				clock, err2 := time.Parse(time.RFC3339, tls.Clock)
				if err != nil || err2 != nil || !strings.HasSuffix(tls.Certificate.NotAfter, "Z") || int(math.Floor((expires.Sub(clock)-time.Second).Hours()/24)) != tt.left {
					t.Errorf("%+v at %s: %v, %v", tls.Certificate, tls.Clock, err, err2)
				}
			})
		}
	}
}

func TestCredentialExpiry(t *testing.T) {
	for username, want := range map[string]int64{
		"1433895918:ann": 1433895918, "1433895918": 1433895918, "100000000:": 100000000, "1433895918:a:b": 1433895918,
		"ann": 0, "ann:1433895918": 1433895918, "100000000:1433895918": 100000000, "ann:12345678": 0, "": 0, ":": 0, "12345678:ann": 0, "14338959180000:ann": 0, "+433895918:ann": 0, "143389591 :ann": 0,
	} {
		at, ok := credentialExpiry(username)
		if ok != (want != 0) || ok && at.Unix() != want {
			t.Errorf("%q: %v, %t", username, at, ok)
		}
	}
}

// TestExpired: the time in a user name is a fact, with the clock that it is compared with.
func TestExpired(t *testing.T) {
	for _, tt := range []struct {
		expiry  time.Time
		code    int
		expired bool
	}{
		{time.Now().Add(-time.Minute), 401, true},
		{time.Now().Add(-time.Minute), 400, true},
		{time.Now().Add(-time.Minute), 403, false},
		{time.Now().Add(time.Minute), 401, false},
	} {
		server := startFault(t, lab.Fault{Behavior: lab.AuthError, Code: tt.code})
		r := ask(t, Target{URL: server.TURN(), Username: fmt.Sprintf("%d:ann", tt.expiry.Unix()), Password: password})
		s := &nat.State{}
		for _, stage := range r.Stages {
			s.Apply(diag.ServerStage{URL: r.URL, TURN: true, Diagnosis: true, Stage: stage})
		}
		s.Apply(diag.DiagnosisEnd{})
		found := judge.Diagnose(s).Findings
		if r.Code() != tt.code || len(found) != 1 || (found[0].ID == "turn.credentials_expired") != tt.expired {
			t.Errorf("%+v: %+v, %+v", tt, r, found)
		}
	}
}

// FuzzCredentialExpiry: whatever somebody calls himself.
func FuzzCredentialExpiry(f *testing.F) {
	f.Add("1433895918:ann")
	f.Add("9999999999")
	f.Add("-433895918:x")
	f.Fuzz(func(t *testing.T, username string) {
		at, ok := credentialExpiry(username)
		if ok && (at.Year() < 1970 || at.Year() > 2286) {
			t.Fatalf("%q: %v", username, at)
		}
	})
}
