package draw

import (
	"fmt"
	"math"
	"strings"
	"time"

	"dialtone/diag/words"
	"dialtone/diag/words/phrase"
)

// Number writes v with three significant digits for a column: width places before the decimal point and three for what
// follows, so that the points stand below each other. A value that is too large for its column is written as "…".
func Number(v float64, width int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Spaces(width + 3)
	}
	whole, rest, found := strings.Cut(words.Significant(v), ".")
	if len(whole) > width {
		return Spaces(width-1) + Unicode.More + Spaces(3)
	}
	if found {
		rest = "." + rest
	}
	return fmt.Sprintf("%*s%-3s", width, whole, rest)
}

// Length splits a duration into a number for a column (three places before the point) and its unit, both of a fixed
// width.
func Length(d time.Duration) (number, unit string) {
	value, unit := phrase.Scale(d)
	return Number(value, 3), fmt.Sprintf("%-2s", unit)
}

// LengthCell is a duration in a column.
func LengthCell(d time.Duration) Cell {
	number, unit := Length(d)
	return Cell{Text: number, Unit: unit}
}
