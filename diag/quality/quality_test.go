package quality_test

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"testing"

	"dialtone/diag/quality"
)

// TestReference compares with another program, in another arithmetic, on 525 points of each band.
func TestReference(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal("python3 is missing")
	case err != nil:
		t.Skip("python3 is missing")
	}
	type point struct {
		codec quality.Codec
		path  quality.Path
	}
	var points []point
	var grid bytes.Buffer
	for _, model := range []quality.Model{quality.Narrowband, quality.Wideband, quality.Fullband} {
		for _, c := range []quality.Codec{{Model: model, Bpl: 4.3}, {Model: model, Ie: 10.2, Bpl: 4.3}, {Model: model, Ie: 13, Bpl: 25.1}} {
			for _, delay := range []float64{0, 99.9, 100, 101, 150, 400, 2000} {
				for _, percent := range []float64{0, 0.5, 5, 20, 100} {
					for _, burst := range []float64{1, 1.2, 1.7, 2.5, 8} {
						points = append(points, point{c, quality.Path{Delay: delay, Loss: percent / 100, Burst: burst}})
						fmt.Fprintln(&grid, model, c.Ie, c.Bpl, delay, percent, burst)
					}
				}
			}
		}
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/emodel.py")
	cmd.Stdin = &grid
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for _, p := range points {
		var r, mos float64
		if !lines.Scan() {
			t.Fatal("the reference ends early")
		}
		if _, err := fmt.Sscan(lines.Text(), &r, &mos); err != nil {
			t.Fatal(err)
		}
		got := p.codec.Rate(p.path)
		if math.Abs(got.R-r) > 0.001 || math.Abs(got.MOS-mos) > 0.001 {
			t.Errorf("%+v %+v: got R %.4f MOS %.4f, want %.4f and %.4f", p.codec, p.path, got.R, got.MOS, r, mos)
		}
	}
}

// TestFaultsOfOthers are values that published programs get wrong, with the right ones.
func TestFaultsOfOthers(t *testing.T) {
	t.Parallel()
	opus, _ := quality.Of("audio/opus")
	g711, _ := quality.Of("audio/PCMU")
	for name, tt := range map[string]struct {
		codec  quality.Codec
		path   quality.Path
		r, mos float64
	}{
		"best narrowband":                             {g711, quality.Path{}, 93.2, 4.41},
		"best fullband of Opus":                       {opus, quality.Path{}, 137.8, 4.41},
		"just above 100 ms is not MOS 1":              {opus, quality.Path{Delay: 101}, 137.8, 4.41},
		"an exponent of 1/6 in integers: 400 ms":      {g711, quality.Path{Delay: 400}, 69.1, 3.56},
		"5 % of loss, not five packets":               {opus, quality.Path{Loss: 0.05}, 72.3, 2.52},
		"five packets of 10,000 are 0.05 %":           {opus, quality.Path{Loss: 0.0005}, 136.4, 4.39},
		"all lost":                                    {opus, quality.Path{Loss: 1}, 21.0, 1.11},
		"more than everything is everything":          {opus, quality.Path{Loss: 3}, 21.0, 1.11},
		"a receiver that counts duplicates: loss < 0": {opus, quality.Path{Loss: -0.1}, 137.8, 4.41},
		"nothing is below 1":                          {g711, quality.Path{Loss: 1, Delay: 500}, -13.4, 1},
	} {
		got := tt.codec.Rate(tt.path)
		if math.Abs(got.R-tt.r) > 0.1 || math.Abs(got.MOS-tt.mos) > 0.01 {
			t.Errorf("%s: got R %.2f MOS %.3f, want %.1f and %.2f", name, got.R, got.MOS, tt.r, tt.mos)
		}
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	for mime, model := range map[string]quality.Model{
		"audio/OPUS": quality.Fullband, "audio/PCMA": quality.Narrowband, "audio/G722": quality.Wideband, "video/VP8": "", "opus": "", "": "",
	} {
		if c, known := quality.Of(mime); c.Model != model || known != (model != "") {
			t.Errorf("%q: got %v, %v", mime, c.Model, known)
		}
	}
}
