package diag

import "fmt"

// judgeTCP reads the mapping test over TCP: several connections from one local port.
func (o *NATObservations) judgeTCP() Behavior {
	var list []seen
	var failed []string
	for i, s := range o.TCP {
		if s.Mapped.IsValid() {
			list = append(list, seen{i, s.To, s.Mapped})
		} else {
			failed = append(failed, fmt.Sprintf("%s over TCP: %s", s.To, Clean(s.Why, 120)))
		}
	}
	switch {
	case len(o.TCP) == 0 && o.Pending:
		return unknown("being asked")
	case len(o.TCP) == 0:
		return unknown("fewer than two server addresses could be asked over TCP")
	case len(list) == 0:
		return unknown(append(failed, "no server told over TCP how it sees this machine")...)
	}
	b, _ := judgeViews(list)
	b.Evidence = append(append(viewWords(list), failed...), b.Evidence...)
	return b
}
