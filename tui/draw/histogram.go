package draw

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/diag/words"
)

// Bucket counts the durations from From up to, but without, To.
type Bucket struct {
	From, To time.Duration
	Count    int
}

// LogBuckets sorts durations into at most so many buckets without a hole between them. Their bounds grow by 1, 2, 5,
// 10, or by tens where that would be too many; if need be, the last bucket takes all that is longer.
func LogBuckets(values []time.Duration, most int) []Bucket {
	if len(values) == 0 || most <= 0 {
		return nil
	}
	lowest, highest := max(slices.Min(values), 0), max(slices.Max(values), 0)
	var out []Bucket
	for _, steps := range [][]time.Duration{{1, 2, 5}, {1}} {
		if out = buckets(lowest, highest, steps); len(out) <= most {
			break
		}
	}
	out = out[:min(len(out), most)]
	if last := &out[len(out)-1]; last.To <= highest {
		last.To = highest + 1 // at the end of time it is the same: the loop below knows no further bucket
		if last.To < highest {
			last.To = math.MaxInt64
		}
	}
	for _, v := range values {
		for i := range out {
			if b := &out[i]; max(v, 0) < b.To || i == len(out)-1 {
				b.Count++
				break
			}
		}
	}
	return out
}

// buckets spans the range by steps within each power of ten, the first being all below a microsecond.
func buckets(lowest, highest time.Duration, steps []time.Duration) []Bucket {
	out := []Bucket{}
	from := time.Duration(0)
	for power := time.Microsecond; power > 0 && power < math.MaxInt64/10; power *= 10 {
		for _, step := range steps {
			to := power * step
			if to > lowest {
				out = append(out, Bucket{From: from, To: to})
			}
			if from = to; to > highest {
				return out
			}
		}
	}
	return append(out, Bucket{From: from, To: math.MaxInt64})
}

// Histogram draws a row for each bucket: its range, a bar as long as its share of the fullest, and how many it holds.
func Histogram(th *Theme, list []Bucket, width int) []string {
	labels, names, counts, fullest, total := make([]string, len(list)), 0, 0, 1, 0
	for i, b := range list {
		labels[i] = b.label()
		names, counts = max(names, Width(labels[i])), max(counts, Width(words.Number(uint64(b.Count))))
		fullest, total = max(fullest, b.Count), total+b.Count
	}
	room := width - names - 2 - 2 - counts - 8
	out := make([]string, 0, len(list))
	for i, b := range list {
		l := NewLine(width).Gap(names-Width(labels[i])).Add(th.Dim, labels[i]).Gap(2)
		eighths := int(math.Round(float64(b.Count) / float64(fullest) * float64(max(room, 0)*8)))
		if b.Count > 0 {
			eighths = max(eighths, 1)
		}
		if room > 0 {
			l.Add(th.Accent, th.Glyphs.Length(eighths)).To(names + 2 + room + 2)
		}
		count := words.Number(uint64(b.Count))
		share := fmt.Sprintf("%6s", words.Percent(float64(b.Count)/float64(max(total, 1))))
		out = append(out, l.Gap(counts-Width(count)).Add(th.Plain, count).Gap(2).Add(th.Dim, share).String())
	}
	return out
}

// label is the range in words: "10–20 ms".
func (b Bucket) label() string {
	if b.To == math.MaxInt64 {
		return "from " + roundSpan(b.From)
	}
	from, to := roundSpan(b.From), roundSpan(b.To)
	number, unit, _ := strings.Cut(from, " ")
	if strings.HasSuffix(to, " "+unit) || b.From == 0 {
		return number + "–" + to
	}
	return from + "–" + to
}

// roundSpan writes a bound as short as it is exact.
func roundSpan(d time.Duration) string {
	for _, u := range []struct {
		size time.Duration
		name string
	}{{time.Second, " s"}, {time.Millisecond, " ms"}} {
		if d >= u.size {
			return strconv.FormatFloat(float64(d)/float64(u.size), 'g', 4, 64) + u.name
		}
	}
	return strconv.FormatFloat(float64(d)/float64(time.Microsecond), 'g', 4, 64) + " µs"
}
