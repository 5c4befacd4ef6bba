package video

import (
	"github.com/pion/rtp/codecs"

	"dialtone/diag"
)

// Layers that a descriptor can name: three bits of each in VP9 (RFC 9628 §4.2), two of temporal ones in VP8 (RFC 7741
// §4.2).
const maxLayers = 8

// Layers counts the packets of each layer of a stream. The zero value is ready.
type Layers [maxLayers][maxLayers]uint64

// Add counts a packet of a codec whose descriptor names its layer.
func (l *Layers) Add(codec string, payload []byte) {
	switch codec {
	case "VP8":
		var d codecs.VP8Packet
		if _, err := d.Unmarshal(payload); err == nil && d.T == 1 {
			l[0][d.TID%maxLayers]++
		}
	case "VP9":
		var d codecs.VP9Packet
		if _, err := d.Unmarshal(payload); err == nil && d.L {
			l[d.SID%maxLayers][d.TID%maxLayers]++
		}
	}
}

// Stats lists the layers that had packets; nil where none is named.
func (l *Layers) Stats() []diag.LayerCount {
	var out []diag.LayerCount
	for spatial := range l {
		for temporal, n := range l[spatial] {
			if n > 0 {
				out = append(out, diag.LayerCount{Spatial: spatial, Temporal: temporal, Packets: n})
			}
		}
	}
	return out
}
