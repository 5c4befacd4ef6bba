package sequence

import "testing"

func TestSkipped(t *testing.T) {
	var s Skipped
	s.Jump(10, 11)
	s.Jump(11, 14) // 12, 13
	s.Jump(14, 16) // 15
	for number, want := range map[int64]int64{11: 0, 12: 1, 13: 2, 14: 2, 15: 3, 99: 3} {
		if got := s.UpTo(number); got != want {
			t.Errorf("up to %d: %d, want %d", number, got, want)
		}
	}
	if !s.Fill(13) || s.Fill(13) || s.Fill(14) {
		t.Error("13 was left out, once, and 14 was not")
	}
	if s.UpTo(16) != 2 {
		t.Errorf("%d were left out, want 2", s.UpTo(16))
	}
	s.Jump(16, 3000)
	if got := s.UpTo(3000); got != 2+2983 || len(s.recent) != skippedKept || s.Fill(12) || !s.Fill(2999) {
		t.Errorf("%d were left out, of which %d may come", got, len(s.recent))
	}
	if got := s.UpTo(2998); got != 2984 {
		t.Errorf("%d were left out up to 2998, want 2984", got)
	}
}
