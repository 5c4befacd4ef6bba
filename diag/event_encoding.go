package diag

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"
)

var _ = register[VideoEncoding]()

func (VideoEncoding) name() Type { return "media.encoding" }

// VideoEncoding ("media.encoding") is how the peer codes a video, by the headers of its packets: at its first frames,
// and each time when one of these changes. What the headers do not say is absent.
type VideoEncoding struct {
	SSRC        uint32 `json:"ssrc"`
	MimeType    string `json:"mimeType"`
	PayloadType uint8  `json:"payloadType"`
	// by the names of ITU-T H.264; the number of the profile with other codecs
	Profile string `json:"profile,omitempty"`
	Level   string `json:"level,omitempty"`
	// of H264, as a=fmtp writes it: 42e01f (RFC 6184 §8.1)
	ProfileLevelID string `json:"profileLevelId,omitempty"`
	Width          uint16 `json:"frameWidth,omitempty"`
	Height         uint16 `json:"frameHeight,omitempty"`
	// usual time between key frames that were not requested; absent: there were not two
	KeyFrameIntervalMs *Millis `json:"keyFrameInterval_ms,omitempty"`
	// of H264: a frame had bidirectional (B) slices
	BFrames *bool `json:"bFrames,omitempty"`
	// of H264: a frame came after one that is shown later, by their picture order counts
	Reordered *bool `json:"reordered,omitempty"`
}

// KeyFrameAnswer is within which a key frame that was requested is taken for an answer.
const KeyFrameAnswer = 2500 * time.Millisecond

// ProfileLevel is the profile and the level of H264: profile_idc, the constraint flags and level_idc (RFC 6184 §8.1).
type ProfileLevel [3]byte

// ParseProfileLevel reads a profile-level-id: six hexadecimal digits.
func ParseProfileLevel(id string) (p ProfileLevel, ok bool) {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != len(p) {
		return p, false
	}
	return ProfileLevel(b), true
}

// String is the profile-level-id.
func (p ProfileLevel) String() string { return hex.EncodeToString(p[:]) }

// Names of profiles (ITU-T H.264, section A.2).
const (
	ConstrainedBaseline = "Constrained Baseline"
	profileBaseline     = "Baseline"
	profileMain         = "Main"
	profileExtended     = "Extended"
	profileHigh         = "High"
	progressiveHigh     = "Progressive High"
	constrainedHigh     = "Constrained High"
)

// included are the profiles that decoders of a profile decode besides it (ITU-T H.264, section A.2).
var included = map[string][]string{
	profileBaseline: {ConstrainedBaseline},
	profileExtended: {ConstrainedBaseline, profileBaseline},
	profileMain:     {ConstrainedBaseline},
	constrainedHigh: {ConstrainedBaseline},
	progressiveHigh: {ConstrainedBaseline, constrainedHigh},
	profileHigh:     {ConstrainedBaseline, profileMain, constrainedHigh, progressiveHigh},
}

// Profile is the name of the profile; its number if it is none of those that WebRTC uses.
func (p ProfileLevel) Profile() string {
	const set1, set4, set5 = 0x40, 0x08, 0x04 // constraint_set1_flag …
	switch flags := p[1]; p[0] {
	case 66:
		if flags&set1 != 0 {
			return ConstrainedBaseline
		}
		return profileBaseline
	case 77:
		return profileMain
	case 88:
		return profileExtended
	case 100:
		switch {
		case flags&set4 == 0:
			return profileHigh
		case flags&set5 == 0:
			return progressiveHigh
		}
		return constrainedHigh
	}
	return strconv.Itoa(int(p[0]))
}

// Decodes reports whether a decoder of this profile, whatever its level, decodes a stream of the other.
func (p ProfileLevel) Decodes(stream ProfileLevel) bool {
	own, other := p.Profile(), stream.Profile()
	return own == other || slices.Contains(included[own], other)
}

// Level is the number of the level: "3.1".
func (p ProfileLevel) Level() string {
	const set3 = 0x10
	if p[2] == 9 || p[2] == 11 && p[1]&set3 != 0 && p[0] < 100 {
		return "1b"
	}
	if p[2]%10 == 0 {
		return strconv.Itoa(int(p[2] / 10))
	}
	return fmt.Sprintf("%d.%d", p[2]/10, p[2]%10)
}
