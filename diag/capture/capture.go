// Package capture writes the packets of calls, as they are sent and received on each socket, in the format of
// Wireshark, the keys of their DTLS connections, and what these packets hold without their encryption.
package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// MaxSize is how large a capture becomes, in bytes: later packets are left out.
const MaxSize = 1 << 30

// Names are those of the files; an empty one is no file.
type Names struct {
	Keys      string // lines of keys in the NSS format
	Packets   string // pcapng, as they are on the network, and the keys
	Decrypted string // pcapng: RTP, RTCP and SCTP
}

// Files are the captures of a process: calls with the same files share them.
type Files struct {
	mu   sync.Mutex
	open map[Names]*Capture
}

// Open returns the capture that writes to these files. Without any, it is nil. The files are new, or emptied, and only
// their owner can read them.
func (f *Files) Open(names Names) (*Capture, error) {
	if names == (Names{}) {
		return nil, nil //nolint:nilnil // nothing is captured
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.open[names]; c != nil {
		return c, nil
	}
	c := &Capture{}
	for _, one := range []struct {
		path string
		file *io.Writer
	}{{names.Keys, &c.keys}, {names.Packets, &c.packets.w}, {names.Decrypted, &c.plain.w}} {
		if one.path == "" {
			continue
		}
		file, err := os.OpenFile(one.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err == nil {
			err = file.Chmod(0o600) // of one that was there
		}
		if err != nil {
			return nil, fmt.Errorf("cannot capture to the file: %w; choose a file that you can write", err)
		}
		*one.file = file
	}
	c.packets.begin()
	c.plain.begin()
	if err := errors.Join(c.packets.err, c.plain.err); err != nil {
		return nil, fmt.Errorf("cannot capture to the file: %w", err)
	}
	if f.open == nil {
		f.open = map[Names]*Capture{}
	}
	f.open[names] = c
	return c, nil
}

// Capture is files that are being written.
type Capture struct {
	mu      sync.Mutex
	keys    io.Writer // nil: no such file
	keysErr error     // after it no more keys are written
	packets pcapng
	plain   pcapng
}
