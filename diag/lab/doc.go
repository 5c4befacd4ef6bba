// Package lab simulates networks: the servers that a call needs, and faulty ones, on loopback.
//
// [StartTURN] runs a real STUN and TURN server over UDP, TCP, TLS and DTLS. The demo uses it, and so do the tests of
// every package that needs a candidate from a server:
//
//	server, err := lab.StartTURN(lab.TURNOptions{UDP: true, TLS: true, Username: "alice", Password: "secret"})
//	...
//	defer server.Close()
//	server.STUN()        // "stun:127.0.0.1:40000"
//	server.URL(lab.TLS)  // "turns:127.0.0.1:40001?transport=tcp"
//
// [StartFault] runs a server with a chosen fault: silence, a closed port, any STUN error, garbage, a false answer:
//
//	server, err := lab.StartFault(lab.Fault{Network: lab.UDP, Behavior: lab.AuthError, Code: 486})
//
// [StartResponder] runs a STUN server for NAT behavior discovery (RFC 5780), with two addresses and two ports, and
// chosen faults. [NewWorld] simulates an Internet without privileges: such servers, and clients behind chosen kinds of
// NAT, with packet loss:
//
//	world, err := lab.NewWorld(lab.WorldOptions{Mapping: lab.AddressDependent, Loss: 0.1, Seed: 1})
//	...
//	defer world.Close()
//	world.Client(0)              // a transport.Net to open sockets on
//	world.Responders()[0].URL()  // "stun:1.2.3.10:3478"
//
// [NewCertificate] makes certificates that are valid, expired, or for another name.
//
// These servers are not for public networks: they have no limits, and relay data to any address.
package lab
