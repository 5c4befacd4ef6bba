package pane

import (
	"fmt"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words/video"
	"dialtone/tui/draw"
)

const (
	pictureMost  = 44 // columns of a picture
	pictureLeast = 12 // fewer show nothing
	pictureDated = 20 // from which the title says how old it is
	chartRoom    = 44 // columns that charts keep beside a picture
)

// picture draws what the selected stream shows: its latest key frame, as far as there is room beside the charts.
func (p *Media) picture(s stream, height int) (lines []string, width int) {
	row := p.Call.PictureOf(s.ssrc)
	if row == nil || s.direction != diag.Inbound {
		return nil, 0
	}
	width, rows := draw.PictureSize(row.Thumbnail, min(pictureMost, p.width-chartRoom), height-1)
	if width < pictureLeast {
		return nil, 0
	}
	title := "Picture"
	if age := p.Call.Now - row.Drawn; age >= time.Second && width >= pictureDated {
		title += fmt.Sprintf(", %d s ago", age/time.Second)
	}
	head := draw.Row(width, 0, p.Theme.Strong, title)
	return append([]string{head}, p.Theme.Picture(row.Thumbnail, width, rows)...), width
}

// shows are the values of the picture of a stream; empty where none was looked at.
func shows(c *call.Call, s stream) []string {
	row := c.PictureOf(s.ssrc)
	if row == nil || s.direction != diag.Inbound {
		if s.direction == diag.Inbound && s.kind == "video" && s.packets != nil && s.codec != "VP8" {
			return []string{"pictures of " + s.codec + " are not decoded"}
		}
		return nil
	}
	parts := []string{"key frame: " + video.Picture(row.Picture)}
	if sample := c.Latest(); sample != nil && sample.AudioVideoSkew != nil {
		parts = append(parts, video.Skew(*sample.AudioVideoSkew))
	}
	return parts
}
