// Package paste exchanges descriptions without any server: each party shows its description as a text that people copy,
// send by whatever they have, and paste on the other side.
//
//	dt1o.VY5BDoIwEEX3…Q.k3x0Ag
//
// is version 1, an offer ("a": an answer), the SDP deflated (RFC 1951, with a dictionary of what every SDP holds) in
// base64url without padding, and the CRC-32 of the kind and the SDP. White space inside is ignored, because terminals
// and mail programs break lines. [Encode] and [Decode] are the text alone; [Offer] and [Answer] are channels that show
// and read it.
//
// The text holds the addresses of its party and the fingerprint of its certificate. Whoever can change it on its way
// can listen to the call: send it by a way that you trust.
package paste
