package paste

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"html"
	"io"
	"regexp"
	"strings"

	"dialtone/signal"
)

const (
	version = "dt1"
	// MaxText bounds a text, in bytes without white space; a call's has 1 to 2 KB.
	MaxText = 64 << 10
)

// What is wrong with a text.
var (
	// ErrForeign: dialtone did not make it.
	ErrForeign = errors.New("this is not a text of dialtone")
	// ErrVersion: it was made by a version that writes it in another way.
	ErrVersion = errors.New("this text was made by another version of dialtone")
	// ErrDamaged: a part is missing or changed.
	ErrDamaged = errors.New("this text is damaged: a part is missing or changed")
)

var kindCodes = map[string]string{"offer": "o", "answer": "a"}

// Beginning is how the text of an offer or of an answer begins.
func Beginning(kind string) string { return version + kindCodes[kind] }

var (
	// beginning finds where a text begins: words may stand before it.
	beginning = regexp.MustCompile(`(?:^|[^-\w.])(dt\d[a-z]\.)`)
	// marks are what web pages, and terminals that were asked for it, put around what is pasted.
	marks = regexp.MustCompile(`<[^<>]*>|\x1b\[20[01]~`)
	// typography undoes what programs for writing make of hyphens, and how JSON writes line breaks.
	typography = strings.NewReplacer("—", "--", "–", "--", "‐", "-", "‑", "-", "−", "-", `\n`, "", `\r`, "")
)

// Lines puts a text together that a terminal, a mail program, a chat or a web page has broken, quoted or put among
// words.
type Lines struct{ text string }

// Text is what has come of the text; "" before its first line.
func (l *Lines) Text() string { return l.text }

// Add takes the next line, and reports whether the text is complete, with its checksum. Lines before the text are
// ignored. A text that begins anew replaces what was there before.
func (l *Lines) Add(line string) (complete bool) {
	line = typography.Replace(marks.ReplaceAllString(html.UnescapeString(line), " "))
	if begin := beginning.FindStringSubmatchIndex(line); begin != nil {
		l.text, line = "", line[begin[2]:]
	} else if l.text == "" {
		return false
	}
	l.text += strings.Map(kept, line[strings.LastIndexByte(line, '>')+1:])
	const sumLength = 6 // of CRC-32 in base64
	parts := strings.SplitN(l.text, ".", 3)
	if len(parts) < 3 || len(parts[2]) < sumLength {
		return len(l.text) > MaxText
	}
	l.text = l.text[:len(l.text)-len(parts[2])+sumLength] // words may follow it
	return true
}

// kept leaves out what no text contains: white space, quotation marks, what is invisible.
func kept(r rune) rune {
	if r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
		return r
	}
	return -1
}

// Encode makes the text of a description. The error is signal.ErrMessage for one that cannot be sent.
func Encode(d signal.Description) (string, error) {
	code, ok := kindCodes[d.Type]
	if !ok || d.SDP == "" || len(d.SDP) > signal.MaxSDP {
		return "", fmt.Errorf("%w: only an offer or an answer of 1 to %d bytes becomes a text", signal.ErrMessage,
			signal.MaxSDP)
	}
	var packed bytes.Buffer
	w, err := flate.NewWriterDict(&packed, flate.BestCompression, []byte(dictionary))
	if err == nil {
		_, err = io.WriteString(w, d.SDP)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", signal.ErrMessage, err)
	}
	text := version + code + "." + base64.RawURLEncoding.EncodeToString(packed.Bytes()) + "." + checksum(code, d.SDP)
	if len(text) > MaxText {
		return "", fmt.Errorf("%w: its text would have %d bytes, more than %d", signal.ErrMessage, len(text), MaxText)
	}
	return text, nil
}

func checksum(code, sdp string) string {
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(code+sdp)))
	return base64.RawURLEncoding.EncodeToString(sum)
}

// Decode reads a text, also one that was quoted or stands among words. It never unpacks more than signal.MaxSDP bytes.
// The error is ErrForeign, ErrVersion or ErrDamaged.
func Decode(text string) (*signal.Description, error) {
	if len(text) > 2*MaxText { // half of it may be white space
		return nil, fmt.Errorf("%w: it is too long", ErrForeign)
	}
	var lines Lines
	for line := range strings.Lines(text) {
		if lines.Add(line) {
			break
		}
	}
	head, rest, begun := strings.Cut(lines.Text(), ".")
	if !begun {
		return nil, ErrForeign
	}
	if !strings.HasPrefix(head, version) {
		return nil, ErrVersion
	}
	code, d := head[len(version):], &signal.Description{}
	for kind, l := range kindCodes {
		if l == code {
			d.Type = kind
		}
	}
	if d.Type == "" {
		return nil, ErrForeign
	}
	data, sum, _ := strings.Cut(rest, ".")
	sdp, err := unpack(data)
	if err != nil {
		return nil, err
	}
	if sum != checksum(code, sdp) {
		return nil, ErrDamaged
	}
	d.SDP = sdp
	return d, nil
}

func unpack(data string) (string, error) {
	packed, err := base64.RawURLEncoding.DecodeString(data)
	if err != nil {
		return "", ErrDamaged
	}
	r := flate.NewReaderDict(bytes.NewReader(packed), []byte(dictionary))
	sdp, err := io.ReadAll(io.LimitReader(r, signal.MaxSDP+1))
	if err != nil || len(sdp) == 0 || len(sdp) > signal.MaxSDP {
		return "", ErrDamaged
	}
	return string(sdp), nil
}

// dictionary is what descriptions of browsers and of pion hold, the most common last (RFC 1950 §2.2). It belongs to the
// version: a change makes older texts unreadable.
const dictionary = "a=fmtp:96 apt=\r\na=rtcp-fb: goog-remb\r\na=rtcp-fb: transport-cc\r\na=rtcp-fb: ccm fir\r\n" +
	"a=rtcp-fb: nack\r\na=rtcp-fb: nack pli\r\na=fmtp:97 apt=96\r\na=rtpmap:97 rtx/90000\r\n" +
	"a=rtpmap:96 VP8/90000\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:111 opus/48000/2\r\n" +
	"a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n" +
	"a=extmap:2 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n" +
	"a=extmap:3 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n" +
	"a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n" +
	"a=extmap:5 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n" +
	"a=extmap:6 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\na=ssrc-group:FID \r\n" +
	"a=ssrc: cname:dialtone\r\na=ssrc: msid:dialtone audio\r\na=ssrc: mslabel:dialtone\r\na=ssrc: label:video\r\n" +
	"a=msid:dialtone video\r\na=sendonly\r\na=recvonly\r\na=inactive\r\na=rtcp-rsize\r\na=rtcp-mux\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nv=0\r\no=- 0 IN IP4 127.0.0.1\r\n" +
	"s=-\r\nt=0 0\r\na=msid-semantic:WMS*\r\na=group:BUNDLE 0 1 2\r\na=extmap-allow-mixed\r\n" +
	"a=ice-options:trickle\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n" +
	"a=sctp-port:5000\r\na=max-message-size:1073741823\r\na=sendrecv\r\na=ice-ufrag:\r\na=ice-pwd:\r\n" +
	"a=fingerprint:sha-256 \r\na=setup:active\r\na=setup:actpass\r\n tcptype passive\r\n" +
	" typ relay raddr 0.0.0.0 rport \r\n typ srflx raddr 192.168.1. rport \r\n" +
	"a=candidate: 1 udp 2130706431 192.168. typ host ufrag \r\na=end-of-candidates\r\n"
