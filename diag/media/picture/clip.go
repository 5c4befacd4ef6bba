package picture

import "image"

// The clip of video has the number of each frame in its last row of blocks (clips/make.sh): white, black, seven bits,
// the lowest first, their parity, black, white.
const (
	clipColumns, clipRows = 20, 15 // blocks of the picture
	clipBits              = 7
	clipLight, clipDark   = 170, 80 // luma; what is between is no block of the clip
)

// clipNumber reads the number; nil if the picture is not one of the clip. The picture may have been scaled.
func clipNumber(img *image.YCbCr) *int {
	var blocks [clipBits + 5]bool
	for i := range blocks {
		light, clear := block(img, i)
		if !clear {
			return nil
		}
		blocks[i] = light
	}
	number, parity := 0, false
	for bit := range clipBits {
		if blocks[2+bit] {
			number |= 1 << bit
			parity = !parity
		}
	}
	if !blocks[0] || blocks[1] || blocks[2+clipBits] != parity || blocks[3+clipBits] || !blocks[4+clipBits] {
		return nil
	}
	return &number
}

// block reports whether a block of the last row is light, and whether it is clearly light or dark.
func block(img *image.YCbCr, column int) (light, clear bool) {
	size := img.Bounds().Size()
	sum, n := 0, 0
	// The middle of the block, where neither coding nor scaling mixes it with its neighbors.
	for y := size.Y * (4*clipRows - 3) / (4 * clipRows); y < size.Y*(4*clipRows-1)/(4*clipRows); y++ {
		for x := size.X * (4*column + 1) / (4 * clipColumns); x < size.X*(4*column+3)/(4*clipColumns); x++ {
			sum += int(img.Y[y*img.YStride+x])
			n++
		}
	}
	if n == 0 {
		return false, false // the picture is too small to show it
	}
	mean := sum / n
	return mean > clipLight, mean > clipLight || mean < clipDark
}
