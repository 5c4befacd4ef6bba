// Package latency measures how long media is on its way: the one-way delay of packets (RFC 7679) from the hand of
// their sender, or from the capture, until they arrive. Two clocks must be tied for that, and there are two ways.
// Where sender and receiver are in this process, the bytes of a packet find the time at which it was sent, also
// through a server that forwards them; that is true to the clock of the machine. Elsewhere the sender's reports (RFC
// 3550 §6.4.1) state its clock, of which the difference to this one is known but for half of the round-trip time.
package latency
