// Command dialtone places a real WebRTC call from a terminal and reports whether it works, how well, and if not, why.
//
// This package is wiring: it reads flags, files and the environment, starts the other packages, prints, and is the
// only place that exits.
package main

import (
	"context"
	"os"
)

func main() { os.Exit(int(run(context.Background(), os.Args[1:], realStreams()))) }
