package draw

import "strings"

// quietZone is the width of the margin that a QR code needs, in modules (ISO/IEC 18004 §6.3.8).
const quietZone = 4

// QR draws a QR code of size×size modules, two rows of modules a line. black reports whether a module is dark; it is
// called for modules of the code only. The light modules are those that are drawn: in light letters on dark ground the
// code is dark on light, as it must be. Letters of another color make it light on dark, which not all readers accept.
func QR(size int, black func(x, y int) bool) string {
	light := func(x, y int) bool {
		return x < 0 || y < 0 || x >= size || y >= size || !black(x, y)
	}
	var b strings.Builder
	for y := -quietZone; y < size+quietZone; y += 2 {
		for x := -quietZone; x < size+quietZone; x++ {
			upper, lower := light(x, y), y+1 < size+quietZone && light(x, y+1)
			switch {
			case upper && lower:
				b.WriteString("█")
			case upper:
				b.WriteString("▀")
			case lower:
				b.WriteString("▄")
			default:
				b.WriteString(" ")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
