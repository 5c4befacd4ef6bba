package web

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxTokens is how many tokens of an error page are read.
const maxTokens = 4096

// saying are the elements of an error page that say what is wrong; each is a part of its text.
var saying = []atom.Atom{atom.Title, atom.H1, atom.H2, atom.P, atom.Pre}

// hidden are the elements whose text is not shown, or not about the error.
var hidden = []atom.Atom{atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Nav, atom.Footer}

// pageText is what an error page says: its title, headings and paragraphs, until there is enough.
func pageText(page []byte) []string {
	var parts []string
	var part strings.Builder
	var within, below atom.Atom // the element that is collected, and the hidden one
	done := func() {
		text := strings.TrimSuffix(strings.Join(strings.Fields(part.String()), " "), ".")
		part.Reset()
		if text != "" && !slices.ContainsFunc(parts, func(has string) bool { return strings.Contains(has, text) }) {
			parts = append(parts, text)
		}
	}
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for n := 0; n < maxTokens && len(parts) < maxParts; n++ {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break
		}
		token := tokens.Token()
		starts, ends := kind == html.StartTagToken, kind == html.EndTagToken
		switch {
		case below != 0:
			if ends && token.DataAtom == below {
				below = 0
			}
		case starts && slices.Contains(hidden, token.DataAtom):
			below = token.DataAtom
		case starts && slices.Contains(saying, token.DataAtom), ends && token.DataAtom == within:
			done()
			within = 0
			if starts {
				within = token.DataAtom
			}
		case within != 0 && kind == html.TextToken:
			part.WriteString(token.Data)
		case within != 0:
			part.WriteByte(' ')
		}
	}
	done()
	return parts
}
