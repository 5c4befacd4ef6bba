package call

import (
	"fmt"
	"strconv"
	"testing"

	"dialtone/diag"
)

// TestFullListDropsTheOldestTenth: a list of a fold that is full loses its oldest tenth, in order, and no more.
func TestFullListDropsTheOldestTenth(t *testing.T) {
	c := &Call{}
	for i := 1; i <= 3*maxMessages; i++ {
		c.Apply(diag.Event{Data: diag.Message{Direction: diag.Inbound, Label: diag.LabelChat, Text: strconv.Itoa(i)}})
		if err := checkMessages(c, i); err != nil {
			t.Fatalf("after message %d: %v", i, err)
		}
	}
}

// checkMessages checks that the latest messages are there without gaps, and at least nine tenths of the limit.
func checkMessages(c *Call, last int) error {
	n := len(c.Messages)
	if n > maxMessages || n < min(last, maxMessages-maxMessages/10) {
		return fmt.Errorf("%d messages are kept", n)
	}
	for i, m := range c.Messages {
		if want := strconv.Itoa(last - n + 1 + i); m.Text != want {
			return fmt.Errorf("message %d of %d is %q, not %q", i, n, m.Text, want)
		}
	}
	return nil
}
