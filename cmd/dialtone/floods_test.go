//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dialtone/diag/lab/labtest"
)

// mostMemory is what the program may take while somebody floods it, in MB.
const mostMemory = 150

// realBinary is dialtone without the race detector, whose memory is not the program's: the test binary itself, or one that
// is built once.
var realBinary = sync.OnceValues(func() (string, error) {
	if !labtest.Race {
		return exec.LookPath("dialtone") // TestMain has put it there
	}
	dir, err := os.MkdirTemp("", "dialtone-")
	if err != nil {
		return "", err
	}
	atEnd(func() { _ = os.RemoveAll(dir) })
	binary := filepath.Join(dir, "dialtone")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return binary, nil
})

func needBinary(t *testing.T) string {
	t.Helper()
	binary, err := realBinary()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// cost is what a run of the program took.
type cost struct {
	memory int // the peak of the resident set, in MB
	time   time.Duration
	out    string
}

// measure runs the program to its end.
func measure(t *testing.T, args ...string) cost {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, needBinary(t), args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	peak := make(chan int, 1)
	go func() { peak <- watchMemory(cmd.Process.Pid, done) }()
	_ = cmd.Wait() // the caller reads what it said
	close(done)
	return cost{<-peak, time.Since(began), out.String()}
}

// watchMemory reads the peak of a process until it has ended. Its usage that the kernel reports at the end would include
// that of the test, which started it.
func watchMemory(pid int, done <-chan struct{}) (peak int) {
	for {
		peak = max(peak, peakMemory(pid))
		select {
		case <-done:
			return peak
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// peakMemory is VmHWM of a process in MB; 0 if it has ended.
func peakMemory(pid int) int {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // it may have ended
	_, rest, _ := strings.Cut(string(raw), "VmHWM:")
	kb, _ := strconv.Atoi(strings.TrimSpace(strings.Split(rest+"kB", "kB")[0]))
	return kb / 1024
}

const (
	recordingHead = `{"schema":"dialtone.recording/2","startedAt":"2026-01-02T03:04:05Z","version":"0.1.0","command":"call","config":{"code":"w1","media":true}}` + "\n"
	recordingTail = `{"seq":900000,"at":9000,"type":"call.ended","reason":"duration"}` + "\n"
)

// events are n lines of a recording, made of their number.
func events(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"seq":%d,"at":%d,`+format+"}\n", i+1, i/100, i)
	}
	return b.String()
}

func list(n int, element string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + "]"
}

// keys are n members of an object, or elements of a list, after another one.
func keys(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ","+format, i)
	}
	return b.String()
}

// pack packs a head and many times a unit, as gzip does.
func pack(head, unit string, times int) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, head) // to memory
	_ = z.Close()
	first := b.String()
	b.Reset()
	z.Reset(&b)
	_, _ = io.WriteString(z, unit)
	_ = z.Close()
	return first + strings.Repeat(b.String(), times)
}

// partHead begins a report of a load test.
const partHead = `{"schema":"dialtone.load/1","parts":[1],`

// emptyHistogram is the text of one of dialtone load, which takes 0.2 MB when it is read.
const emptyHistogram = "HISTFAAAACN42pJpmSzMwMDAyAABzFAazL82eQmD/QeoCCAAAP//VYMEiA=="

// phases are n phases of a load test, each with a histogram that is empty.
func phases(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"p%d":{"hdr_us":%q}`, i, emptyHistogram)
	}
	return b.String()[1:]
}

// TestHostileFilesCostLittle: no file that the program reads takes more memory or time than it may.
func TestHostileFilesCostLittle(t *testing.T) {
	labtest.NeedTime(t)
	t.Parallel()
	deepKey := strings.Repeat("a.", 30_000) + "a"
	dear := []string{ // others reach the same bounds sooner
		"recording: many messages", "recording: lines of empty candidates", "recording: many lists of servers",
		"dump: packed entries", "dump: packed statistics", "part: empty seconds",
	}
	for name, test := range map[string]struct {
		text string
		args []string // FILE is the file
		want string
	}{
		"recording: a line of empty streams":    {recordingHead + `{"seq":1,"at":1,"type":"stats.sample","inbound":` + list(1_300_000, "{}") + "}\n", []string{"replay", "--plain", "FILE"}, "more than 20000 values"},
		"recording: lines of empty streams":     {recordingHead + events(400, `"type":"stats.sample","rtt":%d,"inbound":`+list(6_000, "{}")), []string{"replay", "--plain", "FILE"}, "use --large"},
		"recording: lines of empty candidates":  {recordingHead + events(400, `"type":"ice.candidates","n":%d,"list":`+list(9_000, "{}")), []string{"replay", "--plain", "FILE"}, "ice.candidates"},
		"recording: a header of servers":        {strings.Replace(recordingHead, `"media"`, `"iceServers":`+list(1_000_000, "{}")+`,"media"`, 1), []string{"replay", "--plain", "FILE"}, "more than 20000 values"},
		"recording: a long line":                {recordingHead + strings.Repeat("y", 60<<20) + "\n" + recordingTail, []string{"replay", "--plain", "FILE"}, "longer than"},
		"recording: many channels":              {recordingHead + events(20_000, `"type":"channel.state","label":"L%d","state":"open"`) + recordingTail, []string{"replay", "--plain", "FILE"}, "channel.state"},
		"recording: many lists of servers":      {recordingHead + events(100, `"type":"diagnosis.start","run":%d,"urls":`+list(19_000, `""`)), []string{"replay", "--plain", "FILE"}, "diagnosis.start"},
		"recording: many messages":              {recordingHead + strings.ReplaceAll(events(150_000, `"type":"channel.message","direction":"inbound","label":"L%d","text":"TEXT"`), "TEXT", strings.Repeat("x", 400)), []string{"replay", "--plain", "FILE"}, "use --large"},
		"recording: nested lists":               {recordingHead + `{"seq":1,"at":1,"type":"x","a":` + strings.Repeat("[", 2_000_000) + strings.Repeat("]", 2_000_000) + "}\n", []string{"replay", "--plain", "FILE"}, "damaged"},
		"recording: a number of many digits":    {recordingHead + `{"seq":1,"at":1` + strings.Repeat("0", 3_000_000) + `,"type":"x"}` + "\n", []string{"replay", "--plain", "FILE"}, "damaged"},
		"recording: many keys":                  {recordingHead + `{"seq":1,"at":1,"type":"x"` + keys(300_000, `"k%d":1`) + "}\n", []string{"replay", "--plain", "FILE"}, "more than 20000 values"},
		"recording: packed empty lines":         {pack(recordingHead, strings.Repeat("\n", 1<<20), 2000), []string{"replay", "--plain", "FILE"}, "unpacks to more than"},
		"dump: packed entries":                  {pack(`{"PeerConnections":{"1-1":{"updateLog":[`, strings.Repeat(`{"time":"1","type":"x","value":"y"},`, 30_000), 2000), []string{"import", "--plain", "FILE"}, "unpacks to more than"},
		"dump: packed statistics":               {pack("RTCStatsDump\n{\"fileFormat\":3}\n", strings.Repeat(`["getStats","0-1",{},1]`+"\n", 30_000), 2000), []string{"import", "--plain", "FILE"}, "unpacks to more than"},
		"dump: many connections":                {`{"PeerConnections":{"0-0":{}` + keys(200_000, `"%d-1":{"updateLog":[],"stats":{}}`) + "}}", []string{"import", "--plain", "FILE"}, "more than 256 connections"},
		"dump: nested lists":                    {`{"PeerConnections":{"1-1":{"updateLog":` + strings.Repeat("[", 3_000_000) + strings.Repeat("]", 3_000_000) + "}}}", []string{"import", "--plain", "FILE"}, "too deep"},
		"dump: a series of many values":         {`{"PeerConnections":{"1-1":{"stats":{"a-x":{"values":"` + list(9_000_000, "1") + `"}}}}}`, []string{"import", "--plain", "FILE"}, "verdict"},
		"dump: many reports":                    {`{"reports":[{"pcid":"a"}` + keys(50_000, `{"pcid":"%d"}`) + "]}", []string{"diff", "FILE", "FILE"}, "connection"},
		"scenario: a dotted key":                {deepKey + " = 1\n", []string{"check", "--scenario", "FILE"}, "more than 16 parts"},
		"scenario: nested tables":               {"a = " + strings.Repeat("{a = ", 20_000) + "1" + strings.Repeat("}", 20_000), []string{"check", "--scenario", "FILE"}, "inside each other"},
		"scenario: nested lists":                {"a = " + strings.Repeat("[", 90_000) + strings.Repeat("]", 90_000), []string{"check", "--scenario", "FILE"}, "inside each other"},
		"scenario: many tables":                 {strings.Repeat("[[check]]\nloopback = true\n", 9_000), []string{"check", "--scenario", "FILE"}, "tables"},
		"scenario: many keys":                   {"[[check]]\n" + strings.Repeat("x = 1\n", 40_000), []string{"check", "--scenario", "FILE"}, "invalid configuration"},
		"scenario: many servers in each table":  {"ice = " + list(20_000, `"stun:a"`) + "\n" + strings.Repeat("[[check]]\nloopback = true\n", 200), []string{"check", "--scenario", "FILE"}, "more than 100 values"},
		"scenario: an assertion that doubles":   {"[[check]]\nloopback = true\nassert = ['len(reduce(1..40, #acc + #acc, \"xxxxxxxx\")) > 0']\n", []string{"check", "--scenario", "FILE"}, "not available"},
		"scenario: tables inside tables":        {strings.Repeat("[a.b.c.d.e]\n[[a.b.c.d.f]]\n", 9_000), []string{"check", "--scenario", "FILE"}, "already been defined"},
		"scenario: a list without an end":       {"a = " + strings.Repeat("[", 200_000), []string{"check", "--scenario", "FILE"}, "inside each other"},
		"scenario: assertions with much inside": {"[[check]]\nloopback = true\nassert = " + list(60, "'"+strings.Repeat("[", 1900)+strings.Repeat("]", 1900)+" == nil'"), []string{"check", "--scenario", "FILE"}, "more than 500 parts"},
		"configuration: a text of escapes":      {`server = "` + strings.Repeat(`\u0041`, 40_000) + `"` + "\n", []string{"check", "--loopback", "--config", "FILE"}, "invalid"},
		"configuration: tables in a list":       {"ice = " + list(60_000, "{a=1}"), []string{"check", "--loopback", "--config", "FILE"}, "invalid configuration"},
		"configuration: a dotted key":           {deepKey + " = 1\n", []string{"check", "--loopback", "--config", "FILE"}, "more than 16 parts"},
		"baseline: empty runs":                  {`{"schema":"dialtone.report/2","runs":` + list(900_000, "null") + "}", []string{"check", "--loopback", "--baseline", "FILE"}, "elements of lists"},
		"baseline: runs that are numbers":       {`{"schema":"dialtone.report/2","runs":` + list(900_000, "0") + "}", []string{"check", "--loopback", "--baseline", "FILE"}, "elements of lists"},
		"baseline: findings of a run":           {`{"schema":"dialtone.report/2","runs":[{"findings":` + list(900_000, "null") + "}]}", []string{"check", "--loopback", "--baseline", "FILE"}, "elements of lists"},
		"part: empty seconds":                   {partHead + `"series":` + list(2_400_000, "null") + "}", []string{"merge", "FILE"}, "too long"},
		"part: seconds, twice":                  {partHead + `"series":` + list(2_400_000, "0") + `,"SERIES":[]}`, []string{"merge", "FILE"}, "too long"},
		"part: histograms":                      {partHead + `"phases":{` + phases(50_000) + "}}", []string{"merge", "FILE"}, "too long"},
		"part: texts of findings":               {partHead + `"findings":[{"evidence":` + list(2_400_000, "null") + "}]}", []string{"merge", "FILE"}, "too long"},
		"part: setup times":                     {partHead + `"series":[{"setup":` + list(2_400_000, "null") + "}]}", []string{"merge", "FILE"}, "unknown buckets"},
		"modules: tables in lists":              {strings.Repeat("[[module]]\nname = 'a'\n", 9_000), []string{"monitor", "--modules", "FILE"}, "tables"},
		"modules: a table inside itself":        {"a = " + strings.Repeat("{a = ", 20_000), []string{"monitor", "--modules", "FILE"}, "inside each other"},
		"modules: a long text":                  {"name = '" + strings.Repeat("x", 1<<20) + "'", []string{"monitor", "--modules", "FILE"}, "larger than"},
		"preset: lists without an end":          {"a = " + strings.Repeat("[", 60_000), []string{"call", "--offer", "http://127.0.0.1:1/", "--preset", "FILE"}, "inside each other"},
		"preset: a dotted key":                  {deepKey + " = 1\n", []string{"call", "--offer", "http://127.0.0.1:1/", "--preset", "FILE"}, "more than 16 parts"},
	} {
		if slices.Contains(dear, name) && !labtest.Nightly() {
			continue
		}
		path := filepath.Join(t.TempDir(), "file.toml")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		args := strings.Split(strings.ReplaceAll(strings.Join(test.args, " "), "FILE", path), " ")
		got := measure(t, args...)
		if !strings.Contains(got.out, test.want) {
			t.Errorf("%s: %.400s, want %s", name, got.out, test.want)
		}
		t.Logf("%s: %d MB, %v", name, got.memory, got.time)
		if got.memory > mostMemory || got.time > patience {
			t.Errorf("%s: %d MB, %v", name, got.memory, got.time)
		}
	}
}

// TestHostileAssertionsCostLittle: whatever conditions a scenario has, compiling and evaluating them ends soon.
func TestHostileAssertionsCostLittle(t *testing.T) {
	labtest.NeedTime(t)
	t.Parallel()
	dir := t.TempDir()
	recording := filepath.Join(dir, "call.jsonl")
	if err := os.WriteFile(recording, []byte(recordingHead+recordingTail), 0o600); err != nil {
		t.Fatal(err)
	}
	ones := "let l=" + list(400, "1") + "; "
	lets := func(format string) string {
		b := "let a0=[1];"
		for i := range 40 {
			b += strings.ReplaceAll(strings.ReplaceAll(format, "NEW", fmt.Sprint("a", i+1)), "OLD", fmt.Sprint("a", i))
		}
		return b
	}
	for name, test := range map[string]struct{ expr, want string }{
		"lists inside lists":     {strings.Repeat("[", 1900) + strings.Repeat("]", 1900) + " == nil", "more than 500 parts"},
		"maps inside maps":       {strings.Repeat("{a:", 800) + "1" + strings.Repeat("}", 800) + " != nil", "more than 500 parts"},
		"a long sum":             {strings.Repeat("1+", 1900) + "1 > 0", "more than 500 parts"},
		"pipes":                  {"runs " + strings.Repeat("| filter(true) ", 250) + "| len() > 0", "more than 500 parts"},
		"closures":               {strings.Repeat("any(runs, ", 300) + "true" + strings.Repeat(")", 300), "more than 500 parts"},
		"a long text":            {`"` + strings.Repeat("x", 100_000) + `" != ""`, "longer than 4096 bytes"},
		"repeated text":          {`repeat("x", 1000000000) != ""`, "not available"},
		"a range":                {"len(1..1000000000) > 0", "not available"},
		"texts that double":      {strings.Replace(lets("let NEW=OLD+OLD;"), "[1]", `"xx"`, 1) + ` a40 != ""`, "stopped at"},
		"lists that double":      {lets("let NEW=[OLD,OLD];") + " a40 == a40", "stopped after"},
		"maps that double":       {lets("let NEW={a:OLD,b:OLD};") + " a40 == a40", "stopped after"},
		"maps of maps":           {ones + "len(map(l, map(l, map(l, map(l, l))))) > 0", "stopped after"},
		"sorting while sorting":  {ones + "len(sortBy(l, len(sortBy(l, len(sortBy(l, #)))))) > 0", "stopped after"},
		"filters of filters":     {ones + "len(filter(l, len(filter(l, len(filter(l, # > 0)) > 0)) > 0)) > 0", "stopped after"},
		"a pattern that repeats": {`"x" matches "((((a{9}){9}){9}){9}){9}"`, "repeat"},
		"patterns in closures":   {ones + `all(l, all(l, !("` + strings.Repeat("a", 2000) + `" matches "(a{1,40}){1,20}b")))`, "stopped after"},
		"searches in closures":   {ones + `all(l, all(l, !("` + strings.Repeat("a", 1500) + `" contains "` + strings.Repeat("a", 700) + `b")))`, "stopped after"},
		"times in closures":      {ones + `all(l, all(l, all(l, now().Format("` + strings.Repeat("Jan ", 300) + `") != "")))`, "stopped after"},
	} {
		args := []string{"check", "--recording", recording}
		for range 10 {
			args = append(args, "--assert", test.expr)
		}
		got := measure(t, args...)
		if !strings.Contains(got.out, test.want) || got.memory > mostMemory || got.time > patience {
			t.Errorf("%s: %d MB, %v, want %q: %.2000s", name, got.memory, got.time, test.want, got.out)
		}
		t.Logf("%s: %d MB, %v", name, got.memory, got.time)
	}
}

// TestEndlessFilesAreReadUpToALimit: a device has no size that says how much it holds.
func TestEndlessFilesAreReadUpToALimit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := errors.Join(os.Symlink("/dev/zero", filepath.Join(dir, "zero.toml")),
		os.Symlink("loop.toml", filepath.Join(dir, "loop.toml")), syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"replay", "--plain", "/dev/zero"},
		{"check", "--scenario", "/dev/zero"},
		{"check", "--loopback", "--config", "/dev/zero"},
		{"check", "--loopback", "--baseline", "/dev/zero"},
		{"check", "--loopback", "--ca", "/dev/zero"},
		{"merge", "/dev/zero"},
		{"check", "--loopback", "--config", filepath.Join(dir, "loop.toml")},
		{"check", "--scenario", "/proc/self/mem"},
		{"monitor", "--listen", "127.0.0.1:0", "--modules", "/dev/zero"},
		{"monitor", "--listen", "127.0.0.1:0", "--modules", filepath.Join(dir, "pipe")},
		{"monitor", "--listen", "127.0.0.1:0", "--modules", "/proc/self/mem"},
		{"check", "--loopback", "--send-media", "/dev/zero"},
		{"call", "--offer", "http://127.0.0.1:1/", "--preset", filepath.Join(dir, "zero.toml")},
		{"call", "--paste", "--paste-from", "/dev/zero", "--paste-to", filepath.Join(dir, "offer"), "--wait", "1s"},
		{"serve", "--listen", "127.0.0.1:0", "--tls-cert", "/dev/zero", "--tls-key", "/dev/zero"},
	} {
		got := measure(t, args...)
		t.Logf("%q: %d MB, %v: %.200s", args, got.memory, got.time, got.out)
		if got.memory > mostMemory || got.time > 20*time.Second || !strings.Contains(got.out, "dialtone") {
			t.Errorf("%q: %d MB, %v: %.200s", args, got.memory, got.time, got.out)
		}
	}
}
