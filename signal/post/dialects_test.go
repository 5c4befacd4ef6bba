package post

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/signal"
)

// step is a request that a server expects next, and its answer.
type step struct {
	asked   string // "METHOD /path?query"
	kind    string // content type of the request
	body    string // of the request: JSON without the transaction, or as it is
	header  string // "Name: value" that must be there
	status  int
	answers string // JSON or SDP
	field   string // "Name: value" of the answer
}

// dialect is a server that speaks exactly one shape: any other request is answered 400.
type dialect struct {
	t     *testing.T
	mu    sync.Mutex
	steps []step
	last  chan struct{} // closed when one is left
	done  chan struct{} // closed when all have been made
}

func (d *dialect) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if len(d.steps) == 0 {
		if r.Method != http.MethodGet { // a further poll
			d.t.Errorf("unexpected %s %s", r.Method, r.URL)
		}
		w.WriteHeader(http.StatusGone)
		return
	}
	s := d.steps[0]
	got := step{asked: r.Method + " " + r.URL.String(), kind: r.Header.Get("Content-Type"), body: string(raw)}
	if strings.HasSuffix(got.kind, "json") {
		got.body = canonical(d.t, got.body, true)
		s.body = canonical(d.t, s.body, false)
	}
	if diff := cmp.Diff(step{asked: s.asked, kind: s.kind, body: s.body}, got, cmp.AllowUnexported(step{})); diff != "" {
		d.t.Errorf("(-want +got) %s", diff)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if name, value, _ := strings.Cut(s.header, ": "); name != "" && r.Header.Get(name) != value {
		d.t.Errorf("%s is %q", name, r.Header.Get(name))
	}
	d.steps = d.steps[1:]
	switch len(d.steps) {
	case 0:
		close(d.done)
	case 1:
		close(d.last)
	}
	kind := "application/json"
	if strings.HasPrefix(s.answers, "v=0") {
		kind = typeSDP
	}
	w.Header().Set("Content-Type", kind)
	if name, value, _ := strings.Cut(s.field, ": "); name != "" {
		w.Header().Set(name, value)
	}
	w.WriteHeader(s.status)
	_, _ = io.WriteString(w, s.answers)
}

// canonical is JSON in one order, without what is random.
func canonical(t *testing.T, text string, random bool) string {
	t.Helper()
	var tree map[string]any
	if err := json.Unmarshal([]byte(text), &tree); err != nil {
		t.Errorf("no JSON object: %q", text)
	}
	for _, name := range []string{"transaction", "tid"} {
		if v, ok := tree[name].(string); random && ok && len(v) > 10 {
			tree[name] = "random"
		}
	}
	raw, err := json.Marshal(tree)
	if err != nil {
		t.Error(err)
	}
	return string(raw)
}

const (
	js  = "application/json"
	ack = `{"janus":"ack","session_id":11,"transaction":"x"}`
)

// quoted is a text as JSON.
func quoted(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// TestPresets calls with each preset a server that speaks exactly the shape that its documentation has.
func TestPresets(t *testing.T) {
	offer, answer := description("sendrecv", "EsAw", pwd), description("sendrecv", "SrvA", pwd2)
	o, a := quoted(offer), quoted(answer)
	form := "data=" + strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(base64.StdEncoding.EncodeToString([]byte(offer)))
	janus := func(plugin string, rest ...step) []step {
		return slices.Concat([]step{
			{asked: "POST /janus", kind: js, body: `{"janus":"create","transaction":"random"}`, status: 200, answers: `{"janus":"success","transaction":"x","data":{"id":1234567890123456789}}`},
			{asked: "POST /janus/1234567890123456789", kind: js, body: `{"janus":"attach","plugin":"janus.plugin.` + plugin + `","transaction":"random"}`, status: 200, answers: `{"janus":"success","session_id":11,"transaction":"x","data":{"id":7}}`},
		}, rest, []step{
			{asked: "POST /janus/1234567890123456789", kind: js, body: `{"janus":"destroy","transaction":"random"}`, status: 200, answers: `{"janus":"success","session_id":11,"transaction":"x"}`},
		})
	}
	const handle, poll = "POST /janus/1234567890123456789/7", "GET /janus/1234567890123456789?maxev=1"
	keepalive := step{asked: poll, status: 200, answers: `{"janus":"keepalive"}`}
	for name, test := range map[string]struct {
		path   string
		fields map[string]any
		custom string // a preset of a user
		steps  []step
	}{
		"aiortc": {path: "/offer", steps: []step{{asked: "POST /offer", kind: js, body: `{"type":"offer","sdp":` + o + `}`, status: 200, answers: `{"type":"answer","sdp":` + a + `}`}}},
		"aiortc with a field of its example": {path: "/offer", fields: map[string]any{"video_transform": "none"}, steps: []step{
			{asked: "POST /offer", kind: js, body: `{"type":"offer","video_transform":"none","sdp":` + o + `}`, status: 200, answers: `{"type":"answer","sdp":` + a + `}`},
		}},
		"pipecat": {path: "/api/offer", steps: []step{{asked: "POST /api/offer", kind: js, body: `{"type":"offer","sdp":` + o + `}`, status: 200, answers: `{"sdp":` + a + `,"type":"answer","pc_id":"SmallWebRTCConnection#0"}`}}},
		"openai":  {path: "/v1/realtime/calls", steps: []step{{asked: "POST /v1/realtime/calls", kind: typeSDP, body: offer, status: 201, answers: answer, field: "Location: /v1/realtime/calls/rtc_1", header: "Authorization: Bearer t0k3n"}}},
		"go2rtc":  {path: "/api/webrtc?src=cam", steps: []step{{asked: "POST /api/webrtc?src=cam", kind: js, body: `{"type":"offer","sdp":` + o + `}`, status: 200, answers: `{"type":"answer","sdp":` + a + `}`}}},
		"srs": {path: "/rtc/v1/publish/", fields: map[string]any{"streamurl": "webrtc://h/live/s"}, steps: []step{
			{asked: "POST /rtc/v1/publish/", kind: js, body: `{"api":"ADDRESS","streamurl":"webrtc://h/live/s","tid":"random","sdp":` + o + `}`, status: 200, answers: `{"code":0,"server":"vid-1","service":"s","pid":"1","sdp":` + a + `,"sessionid":"0:1"}`},
		}},
		"srs-play": {path: "/rtc/v1/play/", fields: map[string]any{"streamurl": "webrtc://h/live/s"}, steps: []step{
			{asked: "POST /rtc/v1/play/", kind: js, body: `{"api":"ADDRESS","streamurl":"webrtc://h/live/s","tid":"random","sdp":` + o + `}`, status: 200, answers: `{"code":0,"server":"vid-1","sdp":` + a + `,"sessionid":"0:1"}`},
		}},
		"whip": {path: "/whip", steps: []step{
			{asked: "POST /whip", kind: typeSDP, body: strings.ReplaceAll(offer, "a=rtcp-mux\r\n", "a=rtcp-mux\r\na=rtcp-mux-only\r\n"), status: 201, answers: answer, field: "Location: s/1", header: "Authorization: Bearer t0k3n"},
			{asked: "DELETE /s/1", status: 200},
		}},
		"whep": {path: "/whep", steps: []step{
			{asked: "POST /whep", kind: typeSDP, body: strings.ReplaceAll(offer, "a=rtcp-mux\r\n", "a=rtcp-mux\r\na=rtcp-mux-only\r\n"), status: 201, answers: answer, field: "Location: /s/1"},
			{asked: "DELETE /s/1", status: 200},
		}},
		"cloudflare": {path: "/v1/apps/app", steps: []step{
			{asked: "POST /v1/apps/app/sessions/new", status: 201, answers: `{"sessionId":"e017a2"}`, header: "Authorization: Bearer t0k3n"},
			{asked: "POST /v1/apps/app/sessions/e017a2/tracks/new", kind: js, body: `{"sessionDescription":{"type":"offer","sdp":` + o + `},"tracks":[{"location":"local","mid":"0","trackName":"audio"},{"location":"local","mid":"1","trackName":"video"}]}`, status: 200, answers: `{"requiresImmediateRenegotiation":false,"tracks":[{"mid":"0","trackName":"audio"}],"sessionDescription":{"type":"answer","sdp":` + a + `}}`},
		}},
		"cloudflare-play": {path: "/v1/apps/app", fields: map[string]any{"publisher": "e017a2"}, steps: []step{
			{asked: "POST /v1/apps/app/sessions/new", status: 201, answers: `{"sessionId":"f1"}`},
			{asked: "POST /v1/apps/app/sessions/f1/tracks/new", kind: js, body: `{"tracks":[{"location":"remote","sessionId":"e017a2","trackName":"audio"},{"location":"remote","sessionId":"e017a2","trackName":"video"}]}`, status: 200, answers: `{"requiresImmediateRenegotiation":true,"sessionDescription":{"type":"offer","sdp":` + o + `}}`},
			{asked: "PUT /v1/apps/app/sessions/f1/renegotiate", kind: js, body: `{"sessionDescription":{"type":"answer","sdp":` + a + `}}`, status: 200, answers: `{}`},
		}},
		"janus": {path: "/janus", steps: janus("echotest",
			step{asked: handle, kind: js, body: `{"janus":"message","transaction":"random","body":{"audio":true,"video":true},"jsep":{"type":"offer","sdp":` + o + `}}`, status: 200, answers: ack},
			keepalive,
			step{asked: poll, status: 200, answers: `{"janus":"event","sender":7,"plugindata":{"plugin":"janus.plugin.echotest","data":{"echotest":"event","result":"ok"}},"jsep":{"type":"answer","sdp":` + a + `}}`},
			step{asked: poll, status: 200, answers: `{"janus":"webrtcup","sender":7}`})},
		"janus-publish": {path: "/janus", fields: map[string]any{"room": json.Number("5")}, steps: janus("videoroom",
			step{asked: handle, kind: js, body: `{"janus":"message","transaction":"random","body":{"request":"joinandconfigure","ptype":"publisher","room":5,"display":"dialtone"},"jsep":{"type":"offer","sdp":` + o + `}}`, status: 200, answers: ack},
			step{asked: poll, status: 200, answers: `{"janus":"event","plugindata":{"data":{"videoroom":"joined"}},"jsep":{"type":"answer","sdp":` + a + `}}`},
			step{asked: poll, status: 200, answers: `{"janus":"keepalive"}`})},
		"janus-subscribe": {path: "/janus", steps: janus("videoroom",
			step{asked: handle, kind: js, body: `{"janus":"message","transaction":"random","body":{"request":"listparticipants","room":1234}}`, status: 200, answers: `{"janus":"success","plugindata":{"data":{"videoroom":"participants","participants":[{"id":42,"publisher":true}]}}}`},
			step{asked: handle, kind: js, body: `{"janus":"message","transaction":"random","body":{"request":"join","ptype":"subscriber","room":1234,"streams":[{"feed":42}]}}`, status: 200, answers: ack},
			step{asked: poll, status: 200, answers: `{"janus":"event","plugindata":{"data":{"videoroom":"attached"}},"jsep":{"type":"offer","sdp":` + o + `}}`},
			step{asked: handle, kind: js, body: `{"janus":"message","transaction":"random","body":{"request":"start","room":1234},"jsep":{"type":"answer","sdp":` + a + `}}`, status: 200, answers: ack},
			step{asked: poll, status: 200, answers: `{"janus":"keepalive"}`})},
		"go2rtc's form": {
			path: "/api/webrtc?src=cam", custom: "[[request]]\nform = { data = \"{{sdp64}}\" }\nanswer = \"body\"\n",
			steps: []step{{asked: "POST /api/webrtc?src=cam", kind: "application/x-www-form-urlencoded", body: form, status: 200, answers: base64.StdEncoding.EncodeToString([]byte(answer))}},
		},
		"a text of its own": {
			path: "/x", custom: "[[request]]\nmethod = \"PUT\"\nurl = \"go/{{address}}?v=1\"\nheader = { X-Kind = \"{{type}}\" }\ntype = \"text/plain\"\nbody = \"<{{sdp64}}>\"\nanswer = \"a.0.b\"\n",
			steps: []step{{asked: "PUT /x/go/ESCAPED?v=1", kind: "text/plain", header: "X-Kind: offer", body: "<" + base64.StdEncoding.EncodeToString([]byte(offer)) + ">", status: 202, answers: `{"a":[{"b":` + a + `}]}`}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := &dialect{t: t, steps: test.steps, last: make(chan struct{}), done: make(chan struct{})}
			h := httptest.NewServer(d)
			defer h.Close()
			for i := range d.steps {
				d.steps[i].body = strings.ReplaceAll(d.steps[i].body, "ADDRESS", h.URL+test.path)
				d.steps[i].asked = strings.ReplaceAll(d.steps[i].asked, "ESCAPED", strings.NewReplacer("/", "%2F", ":", ":").Replace(h.URL+test.path))
			}
			preset, _, _ := strings.Cut(name, " ")
			var shape *Shape
			var err error
			if test.custom != "" {
				shape, err = ParseShape(test.custom)
			} else {
				shape, err = Preset(preset)
			}
			if err != nil {
				t.Fatal(err)
			}
			var remarks []string
			options := Options{URL: h.URL + test.path, Shape: shape, Fields: test.fields}
			options.Token = "t0k3n"
			options.OnRequest = func(r signal.Request) { remarks = append(remarks, r.Remarks...) }
			c, err := Dial(t.Context(), options)
			if err != nil {
				t.Fatal(err)
			}
			want := signal.KindAnswer
			paired := receive(t, c)
			if shape.offers() {
				if m := receive(t, c); paired.Role != signal.RoleAnswerer || m.Kind != signal.KindOffer || m.Description.SDP != offer {
					t.Errorf("%+v %+v", paired, m)
				}
				err = c.Send(t.Context(), message(signal.KindAnswer, answer))
			} else {
				err = c.Send(t.Context(), message(signal.KindOffer, offer))
			}
			if err != nil {
				t.Fatal(err)
			}
			if !shape.offers() {
				if m := receive(t, c); m.Kind != want || m.Description.SDP != answer {
					t.Errorf("%+v", m)
				}
			}
			if shape.Poll != nil { // until the one that was expected has been made
				<-d.last
			}
			closing(t, c)
			select {
			case <-d.done:
			default:
				t.Errorf("not made: %+v", d.steps)
			}
			if len(remarks) > 0 {
				t.Errorf("remarks about what is right: %q", remarks)
			}
		})
	}
	for _, name := range Presets() {
		if text, err := PresetText(name); err != nil || !strings.HasPrefix(text, "# ") {
			t.Errorf("%s does not say what it is", name)
		}
	}
}
