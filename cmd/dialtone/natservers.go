package main

import (
	"errors"

	"dialtone/cmd/dialtone/internal/icelist"
)

// publicServers are STUN servers that let everybody ask; --public asks them. Never without it: anyone who is asked
// learns the address of this machine, and when it was there. No one has measured them here, and no test asks them.
// docs/reference/configuration.md has the same list.
var publicServers = []string{
	"stun:stun.l.google.com:19302",
	"stun:stun1.l.google.com:19302",
	"stun:stun.cloudflare.com:3478",
	"stun:stun.nextcloud.com:443",
	"stun:stunserver2025.stunprotocol.org:3478",
}

// servers are those to ask; the error names all that is wrong with them.
func (c *natCommand) servers() (icelist.List, error) {
	list, flag := icelist.Joined(c.ICE), "--ice "
	named := c.Servers
	if len(named) > 0 {
		list, flag = nil, ""
	}
	if c.Public {
		named = append(named, publicServers...)
	}
	var errs []error
	for _, s := range named {
		l, err := icelist.Parse(s)
		errs = append(errs, err)
		if err == nil {
			list = append(list, l...)
		}
	}
	if len(list) == 0 && errors.Join(errs...) == nil {
		errs = append(errs, errors.New(`no server to ask: name some, such as dialtone nat stun.example.org; `+
			`or list them in the configuration file: ice = ["stun:…"]; `+
			`or add --public to ask public ones, which then see your address`))
	}
	list = list.With(c.ICEUser, c.ICEPass)
	return list, errors.Join(append(errs, list.Complete(flag))...)
}
