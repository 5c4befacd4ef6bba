package session

import (
	"dialtone/diag/impair"
)

// impair puts what was asked for between the peer connection and its network.
func (s *Session) impair() error {
	c := s.o.Config
	if len(c.Impair) == 0 {
		return nil
	}
	network, err := impair.New(s.o.Net, c.Impair)
	if err != nil {
		return err
	}
	s.impaired, s.o.Net = network, network
	return nil
}

// countImpaired reports what the impairment has done by now.
func (s *Session) countImpaired(final bool) {
	if s.impaired == nil {
		return
	}
	counts := s.impaired.Counts()
	counts.Final = final
	s.o.Feed.Append(counts)
}
