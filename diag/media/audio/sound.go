package audio

import (
	"math"
	"time"
)

const (
	blockLength = 10 * time.Millisecond
	silence     = 1e-4 // RMS without its mean: −80 dBFS, below the noise of any microphone
	noiseTop    = 1e-2 // RMS: −40 dBFS, louder than comfort noise
	noiseBlocks = 10   // of 10 ms, in which the level of noise is measured
	noiseRange  = 6.0  // dB, by which its level may vary: of speech it varies by more than 20
	clipRun     = 3    // samples at the limit, one after the other, that are clipped
	clipAt      = 0.985
)

// sound measures what is heard. The zero value is ready.
type sound struct {
	energy   float64 // Σ x²·dt, s
	length   time.Duration
	measured time.Duration // of that, with a known level
	peak     float32       // since the last call
	clipped  time.Duration
	silent   time.Duration // since when nothing else was heard
	noise    time.Duration
	tone     tone

	block   []float32 // the beginning of the next one
	low     []float32 // the same at 8 kHz
	level   float64   // Σ of RMS² of blocks for noise
	levels  int
	min     float64 // dB, of the stretch of noise; valid if it is not empty
	max     float64
	pending time.Duration // of noise, whose level is not known yet
	wanted  bool          // the sender asked for comfort noise
}

// samples measures decoded sound.
func (s *sound) samples(x []float32, rate int, full float32) {
	size := rate / 100
	for len(x) > 0 {
		n := min(size-len(s.block), len(x))
		for _, v := range x[:n] {
			if !(v > -1 && v < 1) { // as a player limits it; decoders of foreign bytes make everything
				v = limited(v)
			}
			s.block = append(s.block, v)
		}
		x = x[n:]
		if len(s.block) == size {
			s.whole(rate, full)
			s.block = s.block[:0]
		}
	}
}

// limited is a value that is too large, or no number, as it is played.
func limited(v float32) float32 {
	switch {
	case v >= 1:
		return 1
	case v <= -1:
		return -1
	}
	return 0
}

// whole measures a block.
func (s *sound) whole(rate int, full float32) {
	var sum, squares float64
	for _, v := range s.block {
		sum += float64(v)
		squares += float64(v) * float64(v)
		s.peak = max(s.peak, v, -v)
	}
	n := float64(len(s.block))
	rms := math.Sqrt(max(0, squares/n-(sum/n)*(sum/n)))
	tonal, clean := s.tone.block(s.reduce(rate), rms)
	if !clean {
		s.clips(rate, full)
	}
	s.add(blockLength, squares/n, rms, tonal)
}

// reduce is the block at 8 kHz.
func (s *sound) reduce(rate int) []float32 {
	step := rate / toneRate
	s.low = s.low[:0]
	for i := 0; i+step <= len(s.block); i += step {
		sum := float32(0)
		for _, v := range s.block[i : i+step] {
			sum += v
		}
		s.low = append(s.low, sum/float32(step))
	}
	return s.low
}

// clips counts the samples that stay at the limit.
func (s *sound) clips(rate int, full float32) {
	run, total, limit := 0, 0, clipAt*full
	for _, v := range s.block {
		switch {
		case v < limit && v > -limit:
			run = 0
		case run+1 == clipRun:
			total += clipRun
			run++
		case run+1 > clipRun:
			total++
			run++
		default:
			run++
		}
	}
	s.clipped += time.Duration(total) * time.Second / time.Duration(rate)
}

// add counts a time of a level: its mean square, and the RMS without the mean value.
func (s *sound) add(d time.Duration, square, rms float64, tonal bool) {
	s.energy += square * d.Seconds()
	s.length += d
	s.measured += d
	switch {
	case rms <= silence:
		s.quiet(d)
	case tonal || rms > noiseTop:
		s.loud()
	default:
		s.silent = 0
		s.steady(d, rms)
	}
}

// loud ends silence and noise.
func (s *sound) loud() {
	s.silent, s.noise, s.wanted = 0, 0, false
	s.pending, s.level, s.levels = 0, 0, 0
}

// quiet counts a time of silence.
func (s *sound) quiet(d time.Duration) {
	silent := s.silent + d
	s.loud()
	s.silent = silent
}

// steady counts a time that may be noise: it is as long as its level stays the same.
func (s *sound) steady(d time.Duration, rms float64) {
	s.level += rms * rms
	s.pending += d
	if s.levels++; s.levels < noiseBlocks {
		return
	}
	db := 10 * math.Log10(s.level/float64(s.levels))
	if s.noise == 0 {
		s.min, s.max = db, db
	}
	s.min, s.max = min(s.min, db), max(s.max, db)
	if s.max-s.min > noiseRange {
		s.noise, s.min, s.max = 0, db, db
	}
	s.noise += s.pending
	s.pending, s.level, s.levels = 0, 0, 0
}

// comfort counts a time for which the sender wants comfort noise.
func (s *sound) comfort(d time.Duration) {
	s.length += d
	s.silent, s.wanted = 0, true
	if s.noise == 0 {
		s.min, s.max = math.Inf(1), math.Inf(-1)
	}
	s.noise += d
	s.tone.miss(d, false)
}

// coded counts a time of silence that the coding or the sender states.
func (s *sound) coded(d time.Duration) {
	s.length += d
	s.measured += d
	s.quiet(d)
	s.tone.miss(d, false)
}

// absent counts a time in which the sender sent nothing, or packets are missing. It is as silent, or as noisy, as what
// is around it.
func (s *sound) absent(d time.Duration, lost bool) {
	switch {
	case s.noise > 0 || s.wanted:
		s.noise += d
	case s.silent > 0 || !lost:
		s.silent += d
	}
	s.tone.miss(d, lost)
}

// unknown ends what was heard: nothing is known of a time.
func (s *sound) unknown(d time.Duration) {
	s.length += d
	s.loud()
	s.block = s.block[:0]
}
