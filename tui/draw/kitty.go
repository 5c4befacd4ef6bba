package draw

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/kitty"

	"dialtone/diag"
)

// maxChunk is how many bytes of base64 an escape sequence of a picture may hold.
const maxChunk = 4096

// Kitty shows a picture by the graphics protocol of kitty, which Ghostty has, too. The picture is sent once; in frames
// there are placeholders for it, which are text. A nil one shows nothing.
type Kitty struct {
	id      uint32 // of the picture, in the terminal
	mu      sync.Mutex
	shown   string // what was sent last
	pending string // what is to be sent before the next frame
}

// NewKitty shows one picture at a time, under an identifier that other programs in the same terminal hardly have.
func NewKitty() *Kitty { return &Kitty{id: 1<<16 | uint32(os.Getpid())&0xffff} } // #nosec G115 -- of 16 bits

// cells are the placeholders of a picture, which is sent before them.
func (k *Kitty) cells(p diag.Thumbnail, width, height int) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	head := fmt.Sprintf("q=2,a=T,U=1,i=%d,f=24,s=%d,v=%d,c=%d,r=%d", k.id, p.Width, p.Height, width, height)
	if content := head + string(p.RGB); content != k.shown {
		k.shown, k.pending = content, transmission(head, p.RGB)
	}
	out := make([]string, height)
	for y := range out {
		var b strings.Builder
		fmt.Fprintf(&b, "\x1b[38;2;%d;%d;%dm", k.id>>16, k.id>>8&0xff, k.id&0xff)
		for x := range width {
			b.WriteRune(kitty.Placeholder)
			b.WriteRune(kitty.Diacritic(y))
			b.WriteRune(kitty.Diacritic(x))
		}
		b.WriteString("\x1b[39m")
		out[y] = b.String()
	}
	return out
}

// transmission is a picture in escape sequences of bounded length.
func transmission(head string, rgb []byte) string {
	var b strings.Builder
	for data := base64.StdEncoding.EncodeToString(rgb); ; head = "q=2" {
		n := min(len(data), maxChunk)
		more := 0
		if n < len(data) {
			more = 1
		}
		b.WriteString(ansi.KittyGraphics([]byte(data[:n]), fmt.Sprintf("%s,m=%d", head, more)))
		if data = data[n:]; data == "" {
			return b.String()
		}
	}
}

// Take is what must be written before a frame; "" for nothing.
func (k *Kitty) Take() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := k.pending
	k.pending = ""
	return p
}

// Delete is what makes the terminal forget the picture; "" if none was sent.
func (k *Kitty) Delete() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shown == "" {
		return ""
	}
	return ansi.KittyGraphics(nil, fmt.Sprintf("q=2,a=d,d=I,i=%d", k.id))
}

// Screen is the output of a screen: pictures are written before the frames that show them.
type Screen struct {
	*os.File
	Kitty *Kitty
}

// Write writes a frame, in one piece with its picture.
func (s *Screen) Write(frame []byte) (int, error) {
	picture := s.Kitty.Take()
	n, err := s.File.Write(append([]byte(picture), frame...))
	return max(0, n-len(picture)), err
}
