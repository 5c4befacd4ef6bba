package requests

import (
	"errors"
	"fmt"
	"slices"

	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/signal/conform"
	"dialtone/signal/conform/rooms"
	"dialtone/signal/room"
	"dialtone/signal/whip"
)

// Requirements choose what is asked of an endpoint beside a call.
type Requirements struct {
	Conformance bool     `help:"With --whip, --whep or --room: after the calls, test the endpoint against each MUST and SHOULD of RFC 9725 §4, of the draft of WHEP, or of the room protocol; both peers of a room are then of this check, unless --role says otherwise. A violated MUST fails the check, a violated SHOULD is a warning."`
	Skip        []string `placeholder:"ID" help:"With --conformance: leave this requirement out. Repeatable."`
	Only        []string `placeholder:"ID" help:"With --conformance: report only this requirement. Repeatable."`
}

// Wrong says which IDs are unknown, and what needs --conformance; asked are the names of the ways of signaling.
func (f *Requirements) Wrong(asked []string) (errs []error) {
	if f.Conformance && !slices.ContainsFunc(asked, func(name string) bool {
		return name == whip.Publish.Name || name == whip.Play.Name || name == room.Way.Name
	}) {
		errs = append(errs, errors.New("--conformance requires --whip URL, --whep URL or --room CODE"))
	}
	known := conform.IDs()
	if slices.Contains(asked, room.Way.Name) {
		known = rooms.IDs()
	}
	for flag, ids := range map[string][]string{"--skip": f.Skip, "--only": f.Only} {
		if len(ids) > 0 && !f.Conformance {
			errs = append(errs, errors.New(flag+" requires --conformance"))
		}
		for _, id := range ids {
			if !slices.Contains(known, id) {
				errs = append(errs, fmt.Errorf("%s: unknown requirement %s%s", flag, settings.Quote(id),
					settings.DidYouMean("", id, known)))
			}
		}
	}
	return errs
}
