package watch

import (
	"context"
	"sync"

	"dialtone/diag"
)

// observers are who wants to know of this machine. While there are some, it is observed.
type observers struct {
	mu   sync.Mutex
	next int
	all  map[int]func(diag.Data)
	last moment // of the latest tick
	stop func() // ends the observation and waits for it
}

// machine is one for the process, which has one machine.
var machine observers

// Machine reports changes of the network ([diag.NetworkChanged]) and pauses ([diag.Paused]) of this machine until ctx
// ends. The reports come one at a time, and none after the return; report must return quickly and not wait for it.
func Machine(ctx context.Context, report func(diag.Data)) { machine.observe(ctx, report) }

func (o *observers) observe(ctx context.Context, report func(diag.Data)) {
	o.mu.Lock()
	id := o.next
	o.next++
	if o.all == nil {
		o.all = map[int]func(diag.Data){}
	}
	o.all[id] = report
	if len(o.all) == 1 {
		o.last, o.stop = now(), o.start()
	}
	o.mu.Unlock()
	<-ctx.Done()
	o.tick() // a pause that has just ended is of interest to who leaves
	o.mu.Lock()
	delete(o.all, id)
	stop := func() {}
	if len(o.all) == 0 {
		stop = o.stop
	}
	o.mu.Unlock()
	stop()
}

// start observes in the background.
func (o *observers) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wakes := make(chan struct{}, 1)
	wake := func() {
		select {
		case wakes <- struct{}{}:
		default:
		}
	}
	wg.Go(func() { wakeOnChange(ctx, wake) })
	wg.Go(func() { watchNetwork(ctx, wakes, readNetwork, o.report) })
	wg.Go(func() { watchPauses(ctx, o.tick) })
	return func() {
		cancel()
		wg.Wait()
	}
}

// tick reports a pause since the tick before.
func (o *observers) tick() {
	o.mu.Lock()
	at := now()
	d, paused := at.pauseSince(o.last)
	o.last = at
	o.mu.Unlock()
	if paused {
		o.report(d)
	}
}

func (o *observers) report(d diag.Data) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, report := range o.all {
		report(d)
	}
}
