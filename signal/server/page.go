package server

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
)

const pageStyle = `body{font:16px/1.5 system-ui,sans-serif;max-width:42em;margin:3em auto;padding:0 1em}` +
	`code{background:#8882;padding:.1em .3em;border-radius:.2em}:root{color-scheme:light dark}`

var pageTemplate = template.Must(template.New("call").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>dialtone room server</title>
<style>` + pageStyle + `</style>
<h1>dialtone room server</h1>
<p>Two parties that dial the same code here find each other, and exchange what a WebRTC call needs to begin:
an offer, an answer, and candidates. The call itself does not pass through this server.</p>
<p>Choose a code, and type at each end:</p>
<p><code>dialtone call CODE --server {{.Address}}</code></p>
<p>or, at an end without a person, <code>dialtone answer CODE --server {{.Address}}</code></p>
<p>Programs post JSON to <code>{{.Address}}call_line_process/</code>; <a href="/healthz">/healthz</a> tells how the server is.</p>
{{with .Version}}<p>dialtone {{.}}</p>{{end}}
</html>
`))

// page is the page at /call/ for people.
type page struct {
	version string
	policy  string
}

func newPage(o Options) *page {
	sum := sha256.Sum256([]byte(pageStyle))
	return &page{
		version: o.Version,
		policy: "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-" +
			base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}
}

func (p *page) serve(w http.ResponseWriter, r *http.Request) {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", p.policy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	// An error means that nobody reads anymore.
	_ = pageTemplate.Execute(w, struct{ Address, Version string }{scheme + "://" + r.Host + "/call/", p.version})
}
