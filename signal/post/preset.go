package post

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"dialtone/signal/toml"
)

//go:embed presets/*.toml
var embedded embed.FS

// Presets lists the presets that come with the program.
func Presets() []string {
	entries, err := embedded.ReadDir("presets")
	if err != nil {
		return nil // it is embedded
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".toml"))
	}
	slices.Sort(out)
	return out
}

// PresetText is a preset as it was written, the model for an own one: by its name, or from a file whose name ends with
// ".toml". One that cannot be used is an error.
func PresetText(name string) (string, error) {
	var text string
	if strings.HasSuffix(name, ".toml") {
		file, err := readFile(name)
		if err != nil {
			return "", err
		}
		text = file
	} else {
		raw, err := embedded.ReadFile(path.Join("presets", path.Base(name)+".toml"))
		if err != nil {
			return "", fmt.Errorf("%w %.40q", ErrUnknownPreset, name)
		}
		text = string(raw)
	}
	if _, err := ParseShape(text); err != nil {
		return "", placed(name, err)
	}
	return text, nil
}

// ErrUnknownPreset is why a name is refused that no preset has.
var ErrUnknownPreset = errors.New("unknown preset")

// Preset reads a preset by its name, or from a file whose name ends with ".toml".
func Preset(name string) (*Shape, error) {
	text, err := PresetText(name)
	if errors.Is(err, ErrUnknownPreset) {
		return nil, fmt.Errorf("%w: use one of %s, or a file that ends with .toml", err, strings.Join(Presets(), ", "))
	}
	if err != nil {
		return nil, err
	}
	return ParseShape(text)
}

// placed is each mistake of a preset with its place: "own.toml:3: url: …".
func placed(name string, err error) error {
	errs := []error{err}
	if list, isList := err.(interface{ Unwrap() []error }); isList {
		errs = list.Unwrap()
	}
	for i, one := range errs {
		at := name
		if m, ok := one.(toml.MistakeError); ok && m.Line > 0 { //nolint:errorlint // they are joined, not wrapped
			at, m.Line = fmt.Sprintf("%s:%d", name, m.Line), 0
			one = m
		}
		errs[i] = fmt.Errorf("%s: %w", at, one)
	}
	return errors.Join(errs...)
}

// readFile reads a preset of the user. Anything but a file, such as a pipe that nothing is written to, could hang.
func readFile(name string) (string, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxShape+1))
	return string(raw), err
}

// Builtin is a preset that comes with the program. It panics for an unknown name.
func Builtin(name string) *Shape {
	s, err := Preset(name)
	if err != nil {
		panic(err) //nolint:forbidigo // of a text of this package, which a test reads
	}
	return s
}
