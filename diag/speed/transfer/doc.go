// Package transfer measures what a connection carries: it sends over data channels of its own, and the receiver counts.
// An [Endpoint] is one end, and can measure or serve. The messages of both are on the channel dialtone-speed; see
// docs/reference/speed.md. What is measured becomes events; nothing is concluded here.
package transfer
