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

// fileWords describes a file of received media.
func fileWords(d diag.MediaFile) string {
	s := join(d.File, d.Codec, words.Bytes(uint64(max(d.Bytes, 0))),
		count(uint64(d.Frames), "frame"), count(d.Packets, "packet"))
	if d.Limit != "" {
		s += ", ended by the limit of " + string(d.Limit)
	}
	return s
}

// count names a number of things; nothing for none.
func count(n uint64, thing string) string {
	if n == 0 {
		return ""
	}
	return words.Count(int(min(n, 1<<31)), thing, thing+"s") // #nosec G115 -- bounded
}
