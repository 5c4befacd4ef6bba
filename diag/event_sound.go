package diag

// SoundSource says how a sound was measured.
type SoundSource string

// Sources. Empty: the latest packets were not measured.
const (
	SoundDecoder SoundSource = "decoder" // from the decoded samples
	SoundHeader  SoundSource = "header"  // as the sender states its level (RFC 6464)
	SoundCoding  SoundSource = "coding"  // its coding proves what it holds, silence or comfort noise
)

// Sound is what is heard in a stream of audio. Levels are shares of full scale, 0–1; times are seconds of sound by
// its timestamps. A packet counts as missing if it came more than 100 ms late.
type Sound struct {
	Source SoundSource `json:"source,omitempty"`    // of the latest packet: decoder, header or coding
	Peak   *float64    `json:"peakLevel,omitempty"` // 0–1, largest sample of the last interval
	// seconds up to now in which nothing was louder than −80 dBFS
	SilentFor float64 `json:"silentFor,omitempty"`
	// seconds up to now in which there was nothing but comfort noise (RFC 3389, or discontinuous transmission of Opus) or
	// noise below −40 dBFS whose level varied by less than 6 dB
	NoiseFor float64 `json:"noiseFor,omitempty"`
	// the latest packet is comfort noise (RFC 3389), which lasts until the next one
	Paused              bool   `json:"paused,omitempty"`
	ComfortNoisePackets uint64 `json:"comfortNoisePackets,omitempty"` // RFC 3389, or Opus without a frame
	UndecodedPackets    uint64 `json:"undecodedPackets,omitempty"`    // whose codec is not known, or not followed
	// seconds in all of sound that was not decoded, because decoding took too much of the time
	RestedDuration  float64 `json:"restedDuration,omitempty"`
	ClippedDuration float64 `json:"clippedDuration,omitempty"` // seconds in all, at the limit of the samples
	Tone            *Tone   `json:"tone,omitempty"`            // absent if none was heard for half a second
}

// Tone is a steady tone between 200 and 3,600 Hz, such as the test tone that dialtone sends. Times are in seconds.
type Tone struct {
	Frequency float64 `json:"frequency"`          // Hz, in the last interval in which it was heard
	Duration  float64 `json:"duration"`           // seconds, heard in all
	Dropouts  uint32  `json:"dropouts,omitempty"` // interruptions after which it was heard again
	// of these, in which packets were missing
	DropoutsOfLoss   uint32  `json:"dropoutsOfLoss,omitempty"`
	DropoutsDuration float64 `json:"dropoutsDuration,omitempty"` // seconds, in all
	LongestDropout   float64 `json:"longestDropout,omitempty"`   // seconds
	AbsentFor        float64 `json:"absentFor,omitempty"`        // seconds since it was last heard
}
