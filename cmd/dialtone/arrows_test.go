package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// stunPackage has one importer, so that one package knows how its decoder must be mistrusted.
const stunPackage = "github.com/pion/stun/v2"

const (
	settingsPackage = "dialtone/cmd/dialtone/internal/settings"
	terminalPackage = "dialtone/cmd/dialtone/internal/terminal"
	filesPackage    = "dialtone/cmd/dialtone/internal/files"
)

// arrows say who may import what beyond the standard library: patterns of path.Match, where a trailing "/" means everything
// below. The most specific pattern of a package is listed first. docs/explanation/design.md draws the same picture.
var arrows = []struct {
	who string
	may []string
}{
	{"dialtone/cmd/dialtone", []string{"dialtone/", "github.com/", "golang.org/", "rsc.io/qr"}},
	{filesPackage, nil},
	{terminalPackage, []string{"dialtone/diag", "golang.org/x/term"}},
	{"dialtone/cmd/dialtone/internal/calls", []string{
		terminalPackage, "dialtone/diag", "dialtone/diag/call", "dialtone/diag/feed", "dialtone/diag/judge", "dialtone/diag/record",
		"dialtone/diag/words", "dialtone/diag/words/", "dialtone/tui", "dialtone/tui/pane",
	}},
	{"dialtone/cmd/dialtone/internal/dumps", []string{
		"dialtone/cmd/dialtone/internal/calls", "dialtone/cmd/dialtone/internal/helps", "dialtone/cmd/dialtone/internal/nattext",
		"dialtone/diag", "dialtone/diag/anonymous", "dialtone/diag/call", "dialtone/diag/check", "dialtone/diag/dump", "dialtone/diag/export", "dialtone/diag/judge", "dialtone/diag/judge/network", "dialtone/diag/record",
		"dialtone/diag/report", "dialtone/diag/words", "dialtone/diag/words/", terminalPackage, "dialtone/tui", "dialtone/tui/diff", "dialtone/tui/live", "dialtone/tui/pane",
	}},
	{"dialtone/cmd/dialtone/internal/helps", []string{"dialtone/diag"}},
	{settingsPackage, []string{filesPackage, "dialtone/diag", "dialtone/signal/toml", "dialtone/tui/start", "github.com/alecthomas/kong"}},
	{"dialtone/cmd/dialtone/internal/endpoint", []string{filesPackage}},
	{"dialtone/cmd/dialtone/internal/iceservers", []string{
		"dialtone/cmd/dialtone/internal/endpoint", settingsPackage, "dialtone/diag", "dialtone/diag/lab", "dialtone/diag/probe", "dialtone/signal/gate",
		"dialtone/signal/page", "github.com/pion/turn/v5", "golang.org/x/time/rate",
	}},
	{"dialtone/cmd/dialtone/internal/texts", []string{
		terminalPackage, "dialtone/diag", "dialtone/signal", "dialtone/signal/paste", "dialtone/tui/draw", "github.com/muesli/cancelreader", "golang.org/x/term", "rsc.io/qr",
	}},
	{"dialtone/cmd/dialtone/internal/shells", []string{"github.com/alecthomas/kong", "github.com/spf13/cobra", "github.com/spf13/cobra/doc"}},
	{"dialtone/cmd/dialtone/internal/nattext", []string{"dialtone/diag/judge", "dialtone/diag/judge/network", "dialtone/diag/nat", "dialtone/diag/nat/", "dialtone/diag/words", "dialtone/diag/words/"}},
	{"dialtone/cmd/dialtone/internal/demo", []string{"dialtone/diag", "dialtone/diag/lab", "dialtone/signal/server"}},
	{"dialtone/cmd/dialtone/internal/forms", []string{filesPackage, settingsPackage, "dialtone/tui/start"}},
	{"dialtone/cmd/dialtone/internal/version", nil},
	{"dialtone/cmd/dialtone/internal/telemetry", []string{
		"dialtone/cmd/dialtone/internal/endpoint", "dialtone/diag", "dialtone/diag/call", "dialtone/diag/judge", "dialtone/diag/report", "dialtone/diag/report/gauges",
		"github.com/go-logr/logr", "go.opentelemetry.io/otel", "go.opentelemetry.io/otel/",
	}},
	{"dialtone/cmd/dialtone/internal/rooms", []string{
		"dialtone/diag", "dialtone/signal/pairs/redisstore", "dialtone/signal/server", "github.com/prometheus/",
	}},
	{"dialtone/cmd/dialtone/internal/monitor", []string{
		"dialtone/diag", "dialtone/diag/call", "dialtone/diag/feed", "dialtone/diag/judge", "dialtone/diag/probe", "dialtone/diag/report",
		"dialtone/signal/gate", "github.com/prometheus/",
	}},
	{"dialtone/cmd/dialtone/internal/requests", []string{
		"dialtone/diag", "dialtone/signal", "dialtone/signal/conform", "dialtone/signal/conform/rooms", "dialtone/signal/post", "dialtone/signal/room", "dialtone/signal/whip",
		"golang.org/x/net/http/httpguts", settingsPackage,
	}},
	{"dialtone/cmd/dialtone/internal/supply", []string{
		"dialtone/diag", "dialtone/diag/iceurl", "dialtone/diag/session", "dialtone/signal", "dialtone/signal/post", "dialtone/signal/web",
	}},
	{"dialtone/cmd/dialtone/internal/icelist", []string{
		filesPackage, settingsPackage, "dialtone/diag", "dialtone/diag/iceurl", "dialtone/diag/probe", "dialtone/signal/post",
	}},
	{"dialtone/cmd/dialtone/internal/natrun", []string{
		terminalPackage, "dialtone/cmd/dialtone/internal/calls", "dialtone/cmd/dialtone/internal/nattext", "dialtone/diag", "dialtone/diag/call",
		"dialtone/diag/feed", "dialtone/diag/judge", "dialtone/diag/judge/network", "dialtone/diag/probe", "dialtone/diag/record", "dialtone/diag/report",
		"dialtone/diag/words/", "dialtone/tui", "dialtone/tui/pane",
	}},
	{"dialtone/cmd/dialtone/internal/clips", []string{settingsPackage, "dialtone/diag/media", "dialtone/diag/peer"}},
	{"dialtone/cmd/dialtone/internal/loads", []string{
		filesPackage, settingsPackage, "dialtone/cmd/dialtone/internal/reports", "dialtone/diag", "dialtone/diag/assert", "dialtone/diag/load", "dialtone/diag/load/agents", "dialtone/tui/live", "dialtone/tui/loads", "golang.org/x/term",
	}},
	{"dialtone/cmd/dialtone/internal/reports", []string{
		filesPackage, settingsPackage, "dialtone/diag/check", "dialtone/diag/judge", "dialtone/diag/record", "dialtone/diag/report", "golang.org/x/term",
	}},
	{"dialtone/signal/toml", []string{"dialtone/diag", "github.com/BurntSushi/toml"}},
	{"dialtone/signal", nil},
	{"dialtone/signal/gate", nil},
	{"dialtone/signal/web", []string{"dialtone/signal", "dialtone/signal/gate", "golang.org/x/net/html", "golang.org/x/net/html/atom", "golang.org/x/time/rate"}},
	{"dialtone/signal/conform", []string{"dialtone/signal", "dialtone/signal/web", "dialtone/signal/whip", "dialtone/diag/sdp"}},
	{"dialtone/signal/conform/rooms", []string{"dialtone/signal/conform", "dialtone/signal/room", "dialtone/signal/web"}},
	{"dialtone/signal/server", []string{"dialtone/signal", "dialtone/signal/gate", "dialtone/signal/page", "dialtone/signal/pairs", "golang.org/x/time/rate"}},
	{"dialtone/signal/pairs", []string{"dialtone/signal/gate"}},
	{"dialtone/signal/pairs/redisstore", []string{"dialtone/signal/pairs", "github.com/redis/go-redis/v9"}},
	{"dialtone/signal/post", []string{"dialtone/signal", "dialtone/signal/web", "dialtone/diag/sdp", "dialtone/signal/toml"}},
	{"dialtone/signal/whip", []string{"dialtone/signal", "dialtone/signal/web", "dialtone/signal/post", "dialtone/diag/sdp", "golang.org/x/time/rate"}},
	{"dialtone/signal/ways", []string{"dialtone/signal", "dialtone/signal/"}},
	{"dialtone/signal/*", []string{"dialtone/signal", "dialtone/signal/web", "dialtone/diag/sdp"}},
	{"dialtone/diag", nil},
	{"dialtone/diag/sdp", []string{"dialtone/diag", "github.com/pion/sdp/v3"}},
	{"dialtone/diag/quality", nil},
	{"dialtone/cmd/dialtone/internal/throughput", []string{
		filesPackage, settingsPackage, "dialtone/diag", "dialtone/diag/feed", "dialtone/diag/iceurl", "dialtone/diag/impair", "dialtone/diag/session",
		"dialtone/diag/speed", "dialtone/diag/speed/transfer", "dialtone/diag/words/speed", "dialtone/tui/live", "dialtone/tui/speeds", "golang.org/x/term",
	}},
	{"dialtone/diag/speed", []string{"dialtone/diag"}},
	{"dialtone/diag/speed/transfer", []string{"dialtone/diag", "dialtone/diag/speed", "github.com/pion/webrtc/v4"}},
	{"dialtone/diag/speed/allocate", []string{"dialtone/diag", "dialtone/diag/probe", "dialtone/diag/speed", "dialtone/diag/speed/transfer"}},
	{"dialtone/diag/anonymous", []string{"dialtone/diag"}},
	{"dialtone/diag/browser", []string{"dialtone/diag", "dialtone/diag/finding"}},
	{"dialtone/diag/capture", []string{"dialtone/diag", "dialtone/diag/capture/decrypt", "dialtone/diag/wire"}},
	{"dialtone/diag/capture/decrypt", []string{"dialtone/diag", "dialtone/diag/wire", "github.com/pion/"}},
	{"dialtone/diag/export", []string{"dialtone/diag"}},
	{"dialtone/diag/dump", []string{"dialtone/diag", "dialtone/diag/dump/", "dialtone/diag/iceurl", "dialtone/diag/record", "dialtone/diag/sdp"}},
	{"dialtone/diag/dump/dumptest", []string{"dialtone/diag", "dialtone/diag/call", "dialtone/diag/judge", "dialtone/diag/sdp", "dialtone/diag/words/verdict"}},
	{"dialtone/diag/dump/aboutwebrtc", []string{"golang.org/x/net/html"}},
	{"dialtone/diag/dump/charset", []string{"golang.org/x/text/"}},
	{"dialtone/diag/dump/other", nil},
	{"dialtone/diag/dump/scan", nil},
	{"dialtone/diag/dump/shorthand", nil},
	{"dialtone/diag/call", []string{"dialtone/diag", "dialtone/diag/browser", "dialtone/diag/nat", "dialtone/diag/quality", "dialtone/diag/sdp", "dialtone/diag/speed"}},
	{"dialtone/diag/nat/chance", nil},
	{"dialtone/diag/nat", []string{"dialtone/diag", "dialtone/diag/nat/chance", "dialtone/diag/nat/nat64", "dialtone/diag/nat/turn", "dialtone/diag/nat/vote"}},
	{"dialtone/diag/nat/nat64", nil},
	{"dialtone/diag/nat/vote", nil},
	{"dialtone/diag/nat/turn", []string{"dialtone/diag"}},
	{"dialtone/diag/nat/pair", []string{"dialtone/diag", "dialtone/diag/nat"}},
	{"dialtone/diag/finding", []string{"dialtone/diag"}},
	{"dialtone/diag/judge", []string{"dialtone/diag", "dialtone/diag/browser", "dialtone/diag/call", "dialtone/diag/finding", "dialtone/diag/judge/network", "dialtone/diag/nat", "dialtone/diag/nat/", "dialtone/diag/sdp", "dialtone/diag/speed"}},
	{"dialtone/diag/judge/network", []string{"dialtone/diag", "dialtone/diag/finding", "dialtone/diag/nat", "dialtone/diag/nat/"}},
	{"dialtone/diag/judge/crowd", []string{"dialtone/diag", "dialtone/diag/finding", "dialtone/diag/judge"}},
	{"dialtone/diag/words", []string{"dialtone/diag", "dialtone/diag/call", "dialtone/diag/finding", "dialtone/diag/judge", "dialtone/diag/judge/network", "dialtone/diag/nat", "dialtone/diag/nat/", "dialtone/diag/sdp", "dialtone/diag/words/browser", "dialtone/diag/words/failure", "dialtone/diag/words/load", "dialtone/diag/words/phrase", "dialtone/diag/words/remote", "dialtone/diag/words/sound", "dialtone/diag/words/speed", "dialtone/diag/words/stress", "dialtone/diag/words/video"}},
	{"dialtone/diag/words/browser", []string{"dialtone/diag", "dialtone/diag/browser", "dialtone/diag/judge", "dialtone/diag/words/phrase", "dialtone/diag/words/speed"}},
	{"dialtone/diag/words/speed", []string{"dialtone/diag", "dialtone/diag/judge", "dialtone/diag/speed", "dialtone/diag/words/failure", "dialtone/diag/words/phrase"}},
	{"dialtone/diag/words/phrase", []string{"dialtone/diag/judge"}},
	{"dialtone/diag/words/load", []string{"dialtone/diag/judge", "dialtone/diag/judge/crowd", "dialtone/diag/words/phrase"}},
	{"dialtone/diag/words/remote", []string{"dialtone/diag/judge", "dialtone/diag/words/phrase"}},
	{"dialtone/diag/words/sound", []string{"dialtone/diag", "dialtone/diag/call", "dialtone/diag/judge", "dialtone/diag/words/phrase"}},
	{"dialtone/diag/words/video", []string{"dialtone/diag", "dialtone/diag/call", "dialtone/diag/judge", "dialtone/diag/words/phrase"}},
	{"dialtone/diag/words/stress", []string{"dialtone/diag", "dialtone/diag/judge", "dialtone/diag/words/phrase"}},
	{"dialtone/diag/words/*", []string{"dialtone/diag", "dialtone/diag/call", "dialtone/diag/judge", "dialtone/diag/judge/network", "dialtone/diag/nat", "dialtone/diag/nat/", "dialtone/diag/sdp", "dialtone/diag/words", "dialtone/diag/words/browser", "dialtone/diag/words/failure", "dialtone/diag/words/speed", "dialtone/diag/words/term", "dialtone/diag/words/verdict", "dialtone/diag/words/video"}},
	{"dialtone/diag/feed", []string{"dialtone/diag"}},
	{"dialtone/diag/record", []string{"dialtone/diag"}},
	{"dialtone/diag/diagtest", []string{"dialtone/diag"}},
	{"dialtone/diag/report/schematest", []string{"dialtone/diag", "dialtone/diag/lab/labtest", "github.com/google/go-cmp/cmp"}},
	{"dialtone/diag/report/gauges", []string{"dialtone/diag"}},
	{"dialtone/diag/report/junit", nil},
	{"dialtone/diag/report", []string{
		"dialtone/diag", "dialtone/diag/call", "dialtone/diag/judge", "dialtone/diag/judge/network", "dialtone/diag/nat", "dialtone/diag/nat/", "dialtone/diag/record", "dialtone/diag/report/gauges", "dialtone/diag/report/junit", "dialtone/diag/sdp", "dialtone/diag/speed", "dialtone/diag/words", "dialtone/diag/words/",
		"github.com/charmbracelet/lipgloss", "github.com/charmbracelet/lipgloss/table", "github.com/charmbracelet/x/ansi",
	}},
	{"dialtone/diag/media", []string{"dialtone/diag", "dialtone/diag/media/capture", "dialtone/diag/media/clock", "dialtone/diag/media/audio", "dialtone/diag/media/latency", "dialtone/diag/media/reports", "dialtone/diag/media/sequence", "dialtone/diag/media/redundancy", "dialtone/diag/media/video", "github.com/pion/"}},
	{"dialtone/diag/media/audio", []string{"dialtone/diag", "github.com/pion/opus", "github.com/zaf/g711"}},
	{"dialtone/diag/media/arrivals", []string{"dialtone/diag/media/capture", "github.com/pion/"}},
	{"dialtone/diag/media/capture", []string{"dialtone/diag/media/clock", "github.com/pion/"}},
	{"dialtone/diag/media/clock", []string{"dialtone/diag"}},
	{"dialtone/diag/media/latency", []string{"dialtone/diag"}},
	{"dialtone/diag/media/save", []string{"dialtone/diag", "dialtone/diag/media/audio", "dialtone/diag/media/video", "github.com/pion/"}},
	{"dialtone/diag/media/redundancy", nil},
	{"dialtone/diag/media/reports", []string{"dialtone/diag"}},
	{"dialtone/diag/media/sequence", nil},
	{"dialtone/diag/media/video", []string{"dialtone/diag", "github.com/pion/"}},
	{"dialtone/diag/media/picture", []string{"dialtone/diag", "golang.org/x/image/vp8"}},
	{"dialtone/diag/iceurl", []string{"dialtone/diag"}},
	{"dialtone/diag/impair", []string{"dialtone/diag", "dialtone/diag/sockets/system", "github.com/pion/transport/"}},
	{"dialtone/diag/sockets/system", []string{"github.com/pion/transport/"}},
	{"dialtone/diag/reach", []string{
		"dialtone/diag", "dialtone/diag/iceurl", "github.com/pion/", "golang.org/x/net/http/httpproxy", "golang.org/x/net/proxy",
	}},
	{"dialtone/diag/forward", []string{"dialtone/diag", "dialtone/diag/iceurl", "dialtone/diag/reach", "github.com/pion/"}},
	{"dialtone/diag/guard", []string{"dialtone/diag", "github.com/pion/stun/v4", "golang.org/x/time/rate"}},
	{"dialtone/diag/wire", []string{"github.com/pion/stun/v4"}},
	{"dialtone/diag/handover", []string{"dialtone/diag", "dialtone/diag/wire", "github.com/pion/stun/v4", "github.com/pion/transport/"}},
	{"dialtone/diag/sockets", []string{
		"dialtone/diag", "dialtone/diag/forward", "dialtone/diag/guard", "dialtone/diag/handover", "dialtone/diag/sockets/system", "dialtone/diag/wire",
		"github.com/pion/transport/",
	}},
	{"dialtone/diag/peer", []string{
		"dialtone/diag/sockets", "dialtone/diag/forward", "dialtone/diag/guard", "dialtone/diag/handover", "dialtone/diag/wire",
		"dialtone/diag", "dialtone/diag/iceurl", "dialtone/diag/sdp", "dialtone/diag/media", "dialtone/diag/media/arrivals", "dialtone/diag/media/capture", "dialtone/diag/media/latency", "dialtone/diag/media/picture", "dialtone/diag/media/save", "dialtone/diag/peer/association", "dialtone/diag/peer/outgoing", "dialtone/diag/reach", "github.com/pion/",
	}},
	{"dialtone/diag/peer/association", []string{"github.com/pion/"}},
	{"dialtone/diag/peer/outgoing", []string{"dialtone/diag/media", "github.com/pion/"}},
	{"dialtone/diag/probe", []string{"dialtone/diag", "dialtone/diag/guard", "dialtone/diag/iceurl", "dialtone/diag/nat", "dialtone/diag/nat/nat64", "dialtone/diag/reach", "github.com/pion/", stunPackage}},
	{"dialtone/diag/watch", []string{"dialtone/diag", "github.com/mdlayher/netlink", "golang.org/x/sys/unix"}},
	{"dialtone/diag/session", []string{
		"dialtone/diag", "dialtone/diag/capture", "dialtone/diag/call", "dialtone/diag/feed", "dialtone/diag/guard", "dialtone/diag/iceurl", "dialtone/diag/impair", "dialtone/diag/media", "dialtone/diag/media/save", "dialtone/diag/nat",
		"dialtone/diag/peer", "dialtone/diag/probe", "dialtone/diag/reach", "dialtone/diag/sdp", "dialtone/diag/sockets/system", "dialtone/diag/speed/transfer", "dialtone/signal", "dialtone/signal/",
		"golang.org/x/time/rate",
	}},
	{"dialtone/diag/assert", []string{"dialtone/diag", "dialtone/diag/report", "github.com/expr-lang/expr", "github.com/expr-lang/expr/"}},
	{"dialtone/diag/check", []string{
		"dialtone/diag", "dialtone/diag/call", "dialtone/diag/feed", "dialtone/diag/guard", "dialtone/diag/judge", "dialtone/diag/peer", "dialtone/diag/reach", "dialtone/diag/record",
		"dialtone/diag/report", "dialtone/diag/session", "dialtone/diag/iceurl", "dialtone/diag/probe", "dialtone/diag/speed", "dialtone/diag/speed/allocate",
		"dialtone/diag/watch", "dialtone/diag/assert", "dialtone/signal", "dialtone/signal/",
	}},
	{"dialtone/diag/load/agents", []string{
		"dialtone/diag", "dialtone/diag/assert", "dialtone/diag/judge/crowd", "dialtone/diag/load", "github.com/nats-io/nats.go",
	}},
	{"dialtone/diag/load", []string{
		"dialtone/diag", "dialtone/diag/assert", "dialtone/diag/check", "dialtone/diag/judge", "dialtone/diag/judge/crowd", "dialtone/diag/judge/network", "dialtone/diag/report", "dialtone/diag/report/gauges", "dialtone/diag/report/junit", "dialtone/diag/session",
		"dialtone/diag/words", "dialtone/diag/words/load", "github.com/HdrHistogram/hdrhistogram-go",
	}},
	{"dialtone/diag/lab", []string{"dialtone/diag", "dialtone/signal", "dialtone/signal/", "github.com/pion/"}},
	{"dialtone/diag/lab/*", []string{"dialtone/diag/lab"}},
	{"dialtone/tui", []string{"dialtone/diag", "dialtone/diag/call", "dialtone/diag/judge", "dialtone/diag/judge/network", "dialtone/diag/nat", "dialtone/diag/nat/", "dialtone/diag/words", "dialtone/diag/words/", "dialtone/tui/", "github.com/charmbracelet/", "github.com/aymanbagabas/", "github.com/muesli/", "github.com/mattn/", "github.com/rivo/"}},
	{"dialtone/tui/background", []string{"dialtone/tui/draw", "github.com/charmbracelet/bubbletea", "github.com/muesli/termenv", "golang.org/x/term"}},
	{"dialtone/tui/*", []string{"dialtone/diag", "dialtone/diag/call", "dialtone/diag/judge", "dialtone/diag/judge/network", "dialtone/diag/nat", "dialtone/diag/nat/", "dialtone/diag/sdp", "dialtone/diag/speed", "dialtone/diag/words", "dialtone/diag/words/", "dialtone/tui/", "github.com/charmbracelet/", "github.com/muesli/", "github.com/mattn/", "github.com/rivo/"}},
}

// goPackage is what go list tells of one.
type goPackage struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Standard   bool
	Imports    []string
	Deps       []string
}

func TestArrows(t *testing.T) {
	t.Parallel()
	packages := needPackages(t)
	for _, p := range packages {
		if !isOurs(p.ImportPath) {
			continue
		}
		may, known := allowedFor(p.ImportPath)
		if !known {
			t.Errorf("%s has no line in the table: say there what it may import, and draw it in docs/explanation/design.md", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			if !packages[imported].Standard && !allows(may, imported) {
				t.Errorf("%s imports %s", p.ImportPath, imported)
			}
		}
	}
}

// parsesSDP is what diag/sdp parses with: the one part of pion that has no sockets.
var parsesSDP = map[string]bool{"github.com/pion/sdp/v3": true, "github.com/pion/randutil": true}

// TestScreenIsFarFromTheNetwork looks at everything that the screen is built from, not only at its own imports.
func TestScreenIsFarFromTheNetwork(t *testing.T) {
	t.Parallel()
	for _, p := range needPackages(t) {
		if !isOurs(p.ImportPath) || !strings.HasPrefix(p.ImportPath, "dialtone/tui") {
			continue
		}
		for _, dep := range p.Deps {
			if strings.HasPrefix(dep, "github.com/pion/") && !parsesSDP[dep] || strings.HasPrefix(dep, "dialtone/signal") || dep == "dialtone/diag/session" {
				t.Errorf("%s depends on %s", p.ImportPath, dep)
			}
		}
	}
}

func isOurs(importPath string) bool { return strings.HasPrefix(importPath, "dialtone/") }

func allowedFor(importPath string) ([]string, bool) {
	for _, a := range arrows {
		if ok, err := path.Match(a.who, importPath); err == nil && ok {
			return a.may, true
		}
	}
	return nil, false
}

func allows(may []string, imported string) bool {
	if imported == stunPackage {
		return slices.Contains(may, stunPackage)
	}
	return slices.ContainsFunc(may, func(pattern string) bool {
		return pattern == imported || strings.HasSuffix(pattern, "/") && strings.HasPrefix(imported, pattern)
	})
}

// mostLines is how many lines of production code a package may have. The panes of the screen are one package, a file each.
const mostLines = 3500

func TestPackageSizes(t *testing.T) {
	t.Parallel()
	for _, p := range needPackages(t) {
		if !isOurs(p.ImportPath) || p.ImportPath == "dialtone/tui/pane" {
			continue
		}
		lines := 0
		for _, name := range p.GoFiles {
			raw, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			lines += bytes.Count(raw, []byte("\n"))
		}
		if lines > mostLines {
			t.Errorf("%s has %d lines: divide it", p.ImportPath, lines)
		}
	}
}

// listPackages asks go once for all packages of the module and what they depend on, without their tests.
var listPackages = sync.OnceValues(func() (map[string]goPackage, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,GoFiles,Standard,Imports,Deps", "./...")
	cmd.Dir = "../.."
	raw, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, fmt.Errorf("go list: %w\n%s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("go list: %w", err)
	}
	packages := map[string]goPackage{}
	for decoder := json.NewDecoder(bytes.NewReader(raw)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		packages[p.ImportPath] = p
	}
})

func needPackages(t *testing.T) map[string]goPackage {
	t.Helper()
	packages, err := listPackages()
	if err != nil {
		t.Fatal(err)
	}
	return packages
}
