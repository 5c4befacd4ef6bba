// Package clips reads the files of media that a call sends instead of the program's own.
package clips

import (
	"bufio"
	"fmt"
	"os"

	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag/media"
	"dialtone/diag/peer"
)

// Read reads files of media, at most one of each kind.
func Read(paths []string) (peer.Clips, error) {
	clips := peer.Clips{}
	for _, path := range paths {
		clip, err := ReadFile(path)
		switch {
		case err != nil:
			return nil, err
		case clips[clip.Codec.Kind] != nil:
			return nil, fmt.Errorf("--send-media: two files of %s: leave one out", clip.Codec.Kind)
		}
		clips[clip.Codec.Kind] = clip
	}
	return clips, nil
}

// ReadFile reads one file.
func ReadFile(path string) (*media.Clip, error) {
	f, err := os.Open(path) // #nosec G304 -- the user names it
	if err != nil {
		return nil, fmt.Errorf("cannot read the media: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	clip, err := media.ReadFile(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", settings.Quote(path), err)
	}
	return clip, nil
}
