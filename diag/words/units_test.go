package words

import (
	"math"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/finding"
)

func TestUnits(t *testing.T) {
	ptr := func(v uint16) *uint16 { return &v }
	tests := []struct{ name, got, want string }{
		{"zero", Duration(0), "0.00 ms"},
		{"negative", Duration(-time.Second), "0.00 ms"},
		{"microseconds", Duration(300 * time.Microsecond), "0.30 ms"},
		{"milliseconds", Duration(41_230 * time.Microsecond), "41.2 ms"},
		{"below a second", Duration(999_499 * time.Microsecond), "999 ms"},
		{"rounds to a second", Duration(999_500 * time.Microsecond), "1.0 s"},
		{"seconds", Duration(12 * time.Second), "12.0 s"},
		{"rounds to a minute", Duration(59_950 * time.Millisecond), "1 min"},
		{"below a minute", Duration(59_949 * time.Millisecond), "59.9 s"},
		{"an hour", Duration(time.Hour), "1 h"},
		{"a minute", Duration(time.Minute), "1 min"},
		{"minutes", Duration(17*time.Minute + 20*time.Second), "17 min 20 s"},
		{"hours", Duration(3*time.Hour + 5*time.Minute + 29*time.Second), "3 h 5 min"},
		{"event", Millis(diag.Millis(2 * time.Millisecond)), "2.00 ms"},
		{"statistics", Seconds(0.0124), "12.4 ms"},

		{"clock", Clock(42 * time.Second), "00:42"},
		{"clock with hours", Clock(time.Hour + 2*time.Minute + 3*time.Second), "1:02:03"},
		{"clock, negative", Clock(-time.Second), "00:00"},

		{"small", Significant(9.994), "9.99"},
		{"rounds up a digit", Significant(9.995), "10.0"},
		{"tens", Significant(99.94), "99.9"},
		{"hundreds", Significant(99.95), "100"},
		{"not a number", Significant(math.NaN()), ""},

		{"number", Number(1_234_567), "1,234,567"},
		{"three digits", Number(999), "999"},
		{"none", Count(0, "pair", "pairs"), "0 pairs"},
		{"one", Count(1, "pair", "pairs"), "1 pair"},
		{"many", Count(12_345, "pair", "pairs"), "12,345 pairs"},
		{"below zero", Count(-1, "pair", "pairs"), "0 pairs"},

		{"a byte", Bytes(1), "1 byte"},
		{"bytes", Bytes(980), "980 bytes"},
		{"kilobytes", Bytes(12_300), "12.3 kB"},
		{"rounds to a megabyte", Bytes(999_500), "1.00 MB"},
		{"much", Bytes(math.MaxUint64), "18446744 TB"},

		{"no loss", Percent(0), "0.0 %"},
		{"little loss", Percent(0.0004), "<0.1 %"},
		{"loss", Percent(0.0123), "1.2 %"},
		{"rounds to ten percent", Percent(0.09951), "10 %"},
		{"much loss", Percent(0.256), "26 %"},
		{"counts", Counts([]finding.Count{{N: 3, Of: "host"}, {N: 1, Of: "srflx"}}), "3 host, 1 srflx"},
		{"no counts", Counts(nil), "none"},

		{"address", Address("192.0.2.1", 5000), "192.0.2.1:5000"},
		{"address, IPv6", Address("2001:db8::1", 5000), "[2001:db8::1]:5000"},
		{"no address", Address("", 5000), ""},
		{"size", Size(ptr(320), ptr(240)), "320×240"},
		{"size unknown", Size(ptr(320), nil), ""},
		{"size zero", Size(ptr(0), ptr(240)), ""},

		{"prefixed", Prefixed("at ", "x"), "at x"},
		{"nothing to prefix", Prefixed("at ", ""), ""},
		{"joined", Join(", ", "a", "", "b"), "a, b"},
		{"capital", Capital("audio arrives"), "Audio arrives"},
		{"no letter", Capital("é"), "é"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}
