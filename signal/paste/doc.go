// Package paste exchanges descriptions without any server: each peer shows its description as a text that people copy,
// send by any means, and paste at the peer.
//
//	dt1o.VY5BDoIwEEX3…Q.k3x0Ag
//
// is version 1, an offer ("a": an answer), the SDP deflated (RFC 1951, with a dictionary of what every SDP holds) in
// base64url without padding, and the CRC-32 of the kind and the SDP. White space inside is ignored, because terminals
// and mail programs break lines. [Encode] and [Decode] are the text alone; [Offer] and [Answer] are channels that show
// and read it.
//
// The text contains the addresses of its peer and the fingerprint of its certificate. Anybody who can change it in
// transit can listen to the call: send it over a channel that you trust.
package paste
