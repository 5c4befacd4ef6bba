//go:build !unix

package gate

import "math"

// Files is how many files and connections this process may have open: there is no limit to ask for.
func Files() int { return math.MaxInt32 }
