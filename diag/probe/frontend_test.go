package probe

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/lab"
	"dialtone/diag/lab/labtest"
)

// TestFrontends: what haproxy makes of a port that should be coturn's, and a web server in its place, is named.
func TestFrontends(t *testing.T) {
	c := startCoturn(t, "--lt-cred-mech", "--user=ann:secret")
	certificate, err := lab.NewCertificate(lab.CertificateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	pem, config := filepath.Join(dir, "pem"), filepath.Join(dir, "haproxy.cfg")
	if err := os.WriteFile(pem, append(bytes.Clone(certificate.CertPEM), certificate.KeyPEM...), 0o600); err != nil {
		t.Fatal(err)
	}
	server := labtest.Server{
		Program: labtest.NeedProgram(t, "haproxy"), Ports: 4,
		Args: func(ports []string) []string {
			text := strings.NewReplacer("$0", ports[0], "$1", ports[1], "$2", ports[2], "$3", ports[3], "$PEM", pem, "$TURN", c.port).Replace(`
defaults
 timeout connect 5s
 timeout client 5s
 timeout server 5s
frontend header
 mode tcp
 bind 127.0.0.1:$0 accept-proxy
 default_backend turn
frontend tls
 mode tcp
 bind 127.0.0.1:$1 ssl crt $PEM
 default_backend turn
frontend tls_header
 mode tcp
 bind 127.0.0.1:$2 accept-proxy ssl crt $PEM
 default_backend turn
frontend web
 mode http
 bind 127.0.0.1:$3
 http-request return status 200
backend turn
 mode tcp
 server turn 127.0.0.1:$TURN
`)
			if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return []string{"-db", "-f", config}
		},
		Answers: func(ctx context.Context, ports []string) bool {
			conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", "127.0.0.1:"+ports[3])
			if err == nil {
				_ = conn.Close()
			}
			return err == nil
		},
	}
	ports := server.Start(t)
	web := httptest.NewServer(http.NotFoundHandler()) // it waits for the end of a line
	t.Cleanup(web.Close)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	for url, want := range map[string]diag.Detail{
		"turn:127.0.0.1:" + ports[0] + "?transport=tcp":  diag.DetailProxyHeader,
		"stun:127.0.0.1:" + ports[0] + "?transport=tcp":  diag.DetailProxyHeader,
		"turn:127.0.0.1:" + ports[1] + "?transport=tcp":  diag.DetailTLSPort,
		"turns:127.0.0.1:" + ports[1]:                    "", // a TLS terminator before the TURN server works
		"turns:127.0.0.1:" + ports[2]:                    diag.DetailProxyHeader,
		"turn:127.0.0.1:" + ports[3] + "?transport=tcp":  diag.DetailWeb,
		"turns:127.0.0.1:" + ports[3]:                    diag.DetailNotTLS,
		"turn:" + hostOf(web.URL) + "?transport=tcp":     diag.DetailWeb,
		"turn:" + hostOf(secure.URL) + "?transport=tcp":  diag.DetailTLSPort,
		"turns:" + hostOf(secure.URL):                    diag.DetailWeb,
		"turn:127.0.0.1:" + c.port + "?transport=tcp":    "",
		"turns:127.0.0.1:" + c.tlsPort:                   "",
		"turn:127.0.0.1:" + c.tlsPort + "?transport=tcp": "", // coturn notices
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			to := Target{URL: url, Username: "ann", Password: "secret", TLS: insecure(), Timeout: 5 * time.Second}
			r := ask(t, to)
			got := diag.Detail("")
			if f := r.Failed(); f != nil {
				got = f.Failure.Detail
			}
			if got != want || r.OK() != (want == "") {
				t.Errorf("%q, want %q: %s", got, want, errorText(r))
			}
		})
	}
}

// hostOf is host:port of a web server.
func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	return rest
}
