// Package audio listens: it decodes the packets of a stream of audio and says how loud it is, whether it holds silence
// or noise only, whether it clips, and whether it is a test tone and what is missing of it.
//
// A [Meter] takes the packets of one stream. It puts them in order as a receiver does that plays 100 ms late, decodes
// Opus (RFC 6716) and G.711, and measures the sound in blocks of 10 ms. What cannot be decoded is measured by the level
// that the sender states in a header extension (RFC 6464), or by what its coding proves. It conceals nothing.
//
// Decoding costs about 1 % of a core. A Meter for which it takes more than 10 % of the time decodes nothing for ten
// seconds, since the machine is then too busy for it.
package audio
