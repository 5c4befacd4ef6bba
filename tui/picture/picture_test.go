package picture

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// texts reads the picture as XML and returns what is written in it.
func texts(t *testing.T, svg string) []string {
	t.Helper()
	var found []string
	inText := false
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("no XML: %v\n%s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inText = token.Name.Local == "text"
		case xml.EndElement:
			inText = false
		case xml.CharData:
			if inText {
				found = append(found, string(token))
			}
		}
	}
}

func TestSVG(t *testing.T) {
	svg := SVG("a <b> \x1b[1;38;5;75mbold\x1b[0m  far\n▶ ██ \x1b[7mtab\x1b[0m ⣿─┤ 日本\x1b[2K!", "a & b", 40, 2)
	got := strings.Join(texts(t, svg), "|")
	if want := "a <b>|bold|far|▶|tab|日|本|!"; got != want {
		t.Errorf("the texts are %q, want %q", got, want)
	}
	for _, want := range []string{`fill="#5fafff" font-weight="bold">bold`, "<title>a &amp; b</title>", "<path", `fill="#14171c">tab`} {
		if !strings.Contains(svg, want) {
			t.Errorf("%s is missing in\n%s", want, svg)
		}
	}
}

func FuzzSVG(f *testing.F) {
	f.Add("\x1b[38;5;999mx\x1b[;;m\x1b[38;5m\x1b[ ▏▎█⠿\n日本 é <&>\"")
	f.Fuzz(func(t *testing.T, frame string) {
		texts(t, SVG(frame, frame, 20, 3))
	})
}
