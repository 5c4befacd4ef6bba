// Package room is the client of a room server: a [signal.Channel] to the peer that dials the same room code. The server
// may be dialtone's own (package server) or the original of the "WebRTC Call" page.
//
//	c, err := room.Dial(ctx, room.Options{Server: "https://call.example.org/call", Code: "w1"})
//	…
//	defer c.Close(ctx)
//
// # What a peer experiences
//
// The server does not report to a client its role. The first to come gets KindPaired(RoleOfferer) when the second
// dials; the second gets KindPaired(RoleAnswerer) together with the offer, because until then the server's answers to
// it look like those to a first peer. Remote candidates arrive once the pair is connected: when the offerer has fetched
// the answer. Each thing is delivered once, however often the server repeats it.
//
// The channel continues to poll until Close, so that late candidates and a hang-up arrive during the call. When the
// server dies Receive fails, after Options.GiveUp; an established call does not need it anymore.
//
// # One request at a time, or two
//
// The original loses writes when two requests of a pair overlap, so towards any
// server this client keeps strictly one request in flight, and cancels none: the
// server might still be working on it (only Close cuts a poll that has been held
// for a second, because no server of the original's kind takes so long). A server that holds polls (wait_ms)
// makes that slow: a candidate would have to wait for the poll to be answered.
// There are three ways out, each with its price:
//
//   - cancel the poll, post, poll again: a new connection for each candidate
//     (three round trips with TLS), and an answer that was already on
//     its way, with candidates in it, is lost;
//   - hold polls only shortly while something may have to be sent: slow by half
//     the hold, many requests;
//   - let the post overtake the parked poll on a second connection: two requests
//     in flight, fast, nothing cancelled.
//
// The third is what happens with a server that announces in its answers (header
// Dialtone-Wait-Ms) that its requests are atomic: then at most one poll and one
// post are in flight, and posts keep their order among themselves. With every
// other server it is the second, strictly one at a time: whether it holds at all is
// measured, and where it does not the client polls, at first 100 ms after an
// answer, easing to 1 s while it waits for the peer and to 3 s once
// connected.
//
// # What is repeated
//
// Network errors, 5xx and 429 are repeated with growing pauses until
// Options.GiveUp. Repeating must lose and double nothing:
//
//   - polls: the announcing server numbers answers ("poll": K), and a repeated
//     poll gets the lost answer again;
//   - candidates: one that arrives twice is delivered once. The original loses
//     some and reports success, so they are posted to it again, up to five times with
//     growing pauses, from when it says connected until the channel is closed;
//   - offer and answer: a 400 to a repeated one means that the first arrived;
//   - dial: repeated only where no connection was made. A dial whose answer was
//     lost may have been accepted, and would meet itself. One that the original
//     accepted and lost, because a poll of the first peer overlapped with it,
//     shows by an unknown user at once: it is made again, up to eight times.
//
// An offer or answer that the original forgets, and asks for again, is posted again.
package room
