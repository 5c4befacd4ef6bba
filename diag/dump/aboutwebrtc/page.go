// Package aboutwebrtc reads Firefox's about:webrtc as a page that was saved, of any version and in any language, into
// the reports that the page was made from, as far as it shows them.
package aboutwebrtc

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Bounds of a page, whose author may be hostile.
const (
	maxElements = 100_000 // of a connection
	maxToken    = 1 << 20 // bytes of a tag or a text
	maxDepth    = 200
	maxReports  = 256
)

// Errors of a page, part of which may have been read.
var (
	// ErrNotPage says that the HTML is some other page.
	ErrNotPage = errors.New("an HTML page that is not Firefox's about:webrtc")
	// ErrLong says that something was left out.
	ErrLong = errors.New("the page has too many connections, or too many elements of one: the rest was left out")
)

// Read calls each with the report of each connection, whose members are those of Firefox's reports in JSON. A page that
// ends too early gives io.ErrUnexpectedEOF after what was read.
func Read(r io.Reader, each func(report map[string]any)) error {
	p := page{tokens: html.NewTokenizer(r), log: map[string]string{}}
	p.tokens.SetMaxBuf(maxToken)
	err := p.read()
	for _, r := range p.reports {
		r.transport(p.log)
		each(r.members)
	}
	switch {
	case len(p.reports) > 0 && p.long:
		return errors.Join(err, ErrLong)
	case len(p.reports) > 0 || p.about || err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	}
	return ErrNotPage
}

// page is a page that is being read. Only the elements of one connection are kept at a time.
type page struct {
	tokens  *html.Tokenizer
	open    []*element // from that of a connection inwards
	count   int        // of elements of the connection
	skipped int        // depth within a graph
	depth   int        // of all open elements
	about   bool       // it is about:webrtc
	long    bool
	reports []*report
	// how many checks of paths succeeded when all were done, by the connection's name: the log behind the connections
	log map[string]string
}

// element is an element of HTML, or a text if it has no name.
type element struct {
	name, text string
	attributes map[string]string
	children   []*element
}

// void are the elements that have no end.
var void = []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}

func (p *page) read() error {
	for {
		switch p.tokens.Next() {
		case html.ErrorToken:
			return p.end(p.tokens.Err())
		case html.TextToken:
			p.text(p.tokens.Text())
		case html.StartTagToken:
			p.start()
		case html.EndTagToken:
			name, _ := p.tokens.TagName()
			p.close(string(name))
		case html.SelfClosingTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
}

// end takes what is there of a connection whose end is missing.
func (p *page) end(err error) error {
	cut := p.depth > 0 && p.about
	if len(p.open) > 0 {
		p.finish()
	}
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case cut:
		return io.ErrUnexpectedEOF
	}
	return nil
}

func (p *page) start() {
	raw, more := p.tokens.TagName()
	e := &element{name: string(raw)}
	for more {
		var key, value []byte
		key, value, more = p.tokens.TagAttr()
		if e.attributes == nil {
			e.attributes = map[string]string{}
		}
		e.attributes[string(key)] = string(value)
	}
	inside := len(p.open) > 0
	connection := !inside && slices.Contains(strings.Fields(e.attributes["class"]), "peer-connection")
	p.about = p.about || connection || strings.HasPrefix(e.attributes["data-l10n-id"], "about-webrtc-")
	if slices.Contains(void, e.name) {
		if inside && p.skipped == 0 {
			p.put(e)
		}
		return
	}
	p.depth++
	switch {
	case p.skipped > 0 || inside && (e.name == "svg" || len(p.open) > maxDepth):
		p.skipped++
	case connection:
		p.open, p.count = []*element{e}, 0
	case inside:
		p.put(e)
		p.open = append(p.open, e)
	}
}

// checks is what the log says when all checks of a connection have ended.
var checks = regexp.MustCompile(`^ICE-PEER\(PC:(\{?[\w-]+\}?) .*: all checks completed success=(\d+) `)

func (p *page) text(text []byte) {
	if len(p.open) > 0 && p.skipped == 0 {
		p.put(&element{text: string(text)})
	} else if m := checks.FindSubmatch(text); m != nil && len(p.log) < maxReports {
		p.log[string(m[1])] = string(m[2])
	}
}

func (p *page) put(e *element) {
	if p.count++; p.count > maxElements {
		p.long = true
		return
	}
	in := p.open[len(p.open)-1]
	in.children = append(in.children, e)
}

// close ends the innermost element of a name, and those in it.
func (p *page) close(name string) {
	p.depth = max(0, p.depth-1)
	switch {
	case p.skipped > 0:
		p.skipped--
		return
	case len(p.open) == 0:
		return
	}
	for i := len(p.open) - 1; i >= 0; i-- {
		if p.open[i].name != name {
			continue
		}
		if i == 0 {
			p.finish()
		} else {
			p.open = p.open[:i]
		}
		return
	}
}

// finish reports the connection that is open.
func (p *page) finish() {
	if r := reportOf(p.open[0]); r != nil && len(p.reports) < maxReports {
		p.reports = append(p.reports, r)
	} else if r != nil {
		p.long = true
	}
	p.open, p.skipped = nil, 0
}

// all calls visit with the elements of a name inside, in the order of the page; "" stands for every element.
func (e *element) all(name string, visit func(*element)) {
	for _, c := range e.children {
		if c.name != "" && (name == "" || c.name == name) {
			visit(c)
		}
		c.all(name, visit)
	}
}

// content is the text inside, with one blank between the texts of elements.
func (e *element) content() string {
	var parts []string
	var collect func(*element)
	collect = func(e *element) {
		if text := strings.TrimSpace(e.text); text != "" {
			parts = append(parts, text)
		}
		for _, c := range e.children {
			collect(c)
		}
	}
	collect(e)
	return strings.ToValidUTF8(strings.Join(parts, " "), "")
}

// is reports whether the text of an element is a message of the page.
func (e *element) is(message string) bool { return e.attributes["data-l10n-id"] == message }

// has reports whether an element has a class.
func (e *element) has(class string) bool {
	return slices.Contains(strings.Fields(e.attributes["class"]), class)
}
