//go:build !unix

package load

import "time"

// processTime is unknown here.
func processTime() *time.Duration { return nil }

// OpenFiles is how many files and sockets this process may have open; 0 if it is unknown.
func OpenFiles() uint64 { return 0 }
