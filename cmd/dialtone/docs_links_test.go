package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading      = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInAnchor  = regexp.MustCompile(`[^\w\- \p{L}]`)
)

// maxReadmeWords keeps the README short: everything else belongs in docs/.
const maxReadmeWords = 600

func TestReadmeIsShort(t *testing.T) {
	if n := len(strings.Fields(readPage(t, filepath.Join("..", ".."), "README.md"))); n > maxReadmeWords {
		t.Errorf("README.md has %d words, at most %d are allowed: move something to docs/", n, maxReadmeWords)
	}
}

// TestLinks: every link within the documentation has a target, and every page can be reached from README.md.
func TestLinks(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	reached, ways := map[string]bool{"README.md": true}, []string{"README.md"}
	for len(ways) > 0 {
		page := ways[0]
		ways = ways[1:]
		for _, match := range markdownLink.FindAllStringSubmatch(readPage(t, root, page), -1) {
			file, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s refers to %s: %v", page, match[1], err)
				continue
			}
			if filepath.Ext(target) != ".md" {
				continue
			}
			if anchor != "" && !slices.Contains(anchorsOf(readPage(t, root, target)), anchor) {
				t.Errorf("%s refers to %s, but the page has no such heading", page, match[1])
			}
			if !reached[target] {
				reached[target] = true
				ways = append(ways, target)
			}
		}
	}
	pages := 0
	err := fs.WalkDir(os.DirFS(root), "docs", func(page string, _ fs.DirEntry, err error) error {
		if filepath.Ext(page) != ".md" {
			return err
		}
		if pages++; !reached[page] {
			t.Errorf("no link leads from README.md to %s", page)
		}
		return err
	})
	if err != nil || pages < 10 {
		t.Errorf("%d pages were found: %v", pages, err)
	}
}

func readPage(t *testing.T, root, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// anchorsOf are the targets that GitHub makes of a page's headings.
func anchorsOf(text string) []string {
	var anchors []string
	for _, match := range heading.FindAllStringSubmatch(text, -1) {
		anchors = append(anchors, strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(match[1])), ""), " ", "-"))
	}
	return anchors
}
