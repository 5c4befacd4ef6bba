package terminal

import (
	"context"
	"errors"
	"fmt"
	"os"
	ossignal "os/signal"
	"syscall"

	"dialtone/diag"
)

// ErrInterrupted is the cause of a context that a signal ended.
var ErrInterrupted = errors.New("interrupted")

// Interruptible derives a context that SIGINT, SIGTERM and SIGHUP end with ErrInterrupted, so that the command can shut
// down. A SIGINT after that ends the process at once. The returned function restores the signals and must be called.
func (s Streams) Interruptible(ctx context.Context) (context.Context, func()) {
	return s.interruptible(ctx, endingSignals()...)
}

// Reloadable is like Interruptible, but a SIGHUP ends nothing: it is received from the channel.
func (s Streams) Reloadable(ctx context.Context) (context.Context, <-chan os.Signal, func()) {
	hangups := make(chan os.Signal, 1)
	ossignal.Notify(hangups, syscall.SIGHUP)
	ctx, restore := s.interruptible(ctx, os.Interrupt, syscall.SIGTERM)
	return ctx, hangups, func() {
		ossignal.Stop(hangups)
		restore()
	}
}

func (s Streams) interruptible(ctx context.Context, ending ...os.Signal) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	arrived := make(chan os.Signal, 4)
	ossignal.Notify(arrived, ending...)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		s.watch(arrived, stop, cancel)
	}()
	return ctx, func() {
		ossignal.Stop(arrived)
		close(stop)
		<-stopped
		cancel(nil)
	}
}

// endingSignals are those that ask for an end. A SIGHUP that is ignored stays so: that is what nohup is for.
func endingSignals() []os.Signal {
	ending := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !ossignal.Ignored(syscall.SIGHUP) {
		ending = append(ending, syscall.SIGHUP)
	}
	return ending
}

func (s Streams) watch(arrived <-chan os.Signal, stop <-chan struct{}, cancel context.CancelCauseFunc) {
	asked := false
	for {
		select {
		case sig := <-arrived:
			if asked && sig == os.Interrupt {
				s.Complain("dialtone: killed before it could shut down; a recording may be incomplete")
				s.Kill(diag.ExitInterrupted)
			}
			asked = true
			cancel(fmt.Errorf("%w by %v", ErrInterrupted, sig))
		case <-stop:
			return
		}
	}
}
