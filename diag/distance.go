package diag

import "slices"

// maxNearest bounds how many words a misspelt one may have been meant to be.
const maxNearest = 3

// Nearest are the known words that a misspelt one was probably meant to be, in order; none if none is near.
func Nearest(word string, known []string) []string {
	var best []string
	distance := len(word)/3 + 1 // 1 to a few letters, by length
	for _, k := range slices.Compact(slices.Sorted(slices.Values(known))) {
		d := editDistance(word, k)
		if d < distance {
			best, distance = nil, d
		}
		if d == distance && len(best) < maxNearest {
			best = append(best, k)
		}
	}
	return best
}

// editDistance is Levenshtein's, over bytes: how many must be put in, taken out or replaced to make one word of the
// other. What was misspelt has a small one to what was meant.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
