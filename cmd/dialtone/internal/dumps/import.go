package dumps

import (
	"fmt"

	"dialtone/cmd/dialtone/internal/helps"
)

// Import is what dialtone import takes.
type Import struct {
	Files      []string `arg:"" name:"file" help:"A dump of a browser, the dumps of both ends of a call, or a recording. - reads the standard input."`
	Connection string   `placeholder:"ID" help:"The connection of a dump that has several."`
	Large      bool     `help:"Read all, whatever memory the events take. Default: as many events as take 32 MiB."`
}

// Help implements kong.HelpProvider.
func (*Import) Help() string {
	return helps.Detail("A dump of chrome://webrtc-internals, of Firefox's about:webrtc (JSON or the saved page) or of "+
		"rtcstats, packed by gzip or not, opens in the screen of a call, with the same findings. Several connections are "+
		"listed: choose one with --connection. The dumps of both ends are put side by side.\n\n"+
		"Without a terminal, or with --plain, dialtone prints one line per event and the verdict, and exits with the "+
		"call's code. The screen exits with 0.",
		[]string{
			"dialtone import webrtc_internals_dump.gz",
			"dialtone import webrtc_internals_dump.gz --connection 9-1 --plain",
			"dialtone import caller.json callee.json",
			"zcat dump.gz | dialtone import -",
		},
		helps.CallExits...)
}

// Check reports what is wrong with the arguments, or nil.
func (c *Import) Check() error {
	if len(c.Files) > 2 {
		return fmt.Errorf("%d files given: give one, or the dumps of both ends of a call", len(c.Files))
	}
	return nil
}
