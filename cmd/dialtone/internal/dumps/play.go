package dumps

import (
	"context"
	"path/filepath"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/terminal"
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/tui"
	"dialtone/tui/pane"
)

// Playing is how a call that was read is shown.
type Playing struct {
	terminal.Streams
	Path    string // of the file
	Plain   bool   // lines instead of the screen
	Speed   float64
	ASCII   bool
	Panes   []pane.Factory // nil: all, or those of a diagnosis
	Version string         // of this program
}

// Play shows the call on the screen, or as plain text. Of several connections it lists what they come to.
func (o *Opened) Play(ctx context.Context, p Playing) (diag.Exit, error) {
	if o.Recording == nil || !p.Terminal || p.Plain {
		p.Warn(o.Damage)
		return o.Print(p.Display())
	}
	ctx, restore := p.Interruptible(ctx)
	defer restore()
	export := calls.Exporter{Header: o.Recording.Header, Redact: o.Recording.Header.Redacted}
	if p.Panes == nil && call.Fold(o.Recording.Events).Alone() {
		p.Panes = pane.Diagnosis()
	}
	err := tui.Run(ctx, tui.Options{
		Replay: &tui.Replay{Events: o.Recording.Events, Speed: p.Speed, Remark: o.Damage},
		Title:  "replay " + diag.Clean(filepath.Base(p.Path), 40), Input: p.In, Output: p.Out, Panes: p.Panes,
		ASCII: p.ASCII, Export: export.Write,
	})
	switch {
	case ctx.Err() != nil:
		return diag.ExitInterrupted, nil
	case err != nil:
		return diag.ExitCannotRun, calls.ScreenFault(p.Streams, p.Version, err)
	}
	return diag.ExitPass, nil
}
