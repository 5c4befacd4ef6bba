package texts

import (
	"net"
	"net/url"
	"strings"

	"rsc.io/qr"

	"dialtone/cmd/dialtone/internal/terminal"
	"dialtone/tui/draw"
)

// PageQR draws the address of a page for the camera of a phone, "" where the terminal cannot show it or no phone can
// reach it.
func PageQR(s terminal.Streams, page string) string {
	u, err := url.Parse(page)
	if err != nil || !s.Terminal || !s.Unicode() || u.Hostname() == "localhost" ||
		net.ParseIP(u.Hostname()).IsLoopback() {
		return ""
	}
	code, err := qr.Encode(page, qr.M)
	if err != nil {
		return "" // the address is printed besides
	}
	return "\n" + coloredQR(s, draw.QR(code.Size, code.Black)) + "\n"
}

// coloredQR draws white on black whatever the terminal's colors are.
func coloredQR(s terminal.Streams, drawing string) string {
	if s.Getenv("NO_COLOR") != "" {
		return drawing
	}
	return strings.ReplaceAll("\x1b[97;40m"+strings.TrimSuffix(drawing, "\n"), "\n", "\x1b[0m\n\x1b[97;40m") + "\x1b[0m\n"
}
