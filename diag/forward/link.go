package forward

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"

	"github.com/pion/stun/v4"

	"dialtone/diag"
	"dialtone/diag/reach"
)

// link is a connection to a TURN server as the agent uses it: a stream of messages, whatever carries them.
type link struct {
	*reach.Conn
	gate      Gate
	forwarder *Forwarder
	server    server
	local     *net.TCPAddr // for the agent: the port, and the family of the relay that it is to request
	// what came of the request; next: one for the other family may be granted
	settle   func(granted, next bool)
	messages func() ([]byte, error) // the next one from the server
	rest     []byte                 // of a message, where the reader's buffer was too short
	refused  bool                   // a request with credentials was rejected for them; belongs to the reader
}

// reading prepares for messages: those of a stream are cut by their length, those in datagrams are checked.
func (l *link) reading() {
	if !l.server.UDP {
		stream := bufio.NewReaderSize(l.Conn, maxMessage)
		l.messages = func() ([]byte, error) { return readFrame(stream) }
		return
	}
	buffer := make([]byte, maxMessage)
	l.messages = func() ([]byte, error) {
		for {
			n, err := l.Conn.Read(buffer)
			if reach.IsRefused(err) {
				continue // reported once per datagram that was sent; the agent sends it again
			}
			if err != nil {
				return nil, err
			}
			if m := padded(buffer[:n]); m != nil {
				return m, nil
			}
		}
	}
}

// maxMessage is the longest ChannelData message with its padding; STUN messages are shorter.
const maxMessage = 4 + 1<<16

// frameSize is the length of the message that begins like b, which has four bytes at least: of a STUN message (RFC 8489
// §5), or of ChannelData with its padding (RFC 8656 §12.5). It is 0 for anything else.
func frameSize(b []byte) int {
	size := int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case b[0] < 4 && size%4 == 0:
		return 20 + size
	case b[0] >= 0x40 && b[0] < 0x50:
		return 4 + (size+3)/4*4
	}
	return 0
}

// errFrame is that a server sent what is no TURN message.
var errFrame = errors.New("not a TURN message")

// readFrame reads one message of a stream.
func readFrame(r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(4)
	if err != nil {
		return nil, err
	}
	size := frameSize(head)
	if size == 0 {
		return nil, errFrame
	}
	m := make([]byte, size)
	_, err = io.ReadFull(r, m)
	return m, err
}

// padded is a datagram as a message of a stream; nil for one that is not whole. Over UDP ChannelData has no padding.
func padded(b []byte) []byte {
	if len(b) < 4 {
		return nil
	}
	size := frameSize(b)
	missing := size - len(b)
	if size == 0 || missing > 3 || missing > 0 && b[0] < 4 {
		return nil
	}
	return append(b, make([]byte, max(missing, 0))...)[:size]
}

// Read hands the agent the next message.
func (l *link) Read(b []byte) (int, error) {
	for len(l.rest) == 0 {
		if data, ok := l.gate.Released(); ok {
			l.rest = data
			break
		}
		m, err := l.messages()
		if err != nil {
			return 0, err
		}
		l.answered(m)
		if l.gate.Arrives(m, l.local) {
			l.rest = m
		}
	}
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// Write sends a message of the agent.
func (l *link) Write(b []byte) (int, error) {
	if !l.gate.Leaves(b, l.local) {
		return len(b), nil
	}
	return l.Conn.Write(b)
}

// answered looks for what came of the request for a relay.
func (l *link) answered(b []byte) {
	m := stun.Message{Raw: b}
	if b[0] >= 4 || m.Decode() != nil || m.Type.Method != stun.MethodAllocate {
		return
	}
	var code stun.ErrorCodeAttribute
	switch _ = code.GetFrom(&m); {
	case m.Type.Class == stun.ClassSuccessResponse:
		l.settle(true, true)
	case code.Code == stun.CodeAddrFamilyNotSupported:
		l.settle(false, true)
	case code.Code == stun.CodeStaleNonce, code.Code == stun.CodeUnauthorized && !l.refused:
		l.refused = true // the first is the server's question for credentials
	default:
		l.settle(false, false)
	}
}

// LocalAddr is what the agent makes the base of its candidate, which it offers to the peer: without the address, as
// browsers do. The family decides of which one it requests a relay.
func (l *link) LocalAddr() net.Addr { return l.local }

// RemoteAddr stays the same, whichever of the server's addresses answers.
func (l *link) RemoteAddr() net.Addr { return serverAddr(l.server.Address()) }

// base is the local address of the connection.
func (l *link) base() string {
	host, _, err := net.SplitHostPort(l.Conn.LocalAddr().String())
	if err != nil {
		return ""
	}
	return host
}

// facts are how the server is reached.
func (l *link) facts() *diag.RelayServer {
	out := &diag.RelayServer{TLSVersion: l.Version, TLSCipher: l.Cipher}
	if p := l.To.Proxy; p != nil {
		out.Proxy = p.String()
	} else {
		out.Address = l.Conn.RemoteAddr().String()
	}
	return out
}

// Close ends the connection.
func (l *link) Close() error {
	l.forwarder.open.Remove(l)
	l.settle(false, false)
	return l.Conn.Close()
}

// serverAddr is the host:port of a server.
type serverAddr string

func (serverAddr) Network() string  { return "tcp" }
func (a serverAddr) String() string { return string(a) }
