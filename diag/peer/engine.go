package peer

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/forward"
	"dialtone/diag/media"
	"dialtone/diag/media/arrivals"
	"dialtone/diag/media/capture"
	"dialtone/diag/sockets"
)

// acceptanceWait replaces pion's waits before a pair of a type may be selected (0.5 s srflx, 1 s prflx, 2 s relay):
// they make a call slower, not better, as checks already show which pairs work.
const acceptanceWait = time.Duration(0)

// retransmitTime bounds how long SCTP waits before it sends again, as in Chromium (RFC 9260 §16: 60 s by default), so
// that data channels return with their path.
const retransmitTime = 800 * time.Millisecond

// receiveWindow is what the peer may send before it is acknowledged, in bytes: 300 ms at 100 Mbit/s. pion's default of
// 1 MiB limits a path of 100 ms to 80 Mbit/s.
const receiveWindow = 4 << 20

// checkInterval is that of pion's checks on a pair.
const checkInterval = 200 * time.Millisecond

// directHeadStart is how long a relayed pair that works stands back for a direct one, where direct ones are tried at
// all: two NATs let checks through only after both sides have sent some, and pion never leaves the pair that it
// nominated first. One and a half of its rounds of checks.
const directHeadStart = 300 * time.Millisecond

// hostHeadStart is how long other pairs stand back for one of host candidates where all peers are on the loopback
// interface: the host pair works, and a call has the same path on a busy machine as on a quiet one.
const hostHeadStart = 2 * time.Second

// unlogged is for what pion logs: it is reported by an event, or foreign text that was not cleaned, or of the end of a
// call, at which reports find the connection closed.
var unlogged logging.LoggerFactory = &logging.DefaultLoggerFactory{
	Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled,
}

// settings translates options to pion's setting engine.
func settings(o Options, socks *sockets.Net, relays *forward.Forwarder) webrtc.SettingEngine {
	var se webrtc.SettingEngine
	se.LoggerFactory = unlogged
	se.SetNet(socks)
	se.SetICEProxyDialer(relays)
	// pion closes the connection by itself at the peer's close_notify, in a goroutine that races with reading statistics.
	// The end of the SCTP association shows the same, and the session closes.
	se.DisableCloseByDTLS(true)
	if o.KeyLog != nil {
		se.SetDTLSKeyLogWriter(o.KeyLog)
	}
	se.SetSCTPRTOMax(retransmitTime)
	se.SetSCTPMaxReceiveBufferSize(receiveWindow)
	se.SetICETimeouts(o.Timeouts.Disconnected, o.Timeouts.Failed, o.Timeouts.KeepAlive)
	se.SetDTLSConnectContextMaker(func() (context.Context, func()) {
		return context.WithTimeout(context.Background(), o.Timeouts.DTLS)
	})
	if o.Patient { // each check is repeated until the end
		se.SetICEMaxBindingRequests(uint16(diag.PatientTime / checkInterval))
	}
	if !o.PionDefaults {
		reflexive, relay := acceptanceWait, directHeadStart
		if o.Loopback == LoopbackOnly { // its mapped addresses are host addresses: which answers first is chance
			reflexive, relay = hostHeadStart, hostHeadStart // peer reflexive: of an address that is not signaled yet
		}
		if o.RelayOnly {
			relay = acceptanceWait
		}
		se.SetHostAcceptanceMinWait(acceptanceWait)
		se.SetSrflxAcceptanceMinWait(reflexive)
		se.SetPrflxAcceptanceMinWait(reflexive)
		se.SetRelayAcceptanceMinWait(relay)
		se.SetDTLSInsecureSkipHelloVerify(true) // ICE has verified the address already: one round trip less
	}
	// With TCP the agent connects to passive candidates (RFC 6544 §4.1), whatever the policy is for its own.
	se.SetNetworkTypes([]webrtc.NetworkType{
		webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6,
	})
	se.DisableActiveTCP(o.RelayOnly)
	switch o.Loopback {
	case LoopbackOff:
	case LoopbackInclude:
		se.SetIncludeLoopbackCandidate(true)
	case LoopbackOnly:
		se.SetIncludeLoopbackCandidate(true)
		se.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil })
		se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeTCP4})
		se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	}
	return se
}

// How many packets of each stream are kept to be sent again, 1.5 kB each: a peer of many keeps a second or two of them.
const (
	manyRepeated = 1024
	fewRepeated  = 64
)

// How often a peer reports which packets have arrived, for the congestion control of the other: a quarter of a second
// is what draft-holmer-rmcat-transport-wide-cc-extensions-01 §4 has for low rates, and pion's default a tenth.
const (
	feedbackInterval = 100 * time.Millisecond
	feedbackOfMany   = 250 * time.Millisecond
)

// api assembles pion with the recorder nearest to the wire. Its media engine gets to know the codecs before the first
// description.
func api(o Options, se webrtc.SettingEngine, me *webrtc.MediaEngine, recorder *media.Recorder) (*webrtc.API, error) {
	se.DisableMediaEngineCopy(true)
	registry := &interceptor.Registry{}
	registry.Add(recorder.Factory())
	repeated, feedback := uint16(manyRepeated), feedbackInterval
	if o.OneOfMany {
		repeated, feedback = fewRepeated, feedbackOfMany
	}
	err := errors.Join(
		// The recorder decides which of the generator's requests are sent (media.Recorder.pace).
		webrtc.ConfigureNackWithOptions(me, registry, []nack.GeneratorOption{nack.WithGeneratorLoggerFactory(unlogged)},
			nack.ResponderSize(repeated), nack.WithResponderLoggerFactory(unlogged)),
		webrtc.ConfigureRTCPReportsWithOptions(registry,
			[]report.ReceiverOption{report.WithReceiverLoggerFactory(unlogged)}, report.WithSenderLoggerFactory(unlogged)),
		webrtc.ConfigureTWCCHeaderExtensionSender(me, registry), // of what the peer reports on
	)
	if err != nil {
		return nil, err
	}
	registry.Add(arrivals.Factory{Interval: feedback})
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		me.RegisterFeedback(webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBTransportCC}, kind)
	}
	if !o.Echo { // when an echo was captured, the peer knows
		registry.Add(capture.Factory{Now: o.Now})
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(me),
		webrtc.WithInterceptorRegistry(registry)), nil
}

// configuration translates options to an RTCConfiguration, with a certificate of its own unless there is one.
func configuration(o Options, f *forward.Forwarder) (webrtc.Configuration, error) {
	c, cert := iceConfiguration(o, f), o.Certificate
	if cert == nil {
		var err error
		if cert, err = NewCertificate(); err != nil {
			return c, err
		}
	}
	c.Certificates = []webrtc.Certificate{*cert}
	return c, nil
}

// NewCertificate makes one for DTLS, with a key of P-256.
func NewCertificate() (*Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the DTLS key: %w", err)
	}
	cert, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, fmt.Errorf("making the DTLS certificate: %w", err)
	}
	return cert, nil
}

// iceConfiguration is the part of the configuration that may change during a call.
func iceConfiguration(o Options, f *forward.Forwarder) webrtc.Configuration {
	c := webrtc.Configuration{ICEServers: iceServers(o, f)}
	if o.RelayOnly {
		c.ICETransportPolicy = webrtc.ICETransportPolicyRelay
	}
	return c
}

// iceServers are what the agent is given: STUN servers as they are, and of TURN servers what leads to the forwarder.
// A TURN server over UDP is also a STUN server (RFC 8656 §3.1): it gives a server-reflexive candidate.
func iceServers(o Options, f *forward.Forwarder) []webrtc.ICEServer {
	var out []webrtc.ICEServer
	accounts := map[string]diag.ICEServerAuth{}
	for _, s := range o.ICEServers {
		accounts[s.URL] = s
	}
	stun := map[string]bool{}
	for _, s := range parseServers(o.ICEServers) {
		if s.Transport() == "udp" && !stun[s.Address()] && !o.RelayOnly {
			stun[s.Address()] = true
			out = append(out, webrtc.ICEServer{URLs: []string{"stun:" + s.Address()}})
		}
		if s.Scheme.TURN() {
			account := accounts[s.text]
			out = append(out, webrtc.ICEServer{
				URLs: []string{f.AgentURL(s.URL, s.text)}, Username: account.Username, Credential: account.Credential.Reveal(),
			})
		}
	}
	return out
}
