package aboutwebrtc

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// add adds an object of statistics.
func (r *report) add(list, kind, id string, values map[string]any) {
	values["id"], values["type"] = id, kind
	if values["timestamp"] == nil && !r.at.IsZero() {
		values["timestamp"] = milliseconds(r.at)
	}
	rows, _ := r.members[list].([]map[string]any)
	r.members[list] = append(rows, values)
}

var (
	// candidateText is "192.0.2.2:5000/udp(host) [non-proxied]"
	candidateText = regexp.MustCompile(`^(\S+):(\d+)/(\w+)\(([a-z]+)-?(\w*)\)`)
	// candidateLine is a candidate as descriptions have it (RFC 8839 §5.1).
	candidateLine = regexp.MustCompile(`^candidate:(\S+) \d+ (\S+) (\d+) (\S+) (\d+) typ (\w+)(?:.* tcptype (\w+))?`)
	// hostText is a host candidate as the ICE stack names it: "host(IP6:[::1]:5000/TCP) active".
	hostText = regexp.MustCompile(`^host\(IP\d:\[?([^\]|]+?)\]?:(\d+)/(\w+)\)(?: (\w+))?$`)
)

// pairStates are those of RTCStatsIceCandidatePairState, and of the ICE stack.
var pairStates = []string{"frozen", "waiting", "inprogress", "in-progress", "failed", "succeeded", "cancelled"}

// tables takes candidate pairs, candidates and the times of frames, which are known by their cells: the columns are not
// in the same order in each version, and their names are translated.
func (r *report) tables() {
	r.root.all("tr", func(row *element) {
		var cells []string
		row.all("td", func(e *element) { cells = append(cells, e.content()) })
		switch {
		case len(cells) == 1:
			r.rawCandidate(cells[0])
		case len(cells) == 10:
			r.frames(cells)
		case len(cells) >= 6:
			r.pair(cells)
		}
	})
}

func (r *report) pair(cells []string) {
	values := map[string]any{}
	var ids, flags, numbers []string
	for _, cell := range cells {
		switch m := candidateText.FindStringSubmatch(cell); {
		case m != nil && len(ids) < 2:
			ids = append(ids, r.candidate(len(ids) == 0, m))
		case slices.Contains(pairStates, cell):
			values["state"] = cell
		case cell == "true" || cell == "false":
			flags = append(flags, cell)
		default:
			numbers = append(numbers, cell)
		}
	}
	if len(ids) < 2 || values["state"] == nil {
		return
	}
	values["localCandidateId"], values["remoteCandidateId"] = ids[0], ids[1]
	for i, name := range []string{"nominated", "selected"} {
		if i < len(flags) {
			values[name] = flags[i] == "true"
		}
	}
	if len(cells) == 9 { // component, priority, bytes sent, bytes received
		for i, name := range []string{"", "", "bytesSent", "bytesReceived"} {
			if i < len(numbers) && name != "" {
				number(values, name, numbers[i], 1)
			}
		}
	}
	r.add("iceCandidatePairStats", "candidate-pair", strings.Join(ids, " "), values)
}

// candidate adds a candidate of a pair, and returns its ID.
func (r *report) candidate(local bool, m []string) string {
	kind := "remote-candidate"
	if local {
		kind = "local-candidate"
	}
	id := kind + " " + m[1] + " " + m[2] + " " + m[3]
	values := map[string]any{
		"address": strings.Trim(m[1], "[]"), "port": port(m[2]), "protocol": strings.ToLower(m[3]),
		"candidateType": candidateTypes[m[4]],
	}
	if m[5] != "" {
		values["relayProtocol"] = m[5]
	}
	r.candidateOnce(kind, id, values)
	return id
}

func (r *report) candidateOnce(kind, id string, values map[string]any) {
	rows, _ := r.members["iceCandidateStats"].([]map[string]any)
	if !slices.ContainsFunc(rows, func(row map[string]any) bool { return row["id"] == id }) && len(rows) < 2000 {
		r.add("iceCandidateStats", kind, id, values)
	}
}

// candidateTypes are the types of candidates, under their names of today.
var candidateTypes = map[string]string{
	"host": "host", "srflx": "srflx", "prflx": "prflx", "relay": "relay", "serverreflexive": "srflx",
	"peerreflexive": "prflx", "relayed": "relay",
}

// rawCandidate takes what the ICE stack says of a candidate. Its names of others than hosts have no address.
func (r *report) rawCandidate(text string) {
	if m := candidateLine.FindStringSubmatch(text); m != nil {
		values := map[string]any{
			"foundation": m[1], "protocol": strings.ToLower(m[2]), "address": m[4], "port": port(m[5]), "candidateType": m[6],
		}
		number(values, "priority", m[3], 1)
		if m[7] != "" {
			values["tcpType"] = m[7]
		}
		r.candidateOnce("remote-candidate", "remote-candidate "+m[4]+" "+m[5]+" "+strings.ToLower(m[2]), values)
	}
	if m := hostText.FindStringSubmatch(text); m != nil {
		values := map[string]any{
			"address": m[1], "port": port(m[2]), "protocol": strings.ToLower(m[3]), "candidateType": "host",
		}
		if m[4] != "" {
			values["tcpType"] = m[4]
		}
		r.candidateOnce("local-candidate", "local-candidate "+m[1]+" "+m[2]+" "+strings.ToLower(m[3]), values)
	}
}

func port(text string) int {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

// number sets a value to a number times a factor, if it is one.
func number(values map[string]any, name, text string, factor float64) {
	n, err := strconv.ParseFloat(text, 64)
	if err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) {
		values[name] = n * factor
	}
}

// frames takes the times of frames in a row: cells 7 and 8, in either order.
func (r *report) frames(cells []string) {
	a, err := strconv.ParseFloat(cells[6], 64)
	b, err2 := strconv.ParseFloat(cells[7], 64)
	if err != nil || err2 != nil || min(a, b) < 1e12 || max(a, b) > 1e13 {
		return
	}
	list, _ := r.members["videoFrameHistories"].([]map[string]any)
	r.members["videoFrameHistories"] = append(list, map[string]any{
		"entries": []map[string]any{{"firstFrameTimestamp": min(a, b), "lastFrameTimestamp": max(a, b)}},
	})
}

var (
	ssrcText  = regexp.MustCompile(`SSRC:? (\d+)`)
	kindText  = regexp.MustCompile(`audio|video`)
	codecText = regexp.MustCompile(`^[^:]+: (\d+) ((?:audio|video)/[\w.+-]+)(?: .*?)? (\d{4,6})(?: |$)`)
	rowText   = regexp.MustCompile(`^[^:]+: \d\d:\d\d:\d\d [^:]*?((?:remote-)?(?:in|out)bound)-?rtp\b(.*)$`)
	// numbersText is what follows in pages whose texts have the numbers as they are.
	numbersText = regexp.MustCompile(`^(?: SSRC: \d+)? [^:]+: (\d+) [^\d:]+?` +
		`(?: [^:]+: (-?\d+) [^:]+: ([\d.e-]+))?(?: RTT: |$)`)
	sizeText = regexp.MustCompile(`\(([\d.]+) Kb[^)]*\)`)
	tripText = regexp.MustCompile(`RTT: ([\d.e-]+) ms`)
)

// set is the rows about one stream.
type set struct {
	heading, ssrc, kind string
	codec               string // ID
	counts              map[string]any
	rows                int
	seen                map[string]bool // objects that are there, by type and SSRC
}

// streams takes what is sent and received, and what the peer reports of it.
func (r *report) streams() {
	s := set{seen: map[string]bool{}}
	r.root.all("", func(e *element) {
		switch {
		case e.name == "h5":
			s = set{heading: e.content(), counts: map[string]any{}, seen: s.seen}
			if m := ssrcText.FindStringSubmatch(s.heading); m != nil {
				s.ssrc = m[1]
			}
			s.kind = kindText.FindString(s.heading)
		case s.counts != nil && (e.name == "p" || e.name == "div") && e.isRow():
			text := e.content()
			if m := codecText.FindStringSubmatch(text); m != nil {
				s.codecRow(r, e, m)
			} else if m := rowText.FindStringSubmatch(text); m != nil && len(text) < 1000 {
				s.row(r, e, m)
			}
		}
	})
}

// isRow reports whether an element has only texts.
func (e *element) isRow() bool {
	return len(e.children) < 40 && !slices.ContainsFunc(e.children, func(c *element) bool {
		return c.name != "" && c.name != "span"
	})
}

// codecRow takes the codec, and the number of frames.
func (s *set) codecRow(r *report, e *element, m []string) {
	s.codec = "codec " + m[1] + " " + m[2]
	s.kind, _, _ = strings.Cut(m[2], "/")
	if !s.seen[s.codec] {
		s.seen[s.codec] = true
		r.add("codecStats", "codec", s.codec, map[string]any{
			"payloadType": port(m[1]), "mimeType": m[2], "clockRate": port32(m[3]),
		})
	}
	e.all("span", func(e *element) {
		var args struct{ Frames *float64 }
		if e.is("about-webrtc-frames") && json.Unmarshal([]byte(e.attributes["data-l10n-args"]), &args) == nil &&
			args.Frames != nil {
			s.counts["frames"] = *args.Frames
		}
	})
}

func port32(text string) uint64 {
	n, _ := strconv.ParseUint(text, 10, 32) // the expression has digits only
	return n
}

// row takes a row of counts: the first of a set is about the stream, the second is what the peer reports of it.
func (s *set) row(r *report, e *element, m []string) {
	s.rows++
	direction, remote := strings.CutPrefix(m[1], "remote-")
	remote = remote || s.rows > 1 || strings.Contains(s.heading, "rtcp")
	if found := ssrcText.FindStringSubmatch(m[2]); found != nil {
		s.ssrc = found[1]
	}
	kind := direction + "-rtp"
	list := direction + "RtpStreamStats"
	if remote {
		kind, list = "remote-"+kind, "remote"+strings.ToUpper(list[:1])+list[1:]
	}
	key := kind + " " + s.ssrc
	if s.seen[key] || s.ssrc == "" {
		return
	}
	s.seen[key] = true
	values := rowValues(e, m[2], direction)
	if !remote && len(values) == 0 { // the page leaves zeros out
		way := ways[direction]
		values["packets"+way], values["bytes"+way] = 0, 0
	}
	values["kind"], values["ssrc"] = s.kindOf(r), port32(s.ssrc)
	if at, ok := r.moment(e.content()); ok {
		values["timestamp"] = milliseconds(at)
	}
	if !remote {
		if s.codec != "" {
			values["codecId"] = s.codec
		}
		if n, ok := s.counts["frames"]; ok {
			values[map[string]string{"inbound": "framesDecoded", "outbound": "framesEncoded"}[direction]] = n
		}
	}
	r.add(list, kind, key, values)
}

// ways end the names of counters.
var ways = map[string]string{"inbound": "Received", "outbound": "Sent"}

// rowValues are the numbers of a row. Pages of today have them beside their translated texts.
func rowValues(e *element, rest, direction string) map[string]any {
	v := map[string]any{}
	way := ways[direction]
	e.all("span", func(e *element) {
		var args struct{ Packets, Jitter *float64 }
		if json.Unmarshal([]byte(e.attributes["data-l10n-args"]), &args) != nil {
			return
		}
		switch {
		case e.is("about-webrtc-lost-label") && args.Packets != nil:
			v["packetsLost"] = *args.Packets
		case args.Packets != nil:
			v["packets"+way] = *args.Packets
		case args.Jitter != nil:
			v["jitter"] = *args.Jitter
		}
	})
	if m := sizeText.FindStringSubmatch(rest); m != nil {
		n, _ := strconv.ParseFloat(m[1], 64) // in KiB, to two digits
		v["bytes"+way] = math.Round(n * 1024)
	}
	if m := numbersText.FindStringSubmatch(sizeText.ReplaceAllString(rest, "")); m != nil && v["packets"+way] == nil {
		number(v, "packets"+way, m[1], 1)
		number(v, "packetsLost", m[2], 1)
		number(v, "jitter", m[3], 1)
	}
	if m := tripText.FindStringSubmatch(rest); m != nil {
		number(v, "roundTripTime", m[1], 1e-3)
	}
	return v
}

// kindOf is audio or video: by the codec, the name of the object, or the section that announces the SSRC.
func (s *set) kindOf(r *report) string {
	if s.kind != "" {
		return s.kind
	}
	history, _ := r.members["sdpHistory"].([]map[string]any)
	for _, d := range history {
		body, _ := d["sdp"].(string)
		before, _, found := strings.Cut(body, "a=ssrc:"+s.ssrc+" ")
		if i := strings.LastIndex(before, "m="); found && i >= 0 {
			return kindText.FindString(before[i:min(i+7, len(before))])
		}
	}
	return ""
}

// transport is what pairs, counters and the log prove: packets are only counted when DTLS has given keys.
func (r *report) transport(log map[string]string) {
	values := map[string]any{}
	name, _ := r.members["pcid"].(string)
	name, _, _ = strings.Cut(name, " ")
	if log[name] == "0" {
		values["iceState"] = "failed"
	}
	pairs, _ := r.members["iceCandidatePairStats"].([]map[string]any)
	for _, p := range pairs {
		if p["state"] == "succeeded" && p["selected"] == true {
			values["iceState"], values["selectedCandidatePairId"] = "connected", p["id"]
		}
	}
	proven := r.opened > 0
	for _, list := range []string{"inboundRtpStreamStats", "remoteInboundRtpStreamStats", "remoteOutboundRtpStreamStats"} {
		rows, _ := r.members[list].([]map[string]any)
		for _, s := range rows {
			for _, name := range []string{"packetsReceived", "packetsSent"} {
				n, _ := s[name].(float64)
				proven = proven || n > 0
			}
		}
	}
	if proven {
		values["dtlsState"] = "connected"
	}
	if len(values) > 0 {
		r.add("transportStats", "transport", "transport", values)
	}
}

// channelsOpened is how many data channels were opened.
func (r *report) channelsOpened() int {
	n := 0
	r.root.all("p", func(e *element) {
		e.all("span", func(label *element) {
			if label.is("about-webrtc-data-channels-opened-label") {
				e.all("span", func(body *element) {
					if body.has("info-body") {
						n = port(body.content())
					}
				})
			}
		})
	})
	return n
}
