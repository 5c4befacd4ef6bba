package reports

import (
	"fmt"

	"dialtone/cmd/dialtone/internal/files"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag/report"
)

// maxBaseline bounds an earlier report, in bytes.
const maxBaseline = 20 << 20

// ReadBaseline reads an earlier report of a target, or the check with this name in that of a scenario. It is nil
// without a path.
func ReadBaseline(path, name string, target report.Target) (*report.Report, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // none was asked for
	}
	refuse := func(err error) error {
		return fmt.Errorf("cannot compare with --baseline %s: %w; make one with -o json=FILE", settings.Quote(path), err)
	}
	raw, err := files.Read(path, maxBaseline)
	if err != nil {
		return nil, refuse(err)
	}
	before, err := report.ReadJSON(raw)
	if err != nil {
		return nil, refuse(err)
	}
	for i := range before.Checks {
		if before.Checks[i].Name == name {
			one := before.Checks[i] // the others are not kept
			before = &one
			break
		}
	}
	if err := report.Comparable(before, name, target); err != nil {
		return nil, refuse(err)
	}
	return before, nil
}
