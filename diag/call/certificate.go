package call

import "dialtone/diag"

// ServerCertificate is that of a server that was reached over TLS, DTLS or https.
type ServerCertificate struct {
	Server   string `json:"server"`    // URL of a STUN or TURN server, or "signaling"
	Name     string `json:"name"`      // subject
	Issuer   string `json:"issuer"`    // who signed it
	NotAfter string `json:"not_after"` // until when it is valid: RFC 3339, UTC
}

// Certificates lists those of the servers of the call, each server once.
func (c *Call) Certificates() []ServerCertificate {
	var out []ServerCertificate
	add := func(server string, of *diag.Certificate) {
		if of != nil {
			out = append(out, ServerCertificate{server, of.Name, of.Issuer, of.NotAfter})
		}
	}
	add("signaling", c.Signal.Certificate)
	of := func(s diag.Server) {
		if stage := s.Stage(diag.StageTLS); stage != nil {
			add(s.URL, stage.Certificate)
		}
	}
	for _, row := range c.Servers {
		of(row.Server)
	}
	if last := c.Diagnosed(); last != nil && c.Alone() {
		for _, s := range last.State.Asked {
			of(s)
		}
	}
	return out
}
