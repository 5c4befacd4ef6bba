package dump

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"dialtone/diag/dump/charset"
)

// Bounds of a packed file, whose author may be hostile.
const (
	maxArchive   = 64 << 20 // bytes of a ZIP archive, which is read as a whole
	maxFiles     = 1000     // of an archive that are looked at
	maxUnpacked  = 4 << 30  // bytes that are read of a file, unpacked
	maxRatio     = 200      // times its size that a file may unpack to, beyond freeUnpacked; gzip reaches 1,000
	freeUnpacked = 16 << 20
)

// Unpack is what a file holds, at most 4 GiB of it, and whether it was packed: by gzip, or as the only dump or
// recording of a ZIP archive. The error says that it begins as if it were, and is not.
func Unpack(r io.Reader) (in *bufio.Reader, packed bool, _ error) {
	in = bufio.NewReaderSize(r, 64<<10)
	switch magic, _ := in.Peek(4); {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		u := &unpacking{}
		unzipped, err := gzip.NewReader(io.TeeReader(in, &u.taken))
		if err != nil {
			return nil, true, fmt.Errorf("damaged gzip: %w; save the file again", err)
		}
		u.zip = unzipped
		return bufio.NewReaderSize(u, 64<<10), true, nil
	case bytes.Equal(magic, []byte("PK\x03\x04")):
		in, err := onlyOf(in)
		return in, true, err
	}
	return bufio.NewReaderSize(io.LimitReader(in, maxUnpacked), 64<<10), false, nil
}

// onlyOf is the only file of a ZIP archive that may be a dump or a recording.
func onlyOf(r io.Reader) (*bufio.Reader, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxArchive+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxArchive {
		return nil, fmt.Errorf("a ZIP archive of more than %d MiB: unpack it, and give the dump in it", maxArchive>>20)
	}
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, fmt.Errorf("damaged ZIP archive: %w; save the file again", err)
	}
	var found []*zip.File
	var names []string
	for _, f := range archive.File[:min(len(archive.File), maxFiles)] {
		if mayBeDump(f, len(raw)) {
			found, names = append(found, f), append(names, path.Base(f.Name))
		}
	}
	switch len(found) {
	case 0:
		return nil, errors.New("a ZIP archive with no dump in it")
	case 1:
		return opened(found[0], len(raw))
	}
	return nil, fmt.Errorf("a ZIP archive of several files: unpack it, and give one of them: %.300s",
		strings.Join(names, ", "))
}

// mayBeDump reports whether a file of an archive begins as dumps and recordings do.
func mayBeDump(f *zip.File, size int) bool {
	if f.FileInfo().IsDir() || strings.HasPrefix(path.Base(f.Name), ".") { // macOS adds "._" files
		return false
	}
	in, err := opened(f, size)
	if err != nil {
		return false
	}
	head, _ := charset.UTF8(in).Peek(1 << 10)
	return (&reading{}).readerOf(head) != nil
}

// opened opens a file of an archive, which may be packed by gzip; its end needs no closing, as it is in memory.
func opened(f *zip.File, size int) (*bufio.Reader, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("damaged ZIP archive: %w; save the file again", err)
	}
	in := bufio.NewReader(&unpacking{zip: r, taken: counter(size)})
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte("PK")) { // an archive in an archive
		return in, nil
	}
	in, _, err = Unpack(in)
	return in, err
}

// unpacking ends a file that is made to take long: it unpacks to much more than dumps and recordings do.
type unpacking struct {
	zip   io.Reader
	taken counter // bytes of the file
	given counter
}

// counter counts what is written to it.
type counter int64

// Write implements io.Writer.
func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

var errBomb = fmt.Errorf("it unpacks to more than %d times its size: the rest was not read", maxRatio)

// Read implements io.Reader.
func (u *unpacking) Read(b []byte) (int, error) {
	switch {
	case u.given >= maxUnpacked:
		return 0, io.EOF
	case u.given > freeUnpacked && u.given > maxRatio*u.taken:
		return 0, errBomb
	}
	n, err := u.zip.Read(b)
	u.given += counter(n)
	return n, err
}
