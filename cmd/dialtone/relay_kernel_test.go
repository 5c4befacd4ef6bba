package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/judge/network"
	"dialtone/diag/lab"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/report"
)

// The servers of the tests of relays.
const (
	relayServer  = "203.0.113.30" // coturn
	relayServer6 = "2001:db8::13"
	proxyServer  = "203.0.113.31" // tinyproxy at port 8888, microsocks at 1080
	throughNAT64 = "2001:db8:64:64::cb00:711e"
)

// onlyProxy lets nothing out but connections to the proxies.
const onlyProxy = masquerade + "add rule inet filter forward iifname lan ip daddr != " + proxyServer + " drop\n" +
	"add rule inet filter forward iifname lan meta nfproto ipv6 drop\n" +
	"add rule inet filter forward iifname lan meta l4proto udp drop\n"

// relayWant is what a check has to say of its path.
type relayWant struct {
	url, protocol, proxy string
	tls                  bool
}

// TestRelays: calls through the relays of coturn, over either family, NAT64, each transport with a private authority,
// and proxies where nothing else leads out.
func TestRelays(t *testing.T) {
	labtest.Beside(t)
	in := startInternet(t, netip.MustParseAddr(relayServer), netip.MustParseAddr(relayServer6), netip.MustParseAddr(proxyServer))
	ca := startRelayServers(t, in)
	const (
		http  = "http://ann:topsecret@" + proxyServer + ":8888"
		socks = "socks5://ann:secret@" + proxyServer + ":1080"
	)
	for name, tt := range map[string]struct {
		rules string
		nat64 bool
		env   string
		args  []string
		want  relayWant
	}{
		"IPv6 literal": {args: []string{"turn:[" + relayServer6 + "]:3478"}, want: relayWant{protocol: "udp"}},
		"IPv6, TLS":    {args: []string{"turns:[" + relayServer6 + "]:5349"}, want: relayWant{protocol: "tls", tls: true}},
		"NAT64":        {rules: masquerade, nat64: true, args: []string{"turn:[" + throughNAT64 + "]:3478"}, want: relayWant{protocol: "udp"}},
		"NAT64, TCP":   {rules: masquerade, nat64: true, args: []string{"turn:[" + throughNAT64 + "]:3478?transport=tcp"}, want: relayWant{protocol: "tcp"}},
		"DTLS":         {rules: masquerade, args: []string{"turns:" + relayServer + ":5349?transport=udp"}, want: relayWant{protocol: "dtls", tls: true}},
		"TLS, HTTP proxy": {
			rules: onlyProxy, args: []string{"turns:" + relayServer + ":5349", "--proxy=" + http},
			want: relayWant{protocol: "tls", proxy: "http://" + proxyServer + ":8888", tls: true},
		},
		"TCP, HTTP proxy of the environment": {
			rules: onlyProxy, args: []string{"turn:" + relayServer + ":3478?transport=tcp"}, env: "HTTPS_PROXY=" + http,
			want: relayWant{protocol: "tcp", proxy: "http://" + proxyServer + ":8888"},
		},
		"TLS, SOCKS5": {
			rules: onlyProxy, args: []string{"turns:" + relayServer + ":5349", "--proxy=" + socks},
			want: relayWant{protocol: "tls", proxy: "socks5://" + proxyServer + ":1080", tls: true},
		},
		"TCP, SOCKS5 for all": {
			rules: onlyProxy, args: []string{"turn:" + relayServer + ":3478?transport=tcp"}, env: "ALL_PROXY=" + socks,
			want: relayWant{protocol: "tcp", proxy: "socks5://" + proxyServer + ":1080"},
		},
		"excepted from the proxy": {
			rules: masquerade, args: []string{"turn:" + relayServer + ":3478?transport=tcp", "--proxy=http://" + proxyServer + ":9"},
			env: "NO_PROXY=203.0.113.0/24", want: relayWant{protocol: "tcp"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := in.Connect(t, siteOptions{Rules: tt.rules})
			if tt.nat64 {
				site.NAT64(t, netip.MustParsePrefix("2001:db8:64:64::/96"), netip.AddrPortFrom(netip.MustParseAddr(throughNAT64), 3478))
			}
			r := relayedCall(t, site, tt.env, append([]string{"--ca", ca, "--ice"}, tt.args...))
			tt.want.url = r.Target.ICEServers[0]
			checkRelay(t, r, tt.want)
			if name == "TLS, HTTP proxy" {
				checkOnlyProxy(t, site, ca, http)
			}
		})
	}
}

// checkOnlyProxy: dialtone nat says that only the proxy leads out, and that calls work by the relay behind it.
func checkOnlyProxy(t *testing.T, site *networkSite, ca, proxy string) {
	t.Helper()
	args := []string{"stun:" + relayServer, "turns:" + relayServer, "--ca=" + ca, "--ice-user=ann", "--ice-pass=secret"}
	r := kernelDiagnosis(t, site, append(args, "--proxy="+proxy))
	found := func(id string) bool {
		return slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.ID == id })
	}
	if r.Exit != diag.ExitRelay || r.Verdict.Outcome != network.OnlyProxy || !found("nat.only_proxy") || found("nat.udp_blocked") || found("server.timeout") {
		t.Errorf("%v %s %+v\n%+v", r.Exit, r.Verdict.Headline, r.Findings, r.Servers)
	}
	// Without the proxy nothing answers.
	if r := kernelDiagnosis(t, site, args); r.Exit != diag.ExitNoConnectivity {
		t.Errorf("%v %s", r.Exit, r.Verdict.Headline)
	}
}

// relayedCall checks a call between two peers at a site.
func relayedCall(t *testing.T, site *networkSite, env string, args []string) (r report.Report) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := site.Command(ctx, "dialtone", append([]string{"check", "--loopback", "--relay-only", "--no-media", "--for=1s", "--ice-user=ann", "-o", "json"}, args...)...)
	cmd.Env = append(os.Environ(), "DIALTONE_ICE_PASS=secret", "XDG_CONFIG_HOME=/nonexistent", env)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	raw, err := cmd.Output()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatalf("%v: %s\n%s", err, raw, complaints.String())
	}
	if bytes.Contains(raw, []byte("topsecret")) || bytes.Contains(raw, []byte("ann:secret")) {
		t.Errorf("a password is in the report: %s", raw)
	}
	return r
}

// checkRelay compares the path of a call with what it must be.
func checkRelay(t *testing.T, r report.Report, want relayWant) {
	t.Helper()
	if r.Exit.Name != "pass" || r.Path == nil {
		t.Fatalf("%s %s\n%q\n%+v", r.Exit.Name, r.Headline, r.Why, r.Servers)
	}
	local := r.Path.Local
	if local.CandidateType != diag.Relay || local.URL != want.url || local.RelayProtocol != want.protocol || local.Server == nil {
		t.Fatalf("%+v", local)
	}
	if s := local.Server; s.Proxy != want.proxy || (s.TLSVersion != "") != want.tls || (s.TLSCipher != "") != want.tls || (s.Address == "") != (want.proxy != "") {
		t.Errorf("%+v, want %+v", s, want)
	}
	known := func(p report.Phase) bool {
		return p.Phase == diag.PhaseDTLS && strings.HasPrefix(p.Detail, "DTLS 1.2 TLS_")
	}
	if !slices.ContainsFunc(r.Setup.Phases, known) {
		t.Errorf("the cipher of the call is not known: %+v", r.Setup.Phases)
	}
}

// startRelayServers runs coturn and proxies. It returns the file with the authority of coturn.
func startRelayServers(t *testing.T, in *internet) (ca string) {
	t.Helper()
	certificate, err := lab.NewCertificate(lab.CertificateOptions{Names: []string{relayServer, relayServer6, throughNAT64}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	in.Start(t, netip.MustParseAddrPort(relayServer+":5349"), "turnserver", "-n", "--no-cli", "--lt-cred-mech", "--user=ann:secret", "--realm=x",
		"--listening-ip="+relayServer, "--listening-ip="+relayServer6, "--relay-ip="+relayServer,
		"--cert="+file("cert.pem", certificate.CertPEM), "--pkey="+file("key.pem", certificate.KeyPEM),
		"--log-file=stdout", "--pidfile="+filepath.Join(dir, "pid"), "--userdb="+filepath.Join(dir, "db"))
	proxy := file("proxy.conf", []byte("Port 8888\nListen "+proxyServer+"\nTimeout 60\nMaxClients 50\nBasicAuth ann topsecret\n"))
	in.Start(t, netip.MustParseAddrPort(proxyServer+":8888"), "tinyproxy", "-d", "-c", proxy)
	in.Start(t, netip.MustParseAddrPort(proxyServer+":1080"), "microsocks", "-i", proxyServer, "-p", "1080", "-u", "ann", "-P", "secret")
	return file("ca.pem", certificate.CAPEM)
}
