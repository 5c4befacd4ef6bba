// Package decrypt opens what a peer connection sends and receives, by the master secret of its DTLS connection: SRTP
// and SRTCP (RFC 5764), and SCTP in the application data of DTLS (RFC 8261).
package decrypt

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/pion/dtls/v3/pkg/crypto/prf"
	"github.com/pion/dtls/v3/pkg/protocol"
	"github.com/pion/dtls/v3/pkg/protocol/extension"
	"github.com/pion/dtls/v3/pkg/protocol/handshake"
	"github.com/pion/dtls/v3/pkg/protocol/recordlayer"
	"github.com/pion/srtp/v3"

	"dialtone/diag"
	"dialtone/diag/wire"
)

// Protocol is what a packet holds.
type Protocol uint8

// Protocols.
const (
	Unknown Protocol = iota
	RTP              // or RTCP
	SCTP
)

// Plain is a packet without its encryption.
type Plain struct {
	Protocol Protocol
	Data     []byte
}

// Opener opens the packets of one DTLS connection. The zero value is ready. It is for one goroutine.
type Opener struct {
	hello *handshake.MessageServerHello
	sent  diag.Direction // the way that the ServerHello went
	ways  map[diag.Direction]*keys
	err   error
}

// keys open what goes one way.
type keys struct {
	records recordCipher
	media   *srtp.Context // nil: no media was negotiated
}

// Ready reports whether packets can be opened. What came before can be opened afterwards.
func (o *Opener) Ready() bool { return o.ways != nil }

// Err is why nothing can be opened; nil if that is not known.
func (o *Opener) Err() error { return o.err }

// Key takes a line of a key log in the NSS format.
func (o *Opener) Key(line string) {
	fields := strings.Fields(line)
	if o.ways != nil || len(fields) != 3 || fields[0] != "CLIENT_RANDOM" {
		return
	}
	client, err := hex.DecodeString(fields[1])
	master, wrong := hex.DecodeString(fields[2])
	switch {
	case err != nil || wrong != nil:
		return
	case o.hello == nil || o.hello.CipherSuiteID == nil:
		o.err = errors.New("the ServerHello of the DTLS handshake was not seen")
		return
	}
	server := o.hello.Random.MarshalFixed()
	o.ways, o.err = derive(o.hello, o.sent == diag.Outbound, secrets{master, client, server[:]})
}

// Open opens a packet as it went over the network. It returns nothing for what is not encrypted media or data, or
// cannot be opened.
func (o *Opener) Open(way diag.Direction, packet []byte) []Plain {
	switch {
	case wire.IsDTLS(packet):
		return o.openRecords(way, packet)
	case len(packet) < 12 || packet[0]>>6 != 2 || o.ways == nil || o.ways[way].media == nil:
		return nil
	}
	open := func() ([]byte, error) { return o.ways[way].media.DecryptRTP(nil, packet, nil) }
	if kind := packet[1]; kind >= 192 && kind <= 223 { // RFC 5761 §4
		open = func() ([]byte, error) { return o.ways[way].media.DecryptRTCP(nil, packet, nil) }
	}
	plain, err := open()
	if err != nil {
		return nil
	}
	return []Plain{{RTP, plain}}
}

// IsEncrypted reports whether a packet looks like SRTP, SRTCP or application data of DTLS (RFC 7983).
func IsEncrypted(packet []byte) bool {
	return len(packet) > 0 && (packet[0]>>6 == 2 || packet[0] == byte(protocol.ContentTypeApplicationData))
}

// openRecords opens the records of a datagram. Those of the handshake may hold the ServerHello.
func (o *Opener) openRecords(way diag.Direction, packet []byte) []Plain {
	records, err := recordlayer.UnpackDatagram(packet)
	if err != nil {
		return nil
	}
	var out []Plain
	for _, record := range records {
		var head recordlayer.Header
		if head.Unmarshal(record) != nil {
			return out
		}
		switch {
		case head.ContentType == protocol.ContentTypeHandshake && head.Epoch == 0 && o.ways == nil:
			o.findHello(way, record[head.Size():])
		case head.ContentType == protocol.ContentTypeApplicationData && o.ways != nil:
			opened, err := o.ways[way].records.Decrypt(head, append([]byte(nil), record...)) // it opens in place
			if err == nil {
				out = append(out, Plain{SCTP, opened[head.Size():]})
			}
		}
	}
	return out
}

// findHello looks for the ServerHello among the messages of a record (RFC 6347 §4.2.2).
func (o *Opener) findHello(way diag.Direction, messages []byte) {
	const head = 12
	for len(messages) >= head {
		whole, part := uint24(messages[1:]), uint24(messages[9:])
		if len(messages) < head+part {
			return
		}
		if messages[0] == byte(handshake.TypeServerHello) && whole == part {
			hello := &handshake.MessageServerHello{}
			if hello.Unmarshal(messages[head:head+part]) == nil {
				o.hello, o.sent = hello, way
			}
		}
		messages = messages[head+part:]
	}
}

func uint24(b []byte) int { return int(b[0])<<16 | int(binary.BigEndian.Uint16(b[1:])) }

// secrets are what keys are derived from.
type secrets struct{ master, client, server []byte }

// derive makes the keys of both ways.
func derive(hello *handshake.MessageServerHello, isServer bool, s secrets) (map[diag.Direction]*keys, error) {
	suite, known := suites[*hello.CipherSuiteID]
	if !known {
		return nil, fmt.Errorf("the cipher suite %#04x of DTLS is not known", *hello.CipherSuiteID)
	}
	k, err := prf.GenerateEncryptionKeys(s.master, s.client, s.server, suite.mac, suite.key, suite.iv, suite.hash)
	if err != nil {
		return nil, err
	}
	client, err := suite.cipher(k.ClientWriteKey, k.ClientWriteIV, k.ClientMACKey)
	if err != nil {
		return nil, err
	}
	server, err := suite.cipher(k.ServerWriteKey, k.ServerWriteIV, k.ServerMACKey)
	if err != nil {
		return nil, err
	}
	own, other := &keys{records: client}, &keys{records: server}
	if isServer {
		own.records, other.records = server, client
	}
	ways := map[diag.Direction]*keys{diag.Outbound: own, diag.Inbound: other}
	for _, x := range hello.Extensions {
		if chosen, ok := x.(*extension.UseSRTP); ok && len(chosen.ProtectionProfiles) == 1 {
			profile := srtp.ProtectionProfile(chosen.ProtectionProfiles[0])
			if err := media(ways, profile, !isServer, exporter{s, suite.hash}); err != nil {
				return nil, err
			}
		}
	}
	return ways, nil
}

// media makes the keys of SRTP.
func media(ways map[diag.Direction]*keys, profile srtp.ProtectionProfile, isClient bool, from exporter) error {
	c := srtp.Config{Profile: profile}
	if err := c.ExtractSessionKeysFromDTLS(from, isClient); err != nil {
		return err
	}
	var err error
	k := c.Keys
	ways[diag.Outbound].media, err = context(k.LocalMasterKey, k.LocalMasterSalt, profile)
	if err == nil {
		ways[diag.Inbound].media, err = context(k.RemoteMasterKey, k.RemoteMasterSalt, profile)
	}
	return err
}

// context opens every packet that is authentic, also one that comes twice, and encrypted header extensions (RFC 9335).
func context(key, salt []byte, profile srtp.ProtectionProfile) (*srtp.Context, error) {
	return srtp.CreateContext(key, salt, profile, srtp.Cryptex(srtp.CryptexModeEnabled))
}

// exporter makes keying material of the secrets (RFC 5705).
type exporter struct {
	secrets
	hash prf.HashFunc
}

// ExportKeyingMaterial is that without a context.
func (e exporter) ExportKeyingMaterial(label string, _ []byte, length int) ([]byte, error) {
	seed := append(append([]byte(label), e.client...), e.server...)
	return prf.PHash(e.master, seed, length, e.hash)
}
