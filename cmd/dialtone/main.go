// Command dialtone places a real WebRTC call from a terminal and tells whether it works, how well, and if not why.
//
// This package is wiring: it reads flags, files and the environment, starts what the other packages offer, prints, and
// is the one place that exits.
package main

import (
	"context"
	"os"
)

func main() { os.Exit(int(run(context.Background(), os.Args[1:], realStreams()))) }
