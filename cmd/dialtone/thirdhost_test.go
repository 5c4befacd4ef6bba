//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dialtone/diag/lab/labtest"
)

// The hosts of nobody in these tests: the router counts what is sent there.
const thirdHosts = `
table inet third {
	counter hosts {}
	chain every { type filter hook prerouting priority 0;
		ip daddr { 203.0.113.66, 198.51.100.0/24 } counter name hosts
		ip6 daddr 2001:db8:66::/64 counter name hosts
	}
}
`

// thirdHostCase is an offer whose candidates are at hosts that have nothing to do with the call.
type thirdHostCase struct {
	candidate func(n int) string // the n-th
	offers    int                // how many are made, one after the other; 0: one
	rate      float64            // packets each second beyond the first 100, at the hosts together
	burst     int
	// signaling is that of the answerer; empty: --listen. attack is what makes the offers, in Python.
	signaling, attack string
}

// attackHead begins an attack: the offer, its lines without the candidates, and these.
const attackHead = `import json, sys, time, urllib.error, urllib.parse, urllib.request
offer = json.load(open(sys.argv[1]))
lines = offer["sdp"].splitlines()
candidates = [l for l in lines if l.startswith("a=candidate")]
lines = [l for l in lines if not l.startswith("a=candidate")]
def ask(method, url, body, kind, **more):
    r = urllib.request.Request(url, body.encode(), {"Content-Type": kind, **more}, method=method)
    return urllib.request.urlopen(r, timeout=20)
`

// attackByPost sends the whole offer. A client whose calls were not connected is asked to wait.
const attackByPost = attackHead + `
for _ in range(60):
    try:
        ask("POST", sys.argv[2], json.dumps(offer), "application/json").read()
        break
    except urllib.error.HTTPError as e:
        if e.code != 429:
            raise
        time.sleep(0.5)
`

// attackByPatch trickles the candidates to a WHIP server (RFC 9725 §4.3.1), each time with their end.
const attackByPatch = attackHead + `
sdp = "\r\n".join(lines + [""]).replace("a=sendrecv", "a=sendonly")
answer = ask("POST", sys.argv[2], sdp, "application/sdp")
session = urllib.parse.urljoin(sys.argv[2], answer.headers["Location"])
ice = [next(l for l in lines if l.startswith("a=" + k)) for k in ("ice-ufrag", "ice-pwd")]
for i in range(0, len(candidates), 100):
    fragment = ice + ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:0"] + candidates[i:i+100] + ["a=end-of-candidates", ""]
    try:
        ask("PATCH", session, "\r\n".join(fragment), "application/trickle-ice-sdpfrag", **{"If-Match": "*"}).read()
    except urllib.error.HTTPError:
        break # the call has ended
`

// attackInRoom answers what the other peer offers, and trickles the candidates.
const attackInRoom = attackHead + `
def post(**body):
    return json.loads(ask("POST", sys.argv[2] + "call_line_process/", json.dumps(body), "application/json").read() or "{}")
user, state = post(code="dial", call_code="w1")["user_id"], {}
while state.get("code") != "offered":
    state = post(code="get_status", user_id=user, wait_ms=5000)
sdp = state["offer"]["sdp"].replace("a=setup:actpass", "a=setup:active")
post(code="answer", user_id=user, answer={"type": "answer", "sdp": sdp})
try:
    for i, c in enumerate(candidates):
        post(code="ice", user_id=user, ice={"candidate": c[2:], "sdpMid": "0", "sdpMLineIndex": 0})
        if i % 100 == 0:
            post(code="ice", user_id=user, ice={"candidate": "", "sdpMid": "0", "sdpMLineIndex": 0})
            post(code="get_status", user_id=user)
except urllib.error.HTTPError:
    pass # the server has enough
`

func thirdHostCases() map[string]thirdHostCase {
	const prefix = "candidate:%d 1 udp %d "
	return map[string]thirdHostCase{
		"ports of one host": {candidate: func(n int) string {
			return fmt.Sprintf(prefix+"203.0.113.66 %d typ host", n, n, 1024+n)
		}, burst: 100, rate: 5},
		"candidates of every type": {candidate: func(n int) string {
			kind := []string{"host", "srflx", "relay"}[n%3]
			return fmt.Sprintf(prefix+"203.0.113.66 %d typ %s", n, n, 3478+n, kind)
		}, burst: 100, rate: 5},
		"addresses of one IPv6 host": {candidate: func(n int) string {
			return fmt.Sprintf(prefix+"2001:db8:66::%x 5000 typ host", n, n, n+1)
		}, burst: 100, rate: 5},
		"TCP": {candidate: func(n int) string {
			return fmt.Sprintf("candidate:1 1 tcp 1 203.0.113.66 %d typ host tcptype passive", 1024+n)
		}, burst: 100, rate: 5},
		"a network of hosts": {candidate: func(n int) string {
			return fmt.Sprintf(prefix+"198.51.100.%d %d typ host", n, n, n%256, 1024+n)
		}, burst: 1000}, // 100 pairs, with eight checks each
		"mapped addresses of one host": {candidate: func(n int) string {
			return fmt.Sprintf(prefix+"::ffff:203.0.113.66 %d typ host", n, n, 1024+n)
		}, burst: 100, rate: 5},
		"by PATCH": {candidate: func(n int) string {
			return fmt.Sprintf(prefix+"203.0.113.66 %d typ host", n, n, 1024+n)
		}, burst: 100, rate: 5, signaling: "--whip=127.0.0.1:8080", attack: attackByPatch},
		"by trickle in a room": {candidate: func(n int) string {
			return fmt.Sprintf(prefix+"203.0.113.66 %d typ host", n, n, 1024+n)
		}, burst: 100, rate: 5, signaling: "w1", attack: attackInRoom},
		"one offer after another": {candidate: func(n int) string {
			return fmt.Sprintf(prefix+"203.0.113.66 %d typ host", n, n, 1024+n)
		}, offers: 4, burst: 100, rate: 5},
	}
}

// TestChecksAtThirdHosts: an offer with 3,900 candidates makes the answerer send a host that does not answer 100 packets and
// then 5 a second, however many addresses, ports, transports and offers there are.
func TestChecksAtThirdHosts(t *testing.T) {
	labtest.Beside(t)
	in := startInternet(t, netip.MustParseAddr("203.0.113.10"))
	for name, test := range thirdHostCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := in.Connect(t, siteOptions{Rules: thirdHosts})
			begun := time.Now()
			printed := test.answerOffers(t, site, thirdHostOffer(t, test.candidate))
			packets := thirdHostPackets(t, site)
			most := float64(test.burst) + test.rate*time.Since(begun).Seconds()
			t.Logf("%d packets, at most %.0f", packets, most)
			if float64(packets) > most || packets == 0 {
				t.Errorf("%d packets, at most %.0f\n%s", packets, most, printed)
			}
			if !strings.Contains(printed, "remote candidates were not used") {
				t.Errorf("the number of candidates is not reported:\n%s", printed)
			}
		})
	}
}

// hostileMediaServer is a WHIP server in Python whose answers name 300 candidates at other hosts, of this form.
const hostileMediaServer = `import http.server, sys
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 100
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        offer = self.rfile.read(int(self.headers["Content-Length"])).decode()
        lines = [l for l in offer.splitlines() if not l.startswith("a=candidate") and l != "a=end-of-candidates"]
        lines += ["a=" + sys.argv[1].format(n=n, host=n % 256, port=1024 + n) for n in range(1, 301)]
        lines = ["a=ice-ufrag:else" if l.startswith("a=ice-ufrag") else l for l in lines]
        answer = "\r\n".join(lines + [""]).replace("a=setup:actpass", "a=setup:passive").replace("a=sendonly", "a=recvonly")
        self.send_response(201)
        for k, v in {"Content-Type": "application/sdp", "Location": "/session", "Content-Length": str(len(answer))}.items():
            self.send_header(k, v)
        self.end_headers()
        self.wfile.write(answer.encode())
    def do_DELETE(self):
        self.send_response(200)
        self.end_headers()
    do_OPTIONS = do_PATCH = do_DELETE
    def log_message(self, *args):
        pass
server = Server(("127.0.0.1", 8080), Handler)
print("ready", flush=True)
server.serve_forever()
`

// TestLoadAtThirdHosts: all calls of a load test together send no more to other hosts, which the media server names,
// than one call may.
func TestLoadAtThirdHosts(t *testing.T) {
	labtest.NeedTime(t)
	in := startInternet(t, netip.MustParseAddr("203.0.113.10"))
	for name, test := range map[string]struct {
		candidate   string
		burst, rate float64
	}{
		"one host":           {"candidate:{n} 1 udp {n} 203.0.113.66 {port} typ host", 100, 5},
		"a network of hosts": {"candidate:{n} 1 udp {n} 198.51.100.{host} {port} typ host", 1000, 50},
	} {
		t.Run(name, func(t *testing.T) {
			if test.burst > 100 && !labtest.Nightly() {
				t.Skip("a network of hosts costs much; NIGHTLY tries it")
			}
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			site := in.Connect(t, siteOptions{Rules: thirdHosts})
			server := site.Command(ctx, labtest.NeedProgram(t, "python3"), "-c", hostileMediaServer, test.candidate)
			said, err := server.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			if !bufio.NewScanner(said).Scan() {
				t.Fatal("the server does not start")
			}
			defer func() {
				cancel()
				_ = server.Wait() // it is killed
			}()
			begun := time.Now()
			out, _ := site.Command(ctx, "dialtone", "load", "--whip", "http://127.0.0.1:8080/", "--calls", "15", "--arrive", "20/s",
				"--hold", "1s", "--plain").CombinedOutput() // no call is connected
			packets := thirdHostPackets(t, site)
			most := test.burst + test.rate*time.Since(begun).Seconds()
			t.Logf("%d packets, at most %.0f", packets, most)
			if float64(packets) > most || float64(packets) < test.burst/2 {
				t.Errorf("%d packets, at most %.0f\n%s", packets, most, out)
			}
		})
	}
}

// thirdHostOffer is the offer of a browser with 3,900 candidates, as a request of the POST signaling.
func thirdHostOffer(t *testing.T, candidate func(int) string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "testdata", "sdp", "chromium-offer.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct{ Type, SDP string }
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for n := 0; n < 3900 && lines.Len() < 240<<10; n++ { // a request has at most 256 KB
		lines.WriteString("a=" + candidate(n) + "\r\n")
	}
	d.SDP += lines.String() // at the end: codecs are sought in the first 2,000 lines
	body, err := json.Marshal(map[string]string{"type": d.Type, "sdp": d.SDP})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "offer.json")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// answerOffers runs dialtone answer at a site until it has answered as many offers, each sent when the call before has
// ended. It returns what was printed.
func (c thirdHostCase) answerOffers(t *testing.T, site *networkSite, offer string) string {
	t.Helper()
	python := labtest.NeedProgram(t, "python3")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	n, attack, to, args := max(c.offers, 1), attackByPost, "http://127.0.0.1:8080/offer", []string{"answer", "--listen=127.0.0.1:8080"}
	switch {
	case c.signaling == "":
	case strings.HasPrefix(c.signaling, "--whip"):
		attack, to, args = c.attack, "http://127.0.0.1:8080/whip", []string{"answer", c.signaling}
	default:
		attack, to = c.attack, "http://127.0.0.1:8000/call/"
		args = []string{"answer", c.signaling, "--server", to}
		server := site.Command(ctx, "dialtone", "serve", "--listen=127.0.0.1:8000")
		out, err := server.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		if !bufio.NewScanner(out).Scan() { // where it listens
			t.Fatal("serve does not listen")
		}
		defer func() {
			cancel()
			_ = server.Wait() // it is killed
		}()
	}
	cmd := site.Command(ctx, "dialtone", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		printed.WriteString(lines.Text() + "\n")
		switch {
		case strings.Contains(lines.Text(), "signal.state       waiting") && n > 0:
			n--
			go func() {
				out, err := site.Command(ctx, python, "-c", attack, offer, to).CombinedOutput()
				if err != nil && ctx.Err() == nil { // the last one may still read when the answerer waits again
					t.Errorf("%v: %s", err, out)
				}
			}()
		case strings.Contains(lines.Text(), "signal.state       waiting"):
			cancel() // all have been answered
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		t.Error(err)
	}
	return printed.String()
}

// thirdHostPackets is what the router has forwarded to hosts of nobody.
func thirdHostPackets(t *testing.T, site *networkSite) int {
	t.Helper()
	raw, err := site.RouterCommand(t.Context(), "nft", "-j", "list", "counters").Output()
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		NFTables []struct{ Counter *struct{ Packets int } } `json:"nftables"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	for _, row := range list.NFTables {
		if row.Counter != nil {
			return row.Counter.Packets
		}
	}
	t.Fatalf("no counter in %s", raw)
	return 0
}
