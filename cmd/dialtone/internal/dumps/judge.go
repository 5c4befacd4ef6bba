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
func Check(path string, stdin io.Reader, connection string, o check.Options) (check.Options, string, error) {
	opened, err := Open([]string{path}, Options{Stdin: stdin, Connection: connection, Large: true})
	if err == nil {
		err = opened.Chosen(path)
	}
	if err != nil {
		return o, "", err
	}
	o.Name = cmp.Or(o.Name, diag.Clean(filepath.Base(path), 60))
	began := cmp.Or(opened.Recording.Header.StartedAt, time.Unix(0, 0))
	return o.Of(check.Recorded{Began: began, Events: opened.Recording.Events}), opened.Damage, nil
}
