package video

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
)

// TestLayersOfAV1: OBUs name their layer, and a payload that goes on with one is of the same.
func TestLayersOfAV1(t *testing.T) {
	var l Layers
	for _, p := range []struct {
		seq     int64
		payload string
	}{
		{1, "50" + "3428" + "01"},            // begins a frame of layer S1T1
		{2, "d0" + "aa"},                     // goes on with it
		{3, "90" + "aa"},                     // ends it
		{5, "90" + "aa"},                     // goes on with what was lost
		{6, "20" + "020800" + "3400" + "01"}, // a sequence header, and a frame of S0T0
		{7, "00" + "021200" + "03344001"},    // a temporal delimiter, and a frame of S0T2; no count of the units
		{8, "a0" + "01aa" + "3428" + "01"},   // the end of one, and a frame of S1T1
		{9, "10" + "30" + "01"},              // a frame without a layer
		{10, "90" + "aa"},                    // goes on with it
		{11, "20" + "ff00"},                  // a length beyond the payload
		{12, "10"},                           // nothing
	} {
		l.Add("AV1", p.seq, unhex(t, p.payload))
	}
	want := []diag.LayerCount{{Spatial: 0, Temporal: 0, Packets: 1}, {Spatial: 0, Temporal: 2, Packets: 1}, {Spatial: 1, Temporal: 1, Packets: 4}}
	if diff := cmp.Diff(want, l.Stats()); diff != "" {
		t.Error(diff)
	}
}
