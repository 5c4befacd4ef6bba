package settings

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Beside reports the flags of the command line that a target has no use for.
func Beside(typed, may map[string]bool, target string) error {
	var errs []error
	for _, flag := range slices.Sorted(maps.Keys(typed)) {
		if !may[flag] {
			errs = append(errs, fmt.Errorf("--%s does not apply to %s", flag, target))
		}
	}
	return errors.Join(errs...)
}
