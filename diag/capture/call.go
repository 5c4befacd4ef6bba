package capture

import (
	"errors"
	"io"
	"net/netip"
	"time"

	"dialtone/diag"
	"dialtone/diag/capture/decrypt"
	"dialtone/diag/wire"
)

// maxEarly is how many packets wait for the keys. A peer may send before the secret of its connection is computed here.
const maxEarly = 256

// Call takes the packets and keys of one peer connection.
type Call struct {
	c      *Capture
	tunnel wire.Tunnel
	opener decrypt.Opener
	early  []tapped
}

// tapped is a packet that cannot be opened yet.
type tapped struct {
	at     time.Time
	way    diag.Direction
	local  netip.AddrPort
	remote netip.AddrPort
	packet []byte
}

// Call begins a call.
func (c *Capture) Call() *Call { return &Call{c: c} }

// KeyLog takes lines of keys in the NSS format.
func (k *Call) KeyLog() io.Writer { return keyLog{k} }

type keyLog struct{ k *Call }

// Write takes one line.
func (l keyLog) Write(line []byte) (int, error) {
	c := l.k.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys != nil && c.keysErr == nil {
		_, c.keysErr = c.keys.Write(line)
	}
	c.packets.secrets(line)
	if c.plain.w != nil {
		l.k.opener.Key(string(line))
		early := l.k.early
		l.k.early = nil
		for _, p := range early {
			l.k.open(p)
		}
	}
	return len(line), nil // what cannot be captured ends no handshake
}

// Packet takes a packet that was sent from a local address, or was received there. Headers of IP and UDP are made for
// it: Wireshark needs them.
func (k *Call) Packet(way diag.Direction, local, remote netip.AddrPort, payload []byte) {
	if !remote.IsValid() || !local.IsValid() || len(payload) > 65_000 {
		return
	}
	c, now := k.c, time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.packets.w != nil {
		from, to := ends(way, local, remote)
		c.packets.packet(now, internet(protocolUDP, from.Addr(), to.Addr(), datagram(from, to, payload)))
	}
	if c.plain.w != nil {
		k.open(tapped{now, way, local, remote, k.tunnel.Open(payload, remote).Payload})
	}
}

// open writes what a packet holds, or keeps it until there are keys.
func (k *Call) open(p tapped) {
	from, to := ends(p.way, p.local, p.remote)
	for _, plain := range k.opener.Open(p.way, p.packet) {
		switch plain.Protocol {
		case decrypt.RTP:
			k.c.plain.packet(p.at, internet(protocolUDP, from.Addr(), to.Addr(), datagram(from, to, plain.Data)))
		case decrypt.SCTP:
			k.c.plain.packet(p.at, internet(protocolSCTP, from.Addr(), to.Addr(), plain.Data))
		case decrypt.Unknown:
		}
	}
	if !k.opener.Ready() && len(k.early) < maxEarly && decrypt.IsEncrypted(p.packet) {
		p.packet = append([]byte(nil), p.packet...)
		k.early = append(k.early, p)
	}
}

// Err is why files lack something: they cannot be written, or the call cannot be decrypted; else nil.
func (k *Call) Err() error {
	k.c.mu.Lock()
	defer k.c.mu.Unlock()
	return errors.Join(k.c.keysErr, k.c.packets.err, k.c.plain.err, k.opener.Err())
}

// ends are where a packet comes from and goes to.
func ends(way diag.Direction, local, remote netip.AddrPort) (from, to netip.AddrPort) {
	if way == diag.Inbound {
		return remote, local
	}
	return local, remote
}
