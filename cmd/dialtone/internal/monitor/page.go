package monitor

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the template
	"html/template"
	"io"
	"net/http"
	"strconv"
	"time"
)

//go:embed page.gohtml
var pageSource string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"seconds": func(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " s" },
	"time":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
}).Parse(pageSource))

// scheduleRow is a scheduled target and its latest result.
type scheduleRow struct {
	Schedule
	Shown  string
	Result *result // nil: none yet
}

// servePage shows the scheduled targets and the last results.
func (m *Monitor) servePage(w http.ResponseWriter, _ *http.Request) {
	last, latest := m.results.view()
	setup := m.current()
	view := struct {
		Version   string
		Schedules []scheduleRow
		Last      []*result
		Modules   map[string]Module
	}{m.o.Version, nil, last, setup.Modules}
	for _, s := range setup.Schedules {
		view.Schedules = append(view.Schedules, scheduleRow{s, setup.shown(s), latest[s]})
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, view); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

// serveReport shows the report of a probe; it has a policy of its own.
func (m *Monitor) serveReport(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.PathValue("number"))
	found := m.results.find(number)
	if err != nil || found == nil || found.page == nil {
		http.Error(w, "this report is not kept: --keep says how many are", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	z, err := gzip.NewReader(bytes.NewReader(found.page))
	if err == nil {
		_, _ = io.Copy(w, io.LimitReader(z, maxPage))
	}
}

// maxPage bounds the page of a report, in bytes.
const maxPage = 64 << 20

// Kept reports whether there is a page of the report.
func (r *result) Kept() bool { return r.page != nil }
