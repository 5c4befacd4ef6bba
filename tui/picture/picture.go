// Package picture makes a picture of a frame: SVG that looks like the terminal, in any browser and with any font.
//
// Text stands in runs that are stretched to the columns they take. What terminals join without gaps – blocks, lines,
// braille – is drawn as shapes, because fonts do not.
package picture

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"dialtone/diag"
)

// The look: a cell, in pixels, and the space around the frame.
const (
	cellWide  = 9.0
	cellHigh  = 18.0
	baseline  = 13.5
	fontSize  = 15
	margin    = 14
	ground    = "#14171c"
	ink       = "#d8dce2"
	fontNames = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
)

// SVG draws a frame of width × height cells: lines of text with SGR sequences, of which colors, bold, underlined and
// reversed are understood. Other sequences are left out.
func SVG(frame, title string, width, height int) string {
	d := &drawing{}
	wide, high := float64(width)*cellWide+2*margin, float64(height)*cellHigh+2*margin
	fmt.Fprintf(&d.out, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f"`,
		wide, high, wide, high)
	fmt.Fprintf(&d.out, ` role="img" font-family="%s" font-size="%d">`+"\n", fontNames, fontSize)
	fmt.Fprintf(&d.out, "<title>%s</title>\n", html.EscapeString(diag.Clean(title, 200)))
	fmt.Fprintf(&d.out, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", ground)
	fmt.Fprintf(&d.out, `<g transform="translate(%d %d)" fill="%s" style="white-space:pre">`+"\n", margin, margin, ink)
	for row, line := range strings.Split(strings.ToValidUTF8(frame, "\ufffd"), "\n") {
		d.line(line, row)
	}
	d.out.WriteString("</g>\n</svg>\n")
	return d.out.String()
}

// style is what SGR sequences have set.
type style struct {
	color                 string // "" for the usual ink
	bold, under, reversed bool
}

// drawing is a picture in progress: the run of text that is collected, and where it began.
type drawing struct {
	out      strings.Builder
	style    style
	row, col int
	run      strings.Builder
	runAt    int
}

func (d *drawing) line(line string, row int) {
	d.row, d.col, d.style = row, 0, style{}
	for line != "" {
		if rest, ok := strings.CutPrefix(line, "\x1b["); ok {
			end := strings.IndexFunc(rest, func(r rune) bool { return r >= 0x40 && r <= 0x7e })
			if end < 0 {
				break
			}
			if rest[end] == 'm' {
				d.flush()
				d.style = d.style.with(rest[:end])
			}
			line = rest[end+1:]
			continue
		}
		cluster, width := ansi.FirstGraphemeCluster(line, ansi.GraphemeWidth)
		line = line[len(cluster):]
		d.cell(cluster, width)
	}
	d.flush()
}

// cell places one grapheme.
func (d *drawing) cell(cluster string, width int) {
	x, y := float64(d.col)*cellWide, float64(d.row)*cellHigh
	shape := ""
	if !d.style.reversed {
		shape = shapeOf([]rune(cluster)[0], x, y)
	}
	switch {
	case width == 0 || strings.ContainsAny(cluster, "\ufffe\uffff"): // nothing to see, or nothing that XML can hold
		return
	case cluster == " " && !d.style.reversed && (d.run.Len() == 0 || strings.HasSuffix(d.run.String(), " ")):
		d.flush()
	case shape != "":
		d.flush()
		fmt.Fprintf(&d.out, `<path shape-rendering="crispEdges" d="%s"%s/>`+"\n", shape, d.style.attributes())
	default:
		if width != 1 || cluster[0] >= 0x80 { // what fonts disagree about stands alone
			d.flush()
		}
		if d.run.Len() == 0 {
			d.runAt = d.col
		}
		d.run.WriteString(cluster)
	}
	d.col += width
	if width != 1 || cluster[0] >= 0x80 {
		d.flush()
	}
}

// flush writes the collected run.
func (d *drawing) flush() {
	text := strings.TrimRight(d.run.String(), " ")
	if d.style.reversed {
		text = d.run.String()
	}
	d.run.Reset()
	if text == "" {
		return
	}
	width := float64(ansi.StringWidth(text)) * cellWide
	x, y := float64(d.runAt)*cellWide, float64(d.row)*cellHigh
	if d.style.reversed {
		fmt.Fprintf(&d.out, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f"%s/>`+"\n", x, y, width, cellHigh,
			d.style.attributes())
	}
	attributes := d.style.attributes()
	if d.style.reversed {
		attributes = fmt.Sprintf(` fill="%s"`, ground)
	}
	if d.style.bold {
		attributes += ` font-weight="bold"`
	}
	if d.style.under {
		attributes += ` text-decoration="underline"`
	}
	fmt.Fprintf(&d.out, `<text x="%.1f" y="%.1f" textLength="%.1f" lengthAdjust="spacingAndGlyphs"%s>%s</text>`+"\n",
		x, y+baseline, width, attributes, html.EscapeString(text))
}

func (s style) attributes() string {
	if s.color == "" {
		return ""
	}
	return fmt.Sprintf(` fill="%s"`, s.color)
}

// with applies the parameters of an SGR sequence (ECMA-48 §8.3.117).
func (s style) with(parameters string) style {
	numbers := strings.Split(parameters, ";")
	for i := 0; i < len(numbers); i++ {
		n, err := strconv.Atoi(numbers[i])
		if err != nil {
			n = 0 // an empty parameter
		}
		switch {
		case n == 0:
			s = style{}
		case n == 1:
			s.bold = true
		case n == 4:
			s.under = true
		case n == 7:
			s.reversed = true
		case n == 22:
			s.bold = false
		case n == 24:
			s.under = false
		case n == 27:
			s.reversed = false
		case n == 39:
			s.color = ""
		case n >= 30 && n <= 37:
			s.color = color(n - 30)
		case n >= 90 && n <= 97:
			s.color = color(n - 90 + 8)
		case n == 38 && i+2 < len(numbers) && numbers[i+1] == "5":
			if c, err := strconv.Atoi(numbers[i+2]); err == nil {
				s.color = color(c)
			}
			i += 2
		}
	}
	return s
}

// sixteen are the first colors of the palette, which terminals choose as they like.
var sixteen = [16]string{
	"#2b3038", "#e06c75", "#8cc265", "#d19a66", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4",
	"#6b7380", "#ff7b86", "#a5e075", "#f0b778", "#6cbeff", "#de8ff7", "#66d9e8", "#ffffff",
}

// color is an entry of the 256-color palette: sixteen, a cube of six steps, grays.
func color(n int) string {
	switch {
	case n < 0 || n > 255:
		return ""
	case n < 16:
		return sixteen[n]
	case n >= 232:
		gray := 8 + 10*(n-232)
		return fmt.Sprintf("#%02x%02x%02x", gray, gray, gray)
	}
	steps := [6]int{0, 95, 135, 175, 215, 255}
	n -= 16
	return fmt.Sprintf("#%02x%02x%02x", steps[n/36], steps[n/6%6], steps[n%6])
}
