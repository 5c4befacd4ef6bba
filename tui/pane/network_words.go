package pane

import (
	"fmt"
	"time"

	"dialtone/diag/nat"
	"dialtone/diag/words"
)

// seconds writes a time with a tenth: "1.2 s".
func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", max(d, 0).Seconds()) }

// explain puts the selected row into words.
func (p *Network) explain() string {
	all := p.entries()
	if p.cursor >= len(all) {
		return "A STUN server reports the mapped address of this machine. The reports of several servers on several " +
			"addresses show what the NAT in between does."
	}
	return all[p.cursor].about
}

// serverDetails are the facts about a server that its row has no room for.
func serverDetails(row nat.ServerRow) []string {
	out := words.ServerFacts(&row.Server)
	for _, text := range []string{words.Grade(row), words.Prefixed("next: ", words.ServerAdvice(&row.Server))} {
		if text != "" {
			out = append(out, text)
		}
	}
	return orNone(out)
}
