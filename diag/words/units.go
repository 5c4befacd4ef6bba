package words

import (
	"fmt"
	"math"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/judge"
)

// Duration writes a duration with about three significant digits: "41 ms", "2.1 s", "3m12s".
func Duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// Millis is [Duration] of a measured length of time.
func Millis(m diag.Millis) string { return Duration(m.Duration()) }

// Plural counts things: "1 call", "2 calls".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Percent writes a share (0–1) as whole percent: "12 %".
func Percent(share float64) string { return fmt.Sprintf("%.0f %%", math.Round(share*100)) }

// Counts lists numbers of things: "3 host, 1 srflx"; "none" for an empty list.
func Counts(list []judge.Count) string {
	parts := make([]string, 0, len(list))
	for _, c := range list {
		parts = append(parts, fmt.Sprintf("%d %s", c.N, c.Of))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// unknown stands for a text that is not there.
func unknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// lines leaves out texts that are empty.
func lines(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// prefixed puts a label before a text that is not empty.
func labelled(label, s string) string {
	if s == "" {
		return ""
	}
	return label + ": " + s
}
