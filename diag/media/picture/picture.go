// Package picture looks into video: it decodes key frames of VP8 (RFC 6386) and says what they show, without keeping
// more of them than a thumbnail. It is pure.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"math"

	"golang.org/x/image/vp8"

	"dialtone/diag"
)

const (
	// maxPixels bounds what is decoded: a picture of 4K. A larger one costs too much time and memory.
	maxPixels = 3840 * 2160
	// columns and rows are those of the grid that pictures are compared by.
	columns, rows = 16, 12
	// blackLuma is the largest luma of a pixel that counts as dark: black is 16 in video (ITU-R BT.601 §3.5), and
	// coding moves it a little.
	blackLuma = 28
	// blackChroma is how far the chroma of such a pixel may be from gray: frames of nothing but zeros, as of a source
	// that has filled none, are green.
	blackChroma = 32
	// plain is the largest contrast of a picture of one color, and plainStep how much of 255 the parts of such a picture
	// may differ.
	plain, plainStep = 0.01, 6
)

// ErrPicture is returned (wrapped) for what is no key frame of VP8, or one that is too large.
var ErrPicture = errors.New("no picture")

// Look is what a decoded picture shows.
type Look struct {
	Width, Height int
	Luma          float64 // mean, 0–1
	Contrast      float64 // standard deviation of the luma, 0–1
	Dark          float64 // share of the pixels that are black, 0–1
	Color         string  // "#008700": all of the picture has it
	Clip          *int    // the number that dialtone's clip shows in each frame; nil: there is none
	Thumbnail     diag.Thumbnail

	planes [3]grid // of luma, blue and red
}

// grid is the mean of each part of a plane, 0–1.
type grid [columns * rows]float64

func gridOf(plane []uint8, stride, width, height int) (g grid) {
	var counts grid
	for y := range height {
		row := y * rows / height * columns
		for x, v := range plane[y*stride : y*stride+width] {
			cell := row + x*columns/width
			g[cell] += float64(v)
			counts[cell]++
		}
	}
	for i := range g {
		g[i] /= max(counts[i], 1) * math.MaxUint8
	}
	return g
}

// Decode decodes a key frame of VP8 as its RTP payloads hold it, without their descriptors.
func Decode(frame []byte) (*Look, error) {
	d := vp8.NewDecoder()
	d.Init(bytes.NewReader(frame), len(frame))
	header, err := d.DecodeFrameHeader()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrPicture, err)
	case !header.KeyFrame:
		return nil, fmt.Errorf("%w: not a key frame", ErrPicture)
	case header.Width <= 0 || header.Height <= 0 || header.Width*header.Height > maxPixels:
		return nil, fmt.Errorf("%w: %d×%d", ErrPicture, header.Width, header.Height)
	}
	img, err := d.DecodeFrame()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPicture, err)
	}
	return lookAt(img), nil
}

// lookAt measures a decoded picture.
func lookAt(img *image.YCbCr) *Look {
	size := img.Bounds().Size()
	l := &Look{Width: size.X, Height: size.Y}
	var sum, squares, dark float64
	for y := range size.Y {
		line := img.Y[y*img.YStride : y*img.YStride+size.X]
		for x, v := range line {
			luma := float64(v)
			sum += luma
			squares += luma * luma
			if v <= blackLuma && isGray(img, x, y) {
				dark++
			}
		}
	}
	n := float64(size.X * size.Y)
	mean := sum / n
	l.Luma, l.Dark = mean/math.MaxUint8, dark/n
	l.Contrast = math.Sqrt(max(0, squares/n-mean*mean)) / math.MaxUint8
	halfX, halfY := (size.X+1)/2, (size.Y+1)/2 // VP8 has 4:2:0
	l.planes = [3]grid{
		gridOf(img.Y, img.YStride, size.X, size.Y),
		gridOf(img.Cb, img.CStride, halfX, halfY), gridOf(img.Cr, img.CStride, halfX, halfY),
	}
	l.Clip = clipNumber(img)
	l.Thumbnail = thumbnail(img)
	if l.Contrast <= plain {
		l.Color = oneColor(l.Thumbnail.RGB)
	}
	return l
}

// isGray reports whether a pixel has hardly any color.
func isGray(img *image.YCbCr, x, y int) bool {
	const gray = 128
	at := (y/2)*img.CStride + x/2 // VP8 has 4:2:0
	blue, red := int(img.Cb[at])-gray, int(img.Cr[at])-gray
	return max(blue, -blue, red, -red) <= blackChroma
}

// oneColor is the color of all pixels; "" if they differ.
func oneColor(rgb []byte) string {
	for i := range rgb {
		if d := int(rgb[i]) - int(rgb[i%3]); max(d, -d) > plainStep {
			return ""
		}
	}
	return fmt.Sprintf("#%x", rgb[:3])
}

// Difference is how much two pictures differ where they differ most, 0–1: the mean luma and chroma of each of 192 parts
// are compared, so that the noise of coding does not count. The fake camera of Firefox changes nothing but its color.
func (l *Look) Difference(other *Look) float64 {
	most := 0.0
	for p := range l.planes {
		for i := range l.planes[p] {
			most = max(most, math.Abs(l.planes[p][i]-other.planes[p][i]))
		}
	}
	return most
}
