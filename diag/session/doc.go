// Package session runs one call from dial to hang-up: it ties signaling, the peer and the probes of the ICE servers
// together and appends everything that happens to a feed.
//
//	f := feed.New(time.Now)
//	reader := f.Reader()
//	s := session.New(session.Options{Config: config, Feed: f, Dial: session.Over(room.Way, signal.Setup{…})})
//	go s.Run(ctx)
//	for { batch, err := reader.Next(ctx); … }
//
// A session is one goroutine with a mailbox. Callbacks of the peer, signaling messages, timers and commands (Chat,
// Mute, RestartICE, Hangup) become entries of the mailbox and are worked off in order, so the session's own state needs
// no lock. Requests to the signaling server are sent by a goroutine of their own: a slow server delays nobody but
// itself.
//
// # Signaling
//
// A Dialer opens the signaling: [Over] dials with one of the ways of package ways, [Accept] answers the callers of a
// server of this process. What differs between them the channel tells by its traits (signal.Traits): whether candidates
// travel inside the description, whether the exchange lasts as long as the call, whether it can carry an ICE restart,
// whether people carry it.
//
// # How a call ends
//
// The first cause wins: a command, the context (interruption), the end of its time, the other party's word, a lost
// path, a failure. Then the last sample is taken, the other party is told, call.ended is appended as the last event,
// the feed is closed, and last of all the connection, for which pion may take its time.
//
// # ICE restart
//
// For an ICE restart both sides dial the code again and negotiate over the new room, whether somebody asked for it
// ({"code":"restart"} on the control channel) or the path has failed. A description with another certificate than the
// call began with is refused: somebody else dialled the code. It is done only with a peer that has said hello
// ({"code":"hello"}): the original page ends its call instead.
package session
