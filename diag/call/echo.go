package call

import "dialtone/diag"

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

// Answer is what came on a data channel, and is not what was sent there; nil if nothing did. It shows that both
// directions work. What came on the chat is preferred, since channels open in any order; what is no control message and
// no statistics may have come on the channels for these.
func (c *Call) Answer() *MessageRow {
	var answer *MessageRow
	own := func(label string) bool { return IsControl(label) || label == diag.LabelStats }
	for i := range c.Messages {
		m := &c.Messages[i]
		switch {
		case m.Direction != diag.Inbound || m.Control != nil:
		case m.Label == diag.LabelChat:
			return m
		case answer == nil || own(answer.Label) && !own(m.Label):
			answer = m
		}
	}
	return answer
}

// Answered reports whether something that was sent on a data channel was answered in any way.
func (c *Call) Answered() bool { return c.Echoed() || c.Answer() != nil }

// Received is how many packets the transport has received, by the latest sample that reports.
func (c *Call) Received() uint64 {
	if s := c.Latest(); s != nil && s.Transport != nil {
		return s.Transport.PacketsReceived
	}
	return 0
}
