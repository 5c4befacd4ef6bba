// Package page is the call page for browsers: an http.Handler with embedded files, in plain HTML, CSS and JavaScript
// modules. The page speaks the room protocol with the call line below its own address, and the conventions of the data
// channels that docs/reference/signaling.md describes.
//
//	http.Handle("/call/", http.StripPrefix("/call", page.New(page.Options{})))
//
// It answers GET and HEAD of
//
//	/             the page; ?code=WORD or #WORD fills in the code word, ?media=test wishes the test picture
//	/page.js …    its parts
//	/config.json  {"iceServers":[…],"arguments":"…"}: the former as the browser's RTCConfiguration takes them
//
// Every answer forbids what the page does not need: scripts, styles and connections elsewhere, frames, the referrer.
package page

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed static
var static embed.FS

// policy is the page's Content-Security-Policy: its own files, its own server, and nothing inline.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src 'self' blob: " +
	"mediastream:; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ICEServer is a STUN or TURN server as W3C's RTCIceServer has it. Username and Credential reach everybody who can open
// the page.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// Options configures the page.
type Options struct {
	// ICEServers are those that the page uses. None: candidates of the browser's own network alone.
	ICEServers []ICEServer
	// Arguments are what dialtone's command line needs besides to call through this server, such as "--insecure". The page
	// shows them; they are no place for passwords.
	Arguments string
}

// file is an embedded file as it is answered.
type file struct {
	name, kind, tag string
	data            []byte
}

// handler serves the files by their path.
type handler struct {
	files  map[string]file
	config []byte
}

// New makes the handler. It may be shared; it starts nothing.
func New(o Options) http.Handler {
	h := &handler{files: map[string]file{}, config: configOf(o)}
	names, err := fs.Glob(static, "static/*")
	if err != nil {
		names = nil // the pattern is a constant, and right
	}
	for _, name := range names {
		data, err := static.ReadFile(name)
		if err != nil {
			continue // embedded files can be read
		}
		sum := sha256.Sum256(data)
		f := file{
			name: path.Base(name), kind: cmp.Or(kinds[path.Ext(name)], "application/octet-stream"),
			tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, data: data,
		}
		h.files["/"+f.name] = f
	}
	h.files["/"] = h.files["/index.html"]
	delete(h.files, "/index.html") // one page, one address
	return h
}

// configOf is the body of config.json.
func configOf(o Options) []byte {
	if o.ICEServers == nil {
		o.ICEServers = []ICEServer{}
	}
	raw, err := json.Marshal(struct {
		ICEServers []ICEServer `json:"iceServers"`
		Arguments  string      `json:"arguments,omitempty"`
	}{o.ICEServers, o.Arguments})
	if err != nil {
		return []byte(`{"iceServers":[]}`) // strings always marshal
	}
	return raw
}

// kinds are the Content-Types of files. They are our own: those of the system may differ.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protect(w.Header())
	f, known := h.files[r.URL.Path]
	isConfig := r.URL.Path == "/config.json"
	switch {
	case !known && !isConfig:
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "nothing is here: the call page is one level up", http.StatusNotFound)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the call page answers GET and HEAD", http.StatusMethodNotAllowed)
	case isConfig:
		w.Header().Set("Cache-Control", "no-store") // it may hold an account
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(h.config) // an error means that the client has left
	default:
		// Kept, but asked about at each use: a newer dialtone's page and its parts fit each other.
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Content-Type", f.kind)
		w.Header().Set("ETag", f.tag)
		http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(f.data))
	}
}

// protect sets the headers of every answer.
func protect(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "camera=(self), microphone=(self)")
}
