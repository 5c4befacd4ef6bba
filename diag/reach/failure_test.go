package reach

import (
	"crypto/tls"
	"net"
	"testing"

	"dialtone/diag"
)

// TestAlerts: a server that rejects a handshake speaks TLS, and says why, at whatever step its alert arrives.
func TestAlerts(t *testing.T) {
	for number, want := range map[byte]diag.Detail{
		40: diag.DetailCipher, 70: diag.DetailVersion, 80: diag.DetailAlert, 112: diag.DetailUnknownName,
		116: diag.DetailClientCert, 120: diag.DetailALPN,
	} {
		client, server := net.Pipe()
		go func() {
			defer func() { _ = server.Close() }()
			_, _ = server.Read(make([]byte, 4096))
			_, _ = server.Write([]byte{21, 3, 3, 0, 2, 2, number})
		}()
		err := tls.Client(client, &tls.Config{ServerName: "t.example"}).HandshakeContext(t.Context())
		for _, stage := range []diag.StageName{diag.StageTLS, diag.StageAllocate} {
			if f := Classify(stage, err); f.Cause != diag.CauseTLS || f.Detail != want || f.Reason == "" {
				t.Errorf("alert %d at %s: %+v", number, stage, f)
			}
		}
		_ = client.Close()
	}
}
