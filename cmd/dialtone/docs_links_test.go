package main

import (
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

// TestLinks: what a page of the documentation refers to within the repository is there, and every page is reached from README.
func TestLinks(t *testing.T) {
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
				t.Errorf("%s refers to %s, and no heading there is called so", page, match[1])
			}
			if !reached[target] {
				reached[target] = true
				ways = append(ways, target)
			}
		}
	}
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, page := range pages {
		if name := filepath.Join("docs", filepath.Base(page)); !reached[name] {
			t.Errorf("no link leads from README.md to %s", name)
		}
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
