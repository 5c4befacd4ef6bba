package peer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/media"
	"dialtone/diag/media/capture"
	"dialtone/diag/sdp"
)

// variants are the payload types of further formats of a codec, each with the next one for RTX.
var variants = []webrtc.PayloadType{104, 106, 108, 112, 114, 116, 118, 120, 122, 124, 126}

// feedback is what is answered about a kind of media.
var feedback = map[string][]webrtc.RTCPFeedback{
	media.KindAudio: {{Type: "transport-cc"}},
	media.KindVideo: {
		{Type: "goog-remb"},
		{Type: "ccm", Parameter: "fir"},
		{Type: "nack"},
		{Type: "nack", Parameter: "pli"},
		{Type: "transport-cc"},
	},
}

// codecsOf are the codecs of a kind that this peer takes part in, in the order of preference. Those without a clip can
// be received and echoed.
func (o Options) codecsOf(kind string) []*media.Codec {
	var out []*media.Codec
	if slices.Contains(o.NoKinds, kind) {
		return nil
	}
	if clip := o.Clips[kind]; clip != nil && !o.Echo && o.Flow != FlowReceive {
		return []*media.Codec{clip.Codec}
	}
	for _, c := range media.Codecs {
		if c.Kind == kind && (c.Clip != "" || o.Echo || o.Flow == FlowReceive) {
			out = append(out, c)
		}
	}
	names := o.Codecs[kind]
	if len(names) == 0 {
		return out
	}
	chosen := func(c *media.Codec) int {
		return slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, c.Name) })
	}
	out = slices.DeleteFunc(out, func(c *media.Codec) bool { return chosen(c) < 0 })
	slices.SortStableFunc(out, func(a, b *media.Codec) int { return chosen(a) - chosen(b) })
	return out
}

// CodecNames are the names of the codecs by the kinds of media that take part.
func (o Options) CodecNames() map[string][]string {
	names := map[string][]string{}
	for _, kind := range diag.Kinds {
		for _, c := range o.codecsOf(kind) {
			names[kind] = append(names[kind], c.Name)
		}
	}
	return names
}

// register makes the codecs of a kind known to pion. An offer of what is sent names each codec in the one form that its
// clip has; everything else knows all forms.
func register(me *webrtc.MediaEngine, o Options, kind string, offers bool) error {
	extensions := []string{capture.URI}
	if kind == media.KindAudio {
		extensions = append(extensions, levelURI)
	}
	for _, uri := range extensions {
		x := webrtc.RTPHeaderExtensionCapability{URI: uri}
		if err := me.RegisterHeaderExtension(x, webrtc.NewRTPCodecType(kind)); err != nil {
			return err
		}
	}
	free := variants
	for _, c := range o.codecsOf(kind) {
		if err := registerFormat(me, c, webrtc.PayloadType(c.PayloadType), c.Params); err != nil {
			return err
		}
		if offers && o.Flow != FlowReceive {
			continue
		}
		for _, params := range c.Accepted {
			if err := registerFormat(me, c, free[0], params); err != nil {
				return err
			}
			free = free[1:]
		}
	}
	return nil
}

// registerFormat makes one form of a codec known and, of video, its retransmission.
func registerFormat(me *webrtc.MediaEngine, c *media.Codec, pt webrtc.PayloadType, params string) error {
	kind := webrtc.NewRTPCodecType(c.Kind)
	err := me.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: pt, RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: c.MimeType(), ClockRate: c.ClockRate, Channels: c.Channels, SDPFmtpLine: params,
		RTCPFeedback: feedback[c.Kind],
	}}, kind)
	if err != nil || c.Kind != media.KindVideo {
		return err
	}
	return me.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: pt + 1, RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeRTX, ClockRate: c.ClockRate, SDPFmtpLine: "apt=" + strconv.Itoa(int(pt)),
	}}, kind)
}

// levelURI is the header extension with the level of audio (RFC 6464).
const levelURI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

// NoCodecError means that an offer has media, and none of it in a codec that this peer knows.
type NoCodecError struct {
	Offered map[string][]string // names by kind
	Known   map[string][]string
}

// Error names the codecs.
func (e *NoCodecError) Error() string {
	var parts []string
	for _, kind := range diag.Kinds {
		if offered, ok := e.Offered[kind]; ok {
			parts = append(parts, kind+" "+strings.Join(offered, ", ")+" (known: "+strings.Join(e.Known[kind], ", ")+")")
		}
	}
	return "the offer has " + strings.Join(parts, "; ")
}

// fitting reports of which kinds an offer has a section with a codec that this peer knows. Without any, while it has
// some of other codecs and no data channels, the error is a *NoCodecError.
func (o Options) fitting(offer *sdp.Description) (map[string]bool, error) {
	fits := map[string]bool{}
	lacking := &NoCodecError{Offered: map[string][]string{}, Known: o.CodecNames()}
	for _, a := range sdp.Agree(offer, offer) {
		known := o.codecsOf(a.Kind)
		if slices.ContainsFunc(known, func(c *media.Codec) bool {
			return slices.ContainsFunc(a.Offered, func(name string) bool { return strings.EqualFold(name, c.Name) })
		}) {
			fits[a.Kind] = true
			continue
		}
		lacking.Offered[a.Kind] = append(lacking.Offered[a.Kind], a.Offered...)
	}
	data := slices.ContainsFunc(offer.Media, func(s sdp.Section) bool { return s.Kind == "application" })
	if len(fits) == 0 && len(lacking.Offered) > 0 && !data {
		return nil, lacking
	}
	return fits, nil
}
