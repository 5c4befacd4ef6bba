package post

import (
	"embed"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
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

// PresetText is a preset as it was written, the model for an own one; false if there is none of this name.
func PresetText(name string) (string, bool) {
	raw, err := embedded.ReadFile(path.Join("presets", path.Base(name)+".toml"))
	return string(raw), err == nil
}

// Preset reads a preset by its name, or from a file whose name ends with ".toml".
func Preset(name string) (*Shape, error) {
	raw, known := PresetText(name)
	if strings.HasSuffix(name, ".toml") {
		file, err := readFile(name)
		if err != nil {
			return nil, err
		}
		raw, known = file, true
	}
	if !known {
		return nil, fmt.Errorf("unknown preset %.40q: use one of %s, or a file that ends with .toml", name,
			strings.Join(Presets(), ", "))
	}
	s, err := ParseShape(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

func readFile(name string) (string, error) {
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
