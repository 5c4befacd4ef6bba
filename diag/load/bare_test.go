package load

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"dialtone/diag/media"
)

// bareAPI is pion with its codecs and interceptors as they are by default, packets that are numbered for the congestion
// control, as those of a browser are, and candidates as a peer of a loopback test has them.
func bareAPI(tb testing.TB) *webrtc.API {
	tb.Helper()
	se := webrtc.SettingEngine{LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard}}
	se.SetIncludeLoopbackCandidate(true)
	se.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil })
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetHostAcceptanceMinWait(0)
	se.SetPrflxAcceptanceMinWait(0)
	se.SetDTLSInsecureSkipHelloVerify(true)
	codecs, registry := &webrtc.MediaEngine{}, &interceptor.Registry{}
	if err := codecs.RegisterDefaultCodecs(); err != nil {
		tb.Fatal(err)
	}
	if err := errors.Join(
		webrtc.RegisterDefaultInterceptors(codecs, registry), webrtc.ConfigureTWCCHeaderExtensionSender(codecs, registry),
	); err != nil {
		tb.Fatal(err)
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(codecs), webrtc.WithInterceptorRegistry(registry))
}

// barePair connects two peers of pion alone that send the clips of the program to each other and read what arrives. They
// end with ctx, the last of them before the group is done.
func barePair(ctx context.Context, tb testing.TB, ends *sync.WaitGroup) {
	tb.Helper()
	must := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	var pair [2]*webrtc.PeerConnection
	var up sync.WaitGroup
	for i := range pair {
		pc, err := bareAPI(tb).NewPeerConnection(webrtc.Configuration{})
		must(err)
		pair[i] = pc
		up.Add(1)
		connected := sync.OnceFunc(up.Done)
		pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
			if s == webrtc.PeerConnectionStateConnected {
				connected()
			}
		})
		for _, read := range []func() (*media.Clip, error){media.CodecOf("opus").ReadClip, media.CodecOf("VP8").ReadClip} {
			clip, err := read()
			must(err)
			track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: clip.Codec.MimeType()}, clip.Codec.Kind, "bare")
			must(err)
			sender, err := pc.AddTrack(track)
			must(err)
			ends.Go(func() {
				for err := error(nil); err == nil; {
					_, _, err = sender.ReadRTCP()
				}
			})
			ends.Go(func() {
				up.Wait()
				_ = media.NewPlayer(clip, track).Play(ctx) // until it is closed
			})
		}
		pc.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
			ends.Go(func() {
				for err := error(nil); err == nil; {
					_, _, err = receiver.ReadRTCP()
				}
			})
			b := make([]byte, 1500)
			for err := error(nil); err == nil; {
				_, _, err = track.Read(b)
			}
		})
	}
	_, err := pair[0].CreateDataChannel("data", nil)
	must(err)
	exchange := func(from, to *webrtc.PeerConnection, d webrtc.SessionDescription, err error) {
		must(err)
		gathered := webrtc.GatheringCompletePromise(from)
		must(from.SetLocalDescription(d))
		<-gathered
		must(to.SetRemoteDescription(*from.LocalDescription()))
	}
	offer, err := pair[0].CreateOffer(nil)
	exchange(pair[0], pair[1], offer, err)
	answer, err := pair[1].CreateAnswer(nil)
	exchange(pair[1], pair[0], answer, err)
	up.Wait()
	ends.Go(func() {
		<-ctx.Done()
		for _, pc := range pair {
			_ = pc.GracefulClose()
		}
	})
}

// barePeers measures what a peer of pion alone costs while so many pairs send media: how many of them a core carries,
// and the memory of each in MB.
func barePeers(b *testing.B, pairs int, window time.Duration) (perCore, memory float64) {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	var ends sync.WaitGroup
	defer ends.Wait()
	defer stop()
	before := resident()
	for range pairs {
		barePair(ctx, b, &ends)
	}
	time.Sleep(2 * time.Second)
	from, began := *processTime(), time.Now()
	time.Sleep(window)
	cores := float64(*processTime()-from) / float64(time.Since(began))
	return float64(2*pairs) / cores, (resident() - before) / float64(2*pairs) / 1e6
}
