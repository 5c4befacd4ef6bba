package explain

// sdpTypes explain the types of lines other than attributes (RFC 8866 §5).
var sdpTypes = map[byte]string{
	'v': "The version of SDP: always 0.",
	'o': "The origin of the session: a name, the number of the session, and its version, which grows with each new " +
		"offer. WebRTC ignores the address.",
	's': "The name of the session: a placeholder in WebRTC.",
	't': "The time of the session: 0 0 means now, without an end.",
	'c': "An address for programs without ICE: 0.0.0.0 leaves it to ICE.",
	'b': "The highest bitrate that this peer wants to receive: AS in kbit/s, TIAS in bit/s.",
	'm': "Starts a section: its kind, a port (9 leaves it to ICE, 0 rejects the section), the protocol, and the formats " +
		"in order of preference.",
	0: "Not a valid line of SDP.",
}

// sdpValues explain an attribute together with its value.
var sdpValues = map[string]string{
	"setup:actpass":                    "This peer accepts either role in the DTLS handshake; the answer chooses.",
	"setup:active":                     "This peer starts the DTLS handshake: it is the client.",
	"setup:passive":                    "This peer waits for the DTLS handshake: it is the server.",
	"setup:holdconn":                   "No DTLS connection for now.",
	"ice-options:trickle":              "Candidates are sent as they are gathered, after the description (RFC 8838).",
	"ice-options:trickle renomination": "Candidates are sent as they are gathered; another pair may be nominated later.",
	"rtcp-xr:rcvr-rtt=all":             "This peer can measure the round-trip time even when it only receives (RFC 3611).",
}

// sdpAttributes explain an attribute whatever its value.
var sdpAttributes = map[string]string{
	"ice-ufrag":          "The user name of this peer's connectivity checks. A new one is an ICE restart.",
	"ice-pwd":            "The password of this peer's connectivity checks. dialtone replaces it with asterisks.",
	"ice-options":        "Options of this peer's ICE agent.",
	"ice-lite":           "This peer only answers connectivity checks: a server with a public address.",
	"setup":              "The role of this peer in the DTLS handshake.",
	"mid":                "The name of this section. Packets carry it, and BUNDLE refers to it.",
	"msid":               "The stream and the track that this section belongs to, as the program names them.",
	"msid-semantic":      "The meaning of stream names; unused today.",
	"group":              "Sections that belong together.",
	"extmap-allow-mixed": "Short and long header extensions may be mixed in one stream.",
	"extmap":             "A header extension of packets.",
	"rtcp":               "The port of RTCP for programs without rtcp-mux; 9 means unused.",
	"rtcp-mux":           "RTCP uses the same port as the media, which saves a path.",
	"rtcp-mux-only":      "RTCP uses the port of the media, or the section is rejected.",
	"rtcp-rsize":         "Reports may be shortened, so that feedback is fast (RFC 5506).",
	"rtcp-xr":            "Extended reports that this peer supports (RFC 3611).",
	"sendrecv":           "This peer wants to send and to receive.",
	"sendonly":           "This peer wants to send and does not receive.",
	"recvonly":           "This peer wants to receive and does not send.",
	"inactive":           "Nothing is sent in either direction for now.",
	"ssrc":               "The number that identifies a stream's packets, and the name of its sender (cname).",
	"ssrc-group":         "Streams that belong together: FID links retransmissions to video, SIM the layers of simulcast.",
	"rid":                "A layer of simulcast: the same video with another size or rate (RFC 8851).",
	"simulcast":          "The same video in several sizes at once, from which a server selects (RFC 8853).",
	"sctp-port":          "The SCTP port of the data channels within DTLS: always 5000.",
	"sctpmap":            "The former way to announce data channels.",
	"max-message-size":   "The longest message, in bytes, that this peer accepts on a data channel.",
	"end-of-candidates":  "No more candidates follow.",
	"remote-candidates":  "The remote addresses that are in use.",
	"bundle-only":        "This section exists only within the bundle; its port of 0 does not reject it.",
	"ptime":              "The preferred length of audio in a packet, in ms.",
	"maxptime":           "The maximum length of audio in a packet, in ms.",
	"framerate":          "The maximum frame rate.",
	"tls-id":             "The number of this DTLS association: a new one requests a new handshake (RFC 8842).",
	"identity":           "A signed statement of this peer's identity.",
	"candidate":          "A candidate: a transport address at which this peer may be reached.",
	"tool":               "The program that wrote the description.",
}

// sdpFormats explain codecs.
var sdpFormats = map[string]string{
	"opus":            "the default audio codec of WebRTC",
	"g722":            "a wideband audio codec",
	"pcmu":            "the audio codec of telephony (µ-law)",
	"pcma":            "the audio codec of telephony (A-law)",
	"cn":              "comfort noise during silence",
	"telephone-event": "the tones of telephone keys",
	"vp8":             "a video codec that all WebRTC programs support",
	"vp9":             "a video codec, the successor of VP8",
	"h264":            "a video codec, often in hardware",
	"av1":             "the newest and most efficient video codec",
	"h265":            "a video codec, usually in hardware",
	"rtx":             "retransmissions in a stream of their own (RFC 4588)",
	"red":             "packets that repeat earlier ones against loss (RFC 2198)",
	"ulpfec":          "redundancy from which lost packets are recovered",
	"flexfec-03":      "redundancy from which lost packets are recovered",
}

// sdpFeedback explain the messages of RTCP feedback (RFC 4585, RFC 5104).
var sdpFeedback = map[string]string{
	"nack":         "requests lost packets",
	"nack pli":     "requests a key frame after loss",
	"ccm fir":      "requests a key frame for a new receiver",
	"goog-remb":    "reports the receiver's bandwidth estimate",
	"transport-cc": "reports the arrival of each packet, from which the sender estimates the bandwidth",
	"ccm tmmbr":    "requests a lower bitrate",
}

// sdpParameters explain parameters of codecs.
var sdpParameters = []struct{ name, text string }{
	{"profile-level-id", "profile-level-id is the H.264 profile and the largest frame (RFC 6184)."},
	{"packetization-mode", "Packetization mode 1 allows a frame to span packets."},
	{"useinbandfec", "useinbandfec requests redundancy against loss."},
	{"minptime", "minptime is the minimum length of a packet in ms."},
	{"usedtx", "usedtx sends almost nothing during silence."},
	{"stereo", "stereo accepts two channels."},
	{"profile-id", "profile-id is the VP9 profile: 2 has 10 bits per color."},
}

// sdpExtensions say what header extensions carry, by the end of their URI.
var sdpExtensions = map[string]string{
	"toffset":                "how long the packet waited before it was sent",
	"abs-send-time":          "when the packet was sent, for bandwidth estimation",
	"video-orientation":      "the orientation of the camera",
	"transport-wide-cc":      "a number over all streams, for feedback on the arrival of each packet",
	"playout-delay":          "how long the receiver should delay playout",
	"video-content-type":     "whether the video shows a screen or a camera",
	"video-timing":           "the duration of the sender's stages",
	"color-space":            "the color space",
	"mid":                    "the section to which the packet belongs",
	"rtp-stream-id":          "the simulcast layer to which the packet belongs",
	"repaired-rtp-stream-id": "the layer that a retransmission repairs",
	"ssrc-audio-level":       "the volume of the packet's audio",
	"csrc-audio-level":       "the volume of each of the mixed speakers",
}
