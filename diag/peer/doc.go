// Package peer is pion/webrtc, instrumented: what the application asks goes in as calls, all that happens comes out as
// events of package diag.
//
// A [Peer] is one RTCPeerConnection. The session makes offers and answers with it, passes candidates between it and the
// signaling channel, sends messages and closes it. What pion reports is translated; what it does not report is
// observed:
//
//   - candidate pairs are polled from the statistics, fast while checks run and once a second afterwards;
//   - the server that gave a candidate is learned by watching which socket spoke to which server ([sockets.Net]);
//   - the DTLS version and cipher are read from the ServerHello on those sockets;
//   - gathering counts as complete when every server has given a candidate or a probe has proven that it gives none
//     ([Peer.ServerProbed]), because the agent waits very long for a silent one;
//   - an ICE failure is declared when gathering is complete and every pair has failed, not after the agent's timeouts.
//
// Callbacks of pion only emit events and never block: the emit function of the options must not block either.
package peer
