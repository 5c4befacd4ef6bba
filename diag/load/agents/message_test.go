package agents

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/load"
)

// selfSigned makes a certificate for 127.0.0.1 and its key in PEM.
func selfSigned(t *testing.T) (cert, key []byte, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), roots
}

func goodOrder() order {
	return order{
		Test: newID(), Phase: running, Hold: diag.Millis(time.Second), Timeout: diag.Millis(15 * time.Second),
		Plan: load.Plan{Stages: []load.Stage{{From: 1, To: 1}}, Calls: 10, Part: 2, Parts: 3},
	}
}

// TestReadOrder: an order that would place other calls than a user could ask for is none.
func TestReadOrder(t *testing.T) {
	for name, change := range map[string]func(*order){
		"":           func(*order) {},
		"test":       func(o *order) { o.Test = "x.>" },
		"phase":      func(o *order) { o.Phase = "reboot" },
		"hold":       func(o *order) { o.Hold = 0 },
		"long hold":  func(o *order) { o.Hold = diag.Millis(48 * time.Hour) },
		"timeout":    func(o *order) { o.Timeout = 1 },
		"until":      func(o *order) { o.Until = diag.Millis(time.Hour) },
		"part":       func(o *order) { o.Plan.Part = 4 },
		"no part":    func(o *order) { o.Plan.Part = 0 },
		"parts":      func(o *order) { o.Plan.Parts = 1 << 30 },
		"calls":      func(o *order) { o.Plan.Calls = 1 << 30 },
		"rate":       func(o *order) { o.Plan.Stages[0] = load.Stage{From: 1e9, To: 1e9} },
		"negative":   func(o *order) { o.Plan.Stages[0] = load.Stage{From: -1, To: -1} },
		"no length":  func(o *order) { o.Plan.Stages[0] = load.Stage{From: 1, To: 2} },
		"too slow":   func(o *order) { o.Plan.Stages[0] = load.Stage{From: 1e-9, To: 1e-9} },
		"stages":     func(o *order) { o.Plan.Stages = make([]load.Stage, 1000) },
		"never ends": func(o *order) { o.Plan.Stages = []load.Stage{{From: 1, To: 1}, {From: 1, To: 1}} },
	} {
		o := goodOrder()
		change(&o)
		raw, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readOrder(raw); (err == nil) != (name == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReadStatus: nor is a status that could not be an agent's.
func TestReadStatus(t *testing.T) {
	for name, change := range map[string]func(*status){
		"":       func(*status) {},
		"name":   func(s *status) { s.Agent = "a b" },
		"escape": func(s *status) { s.Agent = "a\x1b[2J" },
		"id":     func(s *status) { s.ID = "*" },
		"test":   func(s *status) { s.Test = ">" },
		"pieces": func(s *status) { s.Report.Of = 1 << 30 },
		"index":  func(s *status) { s.Report.Index = 2 },
		"serial": func(s *status) { s.Report.Serial = 0 },
	} {
		s := status{Agent: "a", ID: newID(), State: placing, Report: &chunk{1, 0, 2, []byte("x")}}
		change(&s)
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readStatus(raw); (err == nil) != (name == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, err := readStatus([]byte(`{"agent":"a","id":"` + newID() + `","why":"a\u001b[2Jb` + strings.Repeat("x", 1000) + `"}`))
	if err != nil || strings.ContainsRune(s.Why, 0x1b) || len(s.Why) > maxWhy+3 {
		t.Errorf("%q, %v", s.Why, err)
	}
}

// TestAssembly: pieces may come twice, in any order and of an older report.
func TestAssembly(t *testing.T) {
	var a assembly
	for i, c := range []struct {
		chunk
		want string
	}{
		{chunk{1, 0, 2, []byte("a")}, ""},
		{chunk{2, 1, 2, []byte("d")}, ""},
		{chunk{1, 1, 2, []byte("b")}, ""}, // old
		{chunk{2, 1, 2, []byte("d")}, ""},
		{chunk{2, 0, 2, []byte("c")}, "cd"},
		{chunk{3, 0, 1, []byte("e")}, "e"},
	} {
		if got := string(a.add(&c.chunk)); got != c.want {
			t.Errorf("%d: %q", i, got)
		}
	}
}

// TestBroker: settings that no broker could have are refused, without their password.
func TestBroker(t *testing.T) {
	for name, c := range map[string]struct {
		b    Broker
		good bool
	}{
		"good":     {Broker{URL: "nats://u:s3cret@h:4222, tls://h2", Subject: "a.b-c"}, true},
		"scheme":   {Broker{URL: "http://u:s3cret@h", Subject: "a"}, false},
		"no host":  {Broker{URL: "nats://u:s3cret@", Subject: "a"}, false},
		"no URL":   {Broker{URL: "nats://u:s3cret@h:port", Subject: "a"}, false},
		"wildcard": {Broker{URL: "nats://h", Subject: "a.>"}, false},
		"file":     {Broker{URL: "nats://h", Subject: "a", Creds: "/does/not/exist"}, false},
	} {
		if err := c.b.Check(); (err == nil) != c.good || err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzStatus: whatever comes over the broker is refused, or is a status whose report can be joined.
func FuzzStatus(f *testing.F) {
	raw, err := json.Marshal(status{Agent: "a", ID: newID(), State: placing, Report: &chunk{1, 0, 1, []byte("x")}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(_ *testing.T, raw []byte) {
		_, _ = readOrder(raw)
		s, err := readStatus(raw)
		if err != nil || s.Report == nil {
			return
		}
		m := &member{}
		if packed := m.pieces.add(s.Report); packed != nil {
			m.take(packed, load.Plan{Calls: 1, Part: 1, Parts: 1}, 1)
		}
		if m.report != nil {
			_ = load.WriteText(&bytes.Buffer{}, m.report)
		}
	})
}

// TestReportWithoutPart: an agent that was refused before it got a part has nothing to report.
func TestReportWithoutPart(t *testing.T) {
	m := &member{name: "a", id: newID()}
	c := &test{id: newID(), phase: stopping, members: []*member{m}, dues: []int{1}}
	c.take(status{Agent: "a", ID: m.id, Test: c.id, State: ended, Report: &chunk{Serial: 1, Of: 1, Data: []byte("x")}})
	if m.state == ended || m.report != nil || m.spoilt {
		t.Errorf("%+v", m)
	}
}
