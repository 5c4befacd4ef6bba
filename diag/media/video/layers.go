package video

import (
	"github.com/pion/rtp/codecs"

	"dialtone/diag"
)

// Layers that a packet can name: three bits of each in VP9 (RFC 9628 §4.2), two of temporal ones in VP8 (RFC 7741
// §4.2), three of temporal and two of spatial ones in AV1 (section 5.3.3).
const maxLayers = 8

// Layers counts the packets of each layer of a stream. The zero value is ready.
type Layers struct {
	packets [maxLayers][maxLayers]uint64
	last    *uint64 // the layer of the last packet, of AV1
	seq     int64   // of the last packet, extended
}

// Add counts a packet of a codec that names its layer, or goes on with what the one before began.
func (l *Layers) Add(codec string, seq int64, payload []byte) {
	after := seq == l.seq+1
	l.seq = seq
	switch codec {
	case "VP8":
		var d codecs.VP8Packet
		if _, err := d.Unmarshal(payload); err == nil && d.T == 1 {
			l.packets[0][d.TID%maxLayers]++
		}
	case "VP9":
		var d codecs.VP9Packet
		if _, err := d.Unmarshal(payload); err == nil && d.L {
			l.packets[d.SID%maxLayers][d.TID%maxLayers]++
		}
	case "AV1":
		layer, named, goesOn := av1Layer(payload)
		switch {
		case named:
			l.last = &l.packets[layer.SpatialID%maxLayers][layer.TemporalID%maxLayers]
		case !goesOn || !after:
			l.last = nil
		}
		if l.last != nil {
			*l.last++
		}
	}
}

// Stats lists the layers that had packets; nil where none is named.
func (l *Layers) Stats() []diag.LayerCount {
	var out []diag.LayerCount
	for spatial := range l.packets {
		for temporal, n := range l.packets[spatial] {
			if n > 0 {
				out = append(out, diag.LayerCount{Spatial: spatial, Temporal: temporal, Packets: n})
			}
		}
	}
	return out
}
