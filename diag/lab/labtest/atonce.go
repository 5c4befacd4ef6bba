package labtest

import (
	"flag"
	"strconv"
)

// AtOnce lets more tests run at a time than the machine has processors, for TestMain: those that place calls wait for
// most of their time, those of the short level even more. The command line, which is read later, has the last word.
func AtOnce() {
	tests := 16
	if Thorough() {
		tests = 8
	}
	_ = flag.Set("test.parallel", strconv.Itoa(tests)) // a flag that every test binary has
}
