// Package session runs one call from dial to hang-up: it ties signaling, the peer and the probes of the ICE servers
// together and appends everything that happens to a feed.
//
//	f := feed.New(time.Now)
//	reader := f.Reader()
//	s := session.New(session.Options{Config: config, Feed: f, Dial: session.Over(room.Way, signal.Setup{…})})
//	go s.Run(ctx)
//	for { batch, err := reader.Next(ctx); … }
//
// A session is one goroutine with a mailbox. Callbacks of the peer connection, signaling messages, deadlines and
// commands (Chat, Mute, RestartICE, Hangup) become inputs of one state machine, with its states in machine.go and its
// table in transitions.go. So the session's state needs no lock. Requests to the signaling server are sent by a
// goroutine of their own: a slow server delays nothing else.
//
// # Signaling
//
// A Dialer opens the signaling: [Over] dials with one of the ways of package ways, [Accept] answers the callers of a
// server of this process. Its channel reports by its traits (signal.Traits) whether candidates travel inside the
// description, whether the exchange lasts as long as the call, whether it can carry an ICE restart, and whether people
// carry it.
//
// # How a call ends
//
// The first cause wins: a command, the context (an interruption), its duration, the peer, a lost path, a failure. Then
// the last sample is taken, the peer is informed, call.ended is appended as the last event, the feed is closed, and
// last of all the connection, for which pion may take its time.
//
// # ICE restart
//
// For an ICE restart both peers dial the room again and negotiate there, whether one of them requested it
// ({"code":"restart"} on the control channel) or the path has failed. A description with another certificate than the
// call began with is rejected: another peer dialed the code. It is possible only with a peer that has sent a hello
// ({"code":"hello"}): the original page ends its call instead.
package session
