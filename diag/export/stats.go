package export

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"dialtone/diag"
)

// object is one object of a getStats report.
type object struct {
	id, kind string
	values   map[string]any
}

// reports are the samples of a call as getStats reports.
func (s Source) reports(report func(at time.Duration, list []object)) {
	var known []object // candidates and pairs so far
	var dtls diag.DTLSState
	var browser diag.BrowserSample
	for _, e := range s.Events {
		switch d := e.Data.(type) {
		case diag.Candidate:
			known = put(known, candidateObject(d))
		case diag.Pair:
			known = put(known, object{"CP" + d.ID, "candidate-pair", pairValues(d)})
		case diag.DTLSState:
			dtls = d
		case diag.BrowserSample:
			browser = d
		case diag.Sample:
			report(e.At, sampleObjects(d, s.milliseconds(e.At), browser, dtls, known))
			browser = diag.BrowserSample{}
		}
	}
}

// put adds an object, or replaces the one of its ID.
func put(list []object, o object) []object {
	for i := range list {
		if list[i].id == o.id {
			list[i] = o
			return list
		}
	}
	return append(list, o)
}

func candidateObject(d diag.Candidate) object {
	kind := "local-candidate"
	if d.Side == diag.Remote {
		kind = "remote-candidate"
	}
	values := map[string]any{
		"address": d.Address, "port": d.Port, "protocol": d.Protocol, "candidateType": d.CandidateType,
		"priority": d.Priority, "foundation": d.Foundation, "transportId": "T01",
	}
	if d.URL != "" {
		values["url"] = d.URL
	}
	if d.RelayProtocol != "" {
		values["relayProtocol"] = d.RelayProtocol
	}
	return object{"I" + d.ID, kind, values}
}

func pairValues(d diag.Pair) map[string]any {
	values := members(d)
	delete(values, "id")
	values["localCandidateId"], values["remoteCandidateId"] = "I"+d.LocalCandidateID, "I"+d.RemoteCandidateID
	values["nominated"], values["transportId"] = d.Nominated, "T01"
	values["bytesSent"], values["bytesReceived"] = d.BytesSent, d.BytesReceived
	return values
}

// members are the fields of a struct as webrtc-stats names them.
func members(v any) map[string]any {
	raw, err := json.Marshal(v)
	out := map[string]any{}
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		return map[string]any{}
	}
	return out
}

// own are fields of dialtone that webrtc-stats does not have.
var own = []string{
	"remoteInbound", "sizes", "layers", "clipFrames", "sound", "oneWayDelay", "lastPacketReceivedAgo", "clockRate",
	"mimeType", "sentSince", "goodbye",
}

func sampleObjects(
	d diag.Sample, at float64, browser diag.BrowserSample, dtls diag.DTLSState, known []object,
) []object {
	list := append([]object{}, known...)
	for _, in := range d.Inbound {
		o := stream("inbound-rtp", "IT01", in.Kind, in.SSRC, members(in))
		list, o.values["codecId"] = codec(list, in.MimeType, in.ClockRate)
		if ago := in.LastPacketReceivedAgo; ago != nil {
			o.values["lastPacketReceivedTimestamp"] = at - *ago*1000
		}
		for _, b := range browser.Inbound {
			if b.Kind == in.Kind && b.SSRC == in.SSRC {
				maps.Copy(o.values, members(b))
			}
		}
		list = append(list, o)
	}
	for _, out := range d.Outbound {
		o := stream("outbound-rtp", "OT01", out.Kind, out.SSRC, members(out))
		list, o.values["codecId"] = codec(list, out.MimeType, 0)
		for _, b := range browser.Outbound {
			if b.Kind == out.Kind && b.SSRC == out.SSRC {
				maps.Copy(o.values, members(b))
			}
		}
		list = append(list, o)
		if out.Remote != nil {
			r := stream("remote-inbound-rtp", "RI", out.Kind, out.SSRC, members(out.Remote))
			r.values["localId"], r.values["kind"], r.values["ssrc"] = o.id, out.Kind, out.SSRC
			list = append(list, r)
		}
	}
	for i, c := range d.Channels {
		list = append(list, object{fmt.Sprintf("D%d", i+1), "data-channel", members(c)})
	}
	transport := map[string]any{"dtlsState": dtls.State, "dtlsCipher": dtls.Cipher, "tlsVersion": dtls.Version}
	if dtls.Role != "" {
		transport["dtlsRole"] = dtls.Role
	}
	if d.Transport != nil {
		maps.Copy(transport, members(d.Transport))
	}
	if d.Pair != nil {
		list = put(list, object{"CP" + d.Pair.ID, "candidate-pair", pairValues(*d.Pair)})
		transport["selectedCandidatePairId"] = "CP" + d.Pair.ID
	}
	return append(list, object{"T01", "transport", transport})
}

func stream(kind, prefix, media string, ssrc uint32, values map[string]any) object {
	for _, name := range own {
		delete(values, name)
	}
	values["transportId"] = "T01"
	return object{fmt.Sprintf("%s%c%d", prefix, media[0]-'a'+'A', ssrc), kind, values}
}

// codec adds the codec of a stream, once, and returns its ID.
func codec(list []object, mime string, rate uint32) ([]object, string) {
	id := "C" + mime
	values := map[string]any{"mimeType": mime, "transportId": "T01"}
	if rate != 0 {
		values["clockRate"] = rate
	}
	for _, o := range list {
		if o.id == id {
			return list, id
		}
	}
	return append(list, object{id, "codec", values}), id
}
