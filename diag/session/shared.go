package session

import (
	"errors"

	"dialtone/diag/peer"
	"dialtone/diag/sockets/system"
)

// Shared is what many calls have in common, because each would take time to get its own.
type Shared struct {
	net             peer.Net
	offers, answers *peer.Certificate
}

// NewShared reads the interfaces of this machine, and makes the certificates.
func NewShared() (*Shared, error) {
	network, err := system.New()
	offers, err2 := peer.NewCertificate()
	answers, err3 := peer.NewCertificate()
	return &Shared{network, offers, answers}, errors.Join(err, err2, err3)
}

// Cheap makes the options those of one of many calls: what watches the machine for one call would do so for each.
func (s *Shared) Cheap(answering bool, o *Options) {
	o.Watch, o.OneOfMany, o.Net, o.Certificate = nil, true, s.net, s.offers
	if answering {
		o.Certificate = s.answers
	}
}
