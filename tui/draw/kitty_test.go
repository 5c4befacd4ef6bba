package draw

import (
	"bytes"
	"encoding/base64"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"dialtone/diag"
)

// TestKitty: a terminal that understands the escape sequences has the picture, once, before the cells that stand for it,
// and forgets it at the end.
func TestKitty(t *testing.T) {
	p := diag.Thumbnail{Width: 64, Height: 48, RGB: bytes.Repeat([]byte{1, 2, 3}, 64*48)}
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	k := NewKitty()
	theme := &Theme{kitty: k}
	s := &Screen{File: out, Kitty: k}
	if k.Delete() != "" {
		t.Error("what was not sent is deleted")
	}
	frame := strings.Join(theme.Picture(p, 20, 8), "\n")
	for _, line := range strings.Split(frame, "\n") {
		if n := ansi.StringWidth(line); n != 20 {
			t.Errorf("a line is %d cells wide", n)
		}
	}
	for range 2 {
		theme.Picture(p, 20, 8) // the same picture is not sent again
		if n, err := s.Write([]byte(frame)); err != nil || n != len(frame) {
			t.Errorf("%d of %d bytes written: %v", n, len(frame), err)
		}
	}
	_ = out.Close()
	var wrote bytes.Buffer
	if _, err := wrote.ReadFrom(in); err != nil {
		t.Fatal(err)
	}
	var rgb []byte
	chunks := regexp.MustCompile("\x1b_G([^;]*);([^\x1b]*)\x1b\\\\").FindAllStringSubmatchIndex(wrote.String(), -1)
	text := wrote.String()
	for i, at := range chunks {
		control, data := text[at[2]:at[3]], text[at[4]:at[5]]
		if b, err := base64.StdEncoding.DecodeString(data); err != nil || len(data) > maxChunk {
			t.Errorf("a chunk of %d bytes: %v", len(data), err)
		} else {
			rgb = append(rgb, b...)
		}
		if last := i == len(chunks)-1; strings.HasSuffix(control, "m=0") != last || i == 0 && !strings.Contains(control, "s=64,v=48,c=20,r=8") {
			t.Errorf("chunk %d: %s", i, control)
		}
	}
	if !bytes.Equal(rgb, p.RGB) || !strings.HasSuffix(text, frame+frame) {
		t.Errorf("%d bytes of the picture came", len(rgb))
	}
	if !strings.Contains(k.Delete(), "a=d,d=I,i=") {
		t.Error("the picture is not deleted")
	}
	if theme.UseASCII(); strings.ContainsRune(strings.Join(theme.Picture(p, 20, 8), ""), 0x10eeee) {
		t.Error("a picture in ASCII")
	}
}
