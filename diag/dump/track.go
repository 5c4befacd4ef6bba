package dump

import (
	"slices"
	"strings"

	"dialtone/diag"
)

// capture is a request of a page for devices.
type capture struct {
	at       float64
	page, id string // id: of the request, where the dump says so
	data     diag.CaptureRequest
}

// traceTrack takes what becomes of tracks.
func (c *conn) traceTrack(e entry, name string) bool {
	switch name {
	case "addtrack", "track":
		if kind, id := trackOf(e.value); kind != "" {
			direction := diag.Outbound
			if name == "track" {
				direction = diag.Inbound
			}
			c.track(e.at, direction, kind, id)
			return true
		}
	case "replacetrack":
		if list, ok := e.value.([]any); ok && len(list) == 2 && list[1] == nil && list[0] != nil {
			kind, id := trackOf(list[0])
			c.emit(e.at, diag.CaptureTrack{Side: diag.Local, Kind: kind, TrackID: id, Change: diag.TrackRemoved})
			return true
		}
	case "transceiveradded":
		kind := text(member(e.value, "kind"), 20)
		if id := text(member(member(e.value, "sender"), "track"), 100); id != "" && slices.Contains(diag.Kinds, kind) {
			c.track(e.at, diag.Outbound, kind, id)
		}
	}
	if after, ok := strings.CutPrefix(name, "mediastreamtrack."); ok {
		c.pageTrack(e, after)
		return true
	}
	return false
}

// trackOf reads a track as the formats write it: an object, a list of kind and ID, or "audio:ID stream:ID".
func trackOf(v any) (kind, id string) {
	switch v := v.(type) {
	case map[string]any:
		kind, id = text(v["kind"], 20), text(v["id"], 100)
	case []any:
		if len(v) >= 2 {
			kind, id = text(v[0], 20), text(v[1], 100)
		}
	case string:
		kind, id, _ = strings.Cut(v, ":")
		id, _, _ = strings.Cut(id, " ")
		id = diag.Clean(id, 100)
	}
	if !slices.Contains(diag.Kinds, kind) {
		return "", ""
	}
	return kind, id
}

// track notes a track, once.
func (c *conn) track(at float64, direction diag.Direction, kind, id string) {
	key := string(direction) + " " + id
	if c.stats.kinds[key] != "" || len(c.stats.kinds) > 1000 {
		return
	}
	c.stats.kinds[key] = kind
	c.emit(at, diag.TrackAdded{Direction: direction, Kind: kind, TrackID: id})
}

// pageTrack takes a change of a track of the page; those of tracks that this connection does not send are left out.
func (c *conn) pageTrack(e entry, what string) {
	id := text(e.value, 100)
	side := diag.Local
	change := map[string]diag.TrackChange{
		"onended": diag.TrackEnded, "ended": diag.TrackEnded, "stop": diag.TrackStopped, "onmute": diag.TrackSilenced,
		"onunmute": diag.TrackSounds,
	}[what]
	if what == "stop" || what == "enabled" {
		id = ""
		if len(e.extra) > 0 {
			id = text(e.extra[0], 100)
		}
	}
	if what == "enabled" {
		change = diag.TrackEnabled
		if e.value == false {
			change = diag.TrackDisabled
		}
	}
	kind := c.stats.kinds[string(diag.Outbound)+" "+id]
	if in := c.stats.kinds[string(diag.Inbound)+" "+id]; kind == "" && in != "" {
		side, kind = diag.Remote, in
	}
	if change == "" || kind == "" {
		c.keep(e)
		return
	}
	c.emit(e.at, diag.CaptureTrack{Side: side, Kind: kind, TrackID: id, Change: change})
	if side == diag.Local && what == "enabled" {
		c.emit(e.at, diag.TrackMuted{Side: diag.Local, Kind: kind, Muted: change == diag.TrackDisabled})
	}
}

// captured adds the requests for devices of the page before and during a connection.
func (c *conn) captured(list []capture) {
	c.opened = c.first
	end := c.last
	for _, r := range list {
		if (c.page == "" || r.page == "" || c.page == r.page) && !(c.closed && r.at > end) {
			c.emit(r.at, r.data)
		}
	}
}

// traceCapture takes a request for devices; true if it was one.
func (d *reading) traceCapture(e entry, page string) bool {
	name, of := strings.CutPrefix(e.name, "navigator.mediaDevices.")
	if !of && !strings.HasPrefix(name, "getUserMedia") {
		return false
	}
	request := "getUserMedia"
	if strings.HasPrefix(name, "getDisplayMedia") {
		request = "getDisplayMedia"
	} else if !strings.HasPrefix(name, request) {
		return false
	}
	r := diag.CaptureRequest{Request: request}
	value := decoded(e.value)
	switch strings.TrimPrefix(name, request) {
	case "":
		r.Audio, r.Video = asked(member(value, "audio")), asked(member(value, "video"))
	case "OnSuccess":
		r.Granted = true
		list, _ := value.([]any)
		for _, track := range list {
			kind, _ := trackOf(track)
			r.Audio, r.Video = r.Audio || kind == "audio", r.Video || kind == "video"
		}
	case "OnFailure":
		r.Error, r.Message = failureName(value)
	}
	d.capture(capture{at: e.at, page: page, data: r})
	return true
}

// capture keeps a request for devices, or what came of one: of the kinds that were requested, unless it says so.
func (d *reading) capture(c capture) {
	if len(d.captures) >= maxCaptures {
		return
	}
	result := func(r capture) bool { return r.data.Error != "" || r.data.Granted }
	for _, r := range slices.Backward(d.captures) {
		unsaid := result(c) && !c.data.Audio && !c.data.Video
		if unsaid && !result(r) && r.page == c.page && r.id == c.id && r.data.Request == c.data.Request {
			c.data.Audio, c.data.Video = r.data.Audio, r.data.Video
			break
		}
	}
	d.captures = append(d.captures, c)
}

// asked reports whether constraints ask for a kind of media.
func asked(v any) bool { return v != nil && v != false }

// failureName reads a DOMException: {error, error_message}, or "NotAllowedError: Permission denied".
func failureName(v any) (name, message string) {
	if m, ok := v.(map[string]any); ok {
		for _, key := range []string{"error", "name"} {
			if s := text(m[key], 100); s != "" {
				name = s
			}
		}
		for _, key := range []string{"error_message", "message"} {
			if s := text(m[key], 200); s != "" {
				message = s
			}
		}
		return name, message
	}
	name, message, _ = strings.Cut(text(v, 300), ": ")
	return strings.TrimPrefix(name, "DOMException"), message
}
