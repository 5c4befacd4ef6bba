//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
)

// Where the servers of these tests listen: for HTTP, and for media over TCP.
const (
	mediaServer = "203.0.113.10"
	mediaHTTP   = "8080"
	mediaTCP    = 4443
)

func init() { doubles["dialtone-tcponly"] = mainTCPOnly }

// mainTCPOnly is a media server that answers offers by HTTP, is reached by ICE-TCP alone and returns what comes on data
// channels.
func mainTCPOnly() {
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.ParseIP(mediaServer), Port: mediaTCP})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var se webrtc.SettingEngine
	se.SetICETCPMux(webrtc.NewICETCPMux(nil, listener, 8))
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	api := webrtc.NewAPI(webrtc.WithSettingEngine(se))
	mux := http.NewServeMux() // packages add paths to the default one
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		var offer webrtc.SessionDescription
		answer, err := &webrtc.SessionDescription{}, json.NewDecoder(r.Body).Decode(&offer)
		if err == nil {
			answer, err = answerOverTCP(api, offer)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(answer)
	})
	server := &http.Server{Addr: net.JoinHostPort(mediaServer, mediaHTTP), Handler: mux, ReadHeaderTimeout: time.Second}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
	os.Exit(1)
}

func answerOverTCP(api *webrtc.API, offer webrtc.SessionDescription) (*webrtc.SessionDescription, error) {
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	pc.OnDataChannel(func(d *webrtc.DataChannel) {
		d.OnMessage(func(m webrtc.DataChannelMessage) { _ = d.SendText(string(m.Data)) })
	})
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetRemoteDescription(offer); err != nil {
		return nil, err
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return nil, err
	}
	if err := pc.SetLocalDescription(answer); err != nil {
		return nil, err
	}
	<-gathered
	return pc.LocalDescription(), nil
}

// checkMedia runs a check of the server at a site.
func checkMedia(t *testing.T, site *networkSite, args ...string) (diag.Exit, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := site.Command(ctx, "dialtone", append([]string{"check", "--for", "1s"}, args...)...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return diag.Exit(cmd.ProcessState.ExitCode()), string(out)
}

// TestTCPOnlyServer: a server with ICE-TCP alone is reached where UDP is blocked; where its port is blocked too, that is
// named.
func TestTCPOnlyServer(t *testing.T) {
	labtest.Beside(t)
	in := startInternet(t, netip.MustParseAddr(mediaServer))
	in.Start(t, netip.MustParseAddrPort(mediaServer+":"+mediaHTTP), "dialtone-tcponly")
	const tcpPort = "add rule inet filter forward tcp dport 4443 "
	for name, test := range map[string]struct {
		rules string
		exit  diag.Exit
		says  []string
	}{
		"UDP blocked":          {noUDP, diag.ExitPass, []string{"host tcp 203.0.113.10:4443"}},
		"UDP and TCP blocked":  {noUDP + tcpPort + "drop\n", diag.ExitICE, []string{"ice.tcp_only", "host tcp 203.0.113.10:4443", "Open TCP to these addresses"}},
		"UDP and TCP rejected": {noUDP + tcpPort + "reject with tcp reset\n", diag.ExitICE, []string{"ice.tcp_only", "1 of 1 remote candidate"}},
		"nothing is blocked":   {masquerade, diag.ExitPass, []string{"host tcp 203.0.113.10:4443"}},
		"small TCP segments":   {noUDP + "add rule inet filter forward tcp flags syn tcp option maxseg size set 500\n", diag.ExitPass, []string{"host tcp"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := in.Connect(t, siteOptions{Rules: test.rules})
			exit, out := checkMedia(t, site, "--offer", "http://"+mediaServer+":"+mediaHTTP+"/", "--no-media")
			for _, want := range test.says {
				if !strings.Contains(out, want) {
					t.Errorf("nothing says %q", want)
				}
			}
			if exit != test.exit || t.Failed() {
				t.Errorf("exit %v, want %v: %s", exit, test.exit, out)
			}
		})
	}
}

// TestJanusOverTCP: Debian's Janus with ICE-TCP carries media both ways where UDP is blocked.
func TestJanusOverTCP(t *testing.T) {
	labtest.Beside(t)
	program := labtest.NeedProgram(t, "janus")
	folders, err := filepath.Glob(janusFolders)
	if err != nil || len(folders) == 0 {
		t.Fatalf("no %s: %v", janusFolders, err)
	}
	in := startInternet(t, netip.MustParseAddr(mediaServer))
	dir := t.TempDir()
	for name, text := range map[string]string{
		"janus.jcfg": fmt.Sprintf(`general: { configs_folder = %q
  plugins_folder = %q
  transports_folder = %q }
nat: { ice_lite = true
  ice_tcp = true
  ice_enforce_list = "203.0.113.10"
  ice_ignore_list = "" }
`, dir, folders[0]+"/plugins", folders[0]+"/transports"),
		"janus.transport.http.jcfg": `general: { base_path = "/janus", http = true, port = ` + mediaHTTP + ` }
admin: { admin_http = false }
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in.Start(t, netip.MustParseAddrPort(mediaServer+":"+mediaHTTP), program, "--configs-folder", dir, "--config", filepath.Join(dir, "janus.jcfg"))
	site := in.Connect(t, siteOptions{Rules: noUDP})
	exit, out := checkMedia(t, site, "--offer", "http://"+mediaServer+":"+mediaHTTP+"/janus", "--preset", "janus")
	if exit != diag.ExitPass || !strings.Contains(out, "host tcp "+mediaServer) ||
		!strings.Contains(strings.Join(strings.Fields(out), " "), "passed all(runs, .media.video.inbound.flows) true") {
		t.Errorf("exit %v: %s", exit, out)
	}
}
