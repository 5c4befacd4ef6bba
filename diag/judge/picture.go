package judge

import (
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// Evidence about what video shows.
type (
	// PictureBlack means that the key frames that were looked at are black, up to the latest.
	PictureBlack struct {
		SSRC     uint32      `json:"ssrc"`
		Pictures int         `json:"pictures"`
		ForMs    diag.Millis `json:"for_ms"` // from the first of them to the latest
		Dark     float64     `json:"dark"`   // share of the pixels, 0–1
		Luma     float64     `json:"luma"`   // mean, 0–1
	}
	// PictureStill means that the key frames that were looked at show the same, up to the latest.
	PictureStill struct {
		SSRC     uint32      `json:"ssrc"`
		Pictures int         `json:"pictures"`
		ForMs    diag.Millis `json:"for_ms"`
		Color    string      `json:"color,omitempty"` // "#008700": all of the picture has this color
	}
)

// pictureFindings name inbound video that is black, or does not move. A picture that stands still need not be a fault:
// a slide is still.
func pictureFindings(out *finding.List, c *call.Call, x Expectation) {
	sample := c.Latest()
	if sample == nil || c.Hushed(diag.Inbound, "video") {
		return
	}
	for _, in := range sample.Inbound {
		row := c.Shown(in)
		switch {
		case row == nil || in.Kind != "video":
		case row.StaysBlack():
			out.Add("media.black", finding.Graver(x.check && x.expects(diag.Inbound, "video")), "video",
				PictureBlack{in.SSRC, row.Black.Times, diag.Millis(row.At - row.Black.Since), row.Dark, row.Luma})
		case row.StaysStill():
			out.Add("media.still", Warn, "video",
				PictureStill{in.SSRC, row.Alike.Times, diag.Millis(row.At - row.Alike.Since), row.Color})
		}
	}
}
