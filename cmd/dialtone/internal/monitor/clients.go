package monitor

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"dialtone/signal/gate"
)

// A probe connects to its target and shows it the passwords and tokens of its module. So the file names the targets:
// those in targets and in the schedule. Without targets, only clients on this machine choose freely.

// named reports whether the configuration names a target of a module. Each part of a list must be named.
func (s *Setup) named(m Module, target string) bool {
	if slices.ContainsFunc(s.Schedules, func(one Schedule) bool { return one.Module == m.Name && one.Target == target }) {
		return true
	}
	return !slices.ContainsFunc(m.parts(target), func(part string) bool {
		return !slices.ContainsFunc(m.Targets, func(pattern string) bool { return matches(pattern, part) })
	})
}

// parts are the addresses that a target names.
func (m Module) parts(target string) []string {
	if m.Split == nil {
		return []string{target}
	}
	return m.Split(target)
}

// anyTarget is a pattern for all of them.
const anyTarget = "*"

// matches reports whether a target is the pattern, or begins with what is before the star at its end.
func matches(pattern, target string) bool {
	beginning, open := strings.CutSuffix(pattern, anyTarget)
	if !open {
		return pattern == target
	}
	return strings.HasPrefix(target, beginning)
}

// WrongPattern says what is wrong with a pattern for targets, or nil. What may follow must not continue the host.
func WrongPattern(pattern string) error {
	beginning, open := strings.CutSuffix(pattern, anyTarget)
	_, rest, isURL := strings.Cut(beginning, "://")
	switch {
	case pattern == anyTarget:
		return nil
	case strings.Contains(beginning, anyTarget):
		return fmt.Errorf("targets = %.200q: an asterisk stands at the end only", pattern)
	case open && isURL && !strings.Contains(rest, "/"):
		return fmt.Errorf("targets = %.200q would match other hosts: write a slash after the host, such as https://HOST/*",
			pattern)
	case open && !isURL && !strings.HasSuffix(beginning, "?"):
		return fmt.Errorf("targets = %.200q would match other hosts: name each STUN and TURN server", pattern)
	}
	return nil
}

// refusal is why a client may not have a target probed, or nil.
func (s *Setup) refusal(r *http.Request, m Module, target string) error {
	client, _ := netip.ParseAddrPort(r.RemoteAddr) // one without an address is a stranger
	here := client.IsValid() && gate.PlaceOf(client.Addr()) == gate.ThisMachine
	switch {
	case foreignPage(r):
		return errors.New("web pages of other sites cannot probe: open the address itself")
	case len(m.Targets) == 0 && here, s.named(m, target):
		return nil
	case len(m.Targets) == 0:
		return fmt.Errorf("clients on other machines can probe only targets that the configuration names: add "+
			"targets = [\"https://HOST/*\"] to module %s, or targets = [\"*\"] for any", m.Name)
	}
	return fmt.Errorf("this target is not in the targets of module %s: add it to the configuration", m.Name)
}

// foreignPage reports whether a page of another site makes a request. Browsers do not let pages hide it all.
func foreignPage(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return true
	}
	for _, name := range []string{"Origin", "Referer"} {
		if from := r.Header.Get(name); from != "" {
			u, err := url.Parse(from)
			if err != nil || u.Host != r.Host {
				return true
			}
		}
	}
	return false
}
