package terminal

import (
	"testing"
)

func TestUnicode(t *testing.T) {
	tests := []struct {
		name    string
		environ []string
		want    bool
	}{
		{"nothing is said", []string{"TERM=xterm-256color"}, true},
		{"UTF-8", []string{"LANG=de_DE.UTF-8"}, true},
		{"C.utf8", []string{"LANG=C.utf8"}, true},
		{"POSIX", []string{"LANG=C"}, false},
		{"Latin 1", []string{"LANG=de_DE.ISO-8859-1"}, false},
		{"LC_CTYPE before LANG", []string{"LANG=C", "LC_CTYPE=UTF-8"}, true},
		{"LC_ALL before all", []string{"LANG=en_US.UTF-8", "LC_ALL=C"}, false},
		{"an empty one is not set", []string{"LANG=en_US.UTF-8", "LC_ALL="}, true},
		{"the Linux console", []string{"TERM=linux", "LANG=en_US.UTF-8"}, false},
		{"a dumb terminal", []string{"TERM=dumb", "LANG=en_US.UTF-8"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (Streams{Environ: tt.environ}).Unicode(); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}
