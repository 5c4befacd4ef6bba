package peer

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"

	"github.com/pion/dtls/v3"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/peer/association"
	"dialtone/diag/sdp"
)

// transports follows what is above ICE: DTLS, SCTP, and the connection as a whole.
type transports struct {
	p                *Peer
	localFingerprint string

	mu          sync.Mutex
	version     string
	cipher      string
	announced   string // the fingerprint in the first remote description
	setup       string // the local one, by the first answer: active (the DTLS client) or passive; empty before
	ungrouped   bool   // the remote offer has no BUNDLE group, so an answer may not have one (RFC 9143 §7.3)
	sctp        string // as last reported
	secured     bool   // the handshake has succeeded
	remoteEnded bool   // the peer has closed the association
}

// setAnnounced keeps the fingerprint of the first remote description. It reports whether fp is that one.
func (t *transports) setAnnounced(fp string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.announced == "" {
		t.announced = fp
	}
	return t.announced == fp
}

// helloSeen is called with each ServerHello on the wire.
func (t *transports) helloSeen(version, cipher uint16) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.version = versionName(version)
	t.cipher = dtls.CipherSuiteName(dtls.CipherSuiteID(cipher))
}

func versionName(v uint16) string {
	switch v {
	case 0xfeff:
		return "DTLS 1.0"
	case 0xfefd:
		return "DTLS 1.2"
	case 0xfefc:
		return "DTLS 1.3"
	}
	return fmt.Sprintf("DTLS 0x%04x", v)
}

// dtlsState is pion's DTLSTransport.OnStateChange. It is called under the transport's lock, so the certificate is read,
// and the event emitted, in another goroutine.
func (t *transports) dtlsState(s webrtc.DTLSTransportState) {
	if t.p.closing() {
		return
	}
	d := diag.DTLSState{State: s.String()}
	switch s {
	case webrtc.DTLSTransportStateConnecting: // ICE has a pair: this callback may be quicker than its own
		t.p.o.Phases.End(diag.PhaseICE, "", diag.OutcomeOK, "")
		t.p.o.Phases.End(diag.PhaseNomination, "", diag.OutcomeOK, "")
		t.p.o.Phases.Start(diag.PhaseDTLS, "")
		t.p.wg.Go(func() {
			d.Role = t.role()
			t.p.o.Emit(d)
		})
	case webrtc.DTLSTransportStateConnected:
		t.mu.Lock()
		t.secured = true
		d.Version, d.Cipher = t.version, t.cipher
		t.mu.Unlock()
		t.p.o.Phases.End(diag.PhaseDTLS, "", diag.OutcomeOK, strings.TrimSpace(d.Version+" "+d.Cipher))
		t.p.wg.Go(func() { t.dtlsConnected(d) })
	case webrtc.DTLSTransportStateFailed:
		d.LimitMs, d.Handshake = new(diag.Millis(t.p.o.Timeouts.DTLS)), new(t.p.socks.Handshake())
		t.p.wg.Go(func() {
			d.RemoteFingerprint = t.presented()
			t.p.o.Phases.End(diag.PhaseDTLS, "", diag.OutcomeFailed, "")
			t.p.o.Emit(d)
			t.p.o.OnState(StateDTLSFailed)
		})
	default:
		t.p.o.Emit(d)
	}
}

func (t *transports) dtlsConnected(d diag.DTLSState) {
	if t.hasApplication() {
		t.p.o.Phases.Start(diag.PhaseSCTP, "")
		t.p.wg.Go(func() { association.Unblock(t.p.pc.SCTP(), t.p.closed) })
	}
	t.p.tracks.connected()
	d.RemoteFingerprint = t.presented()
	t.p.o.Emit(d)
	t.p.checks.pollNow() // to follow SCTP closely
}

// presented is the fingerprint of the certificate that the peer presented; empty before.
func (t *transports) presented() string {
	return fingerprint(t.p.pc.SCTP().Transport().GetRemoteCertificate())
}

// The attribute of the DTLS role (RFC 4145 §4), and what an answer may say there.
const (
	setupAttribute = "setup"
	setupActive    = "active"
	setupPassive   = "passive"
)

// settleSetup reads the local role from the first answer, which settles it (RFC 8842 §5.3): the active side is the
// client. pion's offerer is the server also when the answer says neither.
func (t *transports) settleSetup(side diag.Side, kind webrtc.SDPType, d *sdp.Description) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if side == diag.Remote && kind == webrtc.SDPTypeOffer {
		t.ungrouped = !d.Session.Has("group")
	}
	if kind != webrtc.SDPTypeAnswer || t.setup != "" {
		return
	}
	t.setup = setupPassive
	if value, _ := d.Attribute(setupAttribute); side == diag.Local && value == setupActive ||
		side == diag.Remote && value == setupPassive {
		t.setup = setupActive
	}
}

// withSetup lets an answer say the role that was settled: it stays as long as the association does (RFC 8842 §5.5), and
// pion answers each offer with the role of a new one.
func (t *transports) withSetup(kind webrtc.SDPType, description string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if kind != webrtc.SDPTypeAnswer || t.setup == "" {
		return description
	}
	if t.ungrouped {
		description = sdp.Parse(description).Without("group")
	}
	return sdp.Parse(description).With(setupAttribute, t.setup)
}

// role is the local DTLS role; empty before it is known.
func (t *transports) role() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return map[string]string{setupActive: "client", setupPassive: "server"}[t.setup]
}

// hasApplication reports whether both sides agreed on data channels.
func (t *transports) hasApplication() bool {
	remote := t.p.pc.CurrentRemoteDescription()
	return remote != nil && strings.Contains(remote.SDP, "\nm=application ") &&
		!strings.Contains(remote.SDP, "\nm=application 0 ")
}

// connectionState reports the state of the connection as a whole.
func (t *transports) connectionState(s webrtc.PeerConnectionState) {
	if s != webrtc.PeerConnectionStateClosed || !t.p.closing() {
		t.p.o.Emit(diag.ConnectionState{State: s.String()})
	}
}

// connectionChanged is pion's OnConnectionStateChange, while the connection is in that state.
func (t *transports) connectionChanged(s webrtc.PeerConnectionState) {
	switch s {
	case webrtc.PeerConnectionStateConnected:
		t.p.checks.connected()
		t.p.pause.Connected()
		if t.p.o.Phases.Running(diag.PhaseRestart, "") {
			t.p.o.Phases.End(diag.PhaseRestart, "", diag.OutcomeOK, "")
		}
		t.p.o.OnState(StateConnected)
	case webrtc.PeerConnectionStateDisconnected:
		t.p.o.OnState(StateDisconnected)
	default: // ICE and DTLS report "failed" themselves, and earlier
	}
}

// remoteClosed is called when the SCTP association ends: by the peer's abort, or with its DTLS close_notify.
func (t *transports) remoteClosed() {
	if t.p.closing() {
		return
	}
	t.p.o.Emit(diag.SCTPState{State: "closed"})
	t.p.o.OnState(StateClosed)
}

// alertSent is called with each encrypted alert that leaves. While the connection lasts there is one reason for it:
// pion answers the peer's close_notify, which it has decrypted, with its own (RFC 5246 §7.2.1). Without data channels
// nothing else shows that the peer has closed: pion reports the end of a transport only if it closed it itself.
func (t *transports) alertSent() {
	t.mu.Lock()
	first := t.secured && !t.remoteEnded
	t.remoteEnded = t.remoteEnded || t.secured
	t.mu.Unlock()
	if !first || !t.p.o.NoChannels || t.p.closing() {
		return
	}
	t.p.o.Emit(diag.DTLSState{State: webrtc.DTLSTransportStateClosed.String()})
	t.p.o.OnState(StateClosed)
}

// close ends the association and the DTLS connection, if there is one: pion's Stop would wait for a handshake to end.
func (t *transports) close() {
	t.mu.Lock()
	secured := t.secured
	t.mu.Unlock()
	if !secured {
		return
	}
	sctp := t.p.pc.SCTP()
	_ = sctp.Stop() // GracefulClose reports what cannot be closed
	_ = sctp.Transport().Stop()
}

// pollSCTP reports the association's state, for which pion has no callback.
func (t *transports) pollSCTP() {
	if t.p.o.NoChannels || t.p.pc.CurrentRemoteDescription() == nil {
		return // pion has a transport that is "connecting" nevertheless
	}
	sctp := t.p.pc.SCTP()
	state := sctp.State()
	t.mu.Lock()
	changed := t.sctp != state.String()
	t.sctp = state.String()
	t.mu.Unlock()
	if !changed || state == webrtc.SCTPTransportStateClosed && t.p.closing() {
		return
	}
	t.p.o.Emit(diag.SCTPState{State: state.String(), MaxMessageSize: sctp.GetCapabilities().MaxMessageSize})
	if state == webrtc.SCTPTransportStateConnected {
		t.p.o.Phases.End(diag.PhaseSCTP, "", diag.OutcomeOK, "")
		t.p.channels.associated()
	}
}

// closing reports whether the end has begun.
func (p *Peer) closing() bool { return p.ending.Load() }

// fingerprint is the SHA-256 of a certificate as SDP writes it (RFC 8122 §5); empty for none.
func fingerprint(der []byte) string {
	if len(der) == 0 {
		return ""
	}
	sum := sha256.Sum256(der)
	return "sha-256 " + strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

func certificateFingerprint(c webrtc.Certificate) string {
	prints, err := c.GetFingerprints()
	if err != nil || len(prints) == 0 {
		return ""
	}
	return prints[0].Algorithm + " " + strings.ToUpper(prints[0].Value)
}
