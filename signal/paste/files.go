package paste

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dialtone/signal"
)

// Way is the exchange of texts that people carry.
var Way = signal.Way{
	Name: "paste", Carried: true, Call: flags, Answer: flags,
	Dial: func(_ context.Context, s signal.Setup) (signal.Channel, error) {
		f := &files{Texts: s.Texts, from: s.Values[flagFrom], to: s.Values[flagTo]}
		if s.Answers {
			return Answer(f), nil
		}
		f.seen, _ = f.read() // it cannot be the answer to an offer that is not made yet
		return Offer(f), nil
	},
}

const flagFrom, flagTo = "paste-from", "paste-to"

var flags = []signal.Flag{
	{Name: "paste", Help: "Exchange offer and answer as texts, by copy and paste: no server at all."},
	{
		Name: flagFrom, Placeholder: "FILE",
		Help: "With --paste: read the peer's text from this file, as soon as it exists, instead of stdin.",
	},
	{Name: flagTo, Placeholder: "FILE", Help: "With --paste: write the local text to this file instead of showing it."},
}

// files writes and reads texts in files, if any are named.
type files struct {
	signal.Texts
	from, to string
	seen     string // what the file contained when it was last looked at in vain
}

// Show implements signal.Texts.
func (f *files) Show(kind, text string) error {
	if f.to == "" {
		return f.Texts.Show(kind, text)
	}
	if err := write(f.to, text); err != nil {
		return err
	}
	next := "."
	if kind == signal.KindOffer.String() {
		next = ", who runs: dialtone answer --paste"
	}
	f.Say(fmt.Sprintf("The %s is in %s. Send it only to the peer%s", kind, f.to, next))
	return nil
}

// Read implements signal.Texts.
func (f *files) Read(ctx context.Context, kind string) (string, error) {
	if f.from == "" {
		return f.Texts.Read(ctx, kind)
	}
	older := ""
	if f.seen != "" {
		older = " (not the older text that it has now)"
	}
	f.Say(fmt.Sprintf("Waiting for the peer's %s in %s%s …", kind, f.from, older))
	return f.await(ctx)
}

// pollTime is how often a file is looked at.
const pollTime = 200 * time.Millisecond

// await waits until the file contains something new that no longer grows.
func (f *files) await(ctx context.Context) (string, error) {
	ticker := time.NewTicker(pollTime)
	defer ticker.Stop()
	before := f.seen
	for {
		text, err := f.read()
		if err != nil {
			return "", err
		}
		if text != "" && text != f.seen && text == before {
			f.seen = text
			return text, nil
		}
		before = text
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-ticker.C:
		}
	}
}

// read reads the file of the peer's text; "" if it does not exist yet.
func (f *files) read() (string, error) {
	if f.from == "" {
		return "", nil
	}
	refuse := func(err error) (string, error) { return "", fmt.Errorf("--%s: %w", flagFrom, err) }
	foreign := fmt.Errorf("%s does not contain a text of dialtone", f.from)
	switch info, err := os.Stat(f.from); {
	case errors.Is(err, os.ErrNotExist):
		return "", nil
	case err != nil:
		return refuse(err)
	case !info.Mode().IsRegular(): // to open a pipe might wait for ever
		return refuse(foreign)
	}
	file, err := os.Open(f.from)
	if err != nil {
		return refuse(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	raw, err := io.ReadAll(io.LimitReader(file, 2*MaxText+1))
	if err != nil {
		return refuse(err)
	}
	if len(raw) > 2*MaxText {
		return refuse(foreign)
	}
	return strings.TrimSpace(string(raw)), nil
}

// write writes a file that appears whole, readable only by its owner.
func write(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".dialtone-*")
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, Wrap(text))
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// LineLength is how long the lines are into which a text is broken: no terminal cuts them, neither here nor where they
// are pasted.
const LineLength = 76

// Wrap breaks a text into lines.
func Wrap(text string) string {
	var b strings.Builder
	for len(text) > LineLength {
		b.WriteString(text[:LineLength] + "\n")
		text = text[LineLength:]
	}
	b.WriteString(text + "\n")
	return b.String()
}
