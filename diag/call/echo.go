package call

import (
	"cmp"

	"dialtone/diag"
)

// Echoed reports whether something that was sent on a data channel was answered: a ping, or a chat message that came
// back.
func (c *Call) Echoed() bool { return c.Pings.Count > 0 || c.ChatEchoed() }

// ChatEchoed reports whether a chat message came back as it was sent.
func (c *Call) ChatEchoed() bool {
	sent := map[string]bool{}
	for _, m := range c.Messages {
		switch {
		case m.Label != diag.LabelChat || m.Text == "":
		case m.Direction == diag.Outbound:
			sent[m.Text] = true
		case sent[m.Text]:
			return true
		}
	}
	return false
}

// Answer is what came on a data channel that something was sent on, and is not the same: "" if nothing did. It shows
// that both directions work. What came on the chat is preferred, since channels open in any order.
func (c *Call) Answer() string {
	answer := ""
	for _, m := range c.Messages {
		if m.Direction != diag.Inbound || IsControl(m.Label) || m.Label == diag.LabelStats {
			continue
		}
		text := cmp.Or(m.Text, "binary")
		if m.Label == diag.LabelChat {
			return text
		}
		answer = cmp.Or(answer, text)
	}
	return answer
}

// Answered reports whether something that was sent on a data channel was answered in any way.
func (c *Call) Answered() bool { return c.Echoed() || c.Answer() != "" }

// Received is how many packets the transport has received, by the latest sample that reports.
func (c *Call) Received() uint64 {
	if s := c.Latest(); s != nil && s.Transport != nil {
		return s.Transport.PacketsReceived
	}
	return 0
}
