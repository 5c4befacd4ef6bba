package dumps

import (
	"cmp"
	"io"
	"path/filepath"
	"time"

	"dialtone/diag"
	"dialtone/diag/check"
)

// Check opens the file as the call that a check judges, without a limit of memory: all of it counts.
func Check(path string, stdin io.Reader, o check.Options) (check.Options, string, error) {
	recorded, damage, err := whole(path, stdin, "")
	o.Name = cmp.Or(o.Name, diag.Clean(filepath.Base(path), 60))
	return o.Of(recorded), damage, err
}

// whole reads one call.
func whole(path string, stdin io.Reader, connection string) (check.Recorded, string, error) {
	opened, err := Open([]string{path}, Options{Stdin: stdin, Connection: connection, Large: true})
	if err == nil {
		err = opened.Chosen(path)
	}
	if err != nil {
		return check.Recorded{}, "", err
	}
	began := cmp.Or(opened.Recording.Header.StartedAt, time.Unix(0, 0))
	return check.Recorded{Began: began, Events: opened.Recording.Events}, opened.Damage, nil
}
