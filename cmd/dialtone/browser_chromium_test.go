//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"dialtone/diag/lab/labtest"
)

// chromium is one for all tests, without a window, with devices that are fakes and candidates on the loopback interface.
var chromium struct {
	sync.Mutex
	ctx context.Context //nolint:containedctx // chromedp keeps the browser in it
}

// startChromium starts the browser for the first test that needs it; TestMain ends it.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	program := labtest.NeedProgram(t, "chromium")
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.ctx != nil {
		return chromium.ctx
	}
	dir, err := os.MkdirTemp("", "dialtone-chromium")
	if err != nil {
		t.Fatal(err)
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(program),
		chromedp.NoSandbox,
		chromedp.IgnoreCertErrors,
		chromedp.UserDataDir(dir),
		chromedp.Flag("headless", "new"),
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("allow-loopback-in-peer-connection", true),
		chromedp.Flag("disable-features", "WebRtcHideLocalIpsWithMdns"),
		chromedp.Flag("lang", "en-GB"),
		chromedp.Flag("accept-lang", "en-GB"),
		chromedp.WindowSize(1280, 800),
	)
	allocator, free := chromedp.NewExecAllocator(context.Background(), options...)
	browser, cancel := chromedp.NewContext(allocator)
	atEnd(func() {
		cancel()
		free()
		chromedp.FromContext(browser).Allocator.Wait()
		_ = os.RemoveAll(dir)
	})
	if err := chromedp.Do(browser); err != nil {
		t.Fatal("chromium does not start: ", err)
	}
	chromium.ctx = browser
	return browser
}

// chromiumPage drives a page in Chromium.
type chromiumPage struct {
	ctx context.Context //nolint:containedctx // chromedp keeps the tab in it
}

// openChromium opens a page in a profile of its own.
func openChromium(t *testing.T, b *tab, scripts []string) driver {
	t.Helper()
	limited, stop := context.WithTimeout(startChromium(t), browserPatience)
	profile, leave := chromedp.NewContext(limited, chromedp.WithNewBrowserContext())
	p := &chromiumPage{ctx: profile}
	t.Cleanup(func() {
		leave()
		stop()
	})
	b.must(chromedp.Do(p.ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		for _, script := range scripts {
			if _, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}); err != nil {
				return err
			}
		}
		_, err := cdp.Call(ctx, target, log.Enable, cdp.Empty{})
		return err
	})))
	b.must(chromedp.Listen(p.ctx, func(event any) { listenChromium(b, event) }))
	return p
}

// listenChromium keeps what a page must not do: errors and warnings on the console, violations of the policy, exceptions.
func listenChromium(b *tab, event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		complaint := e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			complaint += " " + thrown.Description
		}
		b.complain(complaint)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			b.complain(fmt.Sprintf("console: %s", e.Args[0].Value))
		}
	case *log.EventEntryAdded:
		// A server of the room protocol tells by a 400 that the pair has ended, and browsers log every 400.
		ended := strings.Contains(e.Entry.Text, "status of 400") && strings.HasSuffix(e.Entry.URL, "/call_line_process/")
		if !ended && (e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning) {
			b.complain(e.Entry.Text + " " + e.Entry.URL)
		}
	}
}

// do bounds what waits for an element.
func (p *chromiumPage) do(actions ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	return chromedp.Do(ctx, actions...)
}

func (p *chromiumPage) navigate(address string) error {
	return chromedp.Do(p.ctx, chromedp.Navigate(address))
}

func (p *chromiumPage) evaluate(expression string) (json.RawMessage, error) {
	return chromedp.Run(p.ctx, chromedp.Evaluate[json.RawMessage](expression, chromedp.EvalAwaitPromise))
}

func (p *chromiumPage) click(id string) error { return p.do(chromedp.Click(chromedp.ID(id))) }

func (p *chromiumPage) enter(id, text string) error {
	return p.do(chromedp.SendKeys(chromedp.ID(id), text+"\r"))
}
