package main

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"dialtone/diag/lab/labtest"
)

// cleanups end what was started once for all tests.
var cleanups struct {
	sync.Mutex
	list []func()
}

// atEnd adds something to do after all tests.
func atEnd(end func()) {
	cleanups.Lock()
	defer cleanups.Unlock()
	cleanups.list = append(cleanups.list, end)
}

// doubles are what the test binary doubles as.
var doubles = map[string]func(){"dialtone": main, "dialtone-bomb": mainWithBomb}

// TestMain makes the test binary double as each of these, for the scripts.
func TestMain(m *testing.M) {
	labtest.AtOnce()
	testscript.Main(leakChecked{m}, doubles)
}

// leakChecked fails a run that leaves goroutines behind.
type leakChecked struct{ m *testing.M }

// Run implements testscript.TestingM.
func (l leakChecked) Run() int {
	code := l.m.Run()
	for _, end := range cleanups.list {
		end()
	}
	if code != 0 {
		return code
	}
	// pion/srtp v3.1.3 may block for ever on the first packet of a stream while the connection closes.
	if err := goleak.Find(goleak.IgnoreAnyFunction("github.com/pion/srtp/v3.(*SessionSRTP).decrypt")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
