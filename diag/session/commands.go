package session

import (
	"errors"

	"dialtone/diag"
	"dialtone/diag/peer"
)

// ErrNotConnected is returned by commands that need a connection.
var ErrNotConnected = errors.New("the call is not connected")

// Hangup ends the call. It returns at once and may be called at any time.
func (s *Session) Hangup() {
	s.inbox.put(func() { s.finishWith(diag.EndHangup, diag.ByLocal, nil, "") })
}

// Chat sends a line of text. The error says that it could not be sent; the event of the message tells that it was.
func (s *Session) Chat(text string) error {
	return s.now(func() error { return s.say(diag.LabelChat, text) })
}

// Mute stops or resumes sending a kind of media ("audio" or "video") and tells the other party.
func (s *Session) Mute(kind string, muted bool) error {
	return s.now(func() error {
		if s.peer == nil || !s.peer.Mute(kind, muted) {
			return errors.New("no " + kind + " is sent in this call")
		}
		s.o.Feed.Append(diag.TrackMuted{Side: diag.Local, Kind: kind, Muted: muted})
		s.sendControl(control{Code: "mute_" + kind, Value: &muted})
		return nil
	})
}

// RestartICE gathers new candidates and checks them, while the call goes on.
func (s *Session) RestartICE() error {
	return s.now(s.restartAsked)
}

// now runs a command on the session's goroutine. Errors become warnings: the caller is a key press that does not wait.
func (s *Session) now(command func() error) error {
	s.inbox.put(func() {
		if err := command(); err != nil {
			s.o.Feed.Append(diag.Warning{ID: "call.command_refused", Text: diag.Clean(err.Error(), 300), Advice: advice(err)})
		}
	})
	return nil
}

func advice(err error) string {
	switch {
	case errors.Is(err, peer.ErrNoChannel):
		return "Wait until the channel is open; a browser page may not open it at all."
	case errors.Is(err, peer.ErrChannelFull):
		return "Try again in a moment."
	case errors.Is(err, ErrNotConnected):
		return "Wait until the state says connected."
	case errors.Is(err, ErrNoServers):
		return "Call again with one: --ice stun:HOST."
	case errors.Is(err, ErrDiagnosing):
		return "Wait some seconds for its verdict."
	}
	return ""
}
