package diag

// JSONSize is what a JSON text makes in memory, which has little to do with its length: each null of a list can become
// a struct of a kilobyte.
type JSONSize struct {
	Objects  int
	Members  int // of objects
	Elements int // of lists
}

// SizeOfJSON counts. A text that is not valid JSON gives some numbers.
func SizeOfJSON(text []byte) (s JSONSize) {
	var open []byte // what begins the objects and lists that have not ended
	first := false  // of one that has just begun
	count := func() {
		if n := len(open); n > 0 && open[n-1] == '{' {
			s.Members++
		} else if n > 0 {
			s.Elements++
		}
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			continue
		}
		if first && c != '}' && c != ']' || c == ',' {
			count()
		}
		first = false
		switch c {
		case '"':
			i = stringEnd(text, i)
		case '{', '[':
			if c == '{' {
				s.Objects++
			}
			open, first = append(open, c), true
		case '}', ']':
			open = open[:max(0, len(open)-1)]
		}
	}
	return s
}

// stringEnd is where the string ends that begins at i.
func stringEnd(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}
