package labtest

import "flag"

// AtOnce lets eight tests run at a time, for TestMain: those that place calls wait for most of their time, so that more
// of them fit on a machine than it has processors. The command line, which is read later, has the last word.
func AtOnce() {
	_ = flag.Set("test.parallel", "8") // a flag that every test binary has
}
