package terminal

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"dialtone/diag"
)

func TestSecondInterruptKills(t *testing.T) {
	var complaints strings.Builder
	killed := make(chan diag.Exit, 1)
	s := Streams{Err: &complaints, Kill: func(code diag.Exit) { killed <- code }}
	arrived, stop, ended := make(chan os.Signal), make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		defer close(ended)
		s.watch(arrived, stop, cancel)
	}()

	arrived <- syscall.SIGTERM
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, ErrInterrupted) || !strings.Contains(cause.Error(), "terminated") {
		t.Errorf("the cause is %v", cause)
	}
	arrived <- syscall.SIGHUP // what a closing terminal sends besides; it does not kill
	arrived <- os.Interrupt
	if code := <-killed; code != diag.ExitInterrupted {
		t.Errorf("killed with %v", code)
	}
	close(stop)
	<-ended
	if n := strings.Count(complaints.String(), "killed before it could shut down"); n != 1 {
		t.Errorf("complaints: %q", complaints.String())
	}
}
