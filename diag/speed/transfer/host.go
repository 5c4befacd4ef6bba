package transfer

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
)

// Host is what this machine has spent and dropped by a moment; nil: unknown.
type Host struct {
	at           time.Time
	cpu          *time.Duration // of the process
	in, out      *uint64        // datagrams that the kernel dropped for want of room
	idle, ticks  *uint64        // of the CPUs of the machine: what was not used, and all
	starved, all int            // of the samples of the sender
	bytes, count uint64
}

// ReadHost reads them.
func ReadHost() Host {
	h := Host{at: time.Now(), cpu: cpuTime()}
	for _, name := range []string{"/proc/net/snmp", "/proc/net/snmp6"} {
		if raw, err := os.ReadFile(name); err == nil { // #nosec G304 -- fixed names
			in, out := udpDrops(raw)
			h.in, h.out = sum(h.in, in), sum(h.out, out)
		}
	}
	if raw, err := os.ReadFile("/proc/stat"); err == nil {
		h.idle, h.ticks = cpuTicks(raw)
	}
	return h
}

// cpuTicks are what the CPUs of the machine have not used, and all, of a table of Linux; nil: it has another form.
func cpuTicks(table []byte) (idle, all *uint64) {
	line, _, _ := bytes.Cut(table, []byte("\n"))
	words := strings.Fields(string(line))
	if len(words) < 9 || words[0] != "cpu" {
		return nil, nil
	}
	var ticks [8]uint64 // user, nice, system, idle, iowait, irq, softirq, steal; the rest is part of these
	total := uint64(0)
	for i := range ticks {
		n, err := strconv.ParseUint(words[i+1], 10, 64)
		if err != nil {
			return nil, nil
		}
		ticks[i], total = n, total+n
	}
	return new(ticks[3] + ticks[4]), &total
}

// sum adds what is known.
func sum(a, b *uint64) *uint64 {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	return new(*a + *b)
}

// udpDrops are the datagrams that were dropped at full receive and send buffers, of a table of Linux.
func udpDrops(table []byte) (in, out *uint64) {
	var names []string
	for line := range bytes.Lines(table) {
		words := strings.Fields(string(line))
		switch {
		case len(words) == 2: // snmp6: a name and a number
			in, out = drop(words[0], "Udp6", words[1], in, out)
		case len(words) > 2 && words[0] == "Udp:" && names == nil: // snmp: a line of names, then one of numbers
			names = words
		case len(words) > 2 && words[0] == "Udp:":
			for i := range min(len(names), len(words)) {
				in, out = drop(names[i], "", words[i], in, out)
			}
		}
	}
	return in, out
}

// drop takes the counter of a name.
func drop(name, prefix, number string, in, out *uint64) (newIn, newOut *uint64) {
	n, err := strconv.ParseUint(number, 10, 64)
	switch {
	case err != nil:
	case name == prefix+"RcvbufErrors":
		in = &n
	case name == prefix+"SndbufErrors":
		out = &n
	}
	return in, out
}

// Since is how a sender fared between two moments.
func (h Host) Since(before Host) diag.SpeedSender {
	s := diag.SpeedSender{Cores: runtime.GOMAXPROCS(0), Bytes: h.bytes - before.bytes, Messages: h.count - before.count}
	wall := h.at.Sub(before.at)
	if h.cpu != nil && before.cpu != nil && wall > 0 {
		s.CPU = new(float64(*h.cpu-*before.cpu) / float64(wall))
	}
	if n := h.all - before.all; n > 0 {
		s.Starved = float64(h.starved-before.starved) / float64(n)
	}
	idle, all := difference(h.idle, before.idle), difference(h.ticks, before.ticks)
	if idle != nil && all != nil && *all > 0 {
		s.Busy = new(1 - float64(min(*idle, *all))/float64(*all))
	}
	s.ReceiveDrops, s.SendDrops = difference(h.in, before.in), difference(h.out, before.out)
	return s
}

func difference(now, before *uint64) *uint64 {
	if now == nil || before == nil || *now < *before {
		return nil
	}
	return new(*now - *before)
}
