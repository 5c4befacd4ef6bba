package picture

import (
	"image"
	"image/color"

	"dialtone/diag"
)

// maxThumbnail bounds the longer side of a thumbnail, in pixels.
const maxThumbnail = 64

// thumbnail scales a picture down: each pixel is the mean of a grid of samples of its part.
func thumbnail(img *image.YCbCr) diag.Thumbnail {
	size := img.Bounds().Size()
	longer := max(size.X, size.Y)
	t := diag.Thumbnail{Width: size.X, Height: size.Y}
	if longer > maxThumbnail {
		t.Width, t.Height = max(1, size.X*maxThumbnail/longer), max(1, size.Y*maxThumbnail/longer)
	}
	t.RGB = make([]byte, 0, 3*t.Width*t.Height)
	for y := range t.Height {
		for x := range t.Width {
			t.RGB = append(t.RGB, mean(img, part(x, t.Width, size.X), part(y, t.Height, size.Y))...)
		}
	}
	return t
}

// span is a range of pixels, without its end.
type span struct{ from, to int }

// part is what one pixel of a thumbnail stands for.
func part(i, of, size int) span {
	from := i * size / of
	return span{from, max(from+1, (i+1)*size/of)}
}

// samples are read of each part in each direction, at most.
const samples = 4

// mean is the color of a part of the picture.
func mean(img *image.YCbCr, xs, ys span) []byte {
	var luma, blue, red, n int
	for y := ys.from; y < ys.to; y += max(1, (ys.to-ys.from)/samples) {
		for x := xs.from; x < xs.to; x += max(1, (xs.to-xs.from)/samples) {
			luma += int(img.Y[img.YOffset(x, y)])
			chroma := img.COffset(x, y)
			blue += int(img.Cb[chroma])
			red += int(img.Cr[chroma])
			n++
		}
	}
	r, g, b := color.YCbCrToRGB(full(luma/n), byte(blue/n), byte(red/n)) // #nosec G115 -- means of bytes
	return []byte{r, g, b}
}

// full stretches the luma of video, 16–235 (ITU-R BT.601), to all of a byte.
func full(luma int) byte {
	const black, white = 16, 235
	return byte(min(max((luma-black)*255/(white-black), 0), 255)) // #nosec G115 -- bounded
}
