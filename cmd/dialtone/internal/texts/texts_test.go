package texts

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/creack/pty"

	"dialtone/cmd/dialtone/internal/terminal"
	"dialtone/signal"
	"dialtone/signal/paste"
)

// longText is the text of an offer with many candidates.
func longText(t *testing.T, candidates int) string {
	t.Helper()
	var sdp strings.Builder
	sdp.WriteString("v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n")
	for i := range candidates {
		fmt.Fprintf(&sdp, "a=candidate:%d 1 udp %d 2001:db8:%x:%x::%x %d typ host\r\n", i*7919, 2130706431-i, i*31, i*57, i*101, 40000+i*13)
	}
	text, err := paste.Encode(signal.Description{Type: "offer", SDP: sdp.String()})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestPastedText reads texts as terminals hand them over: in lines, in one line, after others.
func TestPastedText(t *testing.T) {
	short, long := longText(t, 3), longText(t, 200)
	if len(long) < 5000 {
		t.Fatalf("the long text has %d bytes: no terminal would cut it", len(long))
	}
	tests := map[string]struct{ typed, want string }{
		"in lines":              {paste.Wrap(short), short},
		"in one line":           {long + "\n", long},
		"long, in lines":        {paste.Wrap(long), long},
		"quoted by blanks":      {"  " + strings.ReplaceAll(paste.Wrap(short), "\n", "\r\n  "), short},
		"after empty lines":     {"\n\n" + paste.Wrap(short), short},
		"after half of another": {short[:40] + "\n" + paste.Wrap(short), short},
		"with CR and LF":        {strings.ReplaceAll(paste.Wrap(short), "\n", "\n\n"), short}, // a terminal makes two of it
		"something else":        {"good morning\n", "good morning\n"},
		"given up":              {short[:40] + "\n\n", short[:40]},
		"without an end":        {short, short},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for line := range strings.Lines(paste.Wrap(test.want)) {
				if len(line) > paste.LineLength+1 {
					t.Errorf("a line of %d bytes", len(line))
				}
			}
			d := New(terminal.Streams{In: strings.NewReader(test.typed), Err: io.Discard}, "")
			got, err := d.Read(t.Context(), "offer")
			if err != nil || got != test.want {
				t.Errorf("read %.60q (%d bytes), %v; want %.60q (%d)", got, len(got), err, test.want, len(test.want))
			}
		})
	}
}

// TestOneRefusal: a damaged paste is refused once, however many lines it has, and the next one is read.
func TestOneRefusal(t *testing.T) {
	good := longText(t, 200)
	lines := strings.SplitAfter(paste.Wrap(good), "\n")
	if len(lines) < 11 {
		t.Fatalf("%d lines", len(lines))
	}
	bad := strings.Join(lines[1:], "") // the first line was not copied
	changed := strings.Join(lines[:3], "") + strings.Replace(strings.Join(lines[3:], ""), "a", "b", 1)
	for name, first := range map[string]string{
		"without its first line": bad, "quoted": "> " + strings.ReplaceAll(bad, "\n", "\n> "), "changed": changed,
		"changed, with a signature": changed + "-- \nAnn\nthe office\n",
	} {
		t.Run(name, func(t *testing.T) {
			in, typed := io.Pipe()
			defer typed.Close() //nolint:errcheck // a pipe
			d := New(terminal.Streams{In: in, Err: io.Discard}, "")
			refused := make(chan struct{})
			go func() {
				_, _ = io.WriteString(typed, first)
				<-refused
				_, _ = io.WriteString(typed, "good morning, here it is:\n"+paste.Wrap(good))
			}()
			text, err := d.Read(t.Context(), "offer")
			if _, bad := paste.Decode(text); err != nil || bad == nil {
				t.Fatalf("read %.60q, %v", text, err)
			}
			d.Reject(paste.ErrDamaged)
			close(refused)
			if text, err = d.Read(t.Context(), "offer"); err != nil || text != good {
				t.Errorf("then %.60q, %v", text, err)
			}
		})
	}
}

// TestRestOfPaste: what was pasted after the text is not left for the screen or the shell, not even its last line.
func TestRestOfPaste(t *testing.T) {
	keyboard, tty, err := pty.Open()
	switch {
	case errors.Is(err, pty.ErrUnsupported): // by this operating system
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	defer keyboard.Close() //nolint:errcheck // a terminal of the test
	defer tty.Close()      //nolint:errcheck // the same
	text := longText(t, 3)
	d := New(terminal.Streams{In: tty, Err: io.Discard}, "")
	if _, err := io.WriteString(keyboard, paste.Wrap(text)+"\nGood luck\n-- \nquit"); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Read(t.Context(), "offer"); err != nil || got != text {
		t.Fatalf("read %.60q, %v", got, err)
	}
	if _, err := io.WriteString(keyboard, "typed later\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := d.lines.next(t.Context()); err != nil || line != "typed later\n" {
		t.Errorf("then %q, %v", line, err)
	}
}

// TestCutText tells what to do when the terminal has cut a line.
func TestCutText(t *testing.T) {
	long := longText(t, 200)
	var told strings.Builder
	d := New(terminal.Streams{In: strings.NewReader(long[:4095] + "\n\n"), Err: &told, Terminal: true}, "")
	text, err := d.Read(t.Context(), "offer")
	if err != nil {
		t.Fatal(err)
	}
	_, err = paste.Decode(text)
	d.Reject(err)
	if !strings.Contains(told.String(), "terminals cut long ones") || !strings.Contains(told.String(), "--paste-from FILE") {
		t.Errorf("told: %s", told.String())
	}
}
