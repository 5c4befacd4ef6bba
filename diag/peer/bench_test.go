package peer

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"dialtone/diag"
)

// BenchmarkThroughput sends messages of 16 KiB over one data channel on loopback, both peers in this process, and
// reports the megabytes that arrive a second. ns/op is the time of one message.
func BenchmarkThroughput(b *testing.B) {
	const size = 16 << 10
	var arrived atomic.Int64
	all := make(chan struct{})
	opened := make(chan struct{}, len(ownLabels))
	sender, receiver := pair(b, Options{NoMedia: true, OnOpen: func(label string) {
		if label == diag.LabelChat {
			opened <- struct{}{}
		}
	}}, Options{NoMedia: true, OnMessage: func(_ string, _ bool, data []byte) {
		if len(data) == 1 {
			close(all)
			return
		}
		arrived.Add(int64(len(data)))
	}})
	connect(b, sender, receiver)
	<-opened
	message := make([]byte, size)
	send := func(data []byte) {
		for {
			err := sender.Send(diag.LabelChat, false, data)
			if err == nil {
				return
			}
			if !errors.Is(err, ErrChannelFull) {
				b.Fatal(err)
			}
			time.Sleep(100 * time.Microsecond) // the buffer drains
		}
	}
	b.ResetTimer()
	for range b.N {
		send(message)
	}
	send(message[:1])
	<-all
	b.StopTimer()
	if got := arrived.Load(); got != int64(b.N)*size {
		b.Errorf("%d of %d bytes arrived", got, int64(b.N)*size)
	}
	b.ReportMetric(float64(b.N)*size/1e6/b.Elapsed().Seconds(), "MB/s")
}
