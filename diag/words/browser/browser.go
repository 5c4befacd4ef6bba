// Package browser says what dumps of browsers show.
package browser

import (
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/browser"
	"dialtone/diag/judge"
	"dialtone/diag/words/phrase"
	"dialtone/diag/words/speed"
)

// Line is an event in a line.
func Line(d diag.Data) (string, bool) {
	switch d := d.(type) {
	case diag.DumpStart:
		return strings.TrimSpace(fmt.Sprintf("%s connection %s %s", d.Format, d.Connection, d.URL)), true
	case diag.CaptureRequest:
		result := "requested"
		if d.Granted {
			result = "granted"
		} else if d.Error != "" {
			result = strings.TrimSuffix("failed: "+d.Error+": "+d.Message, ": ")
		}
		return strings.Join(strings.Fields(d.Request+" "+kinds(d.Audio, d.Video)+" "+result), " "), true
	case diag.CaptureTrack:
		return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", d.Side, d.Kind, d.Change)), " "), true
	case diag.APIFailure:
		return strings.TrimSuffix(string(d.Call)+" failed: "+d.Error, ": "), true
	case diag.BrowserSample:
		return sampleLine(d), true
	}
	return "", false
}

func sampleLine(d diag.BrowserSample) string {
	var parts []string
	for _, o := range d.Outbound {
		part := "sends " + o.Kind
		if o.LimitationReason != "" {
			part += ", limited by " + o.LimitationReason
		}
		parts = append(parts, part)
	}
	for _, in := range d.Inbound {
		part := "receives " + in.Kind
		if in.JitterBuffer != nil && in.Emitted != nil && *in.Emitted > 0 {
			part += fmt.Sprintf(", jitter buffer %.0f ms", 1000**in.JitterBuffer/float64(*in.Emitted))
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

func kinds(audio, video bool) string {
	var list []string
	if audio {
		list = append(list, "audio")
	}
	if video {
		list = append(list, "video")
	}
	return strings.Join(list, " and ")
}

// devices are what was requested.
func devices(e browser.CaptureFailed) string {
	switch {
	case e.Request == "getDisplayMedia":
		return "the screen"
	case e.Audio && e.Video:
		return "the microphone or the camera" // which one, the error does not say
	case e.Audio:
		return "the microphone"
	case e.Video:
		return "the camera"
	}
	return "a device"
}

func capture(explain, title, advice string) phrase.Entry {
	return phrase.On(explain, func(_ judge.Finding, e browser.CaptureFailed) phrase.Text {
		return captured(title, advice, e)
	})
}

func captured(title, advice string, e browser.CaptureFailed) phrase.Text {
	t := phrase.Text{Title: fmt.Sprintf(title, devices(e)), Advice: advice}
	if e.Error != "" {
		t.Evidence = append(t.Evidence, strings.TrimSuffix("the browser reported "+e.Error+": "+e.Message, ": "))
	}
	return t
}

// Findings are the entries of package words about dumps of browsers.
var Findings = phrase.Merged(captureFindings, callFindings, sourceFindings, mediaFindings, pathFindings)

var captureFindings = map[string]phrase.Entry{
	"browser.capture_denied": capture(
		"A request of the page for a device failed with NotAllowedError, and no later one for it succeeded: the user, a "+
			"policy of the page or of the organization, or the operating system does not permit it. Without the device "+
			"nothing of its kind is sent. Pages without HTTPS never get devices, and frames only with an allow attribute.",
		"The browser got no permission for %s.",
		"Allow the device in the settings of the site and of the operating system, then reload the page."),
	"browser.capture_no_device": phrase.On(
		"A request of the page for a device failed because no device matches, and no later one for it succeeded: none is "+
			"connected, it is disabled, or the constraints of the page exclude all (OverconstrainedError).",
		func(_ judge.Finding, e browser.CaptureFailed) phrase.Text {
			if strings.EqualFold(e.Error, "OverconstrainedError") {
				return captured("No device fits what the page requires of %s.", "Relax the constraints of getUserMedia.", e)
			}
			return captured("The browser found no device for %s.",
				"Connect the device, or relax the constraints of getUserMedia.", e)
		}),
	"browser.capture_in_use": capture(
		"A request of the page for a device failed although the user permitted it, and no later one for it succeeded: "+
			"another program uses the device, or its driver failed.",
		"The browser could not open %s.",
		"Close other programs that use the device, or connect it again."),
	"browser.capture_failed": capture(
		"A request of the page for a device failed for a reason that the error names, and no later one for it succeeded.",
		"The request of the page for %s failed.",
		"Look up the name of the error in the documentation of getUserMedia."),
}

var callFindings = map[string]phrase.Entry{
	"browser.description_rejected": phrase.On(
		"The browser rejected a description that the page set, or could not create one. Without both descriptions nothing "+
			"is connected. A description that was altered on its way, one that comes in the wrong state (a second answer, or "+
			"offers of both peers at once) and codecs that the peers do not share are usual causes.",
		func(_ judge.Finding, e browser.CallRejected) phrase.Text {
			title := map[diag.APICall]string{
				diag.SetRemoteDescription: "The browser rejected the description of the peer",
				diag.SetLocalDescription:  "The browser rejected its own description",
				diag.CreateOffer:          "The browser could not create an offer",
				diag.CreateAnswer:         "The browser could not create an answer",
			}[e.Call]
			t := phrase.Say(title+times(e.Times)+".",
				"Compare the description that the page sets with the one that was created, and fix what alters it.")
			if strings.Contains(e.Error, "InvalidStateError") || strings.Contains(e.Error, "wrong state") {
				t.Advice = "Let the page set each description once, and in order: an answer only after an offer, and no offer " +
					"while another one is open."
			}
			return rejection(t, e)
		}),
	"browser.candidate_rejected": phrase.On(
		"The browser rejected candidates of the peer, so it checks no path to their addresses. A page that adds candidates "+
			"before it sets the description of the peer, or those of an earlier negotiation, causes this.",
		func(_ judge.Finding, e browser.CallRejected) phrase.Text {
			return rejection(phrase.Say("The browser rejected candidates of the peer"+times(e.Times)+".",
				"Let the page keep candidates until it has set the description of the peer, and pass each with its "+
					"sdpMid and usernameFragment."), e)
		}),
}

func times(n int) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(" %d times", n)
}

// rejection adds what the browser said to a text.
func rejection(t phrase.Text, e browser.CallRejected) phrase.Text {
	if said := strings.TrimRight(diag.Clean(e.Error, 200), ". "); said != "" {
		t.Title = strings.TrimSuffix(t.Title, ".") + ": " + said + "."
	}
	if e.Overcome {
		t.Evidence = append(t.Evidence, "a later description was accepted")
	}
	return t
}

// changes say what a page or the system did to a track.
var changes = map[diag.TrackChange]string{
	diag.TrackEnded: "the track ended", diag.TrackStopped: "the page stopped the track",
	diag.TrackSilenced: "the source of the track was muted", diag.TrackDisabled: "the page disabled the track",
	diag.TrackRemoved: "the page removed the track from its sender",
}

var sourceFindings = map[string]phrase.Entry{
	"browser.track_ended": phrase.On(
		"A track that was sent ended without the page's doing: its device was unplugged, its window was closed, or its "+
			"permission was revoked. The page did not get another one, so the peer hears or sees nothing from then on.",
		func(_ judge.Finding, e browser.TrackGone) phrase.Text {
			return phrase.Text{
				Title:  fmt.Sprintf("The source of the %s ended %s before the end.", e.Kind, phrase.Duration(e.AgoMs.Duration())),
				Advice: "Check the device and its permission; let the page handle the event \"ended\" of its tracks.",
			}
		}),
	"browser.sending_stopped": phrase.On(
		"The browser sent packets of a stream and then no more, although the stream was not turned off by its encoding "+
			"parameters. A page that stops, disables (video) or removes the track causes this, as does a device that fails.",
		func(f judge.Finding, e browser.SendingStopped) phrase.Text {
			t := phrase.Say(fmt.Sprintf("The browser stopped sending %s %s before the end.", f.Subject,
				phrase.Duration(e.AgoMs.Duration())),
				"Check whether the page or the user muted it, and the device.",
				fmt.Sprintf("%d packets were sent until then", e.Packets))
			if said := changes[e.Change]; said != "" {
				t.Evidence = append(t.Evidence, said)
			}
			return t
		}),
	"browser.source_silent_audio": phrase.On(
		"The energy of the audio source did not rise for the whole call, or from some time on until its end (at least 5 s "+
			"and half of the call): a microphone that works has at least some noise. The microphone is muted in hardware or by "+
			"the system, another device is selected, or the page disabled the track.",
		func(f judge.Finding, e browser.SourceSilent) phrase.Text {
			return silent(fmt.Sprintf("The audio source of %s gave only digital silence for", f.Subject), e,
				"Check the mute switch of the microphone, the input level of the system, and the selected device.")
		}),
	"browser.source_silent_video": phrase.On(
		"The video source delivered no frames for the whole call, or from some time on until its end (at least 5 s and half "+
			"of the call). The camera is covered by a privacy switch, in use elsewhere, or the track is muted. A screen that "+
			"is shared may stand still, so it is left out.",
		func(f judge.Finding, e browser.SourceSilent) phrase.Text {
			return silent(fmt.Sprintf("The video source of %s gave no frames for", f.Subject), e,
				"Check the privacy switch of the camera and other programs that use it.")
		}),
}

func silent(title string, e browser.SourceSilent, advice string) phrase.Text {
	t := phrase.Text{Title: title + " " + phrase.Duration(e.OverMs.Duration()) + ".", Advice: advice}
	if e.Later {
		t.Title = title + " the last " + phrase.Duration(e.OverMs.Duration()) + "."
	}
	if said := changes[e.Change]; said != "" {
		t.Evidence = append(t.Evidence, said)
	}
	return t
}

func limited(explain, by, advice string) phrase.Entry {
	return phrase.On(explain, func(f judge.Finding, e browser.Limited) phrase.Text {
		t := phrase.Say(fmt.Sprintf("The browser reduced the quality of %s because of %s for %s of %s.", f.Subject, by,
			phrase.Duration(e.ForMs.Duration()), phrase.Duration(e.OfMs.Duration())),
			advice)
		if e.Changes != nil && *e.Changes > 0 {
			t.Evidence = append(t.Evidence, fmt.Sprintf("the resolution changed %d times", *e.Changes))
		}
		if e.Encoder != "" {
			t.Evidence = append(t.Evidence, "encoder: "+diag.Clean(e.Encoder, 80))
		}
		if e.Available != nil && e.Wanted != nil {
			t.Title = fmt.Sprintf("The browser limited the bitrate of %s for %s of %s, although it expected the path to carry "+
				"more.", f.Subject, phrase.Duration(e.ForMs.Duration()), phrase.Duration(e.OfMs.Duration()))
			t.Evidence = append(t.Evidence, fmt.Sprintf("%s available, the target of all encoders was %s",
				speed.Rate(*e.Available), speed.Rate(*e.Wanted)))
			t.Advice = "Look for limits that the page sets: maxBitrate of a sender, b= in a description. Without any, it is " +
				"the most that the browser sends at this resolution."
		}
		return t
	})
}

func changed(what string) phrase.Entry {
	return phrase.On("The browser replaced the implementation of a codec during the call, often a hardware one that "+
		"failed by one in software, which takes more CPU time.",
		func(f judge.Finding, e browser.CodecChanged) phrase.Text {
			t := phrase.Say(fmt.Sprintf("The %s of %s changed to %s.", what, f.Subject, diag.Clean(e.Now, 80)),
				"Compare with hardware acceleration turned off in the browser.")
			if e.Before != "" {
				t.Evidence = append(t.Evidence, "before: "+diag.Clean(e.Before, 80))
			}
			return t
		})
}

var mediaFindings = map[string]phrase.Entry{
	"browser.limited_cpu": limited(
		"qualityLimitationReason was \"cpu\" for at least 2 s and a fifth of the time: encoding took too long, so the "+
			"browser lowered the resolution or the frame rate.",
		"the CPU", "Close other programs, lower the resolution, or prefer a codec that the hardware encodes."),
	"browser.limited_bandwidth": limited(
		"qualityLimitationReason was \"bandwidth\" for at least 2 s and a fifth of the time: the bitrate that the encoder "+
			"may use was below what it wanted. The estimate of what the path carries limits it, or the page and the peer do "+
			"(maxBitrate, b= in a description): that is a note. The first seconds of a call are often limited this way.",
		"the bandwidth", "Measure the path with dialtone speed, and compare with the target bitrate."),
	"browser.concealment": phrase.On(
		"The receiver made up more than 5 % of the audio that it played, because packets were lost or came too late for the "+
			"jitter buffer. Silence that fills pauses of a quiet sender is not counted.",
		func(f judge.Finding, e browser.Concealed) phrase.Text {
			t := phrase.Say(fmt.Sprintf("%.1f %% of the received %s was concealed.", 100*e.Share, f.Subject),
				"Look for packet loss and jitter on the path to this browser.")
			if e.Events != nil {
				t.Evidence = append(t.Evidence, fmt.Sprintf("%d concealments", *e.Events))
			}
			if e.LossSeen != nil {
				t.Evidence = append(t.Evidence, fmt.Sprintf("%d packets lost", *e.LossSeen))
			}
			return t
		}),
	"browser.undecoded": phrase.On(
		"Packets of a video stream arrived for some seconds, and the browser decoded no frame of them. No key frame came, "+
			"the codec is not the one that was negotiated, or the media is encrypted end to end with a key that this browser "+
			"does not have.",
		func(f judge.Finding, e browser.Undecoded) phrase.Text {
			t := phrase.Say(fmt.Sprintf("No frame of %s was decoded, although its packets arrive.", f.Subject),
				"Check that the sender answers requests for a key frame (PLI), its codec, and keys of end-to-end "+
					"encryption.",
				fmt.Sprintf("%d packets received, for %s", e.Packets,
					phrase.Duration(e.OverMs.Duration())))
			if e.Frames != nil {
				t.Evidence = append(t.Evidence, fmt.Sprintf("%d frames received", *e.Frames))
			}
			return t
		}),
	"browser.uncounted": phrase.On(
		"The descriptions agree on media, and the dump has no statistics of streams that could be read. Whether any media "+
			"was sent or arrived is unknown.",
		func(_ judge.Finding, e browser.Uncounted) phrase.Text {
			t := phrase.Text{
				Title:  "The dump has no statistics of media, so which of it flowed is unknown.",
				Advice: "Save a dump with statistics: open chrome://webrtc-internals before the call.",
			}
			if e.Partial {
				t.Title = "Part of the dump could not be read, so which media flowed is unknown."
				t.Advice = "Save or copy the dump again."
			}
			return t
		}),
	"browser.jitter_buffer": phrase.On(
		"Samples or frames waited more than 400 ms on average in the jitter buffer, which adds to the delay of the "+
			"conversation. Jitter, loss, or a page that asks for a long buffer causes this.",
		func(f judge.Finding, e browser.Buffered) phrase.Text {
			return phrase.Say(fmt.Sprintf("The jitter buffer delays %s by %s on average.", f.Subject,
				phrase.Duration(e.MeanMs.Duration())),
				"Look for jitter on the path, and for jitterBufferTarget or playoutDelayHint in the page.")
		}),
	"browser.encoder_changed": changed("encoder"),
	"browser.decoder_changed": changed("decoder"),
}

var pathFindings = map[string]phrase.Entry{
	"browser.restart_storm": phrase.On(
		"The descriptions show several ICE restarts within 30 s. Pages that restart at each change of a state, or both "+
			"peers restarting each other, cause this; each restart interrupts what the one before had begun.",
		func(_ judge.Finding, e browser.RestartStorm) phrase.Text {
			return phrase.Text{
				Title:  fmt.Sprintf("ICE was restarted %d times within %s.", e.Restarts, phrase.Duration(e.WithinMs.Duration())),
				Advice: "Let only one peer restart ICE, and wait for the result before the next restart.",
			}
		}),
	"browser.no_relay": phrase.On(
		"The page permits only relay candidates (iceTransportPolicy \"relay\"), and gathering ended, or lasted 10 s, "+
			"without one. Nothing can be sent then, and browsers report no failure: the connection stays \"new\".",
		func(_ judge.Finding, e browser.NoRelay) phrase.Text {
			t := phrase.Say("The page permits only relay candidates, and no TURN server allocated one.",
				"Check the TURN servers with dialtone nat.")
			if !e.Configured {
				t.Evidence = []string{"the configuration has no TURN server"}
				t.Advice = "Configure a TURN server in iceServers."
			}
			return t
		}),
	"browser.no_answer": phrase.On(
		"The browser set an offer, and for more than 10 s no answer of the peer. The offer did not reach the peer, the peer "+
			"waits for its user, or its answer did not reach the page: the page's signaling carries both. What an offer of a "+
			"connected call changes, such as a track that is added, has no effect before it is answered.",
		func(_ judge.Finding, e browser.PeerSilent) phrase.Text {
			title := "The page set no answer of the peer within %s."
			if e.Later {
				title = "The page set no answer to its last offer within %s: what that changes has no effect."
			}
			return phrase.Say(fmt.Sprintf(title, phrase.Duration(e.ForMs.Duration())),
				"Check that the offer reaches the peer and its answer the page; a dump of the peer shows how far the "+
					"peer came.")
		}),
	"browser.no_remote_candidate": phrase.On(
		"Both descriptions were set, and neither the one of the peer nor the page gave the browser a candidate of the peer "+
			"for more than 10 s. Without one the browser checks no path of its own, and reports no failure.",
		func(_ judge.Finding, e browser.PeerSilent) phrase.Text {
			return phrase.Text{
				Title: fmt.Sprintf("The browser got no candidate of the peer within %s.", phrase.Duration(e.ForMs.Duration())),
				Advice: "Check that the candidates of the peer travel through the page's signaling, and that the page passes " +
					"each to addIceCandidate.",
			}
		}),
	"browser.turn_missing": phrase.Fixed[browser.NoRelay](
		"No path was found, and the configuration of the page has no TURN server. Without a relay, peers behind "+
			"some NATs and firewalls do not reach each other.",
		"The page configures no TURN server.",
		"Configure a TURN server in iceServers.",
		nil),
}
