// Package reach connects to STUN and TURN servers: names (also DNS SRV), address families, UDP, TCP, TLS and DTLS. It
// is how a probe and the forwarder of a call reach a server, so both see the same and report it in the same steps.
//
// Where a URL has no port, DNS SRV is asked beside the plain addresses (RFC 8489 §8.1, RFC 5928 §3), which wait for it
// no longer than a moment. NAPTR is not asked for: Go's resolver does not know it.
package reach
