package main

import (
	"errors"
	"fmt"
	"slices"

	"dialtone/cmd/dialtone/internal/clips"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/diag/media"
	"dialtone/diag/peer"
)

// Types of the settings of media.
type (
	audioCodec string // a name of the table of codecs
	videoCodec string // likewise
	mediaFile  string // a clip of the user
)

// mediaFlags say what the call is made of.
type mediaFlags struct {
	RelayOnly    bool         `form:"call,demo,check" label:"relay only" hint:"tests whether a TURN server carries a call" help:"Use relay candidates only: tests whether a TURN server carries a call."`
	Patient      bool         `help:"If no path works, wait for one as long as RFC 8863 asks for, 39.5 s, before reporting that; otherwise some seconds."`
	PionDefaults bool         `help:"Wait before accepting a candidate pair as long as pion does by default, instead of not at all."`
	NoMedia      bool         `form:"call,demo,check" label:"no media" hint:"messages only, no audio and no video" help:"Data channels only, no audio and no video."`
	AudioOnly    bool         `help:"Leave video out."`
	VideoOnly    bool         `help:"Leave audio out."`
	AudioCodec   []audioCodec `placeholder:"NAME" help:"Use only these audio codecs, the preferred one first: ${audio_codecs}. Default: all, in this order."`
	VideoCodec   []videoCodec `form:"call,demo,check" label:"video codecs" hint:"such as VP8 H264, the preferred one first; empty: all" placeholder:"NAME" help:"Use only these video codecs, the preferred one first: ${video_codecs}. Default: all, in this order."`
	SendMedia    []mediaFile  `own:"demo" path:"reads" whole:"" sep:"none" placeholder:"FILE" help:"Send this file again and again instead of the built-in clip: IVF with VP8, VP9 or AV1, Ogg with Opus, or H264 in Annex B (25 frames a second). Repeatable: one file of audio, one of video."`
	Recvonly     bool         `own:"demo" help:"Receive media only."`
	Sendonly     bool         `own:"demo" help:"Send media only."`
}

// apply puts what the flags say into the configuration of a call.
func (m mediaFlags) apply(c *diag.Config) {
	c.NoMedia, c.Codecs = m.NoMedia, map[string][]string{}
	if m.AudioOnly {
		c.NoKinds = []string{"video"}
	}
	if m.VideoOnly {
		c.NoKinds = []string{"audio"}
	}
	switch {
	case m.Recvonly:
		c.Way = diag.Inbound
	case m.Sendonly:
		c.Way = diag.Outbound
	}
	for _, name := range m.AudioCodec {
		c.Codecs["audio"] = append(c.Codecs["audio"], string(name))
	}
	for _, name := range m.VideoCodec {
		c.Codecs["video"] = append(c.Codecs["video"], string(name))
	}
	for _, file := range m.SendMedia {
		c.SendMedia = append(c.SendMedia, string(file))
	}
}

// check reports what contradicts itself, or the way media goes: flow is that of the signaling, echo means that the
// peer's media is sent back.
func (m mediaFlags) check(flow peer.Flow, echo bool) error {
	var errs []error
	exclude := func(a, b string, both bool) {
		if both {
			errs = append(errs, fmt.Errorf("--%s and --%s are mutually exclusive", a, b))
		}
	}
	exclude("audio-only", "video-only", m.AudioOnly && m.VideoOnly)
	exclude("recvonly", "sendonly", m.Recvonly && m.Sendonly)
	exclude("no-media", "audio-only", m.NoMedia && m.AudioOnly)
	exclude("no-media", "video-only", m.NoMedia && m.VideoOnly)
	if m.Recvonly && flow == peer.FlowSend {
		errs = append(errs, errors.New("--recvonly does not apply: this call only sends media"))
	}
	if m.Sendonly && flow == peer.FlowReceive {
		errs = append(errs, errors.New("--sendonly does not apply: this call only receives media"))
	}
	if len(m.SendMedia) > 0 && (flow == peer.FlowReceive || m.Recvonly || m.NoMedia || echo) {
		errs = append(errs, errors.New("--send-media does not apply: this call sends no media of its own"))
	}
	return errors.Join(append(errs, m.checkFiles())...)
}

// checkFiles reports files that do not fit each other or the codecs.
func (m mediaFlags) checkFiles() error {
	var c diag.Config
	m.apply(&c)
	sent, err := clips.Read(c.SendMedia)
	if err != nil {
		return err
	}
	for kind, clip := range sent {
		names, name := c.Codecs[kind], clip.Codec.Name
		switch {
		case slices.Contains(c.NoKinds, kind):
			err = errors.Join(err, fmt.Errorf("--send-media: the file holds %s, which is left out", kind))
		case len(names) > 0 && !slices.Contains(names, name):
			err = errors.Join(err, fmt.Errorf("--send-media: the file holds %s, which --%s-codec excludes", name, kind))
		}
	}
	return err
}

func parseMediaFile(raw string) (mediaFile, error) {
	_, err := clips.ReadFile(raw)
	return mediaFile(raw), err
}

func parseAudioCodec(raw string) (audioCodec, error) {
	name, err := codecName(raw, media.KindAudio)
	return audioCodec(name), err
}

func parseVideoCodec(raw string) (videoCodec, error) {
	name, err := codecName(raw, media.KindVideo)
	return videoCodec(name), err
}

// codecName is the name of a codec as the table writes it.
func codecName(raw, kind string) (string, error) {
	if c := media.CodecOf(raw); c != nil && c.Kind == kind {
		return c.Name, nil
	}
	return "", fmt.Errorf("unknown %s codec %s: use %s", kind, settings.Quote(raw), listed(media.Names(kind), "or"))
}
