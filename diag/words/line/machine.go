package line

import (
	"strings"

	"dialtone/diag"
	"dialtone/diag/words"
)

// machineLine describes what was observed about this machine, for the log.
func machineLine(d diag.Data) (string, bool) {
	switch d := d.(type) {
	case diag.NetworkChanged:
		return networkWords(d), true
	case diag.Paused:
		return join(string(d.Source), words.Millis(d.DurationMs)), true
	}
	return "", false
}

// networkWords lists what came (+) and went (−).
func networkWords(d diag.NetworkChanged) string {
	var parts []string
	add := func(sign string, list []diag.InterfaceAddress) {
		for _, a := range list {
			parts = append(parts, sign+a.Address+" "+a.Interface+" "+string(a.Kind))
		}
	}
	add("−", d.Removed)
	add("+", d.Added)
	for _, r := range d.Routes {
		family := "IPv4"
		if r.IPv6 {
			family = "IPv6"
		}
		if r.Up {
			parts = append(parts, family+" default route from "+r.Source)
		} else {
			parts = append(parts, "no "+family+" default route")
		}
	}
	if !d.Online {
		parts = append(parts, "no network")
	}
	return strings.Join(parts, ", ")
}
