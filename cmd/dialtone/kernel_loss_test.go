package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"dialtone/diag/lab/labtest"
	"dialtone/diag/media"
	"dialtone/diag/report"
)

// writeTruth makes the tables of the documentation. It is the flag of diag/media, too: .ci/truth.
var writeTruth = flag.Bool("truth", false, "place longer calls and write the tables of docs/explanation/truth.md")

const truthFile = "../../docs/explanation/truth.md"

// lossRules make a router drop a share of the RTP of each direction, in per cent, and count it by payload type: the
// first bytes of RTP are not encrypted.
func lossRules(in, out int) string {
	var b strings.Builder
	b.WriteString("table inet loss {\n")
	var rules strings.Builder
	for _, way := range []struct {
		name, from string
		percent    int
	}{{"inbound", "wan", in}, {"outbound", "lan", out}} {
		for _, codec := range []string{"opus", "VP8"} {
			name := way.name + media.CodecOf(codec).Kind
			fmt.Fprintf(&b, "counter %sseen {}\ncounter %slost {}\n", name, name)
			match := fmt.Sprintf("iifname %s meta l4proto udp @th,64,2 2 @th,73,7 %d", way.from, media.CodecOf(codec).PayloadType)
			fmt.Fprintf(&rules, "%s counter name %sseen\n", match, name)
			if way.percent > 0 {
				fmt.Fprintf(&rules, "%s numgen random mod 100 < %d counter name %slost drop\n", match, way.percent, name)
			}
		}
	}
	return b.String() + "chain forward {\ntype filter hook forward priority 0;\n" + rules.String() + "}\n}\n"
}

// kernelCount reads a counter of a router.
func kernelCount(t *testing.T, site *networkSite, name string) float64 {
	t.Helper()
	raw, err := site.RouterCommand(t.Context(), "nft", "-j", "list", "counter", "inet", "loss", name).Output()
	var list struct {
		NFTables []struct{ Counter *struct{ Packets float64 } }
	}
	if err := errors.Join(err, json.Unmarshal(raw, &list)); err != nil {
		t.Fatal(err)
	}
	for _, entry := range list.NFTables {
		if entry.Counter != nil {
			return entry.Counter.Packets
		}
	}
	t.Fatalf("no counter %s", name)
	return 0
}

// TestKernelLoss: the loss that a call measures is what the kernel dropped on its way. The peer echoes, so packets that
// are lost on the way out are missing on the way back too; only the direction that loses is compared.
func TestKernelLoss(t *testing.T) {
	labtest.Beside(t)
	rows, length := [][2]int{{10, 0}, {0, 10}}, "6s"
	if *writeTruth {
		rows, length = [][2]int{{0, 0}, {1, 0}, {2, 0}, {5, 0}, {10, 0}, {20, 0}, {0, 1}, {0, 2}, {0, 5}, {0, 10}, {0, 20}}, "40s"
	}
	in := startKernelInternet(t)
	startSignaling(t, in)
	table := make([]string, len(rows))
	var calls sync.WaitGroup
	for i, row := range rows {
		site := in.Connect(t, siteOptions{
			Rules: lossRules(row[0], row[1]), Routed: true, LAN: netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168, byte(20 + i), 0}), 24),
		})
		site.WithoutIPv6(t)
		calls.Go(func() { table[i] = kernelLoss(t, in, site, row, length) })
	}
	calls.Wait()
	if *writeTruth && !t.Failed() {
		writeTruthTable(t, "kernel", "| dropped inbound | dropped outbound | inbound audio, % | inbound video, % | outbound audio, % | "+
			"outbound video, % |\n|---:|---:|---:|---:|---:|---:|\n"+strings.Join(table, ""))
	}
}

// kernelLoss places a call and compares the loss. It returns the row of the table.
func kernelLoss(t *testing.T, in *internet, site *networkSite, row [2]int, length string) string {
	code, server := fmt.Sprintf("loss%d-%d", row[0], row[1]), "--server=http://"+kernelSTUN+":8000/call/"
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	answer := in.Command(ctx, "dialtone", "answer", code, "--once", server, "--video-codec=VP8")
	answer.Env = append(os.Environ(), "XDG_CONFIG_HOME=/nonexistent")
	if err := answer.Start(); err != nil {
		t.Error(err)
		return ""
	}
	defer func() {
		cancel()
		_ = answer.Wait()
	}()
	check := site.Command(ctx, "dialtone", "check", "--room="+code, server, "--wait=30s", "--for="+length, "--video-codec=VP8", "-o", "json")
	check.Env = answer.Env
	raw, err := check.Output()
	var r report.Report
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) || json.Unmarshal(raw, &r) != nil || r.Media.Audio.Inbound.Loss == nil {
		t.Errorf("%v: %v %s", row, err, raw)
		return ""
	}
	var cells []string
	for _, m := range []struct {
		name     string
		measured *float64
		packets  uint64
		percent  int
	}{
		{"inboundaudio", r.Media.Audio.Inbound.Loss, r.Media.Audio.Inbound.Packets, row[0]},
		{"inboundvideo", r.Media.Video.Inbound.Loss, r.Media.Video.Inbound.Packets, row[0]},
		{"outboundaudio", r.Media.Audio.Outbound.Loss, r.Media.Audio.Outbound.Packets, row[1]},
		{"outboundvideo", r.Media.Video.Outbound.Loss, r.Media.Video.Outbound.Packets, row[1]},
	} {
		seen, lost := kernelCount(t, site, m.name+"seen"), kernelCount(t, site, m.name+"lost")
		if m.measured == nil || seen == 0 {
			t.Errorf("%v: %s was not measured; the kernel saw %g packets", row, m.name, seen)
			continue
		}
		truth := lost / seen
		if m.percent == 0 && row != [2]int{} { // the other direction, with the echo
			cells = append(cells, "")
			continue
		}
		cells = append(cells, fmt.Sprintf("%.2f / %.2f", 100**m.measured, 100*truth))
		// 0.2 points, and the packets of the last second, which a last report does not name, nor a last sample of a
		// busy machine
		const late = 1.2
		if bound := 0.002 + truth*late*50/seen + 1/seen; math.Abs(*m.measured-truth) > bound {
			t.Errorf("%v: %s: %.4f is measured, the truth is %.4f of %g packets", row, m.name, *m.measured, truth, seen)
		}
	}
	return fmt.Sprintf("| %d %% | %d %% | %s |\n", row[0], row[1], strings.Join(cells, " | "))
}

// writeTruthTable replaces a table of the documentation.
func writeTruthTable(t *testing.T, name, table string) {
	raw, err := os.ReadFile(truthFile)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- Table "+name+", written by .ci/truth -->\n", "<!-- End of table "+name+" -->\n"
	head, rest, begins := strings.Cut(string(raw), begin)
	_, tail, ends := strings.Cut(rest, end)
	if !begins || !ends {
		t.Fatalf("%s has no marks of the table %s", truthFile, name)
	}
	if err := os.WriteFile(truthFile, []byte(head+begin+"\n"+table+"\n"+end+tail), 0o600); err != nil {
		t.Fatal(err)
	}
}
