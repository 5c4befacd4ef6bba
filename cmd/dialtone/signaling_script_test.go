package main

import (
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
