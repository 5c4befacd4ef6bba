//go:build unix

package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"dialtone/diag/lab/labtest"
)

// browserPatience bounds everything that the test does with the browser.
const browserPatience = 2 * time.Minute

// openBrowser starts a Chromium without a window.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:len(chromedp.DefaultExecAllocatorOptions):len(chromedp.DefaultExecAllocatorOptions)],
		chromedp.ExecPath(labtest.NeedProgram(t, "chromium")), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("headless", "new"),
	)
	limited, stop := context.WithTimeout(t.Context(), browserPatience)
	allocator, free := chromedp.NewExecAllocator(limited, options...)
	browser, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		cancel()
		free()
		chromedp.FromContext(browser).Allocator.Wait()
		stop()
	})
	if err := chromedp.Do(browser); err != nil {
		t.Fatal("chromium does not start: ", err)
	}
	return browser
}

// page is a report in a browser.
type page struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // chromedp keeps the tab in it

	complaints chan string // of the console, and requests
}

func openPage(t *testing.T, browser context.Context, path string) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	p := &page{t: t, ctx: ctx, complaints: make(chan string, 100)}
	p.must(chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, log.Enable, cdp.Empty{})
		return err
	})))
	p.must(chromedp.Listen(ctx, func(event any) {
		complaint := ""
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			complaint = e.ExceptionDetails.Text
		case *runtime.EventConsoleAPICalled:
			complaint = fmt.Sprintf("console: %s", e.Type)
		case *log.EventEntryAdded:
			complaint = e.Entry.Text
		case *network.EventRequestWillBeSent:
			if e.Request.URL != "file://"+path {
				complaint = "a request of " + e.Request.URL
			}
		}
		if complaint != "" {
			select {
			case p.complaints <- complaint:
			default: // a hundred are enough
			}
		}
	}))
	p.must(chromedp.Do(ctx, chromedp.Navigate("file://"+path)))
	return p
}

func (p *page) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// ask evaluates an expression into result.
func (p *page) ask(expression string, result any) {
	p.t.Helper()
	raw, err := chromedp.Run(p.ctx, chromedp.Evaluate[json.RawMessage](expression, chromedp.EvalAwaitPromise))
	p.must(err)
	p.must(json.Unmarshal(raw, result))
}

// look sets the size of the window and the scheme of colours.
func (p *page) look(width, height int64, scheme, media string) {
	p.t.Helper()
	p.must(chromedp.Do(p.ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600,
		})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})))
}

// drawn are the charts, with the boxes of their lines and bars.
const drawn = `({
	waterfall: [...document.querySelectorAll(".steps rect")].filter((e) => e.getBoundingClientRect().width > 0.5).length,
	lines: [...document.querySelectorAll(".chart .line")].map((e) => {
		const line = e.getBoundingClientRect(), chart = e.closest("svg").getBoundingClientRect();
		return line.width > chart.width / 3 && line.width <= chart.width + 4 && line.height <= chart.height + 4 && chart.height > 50
			&& line.left >= chart.left - 3 && line.top >= chart.top - 3;
	}),
	bars: [...document.querySelectorAll(".chart .bar")].filter((e) => e.getBoundingClientRect().height > 1).length,
	marks: document.querySelectorAll(".chart .mark").length,
	wide: [...document.querySelectorAll("body *")].filter((e) => {
		const r = e.getBoundingClientRect();
		return r.width > 0 && !e.closest(".scroll") && !e.closest("svg") && (r.right > innerWidth + 1 || r.left < -1);
	}).map((e) => e.tagName + "." + e.className + " " + e.textContent.slice(0, 60)),
	scrolls: document.documentElement.scrollWidth > innerWidth,
	alive: document.querySelectorAll("script, img, iframe, object, link, form").length,
})`

type drawing struct {
	Waterfall, Bars, Marks, Alive int
	Lines                         []bool
	Wide                          []string
	Scrolls                       bool
}

// TestPage opens the page as a file: nothing is asked of the network, nothing is complained of, charts are drawn, and nothing is
// wider than a desk or a phone, light or dark or on paper.
func TestPage(t *testing.T) {
	labtest.NeedTime(t)
	browser := openBrowser(t)
	dir := t.TempDir()
	for name, want := range map[string]drawing{
		"good": {Waterfall: 14, Lines: make([]bool, 8)}, "many": {Waterfall: 13, Bars: 6, Marks: 3, Lines: make([]bool, 1)},
		"hostile": {Waterfall: 18, Lines: make([]bool, 3)}, "scenario": {Waterfall: 20, Lines: make([]bool, 8)}, "nothing": {},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name+".html")
			var b bytes.Buffer
			if err := WriteHTML(&b, fixtures(t)[name]); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			p := openPage(t, browser, path)
			for _, size := range [][2]int64{{1280, 900}, {390, 844}} {
				for _, scheme := range []string{"light", "dark"} {
					p.look(size[0], size[1], scheme, "")
					p.check(want, size[0])
					p.keep(name, size[0], scheme)
				}
			}
			p.look(794, 1123, "light", "print")
			p.check(want, 794)
			for len(p.complaints) > 0 {
				t.Error(<-p.complaints)
			}
		})
	}
}

func (p *page) check(want drawing, width int64) {
	p.t.Helper()
	var got drawing
	p.ask(drawn, &got)
	if got.Waterfall < want.Waterfall || len(got.Lines) < len(want.Lines) || got.Bars < want.Bars || got.Marks != want.Marks || got.Alive > 0 {
		p.t.Errorf("at %d: %+v, not %+v", width, got, want)
	}
	for i, ok := range got.Lines {
		if !ok {
			p.t.Errorf("at %d: line %d is not drawn as wide as its chart", width, i)
		}
	}
	if got.Scrolls || len(got.Wide) > 0 {
		p.t.Errorf("at %d the page scrolls (%v), too wide are %v", width, got.Scrolls, got.Wide)
	}
}

// keep writes the picture of the documentation with -update, and all of them where DIALTONE_PICTURES names a directory.
func (p *page) keep(name string, width int64, scheme string) {
	p.t.Helper()
	path, tall := "", int64(1<<20)
	switch dir := os.Getenv("DIALTONE_PICTURES"); {
	case dir != "":
		path = filepath.Join(dir, fmt.Sprintf("report-%s-%d-%s.png", name, width, scheme))
	case *update && name == "good" && width > 1000 && scheme == "light":
		tall = 1320
		path = filepath.Join("..", "..", "docs", "images", "report.png")
	default:
		return
	}
	var height int64
	p.ask(`document.documentElement.scrollHeight`, &height)
	p.look(width, min(height, tall), scheme, "")
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	p.must(err)
	p.must(os.WriteFile(path, picture, 0o644)) //nolint:gosec // for all to see
}
