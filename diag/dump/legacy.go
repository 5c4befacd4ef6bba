package dump

import (
	"strings"
)

// legacyNames are the properties that Chromium had before the standard (until version 117, 2023), with their names of
// today and the factor of their units.
var legacyNames = map[string]struct {
	name   string
	factor float64
}{
	"googJitterReceived": {"jitter", 1e-3}, "googRtt": {"roundTripTime", 1e-3}, "googFirsReceived": {"firCount", 1},
	"googFirsSent": {"firCount", 1}, "googPlisReceived": {"pliCount", 1}, "googPlisSent": {"pliCount", 1},
	"googNacksReceived": {"nackCount", 1}, "googNacksSent": {"nackCount", 1}, "googFrameWidthReceived": {"frameWidth", 1},
	"googFrameWidthSent": {"frameWidth", 1}, "googFrameHeightReceived": {"frameHeight", 1},
	"googFrameHeightSent": {"frameHeight", 1}, "googFrameRateReceived": {"framesPerSecond", 1},
	"googFrameRateSent": {"framesPerSecond", 1}, "audioOutputLevel": {"audioLevel", 1.0 / 32767},
	"googCodecName": {"codec", 0}, "googActiveConnection": {"selected", 0}, "googLocalCandidateType": {"", 0},
	"googLocalAddress": {"", 0}, "googRemoteAddress": {"", 0}, "googRemoteCandidateType": {"", 0},
	"googTransportType": {"", 0}, "googCpuLimitedResolution": {"cpuLimited", 0},
	"googBandwidthLimitedResolution": {"bandwidthLimited", 0}, "codecImplementationName": {"implementation", 0},
	"packetsReceived": {"", 0}, "packetsLost": {"", 0}, "packetsSent": {"", 0}, "ssrc": {"", 0},
}

// legacyKinds are the types of statistics objects of old browsers.
var legacyKinds = map[string]string{
	"localcandidate": "local-candidate", "remotecandidate": "remote-candidate", "candidatepair": "candidate-pair",
	"googCandidatePair": "candidate-pair", "inboundrtp": "inbound-rtp", "outboundrtp": "outbound-rtp",
}

// standardized gives statistics of old browsers the names and units of webrtc-stats.
func standardized(list []stat) []stat {
	out := list[:0:0]
	for _, s := range list {
		if kind, old := legacyKinds[s.kind]; old {
			s.kind = kind
		}
		switch {
		case s.kind == "ssrc":
			out = append(out, legacyStream(s)...)
			continue
		case s.kind == "candidate-pair" && s.values["googActiveConnection"] != nil:
			out = append(out, legacyPair(s)...)
			continue
		case (s.kind == "inbound-rtp" || s.kind == "outbound-rtp") && s.values["isRemote"] == true:
			// what the peer reports of a stream, as browsers had it until 2019
			s.kind = map[string]string{"inbound-rtp": "remote-inbound-rtp", "outbound-rtp": "remote-outbound-rtp"}[s.kind]
		}
		out = append(out, s)
	}
	return out
}

// renamed are the values under their names of today.
func renamed(s stat) map[string]any {
	out := make(map[string]any, len(s.values))
	for name, value := range s.values {
		to, old := legacyNames[name]
		if !old || to.name == "" {
			out[name] = value
			continue
		}
		if n, ok := number(value); ok && to.factor != 0 {
			out[to.name] = n * to.factor
		} else {
			out[to.name] = value
		}
	}
	return out
}

// legacyStream takes an object of the type "ssrc" apart: the stream, and what the peer reports of it.
func legacyStream(s stat) []stat {
	v := renamed(s)
	kind := text(v["mediaType"], 20)
	if kind == "" {
		kind = "audio"
		if v["frameWidth"] != nil || v["framesPerSecond"] != nil {
			kind = "video"
		}
	}
	v["kind"] = kind
	if name := text(v["codec"], 40); name != "" {
		v["mimeType"] = kind + "/" + name
	}
	if strings.HasSuffix(s.id, "recv") || v["bytesReceived"] != nil {
		delete(v, "roundTripTime")
		v["decoderImplementation"] = v["implementation"]
		return []stat{{id: s.id, kind: "inbound-rtp", at: s.at, values: v}}
	}
	v["encoderImplementation"] = v["implementation"]
	switch {
	case v["cpuLimited"] == true || v["cpuLimited"] == "true":
		v["qualityLimitationReason"] = "cpu"
	case v["bandwidthLimited"] == true || v["bandwidthLimited"] == "true":
		v["qualityLimitationReason"] = "bandwidth"
	}
	remote := map[string]any{"localId": s.id}
	for _, name := range []string{"packetsLost", "roundTripTime", "jitter"} {
		if v[name] != nil {
			remote[name] = v[name]
		}
	}
	delete(v, "packetsLost")
	return []stat{
		{id: s.id, kind: "outbound-rtp", at: s.at, values: v},
		{id: s.id + "-remote", kind: "remote-inbound-rtp", at: s.at, values: remote},
	}
}

// legacyPair takes a "googCandidatePair" apart: the pair, and its candidates.
func legacyPair(s stat) []stat {
	v := renamed(s)
	active := v["selected"] == true || v["selected"] == "true"
	v["selected"], v["nominated"] = active, active
	if active {
		v["state"] = "succeeded"
	}
	if rtt := v["roundTripTime"]; rtt != nil {
		v["currentRoundTripTime"] = rtt
	}
	out := []stat{{id: s.id, kind: "candidate-pair", at: s.at, values: v}}
	for _, side := range []struct{ name, kind, old string }{
		{"localCandidateId", "local-candidate", "googLocal"}, {"remoteCandidateId", "remote-candidate", "googRemote"},
	} {
		address := text(v[side.old+"Address"], 100)
		i := strings.LastIndexByte(address, ':')
		if i < 0 {
			continue
		}
		id := text(v[side.name], 100)
		if id == "" {
			id = side.name + " " + address
			v[side.name] = id
		}
		out = append(out, stat{id: id, kind: side.kind, at: s.at, values: map[string]any{
			"address": strings.Trim(address[:i], "[]"), "port": address[i+1:], "protocol": v["googTransportType"],
			"candidateType": v[side.old+"CandidateType"],
		}})
	}
	return out
}
