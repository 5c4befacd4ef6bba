// Package chance distinguishes the silence of a network that filters from lost packets.
package chance

// Limit is how probable it may be that a silence which is taken for filtering was loss.
const Limit = 1e-4

// Silence is how many requests must stay unanswered until that is loss in fewer than one of 10,000 runs, when lost of
// sent others were; most if that would take more.
func Silence(sent, lost, most int) int {
	for k := range most {
		if NotLoss(k, sent, lost) {
			return k
		}
	}
	return most
}

// NotLoss reports whether the silence of k requests is loss in fewer than one of 10,000 runs, when lost of sent others
// were.
func NotLoss(k, sent, lost int) bool { return AllLost(k, sent, lost) < Limit }

// AllLost is how probable it is that k requests are all lost, when lost of sent others were. Nothing is assumed of the
// loss beforehand: every rate is as probable as any other (the beta-binomial distribution with a uniform prior), so a
// few requests that all came through are no proof that nothing is ever lost.
func AllLost(k, sent, lost int) float64 {
	p := 1.0
	for j := range k {
		p *= float64(lost+1+j) / float64(sent+2+j)
	}
	return p
}
