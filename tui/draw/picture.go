package draw

import (
	"image/color"
	"strings"

	"github.com/muesli/termenv"

	"dialtone/diag"
)

// shades and asciiShades are what stands for a pixel without colors, from dark to light.
var (
	shades      = []rune(" ░▒▓█")
	asciiShades = []rune(" .:-=+*#%@")
)

// maxSide bounds the sides of a picture, which a recording may state as it likes.
const maxSide = 256

// PictureSize is how many columns and rows a picture fills of at most so many, in its shape: a cell is twice as high as
// wide. Zero: there is no picture, or no room.
func PictureSize(p diag.Thumbnail, columns, rows int) (width, height int) {
	if p.Width <= 0 || p.Height <= 0 || p.Width > maxSide || p.Height > maxSide || len(p.RGB) != 3*p.Width*p.Height {
		return 0, 0
	}
	width, height = columns, (columns*p.Height+p.Width)/(2*p.Width)
	if height > rows {
		width, height = 2*rows*p.Width/p.Height, rows
	}
	return min(width, p.Width), min(height, (p.Height+1)/2)
}

// Picture draws a picture: by the terminal if it can, or in cells of two pixels, one above the other. Without colors,
// it is drawn in shades.
func (t *Theme) Picture(p diag.Thumbnail, width, height int) []string {
	if width <= 0 || height <= 0 {
		return nil
	}
	if t.kitty != nil && !t.ascii {
		return t.kitty.cells(p, width, height)
	}
	pixel := func(x, y, rows int) color.RGBA {
		at := 3 * (y*p.Height/rows*p.Width + x*p.Width/width)
		return color.RGBA{p.RGB[at], p.RGB[at+1], p.RGB[at+2], 0xff}
	}
	colored := !t.ascii && t.profile != termenv.Ascii
	out := make([]string, height)
	for y := range out {
		var b strings.Builder
		for x := range width {
			if !colored {
				b.WriteRune(t.shade(pixel(x, y, height)))
				continue
			}
			top, bottom := pixel(x, 2*y, 2*height), pixel(x, 2*y+1, 2*height)
			b.WriteString(termenv.CSI + t.color(top, false) + ";" + t.color(bottom, true) + "m▀")
		}
		if colored {
			b.WriteString(termenv.CSI + termenv.ResetSeq + "m")
		}
		out[y] = b.String()
	}
	return out
}

// color is the sequence of the nearest color that the terminal has.
func (t *Theme) color(c color.RGBA, background bool) string {
	return t.profile.FromColor(c).Sequence(background)
}

// shade is the character for a brightness.
func (t *Theme) shade(c color.RGBA) rune {
	ramp := shades
	if t.ascii {
		ramp = asciiShades
	}
	gray := int(color.GrayModel.Convert(c).(color.Gray).Y) //nolint:errcheck,forcetypeassert // that is what it converts to
	if t.light {                                           // what is printed is dark
		gray = 255 - gray
	}
	return ramp[gray*len(ramp)/256]
}
