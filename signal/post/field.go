package post

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
)

// ParseField reads NAME=VALUE. A value that is a number, true, false or a JSON object or list is that; any other is a
// text. $NAME in it stands for a variable of the environment.
func ParseField(s string) (name string, value any, err error) {
	name, raw, ok := strings.Cut(s, "=")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return "", nil, errors.New("use NAME=VALUE")
	}
	if raw, err = Environ(raw); err != nil {
		return "", nil, err
	}
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	if d.Decode(&value) == nil && !d.More() && value != nil {
		return name, value, nil
	}
	return name, raw, nil
}

// Environ replaces $NAME and ${NAME} by variables of the environment. The error names one that is not set.
func Environ(s string) (string, error) {
	missing := ""
	out := os.Expand(s, func(name string) string {
		value, ok := os.LookupEnv(name)
		if !ok {
			missing = name
		}
		return value
	})
	if missing != "" {
		return "", errors.New("the environment has no variable " + missing)
	}
	return out, nil
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
