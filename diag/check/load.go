package check

import (
	"context"
	"time"

	"dialtone/diag/judge"
)

// tick is how often a timer is watched.
const tick = judge.LateAfter

// WatchLoad measures how late timers fire until ctx ends: what the program itself lacks of CPU.
func WatchLoad(ctx context.Context) judge.Load {
	var l judge.Load
	timer := time.NewTimer(tick)
	defer timer.Stop()
	due := time.Now().Add(tick)
	for {
		select {
		case <-ctx.Done():
			return l
		case <-timer.C:
		}
		now := time.Now()
		late := now.Sub(due)
		missed := int(late / tick) // timers that should have fired meanwhile, each as late as this one
		l.Ticks += 1 + missed
		l.Late += missed
		l.Worst = max(l.Worst, late)
		due = now.Add(tick)
		timer.Reset(tick)
	}
}
