package load

import (
	"context"
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/check"
	"dialtone/diag/judge/crowd"
)

// window is how the tester fared in a time of about a second: longer if it was starved.
type window struct {
	crowd.Window
	from, to time.Time
	gc       time.Duration // pauses of the garbage collector
}

// watchTester measures this program second by second until ctx ends.
func watchTester(ctx context.Context, each func(window)) {
	last := usageNow()
	for ctx.Err() == nil {
		second, stop := context.WithTimeout(ctx, time.Second)
		load := check.WatchLoad(second)
		stop()
		now := usageNow()
		w := crowd.Window{Load: load, CPU: now.share(last), Drops: now.drops.since(last.drops)}
		each(window{w, last.at, now.at, now.gc - last.gc})
		last = now
	}
}

// usage is what this program, and the sockets of its machine, have come to.
type usage struct {
	at    time.Time
	cpu   *time.Duration // of the process
	gc    time.Duration  // pauses
	drops drops
}

func usageNow() usage {
	return usage{time.Now(), processTime(), gcPauses(), dropsNow()}
}

// shortest is the time below which the use of the processors is unknown: the kernel may count it in ticks of 10 ms.
const shortest = 500 * time.Millisecond

// share is the part of all processors that was used since then; nil if it is unknown.
func (u usage) share(since usage) *float64 {
	wall := u.at.Sub(since.at)
	if u.cpu == nil || since.cpu == nil || wall < shortest {
		return nil
	}
	return new(float64(*u.cpu-*since.cpu) / float64(wall*time.Duration(runtime.GOMAXPROCS(0))))
}

// gcPauses is the sum of the pauses of the garbage collector, by the middle of their buckets.
func gcPauses() time.Duration {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return 0
	}
	h, sum := sample[0].Value.Float64Histogram(), 0.0
	for i, n := range h.Counts {
		low, high := h.Buckets[i], h.Buckets[i+1]
		if n > 0 && !math.IsInf(low, 0) && !math.IsInf(high, 0) {
			sum += float64(n) * (low + high) / 2
		}
	}
	return diag.SecondsOf(sum)
}

// drops counts the UDP packets that the kernel discards because the buffer of a socket of this process is full.
type drops map[string]uint64 // by the inode of the socket

// since is how many were discarded at the sockets that are open now. Where the kernel does not say it is 0.
func (d drops) since(before drops) (n int) {
	for inode, count := range d {
		if count > before[inode] {
			n += int(count - before[inode]) // #nosec G115 -- of a second
		}
	}
	return n
}

// dropsNow reads them from Linux: the last column of its tables, for the sockets that are this process's.
func dropsNow() drops {
	d := drops{}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return d
	}
	for _, e := range entries {
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		inode, socket := strings.CutPrefix(target, "socket:[")
		if err == nil && socket {
			d[strings.TrimSuffix(inode, "]")] = 0
		}
	}
	for _, file := range []string{"/proc/self/net/udp", "/proc/self/net/udp6"} {
		raw, err := os.ReadFile(file) // #nosec G304 -- one of these two
		if err == nil {
			d.read(string(raw))
		}
	}
	return d
}

// Columns of /proc/net/udp, which the kernel has kept since drops were added.
const (
	inodeColumn = 9
	dropColumn  = 12
)

// read takes the counts of the known sockets from a table of the kernel.
func (d drops) read(table string) {
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) <= dropColumn {
			continue
		}
		if _, own := d[fields[inodeColumn]]; own {
			n, err := strconv.ParseUint(fields[dropColumn], 10, 64)
			if err == nil {
				d[fields[inodeColumn]] = n
			}
		}
	}
}
