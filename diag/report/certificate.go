package report

import (
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
)

// ServerCertificate is that of a server that the call reached over TLS, DTLS or https.
type ServerCertificate struct {
	Server   string `json:"server"`    // URL of a STUN or TURN server, or "signaling"
	Name     string `json:"name"`      // subject
	Issuer   string `json:"issuer"`    // who signed it
	NotAfter string `json:"not_after"` // until when it is valid: RFC 3339, UTC
}

// certificatesOf lists those of a call, each server once.
func certificatesOf(c *call.Call) []ServerCertificate {
	var out []ServerCertificate
	add := func(server string, of *diag.Certificate) {
		if of != nil {
			out = append(out, ServerCertificate{server, of.Name, of.Issuer, of.NotAfter})
		}
	}
	add("signaling", c.Signal.Certificate)
	of := func(s *diag.Server) {
		if stage := s.Stage(diag.StageTLS); stage != nil {
			add(s.URL, stage.Certificate)
		}
	}
	for i := range c.Servers {
		of(&c.Servers[i].Server)
	}
	if last := c.Diagnosed(); last != nil && c.Alone() {
		for _, row := range judge.Diagnose(last.State).Servers {
			of(&row.Server)
		}
	}
	return out
}

// certificates has until when they are valid.
func (p *promWriter) certificates(list []ServerCertificate) {
	for _, c := range list {
		if until, err := time.Parse(time.RFC3339, c.NotAfter); err == nil {
			p.add("certificate_expiry_timestamp_seconds", "When the certificate of the server expires, in Unix time.",
				value(float64(until.Unix())), "server", c.Server, "name", c.Name)
		}
	}
}
