package words

import (
	"cmp"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/finding"
	"dialtone/diag/words/phrase"
)

// Significant writes v with three significant digits: "0.30", "12.4", "118".
func Significant(v float64) string { return phrase.Significant(v) }

// Duration writes d in running text: "41.2 ms", "12.0 s", "17 min 20 s", "3 h 5 min".
func Duration(d time.Duration) string { return phrase.Duration(d) }

// Millis writes a duration of an event.
func Millis(m diag.Millis) string { return phrase.Duration(m.Duration()) }

// Seconds writes a duration that W3C statistics give in seconds.
func Seconds(s float64) string { return phrase.Seconds(s) }

// Clock writes a running time: "00:42", "1:02:03".
func Clock(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%02d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// Number writes a whole number in groups of three digits: "12,345".
func Number(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Count writes a number with its noun: "1 pair", "12 pairs". A negative number counts as zero.
func Count(n int, singular, plural string) string {
	if n == 1 {
		return "1 " + singular
	}
	return Number(uint64(max(n, 0))) + " " + plural
}

// Lost writes how many packets were lost and, if it is known, how many of those retransmission repaired.
func Lost(lost int64, repaired *int64) string {
	text := Number(uint64(max(lost, 0))) + " lost"
	if repaired == nil || *repaired == 0 {
		return text
	}
	return text + ", " + Number(uint64(max(*repaired, 0))) + " of them repaired"
}

// Bytes writes a size: "980 bytes", "12.3 kB", "1.20 MB".
func Bytes(n uint64) string {
	if n < 1000 {
		return Count(int(n), "byte", "bytes")
	}
	return decimal(float64(n), "B")
}

// decimal writes v with a decimal prefix.
func decimal(v float64, unit string) string {
	for _, prefix := range []string{"k", "M", "G", "T"} {
		if v /= 1000; v < 999.5 {
			return Significant(v) + " " + prefix + unit
		}
	}
	return Significant(v) + " T" + unit
}

// Percent writes a fraction (0–1): "1.2 %", from 10 % on without decimals. A value above zero is never written as zero:
// "<0.1 %".
func Percent(fraction float64) string {
	switch {
	case fraction > 0 && fraction < 0.0005:
		return "<0.1 %"
	case fraction < 0.0995:
		return fmt.Sprintf("%.1f %%", fraction*100)
	}
	return fmt.Sprintf("%.0f %%", fraction*100)
}

// Counts lists numbers of things: "3 host, 1 srflx"; "none" for an empty list.
func Counts(list []finding.Count) string {
	parts := make([]string, 0, len(list))
	for _, c := range list {
		parts = append(parts, fmt.Sprintf("%d %s", c.N, c.Of))
	}
	return cmp.Or(strings.Join(parts, ", "), "none")
}

// Address writes host:port, with brackets around IPv6 (RFC 3986); nothing without a host.
func Address(host string, port uint16) string {
	if host == "" {
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// Size writes the size of a picture: "320×240"; nothing while it is unknown.
func Size(width, height *uint16) string {
	if width == nil || height == nil || *width == 0 || *height == 0 {
		return ""
	}
	return fmt.Sprintf("%d×%d", *width, *height)
}

// Prefixed writes prefix and s; nothing when s is empty.
func Prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// Join writes the parts that are not empty with a separator between them.
func Join(separator string, parts ...string) string { return strings.Join(lines(parts...), separator) }

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

// unknown stands for a text that is not there.
func unknown(s string) string { return cmp.Or(s, "unknown") }

// labeled puts a label before a text that is not empty.
func labeled(label, s string) string { return Prefixed(label+": ", s) }

// Capital writes s with a capital letter at its beginning.
func Capital(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return strings.ToUpper(s[:1]) + s[1:]
	}
	return s
}
