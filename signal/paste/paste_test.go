package paste

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/signal"
)

func chromium(tb testing.TB, name string) signal.Description {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "testdata", "sdp", name))
	if err != nil {
		tb.Fatal(err)
	}
	var d signal.Description
	if err := json.Unmarshal(raw, &d); err != nil {
		tb.Fatal(err)
	}
	return d
}

func encode(tb testing.TB, d signal.Description) string {
	tb.Helper()
	text, err := Encode(d)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func TestRoundTrip(t *testing.T) {
	for _, d := range []signal.Description{
		chromium(t, "chromium-offer.json"), chromium(t, "chromium-answer.json"),
		{Type: "offer", SDP: "v"},
		{Type: "answer", SDP: "\x00\xff – not even text"},
	} {
		text := encode(t, d)
		t.Logf("%s: %d bytes become %d", d.Type, len(d.SDP), len(text))
		if len(d.SDP) > 1000 && 2*len(text) > len(d.SDP) {
			t.Error("that is not compact")
		}
		broken := "  " + text[:len(text)/2] + "\r\n\t" + text[len(text)/2:] + "\n"
		quoted := "> > " + text[:len(text)/2] + "\n> > " + text[len(text)/2:] + "\n"
		for _, pasted := range []string{text, broken, quoted} {
			got, err := Decode(pasted)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(d, *got); diff != "" {
				t.Error(diff)
			}
		}
	}
}

// bomb unpacks to far more than is allowed.
func bomb() string {
	var b bytes.Buffer
	w, err := flate.NewWriterDict(&b, flate.BestCompression, []byte(dictionary))
	if err != nil {
		return ""
	}
	_, _ = io.Copy(w, io.LimitReader(zeros{}, 40<<20))
	_ = w.Close()
	return "dt1o." + base64.RawURLEncoding.EncodeToString(b.Bytes()) + ".AAAAAA"
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestTextsThatAreNone(t *testing.T) {
	good := encode(t, chromium(t, "chromium-offer.json"))
	for name, test := range map[string]struct {
		text string
		want error
	}{
		"nothing":            {"", ErrForeign},
		"something else":     {"https://example.org/", ErrForeign},
		"another version":    {"dt2" + good[3:], ErrVersion},
		"an unknown kind":    {"dt1x" + good[4:], ErrForeign},
		"another kind":       {"dt1a" + good[4:], ErrDamaged},
		"the end is away":    {good[:len(good)-10], ErrDamaged},
		"the sum is away":    {good[:strings.LastIndex(good, ".")], ErrDamaged},
		"the middle is":      {good[:50] + good[60:], ErrDamaged},
		"a letter changed":   {good[:40] + flip(good[40:41]) + good[41:], ErrDamaged},
		"no base64":          {"dt1o.%%%.AAAAAA", ErrDamaged},
		"no deflate":         {"dt1o.AAAA.AAAAAA", ErrDamaged},
		"a bomb":             {bomb(), ErrDamaged},
		"longer than a page": {strings.Repeat("x", 3*MaxText), ErrForeign},
	} {
		t.Run(name, func(t *testing.T) {
			if d, err := Decode(test.text); !errors.Is(err, test.want) {
				t.Errorf("%v %v", d, err)
			}
		})
	}
}

func flip(s string) string {
	if s == "A" {
		return "B"
	}
	return "A"
}

func TestWhatBecomesNoText(t *testing.T) {
	for name, d := range map[string]signal.Description{
		"no type": {SDP: "v=0"}, "another type": {Type: "rollback", SDP: "v=0"}, "empty": {Type: "offer"},
		"too long": {Type: "offer", SDP: strings.Repeat("x", signal.MaxSDP+1)},
	} {
		if _, err := Encode(d); !errors.Is(err, signal.ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(f, chromium(f, "chromium-offer.json")))
	f.Add("dt1a.S8zNTsosSS0GAA.AAAAAA")
	f.Add("dt1o..")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Decode(text)
		if err != nil {
			return
		}
		if len(d.SDP) == 0 || len(d.SDP) > signal.MaxSDP || (d.Type != "offer" && d.Type != "answer") {
			t.Fatalf("%.80q became %s of %d bytes", text, d.Type, len(d.SDP))
		}
		again, err := Encode(*d)
		if errors.Is(err, signal.ErrMessage) {
			return // what another packer makes smaller may be too long for ours
		}
		if same, err := Decode(again); err != nil || *same != *d {
			t.Fatalf("it does not come back: %v", err)
		}
	})
}

// person is a person who pastes what the test hands over.
type person struct {
	shown    chan string
	paste    chan string // closed: the input has ended
	rejected chan error
	fails    error
}

func newPerson() *person {
	return &person{shown: make(chan string, 1), paste: make(chan string), rejected: make(chan error, 8)}
}

func (d *person) Show(_, text string) error {
	d.shown <- text
	return d.fails
}

func (d *person) Read(ctx context.Context, _ string) (string, error) {
	select {
	case text, ok := <-d.paste:
		if !ok {
			return "", io.EOF
		}
		return text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (d *person) Reject(err error) { d.rejected <- err }

func (*person) Say(string) {}

func receive(t *testing.T, c signal.Channel) (signal.Message, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return c.Receive(ctx)
}

func message(d signal.Description) signal.Message {
	kind := signal.KindOffer
	if d.Type == "answer" {
		kind = signal.KindAnswer
	}
	return signal.Message{Kind: kind, Description: &d}
}

func TestChannels(t *testing.T) {
	offer, answer := chromium(t, "chromium-offer.json"), chromium(t, "chromium-answer.json")
	one, two := newPerson(), newPerson()
	a, b := Offer(one), Answer(two)
	for _, c := range []signal.Channel{a, b} {
		if traits := signal.TraitsOf(c); !traits.Whole || traits.Patience == 0 {
			t.Errorf("%+v", traits)
		}
		t.Cleanup(func() {
			if err := c.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	expect := func(c signal.Channel, want signal.Message) {
		t.Helper()
		m, err := receive(t, c)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, m); diff != "" {
			t.Error(diff)
		}
	}
	expect(a, signal.Message{Kind: signal.KindPaired, Role: signal.RoleOfferer})
	if err := a.Send(t.Context(), message(offer)); err != nil {
		t.Fatal(err)
	}
	text := <-one.shown
	one.paste <- text // one's own text is a common mistake
	if err := <-one.rejected; !strings.Contains(err.Error(), "your own text") {
		t.Error(err)
	}
	two.paste <- "hello"
	if err := <-two.rejected; !errors.Is(err, ErrForeign) {
		t.Error(err)
	}
	two.paste <- encode(t, answer)
	if err := <-two.rejected; !strings.Contains(err.Error(), "an offer is needed") {
		t.Error(err)
	}
	two.paste <- text
	expect(b, signal.Message{Kind: signal.KindPaired, Role: signal.RoleAnswerer})
	expect(b, message(offer))
	if err := b.Send(t.Context(), message(offer)); !errors.Is(err, signal.ErrMessage) {
		t.Errorf("an offer of the answerer: %v", err)
	}
	if err := b.Send(t.Context(), message(answer)); err != nil {
		t.Fatal(err)
	}
	if err := b.Send(t.Context(), message(answer)); !errors.Is(err, signal.ErrMessage) {
		t.Errorf("a second answer: %v", err)
	}
	one.paste <- <-two.shown
	expect(a, message(answer))
}

func TestTheInputEnds(t *testing.T) {
	d := newPerson()
	c := Answer(d)
	close(d.paste)
	var e *signal.Error
	if _, err := receive(t, c); !errors.As(err, &e) || errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCloseEndsReading(t *testing.T) {
	c := Answer(newPerson())
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := c.Receive(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	d := newPerson()
	d.fails = errors.New("disk full")
	o := Offer(d)
	var e *signal.Error
	if err := o.Send(t.Context(), message(signal.Description{Type: "offer", SDP: "v=0"})); !errors.As(err, &e) {
		t.Errorf("%v", err)
	}
	if err := o.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := o.Send(t.Context(), message(signal.Description{Type: "offer", SDP: "v=0"})); !errors.Is(err, signal.ErrClosed) {
		t.Errorf("%v", err)
	}
}

// TestLines: however a text is broken, quoted or put among words, it is complete with its checksum.
func TestLines(t *testing.T) {
	const text = "dt1o.a--c.1_3456"
	tests := map[string]struct{ pasted, want string }{
		"whole":                {text, text},
		"broken":               {"\n  dt1o.a\n--c.1_ 3\n456", text},
		"with empty lines":     {"dt1o.a--\r\n\r\nc.1_3456", text},
		"quoted":               {"> > dt1o.a\n>| --c.1_\n> 3456", text},
		"quoted with initials": {"AS> dt1o.a\nAS> --c.1_3456", text},
		"in a chat":            {"[21:03] Ann: `" + text + "`", text},
		"among words":          {"Hi, it is dt1o now:\n\n\"dt1o.a--c.1_3456\" – good luck.", text},
		"typeset":              {"“dt1o.a—c.1_3456”", text},
		"in a web page":        {"<p>&gt;&nbsp;dt1o.a&#8203;--<br>\n&gt; c.1_3456</p>", text},
		"with invisible marks": {"\ufeffdt1o.a\u00ad--\u200bc.\u20601_3456", text},
		"in JSON":              {`{"text": "dt1o.a--\nc.1_3456\n"}`, text},
		"quoted-printable":     {"dt1o.a--=\nc.1_=\n3456", text},
		"bracketed":            {"\x1b[200~" + text + "\x1b[201~", text},
		"begun anew":           {"dt1o.abc\n" + text, text},
		"longer than ever":     {"dt1o." + strings.Repeat("x", MaxText), "dt1o." + strings.Repeat("x", MaxText)},
		"a part":               {"dt1o.abc.123\n", "dt1o.abc.123"},
		"not of dialtone":      {"hello there, adt1o.xyz.123456", ""},
	}
	for name, tt := range tests {
		var l Lines
		lines := strings.SplitAfter(tt.pasted, "\n")
		for i, line := range lines {
			complete := l.Add(line)
			if want := i == len(lines)-1 && len(tt.want) >= len(text); complete != want {
				t.Errorf("%s, line %d: complete: %t", name, i, complete)
			}
		}
		if l.Text() != tt.want {
			t.Errorf("%s: %q", name, l.Text())
		}
	}
}
