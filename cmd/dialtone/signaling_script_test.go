package main

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdPage starts a web server that answers everything alike, and sets the variable to its address:
//
//	page VARIABLE STATUS CONTENT-TYPE BODY
func cmdPage(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 4, "page VARIABLE STATUS CONTENT-TYPE BODY")
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", args[2])
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.Join(args[3:], " ")) // who asked may be gone
	}))
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL)
}

// cmdDialect starts a server with a dialect of its own before the one of dialtone answer, and sets the variable to its
// address:
//
//	dialect VARIABLE URL KEY
//
// It takes {"room":7,"offer":{"sdp64":…}} with the field X-Key: KEY, and answers {"result":{"answer64":…}}.
func cmdDialect(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 3, "dialect VARIABLE URL KEY")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Room  int
			Offer struct{ SDP64 []byte }
		}
		if r.Header.Get("X-Key") != args[2] || json.NewDecoder(r.Body).Decode(&in) != nil || in.Room != 7 {
			http.Error(w, `{"detail":"wrong key `+r.Header.Get("X-Key")+` or room"}`, http.StatusForbidden)
			return
		}
		raw, err := json.Marshal(map[string]string{"type": "offer", "sdp": string(in.Offer.SDP64)})
		if err != nil {
			return
		}
		a, err := http.Post(args[1], "application/json", strings.NewReader(string(raw))) //nolint:noctx // the server's time bounds it
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = a.Body.Close() }()
		var out struct{ SDP string }
		if json.NewDecoder(a.Body).Decode(&out) != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"result": map[string]string{"answer64": base64.StdEncoding.EncodeToString([]byte(out.SDP))}})
	}))
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL)
}
