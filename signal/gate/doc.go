// Package gate is what servers and clients know of addresses that they must not trust: where an address leads, which
// client a request counts for, how many connections a client may have, and by which names a server may be asked.
package gate
