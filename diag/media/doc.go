// Package media is what a call sends and what is made of what arrives.
//
// # Sending
//
// [Codecs] is the table of codecs; a new codec is one row of it. Most have a short [Clip], and [ReadFile] reads one of
// a user. A [Player] sends a clip over and over, on an absolute schedule, to anything with WriteRTP (a
// webrtc.TrackLocalStaticRTP). A [Forwarder] sends back what arrives: the echo of an answering peer. Both have
// RequestKeyFrame, to be called when [WantsKeyFrame] says so of the RTCP of the track:
//
//	for {
//		pkts, _, err := sender.ReadRTCP()
//		if err != nil {
//			return err
//		}
//		if media.WantsKeyFrame(pkts) {
//			player.RequestKeyFrame()
//		}
//	}
//
// # Measuring
//
// A [Recorder] sees every RTP and RTCP packet of one peer connection and counts: packets, bytes, loss, jitter,
// round-trip times, feedback, frames, key frames, resolution and freezes, under the names of W3C webrtc-stats. It
// decodes nothing. What it could not measure is absent.
//
// The recorder is an interceptor and must be the first one of the registry. pion wraps the network in the order of
// registration, so the first is the nearest to the network, and only there passes everything: the NACKs and reports
// that other interceptors send, the retransmissions of the NACK responder, and what arrives before another interceptor
// drops it.
//
//	rec := media.NewRecorder(time.Now, emit)
//	registry.Add(rec.Factory()) // first: nearest to the network
//	webrtc.ConfigureNackWithOptions(mediaEngine, registry, []nack.GeneratorOption{nack.GeneratorMaxNacksPerPacket(3)})
//	webrtc.ConfigureRTCPReports(registry)
//	webrtc.ConfigureTWCCSender(mediaEngine, registry)
//
// The order of the others does not matter to it. pion's generator of NACKs does not see what RTX repaired and asks
// until its bound; hence the bound.
//
// RTCP reaches interceptors only while it is read: every RTPSender and every RTPReceiver needs a reader.
package media
