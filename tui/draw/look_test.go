package draw

import (
	"io"
	"math"
	"reflect"
	"strconv"
	"testing"

	"github.com/muesli/termenv"
)

// glyphsOf lists all glyphs of a set by their names.
func glyphsOf(g Glyphs) map[string][]string {
	all := map[string][]string{}
	v := reflect.ValueOf(g)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if f := v.Field(i); f.Kind() == reflect.String {
			all[name] = []string{f.String()}
		} else if f.Kind() != reflect.Int32 { // the braille patterns are made from one character, and missing in ASCII
			for k := range f.Len() {
				all[name] = append(all[name], f.Index(k).String())
			}
		}
	}
	return all
}

// Both sets have every glyph, each one column wide; the second is ASCII.
func TestGlyphSets(t *testing.T) {
	for set, glyphs := range map[string]Glyphs{"Unicode": Unicode, "ASCII": ASCII} {
		for name, list := range glyphsOf(glyphs) {
			if len(list) == 0 {
				t.Errorf("%s.%s is empty", set, name)
			}
			for _, g := range list {
				if Width(g) != 1 {
					t.Errorf("%s.%s: %q takes %d columns", set, name, g, Width(g))
				}
				if set == "ASCII" && !isASCII(g) {
					t.Errorf("ASCII.%s: %q", name, g)
				}
				if set == "Unicode" && !isASCII(g) && plainLook(g, 1) == "?" {
					t.Errorf("Unicode.%s: %q has no plain look", name, g)
				}
			}
		}
	}
}

func TestShip(t *testing.T) {
	th := plain().UseASCII()
	for in, want := range map[string]string{
		"plain":                    "plain",
		"a…b · 320×240 – 5 µs, §6": "a~b | 320x240 - 5 us, S6",
		"▏▎▍▌▋▊▉█ ⠋⠙ ┌─┐ ⣿\u2800": "|||##### .. +-+ . ",
		"Grüße, 日本 🚀":             "Gr??e, ???? ??",
		"e\u0301a\u0300":          "ea",
		"\x1b[1mé\x1b[0m":         "\x1b[1m?\x1b[0m",
	} {
		if got := th.Ship(in); got != want {
			t.Errorf("Ship(%q) = %q, want %q", in, got, want)
		}
		if got := plain().Ship(in); got != in {
			t.Errorf("with Unicode, Ship(%q) = %q", in, got)
		}
	}
}

func FuzzShip(f *testing.F) {
	f.Add("日本語 é 🏳️‍🌈 \u202e")
	f.Fuzz(func(t *testing.T, s string) {
		s = Safe(s)
		got := plain().UseASCII().Ship(s)
		if !isASCII(got) || Width(got) != Width(s) {
			t.Errorf("Ship(%q) = %q: %d columns instead of %d", s, got, Width(got), Width(s))
		}
	})
}

// contrastLeast is what WCAG 2.2 asks for text (success criterion 1.4.3).
const contrastLeast = 4.5

// TestContrast computes the contrast of every color against backgrounds that are in use.
func TestContrast(t *testing.T) {
	light := map[string][3]uint8{"white": {255, 255, 255}, "paper": {250, 250, 250}, "Solarized light": {0xfd, 0xf6, 0xe3}}
	dark := map[string][3]uint8{"black": {}, "VS Code": {0x1e, 0x1e, 0x1e}, "One Dark": {0x28, 0x2c, 0x34}, "Solarized dark": {0x00, 0x2b, 0x36}}
	for name, tone := range map[string]tone{"accent": accent, "good": good, "warn": warn, "bad": bad, "dim": dim} {
		for background, rgb := range light {
			if c := contrast(palette(t, tone.light), rgb); c < contrastLeast {
				t.Errorf("%s on %s: %.2f:1", name, background, c)
			}
		}
		for background, rgb := range dark {
			if c := contrast(palette(t, tone.dark), rgb); c < contrastLeast {
				t.Errorf("%s on %s: %.2f:1", name, background, c)
			}
		}
		for background, rgb := range map[string][3]uint8{"white": {255, 255, 255}, "black": {}} {
			if c := contrast(palette(t, tone.either), rgb); c < contrastLeast {
				t.Errorf("%s for any background, on %s: %.2f:1", name, background, c)
			}
		}
	}
}

// TestUnknownBackground: colors that are legible on any, and none of the 16, whose looks nobody knows.
func TestUnknownBackground(t *testing.T) {
	r := NewTerminal(io.Discard)
	r.Background = Unknown
	for profile, want := range map[termenv.Profile]string{
		termenv.ANSI256: "\x1b[38;5;29m", termenv.TrueColor: "\x1b[38;5;29m", termenv.ANSI: "", termenv.Ascii: "",
	} {
		r.SetColorProfile(profile)
		if got := NewTheme(r).Good.on; got != want {
			t.Errorf("%v: %q", profile, got)
		}
	}
	r.SetColorProfile(termenv.ANSI256)
	for dark, want := range map[bool]string{true: "\x1b[38;5;78m", false: "\x1b[38;5;22m"} {
		r.Answered(dark)
		if got := NewTheme(r).Good.on; got != want {
			t.Errorf("dark %t: %q", dark, got)
		}
	}
}

// palette is the color of a number above 15 in the 256-color palette: a cube of six steps, then grays.
func palette(t *testing.T, number string) [3]uint8 {
	t.Helper()
	n, err := strconv.Atoi(number)
	if err != nil || n < 16 || n > 255 {
		t.Fatalf("color %q", number)
	}
	if n >= 232 {
		gray := uint8(8 + 10*(n-232))
		return [3]uint8{gray, gray, gray}
	}
	steps := [6]uint8{0, 95, 135, 175, 215, 255}
	n -= 16
	return [3]uint8{steps[n/36], steps[n/6%6], steps[n%6]}
}

func contrast(a, b [3]uint8) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance is WCAG's relative luminance of an sRGB color.
func luminance(rgb [3]uint8) float64 {
	var linear [3]float64
	for i, v := range rgb {
		c := float64(v) / 255
		if linear[i] = c / 12.92; c > 0.04045 {
			linear[i] = math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear[0] + 0.7152*linear[1] + 0.0722*linear[2]
}
