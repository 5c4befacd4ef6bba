package probe

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/judge/network"
	"dialtone/diag/lab"
	"dialtone/diag/nat"
	"dialtone/diag/words"
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
		found := network.Judge(s).Findings
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

// signed is a certificate of a template by a parent, nil for one that signs itself.
type signed struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

func sign(t *testing.T, template *x509.Certificate, by *signed) *signed {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	}
	parent, parentKey := template, key
	if by != nil {
		parent, parentKey = by.Certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &signed{c, key}
}

// TestCertificateCauses: why a certificate is not accepted is what is wrong with it, over TLS and DTLS alike.
func TestCertificateCauses(t *testing.T) {
	authority := func(name string, by *signed) *signed {
		return sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, by)
	}
	loopback := []net.IP{net.IPv4(127, 0, 0, 1)}
	leaf := func(by *signed, c x509.Certificate) *signed {
		c.Subject.CommonName, c.ExtKeyUsage = "127.0.0.1", []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		return sign(t, &c, by)
	}
	root := authority("Lab Root", nil)
	issuer := authority("Lab Issuer", root)
	foreign := authority("Lab Root", nil) // of the same name, with another key
	at := func(from, to time.Duration) x509.Certificate {
		return x509.Certificate{IPAddresses: loopback, NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(to)}
	}
	for name, tt := range map[string]struct {
		chain  []*signed
		detail diag.Detail
		says   string
	}{
		"right":                     {[]*signed{leaf(issuer, x509.Certificate{IPAddresses: loopback}), issuer}, "", ""},
		"no subjectAltName":         {[]*signed{leaf(issuer, x509.Certificate{}), issuer}, diag.DetailNoSAN, "no host name in subjectAltName"},
		"no host in subjectAltName": {[]*signed{leaf(issuer, x509.Certificate{EmailAddresses: []string{"a@b.example"}}), issuer}, diag.DetailNoSAN, "no host name in subjectAltName"},
		"another name":              {[]*signed{leaf(issuer, x509.Certificate{DNSNames: []string{"turn.lab"}}), issuer}, diag.DetailName, "is for turn.lab, not for 127.0.0.1"},
		"no intermediate":           {[]*signed{leaf(issuer, x509.Certificate{IPAddresses: loopback})}, diag.DetailIssuer, "was not sent"},
		"self-signed":               {[]*signed{leaf(nil, x509.Certificate{IPAddresses: loopback})}, diag.DetailSelfSigned, "self-signed"},
		"unknown authority":         {[]*signed{leaf(foreign, x509.Certificate{IPAddresses: loopback}), foreign}, diag.DetailAuthority, "unknown authority"},
		"expired":                   {[]*signed{leaf(issuer, at(-48*time.Hour, -time.Hour)), issuer}, diag.DetailExpired, "has expired: it is valid from"},
		"not valid yet":             {[]*signed{leaf(issuer, at(time.Hour, 48*time.Hour)), issuer}, diag.DetailNotYet, "this machine's clock says"},
	} {
		for _, tr := range []lab.Transport{lab.TLS, lab.DTLS} {
			t.Run(name+" "+string(tr), func(t *testing.T) {
				served := &lab.Certificate{TLS: tls.Certificate{PrivateKey: tt.chain[0].key}, Pool: x509.NewCertPool()}
				for _, c := range tt.chain {
					served.TLS.Certificate = append(served.TLS.Certificate, c.Raw)
				}
				served.Pool.AddCert(root.Certificate)
				s := startFault(t, lab.Fault{Network: tr, Behavior: lab.Correct, Certificate: served})
				r := ask(t, target(s.STUN(), served))
				if tt.detail == "" {
					if !r.OK() {
						t.Errorf("%+v", r)
					}
					return
				}
				if f := r.Failed(); f == nil || f.Failure.Detail != tt.detail || !strings.Contains(errorText(r), tt.says) || words.ServerAdvice(&r) == "" {
					t.Errorf("%v: %s", f.Failure, errorText(r))
				}
			})
		}
	}
}
