package session

import (
	"cmp"
	"errors"

	"dialtone/diag"
	"dialtone/diag/peer"
)

// Commands return at once and may be called at any time. Their error is always nil: the callers are key presses, so a
// command that cannot be carried out becomes a warning in the feed.

// Hangup ends the call.
func (s *Session) Hangup() { s.inbox.put(input{kind: inHangup}) }

// RestartICE gathers new candidates and checks them, while the call continues.
func (s *Session) RestartICE() error {
	s.inbox.put(input{kind: inRestart})
	return nil
}

// UseServers replaces the ICE servers, as when their credentials were renewed: ICE restarts and diagnoses ask these.
func (s *Session) UseServers(servers []diag.ICEServerAuth) {
	s.do(func() {
		s.o.Config.ICEServers = servers
		s.peer.UseServers(servers)
	})
}

// Chat sends a line of text.
func (s *Session) Chat(text string) error {
	return s.now(func() { s.say(cmp.Or(s.o.Config.Channel, diag.LabelChat), text) })
}

// Mute stops or resumes sending a kind of media ("audio" or "video") and informs the peer.
func (s *Session) Mute(kind string, muted bool) error {
	return s.now(func() {
		if !s.peer.Mute(kind, muted) {
			s.o.Feed.Append(diag.Warning{ID: "media.not_sent", Subject: kind})
			return
		}
		s.muted[kind] = muted
		s.o.Feed.Append(diag.TrackMuted{Side: diag.Local, Kind: kind, Muted: muted})
		s.sendControl(control{Code: "mute_" + kind, Value: &muted})
	})
}

func (s *Session) now(command func()) error {
	s.do(command)
	return nil
}

// say sends text on a channel.
func (s *Session) say(label, text string) {
	w := diag.Warning{Subject: label}
	switch err := s.peer.Send(label, true, []byte(text)); {
	case err == nil:
		s.o.Feed.Append(message(diag.Outbound, label, true, []byte(text)))
		return
	case errors.Is(err, peer.ErrNoChannel):
		w.ID = "channel.unavailable"
	case errors.Is(err, peer.ErrChannelFull):
		w.ID = "channel.full"
	default:
		w.ID, w.Cause = "channel.send_failed", cause(err)
	}
	s.o.Feed.Append(w)
}
