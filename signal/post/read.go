package post

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/diag/sdp"
	"dialtone/signal"
	"dialtone/signal/web"
)

// pollPause is the pause between two requests of one kind: a server that does not hold its answers is not flooded.
const pollPause = 100 * time.Millisecond

// read takes in what an answer brings. again: what the request is for is not there yet.
func (c *Client) read(r *Request, a *web.Answer, report *signal.Request) (again bool, err error) {
	tree := decode(a.Body)
	if err := c.refused(r, a, tree); err != nil {
		return false, err
	}
	if len(r.Status) > 0 && !slices.Contains(r.Status, a.Status) && a.Status != http.StatusNotAcceptable {
		report.Remarks = append(report.Remarks, signal.RemarkStatus)
	}
	for path, want := range r.Until {
		if !holds(tree, path, want) {
			return true, nil
		}
	}
	report.Remarks = append(report.Remarks, c.keep(r, a, tree)...)
	c.candidates(r, tree)
	for _, path := range sortedKeys(r.Ended) {
		if holds(tree, path, r.Ended[path]...) {
			c.Put(signal.Message{Kind: signal.KindBye})
			c.Finish(io.EOF)
			return false, errEnded
		}
	}
	return c.readDescription(r, a, report)
}

// errEnded ends the poll; it is no failure.
var errEnded = fmt.Errorf("%w: the server ended the session", signal.ErrPeerGone)

// refused is an error in an answer of 2xx.
func (c *Client) refused(r *Request, a *web.Answer, tree any) error {
	why := ""
	for _, path := range r.Error {
		if v := at(tree, path); v != nil && why == "" {
			why = text(v)
		}
	}
	for _, path := range sortedKeys(r.Require) {
		if want := r.Require[path]; why == "" && !holds(tree, path, want) {
			why = fmt.Sprintf("%s is %s instead of %s", path, orNone(text(at(tree, path))), text(want))
		}
	}
	if why == "" {
		return nil
	}
	return &signal.Error{
		Op: r.op(), Reason: signal.ReasonRejected, Status: a.Status,
		Err: errors.New("the server rejected the request: " + c.client.Fit(a.URL, why)),
	}
}

func orNone(s string) string {
	if s == "" {
		return "absent"
	}
	return s
}

// keep notes what later requests need. A Location is resolved here, because it is relative to the answer. One that
// is not used is remarked on: the call can do without the session's address, as without any.
func (c *Client) keep(r *Request, a *web.Answer, tree any) (remarks []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, path := range r.Keep {
		if c.shape.fixed[name] {
			continue
		}
		field, isField := strings.CutPrefix(path, "header.")
		if !isField {
			if v := at(tree, path); v != nil {
				c.values[name] = v
			}
			continue
		}
		value := a.Header.Get(field)
		if strings.EqualFold(field, "Location") && value != "" {
			u, err := web.Resolve(a.URL, value)
			switch {
			case err == nil:
				value = u.String()
			case errors.Is(err, web.ErrNear):
				value, remarks = "", append(remarks, signal.RemarkNear)
			case errors.Is(err, web.ErrDowngrade):
				value, remarks = "", append(remarks, signal.RemarkDowngrade)
			default:
				value, remarks = "", append(remarks, signal.RemarkLocation)
			}
		}
		if value != "" {
			c.values[name] = value
		} else {
			delete(c.values, name)
		}
	}
	return remarks
}

// candidates passes on the server's candidates: one RTCIceCandidateInit, or a list of them. What is none is skipped.
func (c *Client) candidates(r *Request, tree any) {
	if r.Candidate == "" {
		return
	}
	v := at(tree, r.Candidate)
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	for _, one := range list[:min(len(list), maxCandidates)] {
		if x, err := signal.ParseCandidate([]byte(text(one))); err == nil && x.Candidate != "" {
			c.Put(signal.Message{Kind: signal.KindCandidate, Candidate: x})
		}
	}
}

// fragment is the path of the answer to an ICE restart that is a fragment of the server's description.
const fragment = "fragment"

// readDescription passes on the description of an answer.
func (c *Client) readDescription(r *Request, a *web.Answer, report *signal.Request) (again bool, err error) {
	path, kind := r.Answer, signal.KindAnswer
	switch {
	case r.Offer != "":
		path, kind = r.Offer, signal.KindOffer
	case path == "":
		return false, nil
	case path == fragment:
		return false, c.restarted(a)
	case a.Status == http.StatusNotAcceptable:
		kind = signal.KindOffer
	}
	body, remarks, err := describe(a, path, kind)
	var other *kindError
	switch {
	case err == nil && kind == signal.KindAnswer && c.isLocal(body):
		return false, errReturned
	case errors.As(err, &other):
		return false, c.mistaken(other)
	case errors.Is(err, errNoDescription) && r.hold > 0:
		return true, nil
	case errors.Is(err, errNoDescription) && a.Status == http.StatusNotAcceptable:
		return false, c.client.Refused(r.op(), a)
	case errors.Is(err, errNoDescription):
		return false, c.undescribed(r, a, decode(a.Body))
	case err != nil:
		return false, err
	}
	report.Remarks = append(report.Remarks, remarks...)
	if c.lacksSession(r, a) {
		report.Remarks = append(report.Remarks, signal.RemarkNoSession)
	}
	if servers := web.ParseICEServers(a.Header.Values("Link")); len(servers) > 0 && c.o.OnICEServers != nil {
		c.o.OnICEServers(servers)
	}
	return false, c.deliver(a, kind, body)
}

// errReturned is an answer that is what was sent.
var errReturned = &web.CodedError{
	Code: signal.CodeReturned, Err: errors.New("the server sent the offer back instead of an answer"),
}

// isLocal reports whether a description is the one that was sent: it has its ICE credentials.
func (c *Client) isLocal(body string) bool {
	f := sdp.Parse(body).Fragment()
	c.mu.Lock()
	defer c.mu.Unlock()
	return f.Ufrag != "" && f.Ufrag == c.local.Ufrag && f.Pwd == c.local.Pwd
}

// mistaken is the failure that a description of another type is.
func (c *Client) mistaken(e *kindError) error {
	switch {
	case c.isLocal(e.sdp):
		return errReturned
	case e.kind == signal.KindOffer.String():
		err := errors.New("the server sent an offer instead of an answer")
		return &web.CodedError{Code: signal.CodeIsOffer, Err: err}
	}
	return &web.CodedError{Code: signal.CodeType, Err: e}
}

// undescribed is an answer of 2xx without a description: an error if it says so, else of another protocol. The server's
// words are quoted.
func (c *Client) undescribed(r *Request, a *web.Answer, tree any) error {
	said := c.client.Words(a)
	if said == "" || !isError(tree) {
		return form(a, r.Answer+r.Offer, tree, said)
	}
	return &signal.Error{
		Op: r.op(), Reason: signal.ReasonRejected, Status: a.Status,
		Err: fmt.Errorf("%w, but an error: %s", errNoDescription, said),
	}
}

// isError reports whether JSON names an error, by one of the ways to do that.
func isError(tree any) bool {
	object, _ := tree.(map[string]any)
	for _, key := range []string{"error", "errors", "errorCode", "error_code"} {
		if v := object[key]; v != nil && v != "" && v != false && text(v) != "0" {
			return true
		}
	}
	code := text(object["code"])
	number, err := strconv.Atoi(code)
	return err == nil && number != 0 && number/100 != 2 || object["success"] == false || object["ok"] == false ||
		object["janus"] == "error" || object["status"] == "error"
}

// lacksSession reports whether an answer lacks the Location by which the session is ended.
func (c *Client) lacksSession(r *Request, a *web.Answer) bool {
	for _, path := range r.Keep {
		if path == "header.Location" {
			return c.shape.End != nil && a.Header.Get("Location") == ""
		}
	}
	return false
}

// deliver passes on the server's description.
func (c *Client) deliver(a *web.Answer, kind signal.Kind, body string) error {
	c.mu.Lock()
	if a.Status == http.StatusNotAcceptable {
		if !c.values.has(c.shape.Counter) {
			c.mu.Unlock()
			return errors.New("the server makes an offer and does not say where to answer it")
		}
		c.countered = true
	}
	if kind == signal.KindAnswer {
		c.remote = body
	}
	c.mu.Unlock()
	if kind == signal.KindOffer && c.shape.offers() {
		c.Put(signal.Message{Kind: signal.KindPaired, Role: signal.RoleAnswerer})
	}
	c.Put(signal.Message{Kind: kind, Description: &signal.Description{Type: kind.String(), SDP: body}})
	c.notify()
	return nil
}

// restarted applies the answer to an ICE restart to the first answer.
func (c *Client) restarted(a *web.Answer) error {
	f, err := sdp.ParseFragment(a.Body)
	if err == nil && f.Ufrag == "" {
		err = fmt.Errorf("%w: it has no ICE credentials", sdp.ErrFragment)
	}
	if err != nil {
		return err
	}
	c.mu.Lock()
	body := sdp.Restarted(c.remote, f)
	c.remote = body
	c.mu.Unlock()
	c.Put(signal.Message{Kind: signal.KindAnswer, Description: &signal.Description{Type: "answer", SDP: body}})
	return nil
}
