package peer

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"

	"github.com/pion/dtls/v3"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// link follows what is above ICE: DTLS, SCTP, and the connection as a whole.
type link struct {
	p                *Peer
	localFingerprint string

	mu        sync.Mutex
	version   string
	cipher    string
	announced string // the fingerprint that the other side's description names
	part      string // ours in the handshake, by the first answer: active (the client) or passive; empty before
	sctp      string // as last told
	secured   bool   // the handshake has succeeded
	goodbye   bool   // the other side has closed the association
}

func newLink(p *Peer) *link { return &link{p: p} }

// announce tells our own certificate.
func (l *link) announce() {
	l.p.o.Emit(diag.DTLSState{State: "new", LocalFingerprint: l.localFingerprint})
}

func (l *link) setAnnounced(fingerprint string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.announced == "" {
		l.announced = fingerprint
	}
}

func (l *link) announcedFingerprint() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.announced
}

// helloSeen is called with each ServerHello on the wire.
func (l *link) helloSeen(version, cipher uint16) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.version = versionName(version)
	l.cipher = dtls.CipherSuiteName(dtls.CipherSuiteID(cipher))
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
// and the event told, in a goroutine of its own.
func (l *link) dtlsState(s webrtc.DTLSTransportState) {
	if l.p.closing() {
		return
	}
	switch s {
	case webrtc.DTLSTransportStateConnecting: // ICE has a pair: this news may be quicker than its own
		l.p.o.Phases.End(diag.PhaseICE, "", diag.OutcomeOK, "")
		l.p.o.Phases.End(diag.PhaseNomination, "", diag.OutcomeOK, "")
		l.p.o.Phases.Start(diag.PhaseDTLS, "")
		l.p.wg.Go(func() { l.p.o.Emit(diag.DTLSState{State: s.String(), Role: l.role()}) })
	case webrtc.DTLSTransportStateConnected:
		l.mu.Lock()
		l.secured = true
		d := diag.DTLSState{State: s.String(), Version: l.version, Cipher: l.cipher}
		l.mu.Unlock()
		l.p.o.Phases.End(diag.PhaseDTLS, "", diag.OutcomeOK, strings.TrimSpace(d.Version+" "+d.Cipher))
		l.p.wg.Go(func() { l.dtlsConnected(d) })
	case webrtc.DTLSTransportStateFailed:
		l.p.wg.Go(func() { l.dtlsFailed(diag.DTLSState{State: s.String()}) })
	default:
		l.p.o.Emit(diag.DTLSState{State: s.String()})
	}
}

func (l *link) dtlsConnected(d diag.DTLSState) {
	if l.hasApplication() {
		l.p.o.Phases.Start(diag.PhaseSCTP, "")
	}
	l.p.tracks.connected()
	d.RemoteFingerprint = fingerprint(l.p.pc.SCTP().Transport().GetRemoteCertificate())
	l.p.o.Emit(d)
	select {
	case l.p.checks.wake <- struct{}{}: // to poll SCTP closely
	default:
	}
}

func (l *link) dtlsFailed(d diag.DTLSState) {
	d.RemoteFingerprint = fingerprint(l.p.pc.SCTP().Transport().GetRemoteCertificate())
	d.Error = "the handshake did not succeed within " + l.p.o.Timeouts.DTLS.String()
	if announced := l.announcedFingerprint(); d.RemoteFingerprint != "" && announced != "" &&
		d.RemoteFingerprint != announced {
		d.Error = "the certificate presented is not the one that the description announced"
	}
	l.p.o.Phases.End(diag.PhaseDTLS, "", diag.OutcomeFailed, d.Error)
	l.p.o.Emit(d)
	l.p.o.OnState(StateDTLSFailed)
}

// takePart notes our part in the handshake where the first answer settles it (RFC 8842 §5.3): who is active is the
// client.
func (l *link) takePart(side diag.Side, kind webrtc.SDPType, sdp string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if kind != webrtc.SDPTypeAnswer || l.part != "" {
		return
	}
	ours := setupActive
	if side == diag.Remote {
		ours = setupPassive
	}
	l.part = setupPassive // also where the answer says nothing of use: pion's offerer is the server then
	if firstAttribute(sdp, setupAttribute) == ours {
		l.part = setupActive
	}
}

// keepPart lets an answer say the part that we have: it stays as long as the association does (RFC 8842 §5.5), and pion
// answers each offer with the part that it would take in a new one.
func (l *link) keepPart(kind webrtc.SDPType, sdp string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if kind != webrtc.SDPTypeAnswer || l.part == "" {
		return sdp
	}
	return withSetup(sdp, l.part)
}

// role is our part as the states of DTLS name it; empty before it is known.
func (l *link) role() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch l.part {
	case setupActive:
		return "client"
	case setupPassive:
		return "server"
	}
	return ""
}

// hasApplication reports whether both sides agreed on data channels.
func (l *link) hasApplication() bool {
	remote := l.p.pc.CurrentRemoteDescription()
	return remote != nil && strings.Contains(remote.SDP, "\nm=application ") &&
		!strings.Contains(remote.SDP, "\nm=application 0 ")
}

// connectionState is pion's OnConnectionStateChange.
func (l *link) connectionState(s webrtc.PeerConnectionState) {
	if s == webrtc.PeerConnectionStateClosed && l.p.closing() {
		return
	}
	l.p.o.Emit(diag.ConnectionState{State: s.String()})
	switch s {
	case webrtc.PeerConnectionStateConnected:
		l.p.checks.settled()
		if l.p.o.Phases.Running(diag.PhaseRestart, "") {
			l.p.o.Phases.End(diag.PhaseRestart, "", diag.OutcomeOK, "")
		}
		l.p.o.OnState(StateConnected)
	case webrtc.PeerConnectionStateDisconnected:
		l.p.o.OnState(StateDisconnected)
	// "failed" is told by ICE or DTLS itself, whose news are not late.
	default:
	}
}

// remoteClosed is called when the SCTP association ends: by the other side's abort, or with its DTLS close_notify.
func (l *link) remoteClosed() {
	if l.p.closing() {
		return
	}
	l.p.o.Emit(diag.SCTPState{State: "closed"})
	l.p.o.OnState(StateClosed)
}

// alertSent is called with each encrypted alert that leaves. While the connection lasts there is one reason for it:
// pion answers the other side's close_notify, which it has decrypted, with its own (RFC 5246 §7.2.1). Without data
// channels nothing else tells that the other side has closed: pion reports the state of a transport that it closed
// itself, and no other.
func (l *link) alertSent() {
	l.mu.Lock()
	fresh := l.secured && !l.goodbye
	l.goodbye = l.goodbye || l.secured
	l.mu.Unlock()
	if !fresh || !l.p.o.NoChannels || l.p.closing() {
		return
	}
	l.p.o.Emit(diag.DTLSState{State: webrtc.DTLSTransportStateClosed.String()})
	l.p.o.OnState(StateClosed)
}

// pollSCTP tells the association's state, for which pion has no callback.
func (l *link) pollSCTP() {
	if l.p.o.NoChannels {
		return // pion has a transport for it nevertheless, which never connects
	}
	sctp := l.p.pc.SCTP()
	state := sctp.State().String()
	l.mu.Lock()
	fresh := l.sctp != state
	l.sctp = state
	l.mu.Unlock()
	if !fresh || (state == "closed" && l.p.closing()) {
		return
	}
	l.p.o.Emit(diag.SCTPState{State: state, MaxMessageSize: sctp.GetCapabilities().MaxMessageSize})
	if sctp.State() == webrtc.SCTPTransportStateConnected {
		l.p.o.Phases.End(diag.PhaseSCTP, "", diag.OutcomeOK, "")
		l.p.channels.associated()
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
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return "sha-256 " + strings.Join(parts, ":")
}

func certificateFingerprint(c webrtc.Certificate) string {
	prints, err := c.GetFingerprints()
	if err != nil || len(prints) == 0 {
		return ""
	}
	return prints[0].Algorithm + " " + strings.ToUpper(prints[0].Value)
}
