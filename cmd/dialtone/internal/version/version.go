// Package version says what the program was built from.
package version

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// Report is the form of dialtone version --json. What is unknown is absent.
type Report struct {
	Schema   string `json:"schema"` // dialtone.version/1
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`   // 40 hexadecimal digits
	Time     string `json:"time,omitempty"`     // of the commit, RFC 3339
	Modified *bool  `json:"modified,omitempty"` // whether the tree differed from the commit
	Go       string `json:"go"`
	Pion     string `json:"pion_webrtc,omitempty"`
	Platform string `json:"platform"` // GOOS/GOARCH
}

// Read asks the binary what it was built from; version is set when a release is built, else "".
func Read(version string) Report {
	report := Report{
		Schema: "dialtone.version/1", Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		report.Version = cmp.Or(report.Version, "unknown")
		return report
	}
	report.Version = cmp.Or(report.Version, moduleVersion(info))
	for _, dep := range info.Deps {
		if dep.Path == "github.com/pion/webrtc/v4" {
			report.Pion = dep.Version
		}
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			report.Commit = s.Value
		case "vcs.time":
			report.Time = s.Value
		case "vcs.modified":
			modified := s.Value == "true"
			report.Modified = &modified
		}
	}
	return report
}

// moduleVersion is what go install dialtone@version built, or "devel" for a build of a working tree.
func moduleVersion(info *debug.BuildInfo) string {
	if info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

// Text is the report for a person.
func (r Report) Text() string {
	commit := cmp.Or(r.Commit, "unknown")
	if r.Modified != nil && *r.Modified {
		commit += " with changes"
	}
	return fmt.Sprintf("dialtone %s\ncommit   %s\ngo       %s\npion     %s\nplatform %s\n",
		r.Version, commit, r.Go, cmp.Or(r.Pion, "not linked"), r.Platform)
}
