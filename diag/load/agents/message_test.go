package agents

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
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
		if got, err := a.add(&c.chunk, 2); string(got) != c.want || err != nil {
			t.Errorf("%d: %q, %v", i, got, err)
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
		m.add(s.Report, part{plan: load.Plan{Calls: 1, Part: 1, Parts: 1}, due: 1, seconds: 10})
		c := &test{members: []*member{m}}
		if r, err := load.MergeEach(c.reports); err == nil {
			_ = load.WriteText(&bytes.Buffer{}, r)
		}
	})
}

// TestReportWithoutPart: an agent that was refused before it got a part has nothing to report.
func TestReportWithoutPart(t *testing.T) {
	m := &member{name: "a", id: newID()}
	c := &test{id: newID(), phase: stopping, members: []*member{m}, dues: []int{1}}
	c.take(status{Agent: "a", ID: m.id, Test: c.id, State: ended, Report: &chunk{Serial: 1, Of: 1, Data: []byte("x")}})
	if m.state == ended || m.packed != nil || m.spoilt {
		t.Errorf("%+v", m)
	}
}

// TestWhatHostileAgentsCost: twenty agents with large reports, and pieces of second ones, take no more than 150 MB,
// and a report that is longer than the share of an agent loses the agent.
func TestWhatHostileAgentsCost(t *testing.T) {
	agents := labtest.Sample(20, 3)
	c := &test{Controller: Controller{Agents: agents, Plan: load.Plan{Stages: []load.Stage{{From: 1, To: 1}}, Calls: agents}}, id: newID(), phase: preparing}
	one := hdrhistogram.New(1, 3_600_000_000, 3)
	_ = one.RecordValue(1)
	text, err := one.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	phases := map[string]*load.Times{}
	for i := range 64 {
		phases[fmt.Sprint("phase_", i)] = &load.Times{}
		if err := phases[fmt.Sprint("phase_", i)].Histogram.UnmarshalText(text); err != nil {
			t.Fatal(err)
		}
	}
	noise := make([]byte, shareOf(agents)/8)
	_, _ = rand.Read(noise)
	size := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := size()
	for i := range agents {
		m := &member{name: fmt.Sprint("a", i), id: newID(), part: i + 1}
		c.members, c.dues = append(c.members, m), append(c.dues, 1)
		r := load.Report{Schema: load.Schema, Plan: c.planOf(m), Complete: []int{m.part}, Name: hex.EncodeToString(noise)}
		r.Calls = load.Counts{Scheduled: 1, Started: 1, Ended: 1, Passed: 1}
		r.Phases = phases
		packed, err := pack(&r, agents)
		if err != nil {
			t.Fatal(err)
		}
		s := status{Agent: m.name, ID: m.id, Test: c.id, State: placing}
		for part := range 2 {
			pieces := slices.Collect(slices.Chunk(packed, pieceSize))
			for n, piece := range pieces[:len(pieces)-part] { // the second lacks its last piece
				s.Report = &chunk{1 + part, n, len(pieces), piece}
				c.take(s)
			}
		}
		if m.packed == nil || m.spoilt || m.pieces.have == 0 {
			t.Fatalf("%+v", m.state)
		}
	}
	if cost := size() - before; cost > 150e6 {
		t.Errorf("%d MB", cost/1e6)
	} else {
		t.Logf("%d MB", cost/1e6)
	}
	m := c.members[0]
	for n := range shareOf(agents)/pieceSize + 1 {
		c.take(status{Agent: m.name, ID: m.id, Test: c.id, State: placing, Report: &chunk{9, n, maxPieces, make([]byte, pieceSize)}})
	}
	if !m.spoilt || m.pieces.bytes > 0 {
		t.Errorf("a report that is too long is collected: %d bytes", m.pieces.bytes)
	}
}
