// Package nat says what the NATs between this machine and STUN servers do: requests and answers in, behaviors and
// predictions out, in the terms of RFC 4787 and RFC 5780. It is pure, and it has no words: evidence is a kind with
// addresses and counts, which package words turns into English.
//
// [State] is the fold of the events of one diagnosis, and [Judge] reads nothing else. A silence counts only when the
// server is proven to send (the control arm) and loss is too improbable, see [chance.Limit].
package nat
