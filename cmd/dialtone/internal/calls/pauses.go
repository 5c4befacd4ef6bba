package calls

import (
	"context"
	"fmt"
	"time"

	"dialtone/diag"
)

// Pauses between calls that failed.
const (
	ShortestPause = time.Second
	LongestPause  = 30 * time.Second
)

// freeFailures are the calls that may fail one after another before the next one is answered later.
const freeFailures = 2

// BackOff waits after calls that were not connected, so that nuisances are answered ever more rarely. It returns false
// when the context ends first.
func (p Placer) BackOff(ctx context.Context, failed int) bool {
	pause := pauseAfter(failed)
	if pause == 0 {
		return true
	}
	p.Complain(fmt.Sprintf("dialtone: the last %d calls were not connected; answering again in %v", failed, pause))
	return diag.Sleep(ctx, pause)
}

// pauseAfter is how long the next call waits after a number of calls that were not connected.
func pauseAfter(failed int) time.Duration {
	late := failed - freeFailures
	if late <= 0 {
		return 0
	}
	return min(ShortestPause<<min(late-1, 10), LongestPause)
}
