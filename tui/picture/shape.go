package picture

import (
	"fmt"
	"strings"
)

// lineWide is how thick lines are, in pixels.
const lineWide = 1.2

// shapeOf is the path of a character that joins its neighbors, in the cell at x, y; "" for any other.
func shapeOf(r rune, x, y float64) string {
	switch {
	case r >= 0x2581 && r <= 0x2587: // eighths from below
		h := cellHigh * float64(r-0x2580) / 8
		return box(x, y+cellHigh-h, cellWide, h)
	// eighths from the left, eight to one; lower than the cell, so that bars of neighbouring rows do not touch
	case r >= 0x2588 && r <= 0x258f:
		return box(x, y+2, cellWide*float64(0x2590-r)/8, cellHigh-4)
	case r == 0x2591: // light shade
		var b strings.Builder
		for i := range 3 {
			for k := range 6 {
				b.WriteString(box(x+float64(3*i+k%2*2%3), y+2+float64(k)*2.5, 1, 1))
			}
		}
		return b.String()
	case r > 0x2800 && r <= 0x28ff:
		return dots(r-0x2800, x, y)
	}
	return lines(r, x, y)
}

// lines are the characters that consist of arms from the middle of the cell.
func lines(r rune, x, y float64) string {
	middle, center, half := x+cellWide/2, y+cellHigh/2, lineWide/2
	left, right := box(x, center-half, cellWide/2+half, lineWide), box(middle-half, center-half, cellWide/2+half, lineWide)
	up, down := box(middle-half, y, lineWide, cellHigh/2+half), box(middle-half, center-half, lineWide, cellHigh/2+half)
	switch r {
	case '─':
		return left + right
	case '━':
		return box(x, center-lineWide, cellWide, 2*lineWide)
	case '═':
		return box(x, center-2.2, cellWide, lineWide) + box(x, center+1.2, cellWide, lineWide)
	case '│':
		return up + down
	case '┤':
		return up + down + left
	case '├':
		return up + down + right
	case '┼':
		return up + down + left + right
	case '┬':
		return left + right + down
	case '┴':
		return left + right + up
	case '┌':
		return right + down
	case '┐':
		return left + down
	case '└':
		return right + up
	case '┘':
		return left + up
	}
	return ""
}

// dots draws a braille pattern: bits 0–2 down the left, 3–5 down the right, 6 and 7 below (ISO/IEC TR 11548-1).
func dots(bits rune, x, y float64) string {
	var b strings.Builder
	for bit := range 8 {
		if bits>>bit&1 == 0 {
			continue
		}
		column, row := bit/3, bit%3
		if bit >= 6 {
			column, row = bit-6, 3
		}
		b.WriteString(box(x+1.2+float64(column)*cellWide/2, y+1.3+float64(row)*cellHigh/4, 1.9, 1.9))
	}
	return b.String()
}

func box(x, y, width, height float64) string {
	return fmt.Sprintf("M%.1f %.1fh%.1fv%.1fh%.1fz", x, y, width, height, -width)
}
