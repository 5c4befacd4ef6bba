package sdp

import "strings"

// Sends reports whether a media section of the kind is sendrecv (the default) or sendonly, and not rejected: a port
// of 0 refuses it (RFC 3264 §6), unless the section is bundle-only (RFC 9143 §6).
func Sends(sdp, kind string) bool {
	inside, sends, open := false, false, false
	for line := range strings.Lines(sdp) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "m="):
			if inside && sends && open {
				return true
			}
			inside, sends = strings.HasPrefix(line, "m="+kind+" "), true
			open = !strings.HasPrefix(line, "m="+kind+" 0 ")
		case line == "a=bundle-only":
			open = true
		case line == "a=recvonly" || line == "a=inactive":
			sends = false
		}
	}
	return inside && sends && open
}
