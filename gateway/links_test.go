package main

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode"
)

// A link is written [text](target) or ![text](target). In comments of Go it is [text]: target, and plain URLs.
var (
	fence      = regexp.MustCompile("(?ms)^```.*?^```")
	codeSpan   = regexp.MustCompile("`[^`\n]*`")
	inline     = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading    = regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
	headLink   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	goDocument = regexp.MustCompile(`gateway/docs/[A-Za-z]+\.md(#[\w-]+)?|\.github/[A-Z]+\.md`)
)

// Of a link to elsewhere only its form is looked at: a test that asks other people's servers fails on their bad days.
func TestEveryLinkOfTheDocumentsLeadsSomewhere(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, page := range files(t, ".md") {
		for _, link := range inline.FindAllStringSubmatch(codeSpan.ReplaceAllString(fence.ReplaceAllString(read(t, page), ""), "code"), -1) {
			checked++
			if fault := followed(t, filepath.Dir(page), page, link[1]); fault != "" {
				t.Errorf("%s links to %s: %s", page, link[1], fault)
			}
		}
	}
	if checked < 60 {
		t.Errorf("only %d links were found", checked)
	}
}

// Comments name a document by its path from the root.
func TestEveryDocumentThatTheCodeNamesIsThere(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, suffix := range []string{".go", ".js", ".conf", "Caddyfile", "Dockerfile", ".yml"} {
		for _, path := range files(t, suffix) {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			for line := range strings.SplitSeq(read(t, path), "\n") {
				if !strings.Contains(line, ".md") { // the expression is slow, and few lines have one
					continue
				}
				for _, named := range goDocument.FindAllString(line, -1) {
					checked++
					if fault := followed(t, ".", "", named); fault != "" {
						t.Errorf("%s names %s: %s", path, named, fault)
					}
				}
			}
		}
	}
	if checked < 3 {
		t.Errorf("only %d were found", checked)
	}
}

// followed says what is wrong with a link that stands in a page of dir.
func followed(t *testing.T, dir, page, link string) (fault string) {
	t.Helper()
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme == "https" && u.Host != "":
		return ""
	case u.Scheme != "" || strings.HasPrefix(u.Path, "/"):
		return "neither https nor a path from here"
	case u.Path != "":
		page = filepath.Join(dir, filepath.FromSlash(u.Path))
	}
	if strings.HasPrefix(page, "..") {
		return "outside of the repository"
	}
	if _, err := os.Stat(filepath.Join("..", page)); err != nil {
		return "no such file"
	}
	if u.Fragment != "" && !anchors(t, page)[u.Fragment] {
		return "no such heading"
	}
	return ""
}

var anchorsOf sync.Map // by page: hundreds of links lead to one

// anchors are the names that GitHub gives the headings of a page.
func anchors(t *testing.T, page string) map[string]bool {
	if known, ok := anchorsOf.Load(page); ok {
		return known.(map[string]bool)
	}
	all := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(fence.ReplaceAllString(read(t, page), ""), -1) {
		all[anchor(h[1])] = true
	}
	anchorsOf.Store(page, all)
	return all
}

func anchor(heading string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(strings.TrimSpace(headLink.ReplaceAllString(heading, "$1"))) {
		switch {
		case c == ' ':
			b.WriteByte('-')
		case unicode.IsLetter(c), unicode.IsDigit(c), c == '-', c == '_':
			b.WriteRune(c)
		}
	}
	return b.String()
}

func TestAnchorsAreThoseOfGitHub(t *testing.T) {
	t.Parallel()
	for heading, want := range map[string]string{
		"The way of a room's name": "the-way-of-a-rooms-name", "`check`, and [links](x.md)": "check-and-links", "a_b - c": "a_b---c",
	} {
		if got := anchor(heading); got != want {
			t.Errorf("%q is #%s, want #%s", heading, got, want)
		}
	}
}
