// Package export writes a call in the forms that other programs read: dumps of webrtc-internals and of rtcstats, and
// its statistics as CSV.
package export

import (
	"cmp"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
)

// Source is a call.
type Source struct {
	StartedAt time.Time // wall clock of event time 0
	Agent     string    // what the dump is from: "dialtone v1.2.3"
	Events    []diag.Event
}

// snapshot lets a dump say that it shows one moment, if the call was read from such a dump.
func (s Source) snapshot(head map[string]any) {
	for _, e := range s.Events {
		if d, ok := e.Data.(diag.DumpStart); ok && d.Snapshot {
			head[diag.DumpSnapshot] = true
		}
	}
}

// Writers are the forms by their names.
var Writers = map[string]func(io.Writer, Source) error{
	"webrtc-internals": WriteInternals, "rtcstats": WriteRTCStats, "csv": WriteCSV,
}

// entry is a call of the API or an event of it, as both dumps have them.
type entry struct {
	at     float64 // milliseconds since 1970
	method string
	value  any
	client bool // it belongs to the page, and to no connection
}

// trace is what a call was, as calls and events of the API.
func (s Source) trace() []entry {
	var out []entry
	for _, e := range s.Events {
		add := func(method string, value any) {
			out = append(out, entry{s.milliseconds(e.At), method, value, false})
		}
		switch d := e.Data.(type) {
		case diag.CallStart:
			add("create", configuration(d))
		case diag.SessionDescription:
			method := "setLocalDescription"
			if d.Side == diag.Remote {
				method = "setRemoteDescription"
			}
			add(method, map[string]any{"type": d.SDPType, "sdp": d.SDP})
			add(method+"OnSuccess", nil)
		case diag.Candidate:
			if d.Side == diag.Remote {
				add("addIceCandidate", candidate(d))
			} else {
				add("onicecandidate", candidate(d))
			}
		case diag.ICEState:
			add("oniceconnectionstatechange", d.State)
		case diag.ConnectionState:
			add("onconnectionstatechange", d.State)
		case diag.GatheringState:
			add("onicegatheringstatechange", d.State)
		case diag.SignalingState:
			add("onsignalingstatechange", d.State)
		case diag.CallEnded:
			if d.Reason != diag.EndDump && d.Reason != diag.EndPeerHangup {
				add("close", nil)
			}
		default:
			out = append(out, s.more(e)...)
		}
	}
	return out
}

// more are the entries of events that are rarer.
func (s Source) more(e diag.Event) []entry {
	at := s.milliseconds(e.At)
	one := func(method string, value any) []entry { return []entry{{at, method, value, false}} }
	switch d := e.Data.(type) {
	case diag.TrackAdded:
		if d.TrackID == "" {
			return nil
		}
		method := "addTrack"
		if d.Direction == diag.Inbound {
			method = "ontrack"
		}
		return one(method, []string{d.Kind, d.TrackID, d.Kind})
	case diag.ChannelOpen:
		if d.Side == diag.Remote {
			return one("ondatachannel", []any{d.ID, d.Label})
		}
		return one("createDataChannel", []any{d.Label, map[string]any{"ordered": d.Ordered}})
	case diag.ServerStage:
		if d.Stage.Failure == nil || d.Diagnosis {
			return nil
		}
		code := cmp.Or(d.Stage.Failure.Code, 701) // no answer of the server (W3C WebRTC §4.8.2)
		return one("onicecandidateerror", map[string]any{
			"url": d.URL, "errorCode": code, "errorText": errorText(*d.Stage.Failure),
		})
	case diag.CaptureRequest:
		return []entry{{at, "navigator.mediaDevices." + d.Request + captureResult(d), captureValue(d), true}}
	case diag.APIFailure:
		return one(string(d.Call)+"OnFailure", d.Error)
	case diag.Unknown:
		name, of := strings.CutPrefix(string(d.Name), "browser.")
		var raw struct{ Value any }
		if of && json.Unmarshal(d.Raw, &raw) == nil {
			return one(name, raw.Value)
		}
	}
	return nil
}

// errorText is what the server said, else the cause in a word.
func errorText(f diag.Failure) string {
	if f.Code != 0 {
		return f.Reason
	}
	return f.String()
}

func captureResult(d diag.CaptureRequest) string {
	switch {
	case d.Granted:
		return "OnSuccess"
	case d.Error != "":
		return "OnFailure"
	}
	return ""
}

func captureValue(d diag.CaptureRequest) any {
	switch {
	case d.Granted:
		tracks := [][]string{}
		if d.Audio {
			tracks = append(tracks, []string{"audio", "audio", "audio"})
		}
		if d.Video {
			tracks = append(tracks, []string{"video", "video", "video"})
		}
		return tracks
	case d.Error != "":
		return d.Error + ": " + d.Message
	}
	return map[string]bool{"audio": d.Audio, "video": d.Video}
}

// configuration is an RTCConfiguration.
func configuration(d diag.CallStart) map[string]any {
	servers := []map[string]any{}
	for _, s := range d.ICEServers {
		servers = append(servers, map[string]any{"urls": []string{s.URL}})
	}
	policy := "all"
	if d.RelayOnly {
		policy = "relay"
	}
	return map[string]any{"iceServers": servers, "iceTransportPolicy": policy}
}

// candidate is an RTCIceCandidateInit (RFC 8839 §5.1).
func candidate(d diag.Candidate) map[string]any {
	line := "candidate:" + cmp.Or(d.Foundation, "1") + " " + strconv.Itoa(int(max(d.Component, 1))) + " " +
		d.Protocol + " " + strconv.FormatUint(uint64(d.Priority), 10) + " " + d.Address + " " +
		strconv.Itoa(int(d.Port)) + " typ " + string(d.CandidateType)
	if d.RelatedAddress != "" {
		line += " raddr " + d.RelatedAddress + " rport " + strconv.Itoa(int(d.RelatedPort))
	}
	if d.TCPType != "" {
		line += " tcptype " + d.TCPType
	}
	if d.UsernameFragment != "" {
		line += " ufrag " + d.UsernameFragment
	}
	value := map[string]any{"candidate": line, "sdpMid": "0", "sdpMLineIndex": 0}
	if d.URL != "" {
		value["url"] = d.URL
	}
	return value
}

// milliseconds is the time of an event since 1970.
func (s Source) milliseconds(at time.Duration) float64 {
	return float64(s.StartedAt.Add(at).UnixMicro()) / 1000
}
