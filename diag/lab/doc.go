// Package lab is a network in a box: the servers that a call needs and the servers that a call fears, on loopback.
//
// [StartTURN] runs a real STUN and TURN server over UDP, TCP, TLS and DTLS. It serves the demo, and the tests of every
// package that wants a candidate from a server:
//
//	server, err := lab.StartTURN(lab.TURNOptions{UDP: true, TLS: true, Username: "alice", Password: "secret"})
//	...
//	defer server.Close()
//	server.STUN()        // "stun:127.0.0.1:40000"
//	server.URL(lab.TLS)  // "turns:127.0.0.1:40001?transport=tcp"
//
// [StartFault] runs a server with one fault to order: silence, a refused port, any STUN error, garbage, a lie:
//
//	server, err := lab.StartFault(lab.Fault{Network: lab.UDP, Behavior: lab.AuthError, Code: 486})
//
// [StartResponder] runs a STUN server for NAT behavior discovery (RFC 5780), with two addresses and two ports, and lies
// to order. [NewWorld] simulates an Internet without any privilege: such servers, and clients behind NATs of chosen
// kinds, with packets that get lost:
//
//	world, err := lab.NewWorld(lab.WorldOptions{Mapping: lab.AddressDependent, Loss: 0.1, Seed: 1})
//	...
//	defer world.Close()
//	world.Client(0)              // a transport.Net to open sockets on
//	world.Responders()[0].URL()  // "stun:1.2.3.10:3478"
//
// [NewCertificate] makes certificates that are right, expired, or of another name.
//
// Nothing here is meant to face a public network: there are no limits, and relayed data may go to any address.
package lab
