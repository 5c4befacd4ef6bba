package term

import (
	"maps"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/words"
)

// glossary says in a sentence or two what the words on the screens mean, for readers who are new to WebRTC.
var glossary = map[string]string{
	"dial": "The request by which this program enters the room at the signaling server.",
	"wait for the peer": "Nothing to do until the peer has dialed too. It counts neither as setup time nor as a fault " +
		"of this machine.",
	"gather": "This machine collects addresses that may reach it: its own, the one that a STUN server reports, and a " +
		"relay on a TURN server.",
	"offer/answer": "Both peers agree on codecs, data channels and keys: one sends an SDP offer, the other an SDP answer.",
	"ice checks": "Both peers send STUN requests on every pair of their addresses until an answer comes back: that pair " +
		"works in both directions.",
	"nomination": "The offerer's side chooses one of the pairs that work; media and data use it from then on.",
	"dtls handshake": "Both peers prove who they are by the fingerprints in the SDP and agree on the keys that encrypt " +
		"everything that follows.",
	"sctp association": "The connection below all data channels. It runs inside DTLS.",
	"data channel":     "A named stream of messages between both peers, such as chat.",
	"first packet":     "The time from the connection until the first packet of a stream.",
	"first frame":      "The time from the connection until the first picture is complete, which takes a key frame.",
	"ice restart":      "Both peers look for a new path while the call goes on, such as after a change of networks.",

	"host":             "A candidate that is an address of the machine itself.",
	"srflx":            "Server-reflexive: the address on the outside of the NAT, as a STUN server sees it.",
	"prflx":            "Peer-reflexive: an address of a peer that only showed when its check arrived.",
	"relay":            "An address on a TURN server, which passes packets on to and from this machine.",
	"candidate":        "An address and port at which a peer may be reached.",
	"candidate pair":   "A local and a remote candidate, which ICE tests as one possible path.",
	"path":             "The candidate pair that carries the call.",
	"direct":           "A path without a relay.",
	"mapped address":   "The address and port that a NAT gives to packets of this machine, as a STUN server reports it.",
	"relayed address":  "The address and port on a TURN server at which the peer reaches this machine.",
	"nat":              "A router that replaces the addresses of a whole network by one of its own.",
	"stun":             "A request to a server, or to a peer, that answers with the address it came from.",
	"turn":             "A server that relays packets for peers without a direct path. It asks for a password.",
	"ice":              "The procedure that finds a path: gather candidates, exchange them, check the pairs, choose one.",
	"mdns":             "A name ending in .local that hides a host address. Only its own network can resolve it.",
	"trickle":          "Candidates that are sent one by one while they are found, after the offer or the answer.",
	"consent":          "The right to send, which the peer's answers to connectivity checks renew (RFC 7675).",
	"ice-lite":         "A server with a public address that answers checks and sends none itself.",
	"ufrag":            "The name by which a check shows to which session it belongs. Its password is the pwd.",
	"bundle":           "All audio, video and data use one path (RFC 9143).",
	"cipher suite":     "How DTLS agrees on keys and encrypts, such as ECDHE_ECDSA_WITH_AES_128_GCM_SHA256.",
	"ssrc":             "The number that marks the packets of one stream.",
	"sdp":              "The text in which a peer describes what it can send and receive, its codecs, keys and addresses.",
	"mid":              "The name of a section of the SDP, to which a stream belongs.",
	"dtls":             "TLS over UDP. Its keys also encrypt media (SRTP).",
	"srtp":             "Encrypted packets of audio and video.",
	"rtp":              "Packets of audio and video, with a sequence number and a timestamp each.",
	"rtcp":             "Reports about packets of audio and video: what was sent, what was lost.",
	"sctp":             "The protocol of data channels: ordered or unordered messages, repeated when they are lost.",
	"cpu":              "The processors of this machine, all together: the share of their time that is used.",
	"udp":              "Packets without a connection: the first choice of WebRTC, which some firewalls block.",
	"tcp":              "A connection that repeats what is lost. Calls over it work, with more delay.",
	"rtt":              "Round-trip time: how long a packet and its answer take together.",
	"jitter":           "How much the time between packets varies, in milliseconds. Up to 30 ms does no harm.",
	"loss":             "The share of the packets that did not arrive. From about 2 % on it is heard and seen.",
	"bitrate":          "How much data a stream carries in a second.",
	"kbit/s":           "Thousand bits in a second.",
	"fps":              "Frames (pictures) in a second.",
	"key frame":        "A picture from which a decoder can begin. Other frames only have what has changed.",
	"b-frame":          "A picture that is sent after one that is shown later. Browsers play such video badly.",
	"profile":          "Which tools of a video codec are used; its level says how large and fast the video may be.",
	"freezes":          "How often the picture stood still for much longer than a frame.",
	"one-way delay":    "How long packets take in one direction, unlike the round trip.",
	"mos":              "Mean opinion score: the quality of speech from 1 (bad) to 4.5 (very good), by loss and delay.",
	"dbfs":             "The level of sound: 0 is as loud as it can be, −20 is speech, below −60 is silence.",
	"nack":             "The receiver asks for lost packets again.",
	"pli":              "Picture loss indication: the receiver asks for a key frame.",
	"fir":              "Full intra request: the receiver asks for a key frame, as PLI does.",
	"remb":             "The receiver reports what bitrate it can take. Browsers use transport-cc instead.",
	"transport-cc":     "Reports of the arrival of each packet, from which the sender estimates the bandwidth.",
	"red":              "Packets that repeat the ones before them, against loss (RFC 2198).",
	"fec":              "Packets from which lost ones can be computed (forward error correction).",
	"in flight":        "Sent, and not yet counted by the receiver.",
	"mute":             "Audio goes on as silence, and video stops, until it is unmuted.",
	"e-model":          "How ITU-T G.107 computes the quality of speech from codec, delay and loss.",
	"opus":             "The audio codec of WebRTC.",
	"vp8":              "A video codec that every browser has.",
	"h264":             "A video codec that browsers have, in profiles without B-frames.",
	"rfc":              "A standard of the Internet, by its number: https://www.rfc-editor.org.",
	"start s":          "When the step began, in seconds since the start of the call.",
	"duration":         "How long the step took.",
	"share":            "The part of the setup, without waits, that it took. Steps overlap, so the sum can exceed 100 %.",
	"local":            "Of this machine. In the setup, a full bar is time that dialtone itself needs.",
	"remote":           "Of the peer.",
	"peer/pion":        "A hatched bar is time that the peer or the WebRTC library (pion) decides, not this program.",
	"longest":          "The step that took most of the setup, waits left out.",
	"open channel":     "The end of the setup: a data channel carries messages.",
	"signaling server": "The server through which both peers exchange SDP and candidates before they are connected.",

	"endpoint-independent":       "Of a NAT: the same for all destinations. Direct calls work with most peers.",
	"address-dependent":          "Of a NAT: another one for each address that packets go to.",
	"address-and-port-dependent": "Of a NAT: another one for each address and port. As mapping it is a \"symmetric NAT\".",

	"other-address": "What a STUN server says of its second address, which it needs to test NATs (RFC 5780).",
	"confidence":    "How far the observations prove a value: proven, likely or unknown.",
	"dns":           "The servers that find the address of a name.",
	"ip":            "The protocol of the Internet, whose addresses hosts have. IPs are such addresses.",
	"ascii":         "The 128 characters that every terminal has. --ascii draws with nothing else.",

	"arrivals":    "In a load test: how many calls are begun in a second.",
	"in progress": "In a load test: calls that have begun and not ended.",
	"dropped":     "In a load test: calls that were due and not begun, since this machine or a limit did not allow them.",
	"p50":         "The median: half of the values are as small. Likewise p95 and p99 for 95 and 99 of 100.",
	"goodput":     "The bytes of messages that arrived in a second, without headers and repetitions.",
	"up":          "From this machine to the peer.",
	"down":        "From the peer to this machine.",
	"target":      "What a call or a test goes to: the URL of a server, a room, or loopback.",
	"module":      "In the monitor: a named table of settings with which targets are probed.",
	"probe":       "A single test of a target, whose result is kept as metrics.",
	"prober":      "The kind of test of a module: nat, room, post, whip, whep or loopback.",
	"schedule":    "A target that the monitor probes by itself, each time after the given interval.",
	"every":       "The time between two probes of a schedule.",

	"answers":    "How many of the checks of a pair were answered: the first number of the two.",
	"address":    "An IP address with a port, or a name that stands for it.",
	"transport":  "UDP or TCP; for a relay, the one between this machine and the TURN server.",
	"base":       "The address of this machine from which packets of the candidate leave.",
	"after":      "The time from the start of the call until the candidate was known.",
	"source":     "Who named the candidate: this machine, a STUN or TURN server, or the peer.",
	"over":       "The transport to the server: UDP, TCP or TLS.",
	"grade":      "Which tests a STUN server allows: one address, two ports, or two addresses (RFC 5780).",
	"behavior":   "What a NAT or firewall does with packets, in the words of RFC 4787.",
	"because":    "The observations that prove the value.",
	"allocate":   "The request by which a TURN server opens a relayed address.",
	"permission": "What a TURN server wants before it passes on packets of an address (RFC 8656 §9).",
	"realm":      "The name of the domain in which a user name of a TURN server counts.",
	"nonce":      "A value that a TURN server sets, so that an old request cannot be sent again.",
	"sent":       "Packets or messages that left this machine.",
	"received":   "Packets or messages that arrived at this machine.",
	"purpose":    "What dialtone uses a data channel for.",
	"packets":    "How many packets the stream has had so far.",
	"size":       "Width and height of the picture, in pixels.",
	"result":     "What the server answered, with the time that it took.",
	"missing":    "Packets that one peer sent and the other did not receive.",

	"verdict":       "The result of a call or test in one sentence, with the exit code.",
	"finding":       "An observation that matters: an ID, its severity, what it is about, and the evidence.",
	"assertion":     "A condition on the measurements that --assert sets; the check fails without it.",
	"baseline":      "An earlier report, with which a new one is compared.",
	"recording":     "All events of a call, one JSON object per line, that replay shows and judges again.",
	"signaling":     "The exchange of SDP and candidates before there is a path between both peers.",
	"preset":        "A named way of signaling by plain requests; explain preset lists them.",
	"whip":          "How a publisher sends media to a server: one POST with the offer (RFC 9725).",
	"whep":          "How a viewer gets media from a server: one POST, like WHIP.",
	"sfu":           "A server that passes on the media of each participant to all others.",
	"echo":          "The peer sends everything back, so that this machine hears what arrived there.",
	"fingerprint":   "The hash of a certificate in the SDP, by which a peer proves in the DTLS handshake who it is.",
	"codec":         "How audio or video is encoded; both peers have to support it.",
	"payload type":  "The number in each RTP packet that stands for a codec of the SDP.",
	"rtx":           "Lost packets that are sent again, in a stream of their own (RFC 4588).",
	"simulcast":     "One picture in several sizes at once, from which a server chooses for each viewer.",
	"rid":           "The name of one size of simulcast.",
	"jitter buffer": "Where a receiver keeps packets for a moment, so that late ones are still in time.",
	"concealment":   "Sound that a receiver invents where packets were lost or late.",
	"comfort noise": "Soft noise that is sent in place of silence.",
	"skew":          "How much audio and video of the same moment are apart.",
	"clock drift":   "How much faster or slower the clock of the media runs than that of this machine.",
	"r": "The rating of the E-model, from which the MOS is computed: at most 93 for the sound of telephones " +
		"(G.107), 129 for wideband (G.107.1) and 148 for fullband (G.107.2).",
	"ie":         "Equipment impairment of the E-model: what the codec itself costs.",
	"bpl":        "Packet-loss robustness of the E-model: how well the codec bears loss.",
	"rpm":        "Round trips per minute under load: 60 divided by the round-trip time in seconds.",
	"arrival":    "In a load test: the moment at which a call is due, whatever the calls before it do.",
	"limit":      "In a load test: the highest rate at which all assertions held.",
	"impairment": "Loss, delay, jitter, reordering or a lower rate, which --impair adds to the packets of this peer.",
	"mtu":        "The largest packet that a network carries in one piece.",
	"exit code":  "The number that a command leaves to the shell; 0 is success.",

	"room code": "The text that both peers dial at the signaling server, so that it pairs them.",
}

// aliases are other words for the same.
var aliases = map[string]string{
	"wait": "wait for the peer", "waiting": "wait for the peer", "gathering": "gather", "offer-answer": "offer/answer",
	"offer": "offer/answer", "answer": "offer/answer", "checks": "ice checks",
	"channel": "data channel", "channels": "data channel",
	"ice-restart": "ice restart", "first-packet": "first packet", "first-frame": "first frame",
	"server-reflexive": "srflx", "peer-reflexive": "prflx", "candidates": "candidate",
	"pair": "candidate pair", "pairs": "candidate pair",
	"address- and port-dependent": "address-and-port-dependent", "symmetric nat": "address-and-port-dependent",
	"symmetric": "address-and-port-dependent", "p95": "p50", "p99": "p50", "ips": "ip", "nats": "nat",
	"round trip": "rtt", "round trips": "rtt", "targets": "target", "modules": "module", "probes": "probe",
	"b-frames": "b-frame", "level": "profile",
	"relayed": "relay", "relayed transport address": "relayed address", "round-trip time": "rtt", "rt time": "rtt",
	"packet loss": "loss", "total": "loss", "key frames": "key frame", "freeze": "freezes", "frame": "first frame",
	"tls": "dtls", "dtls 1.2": "dtls", "dtls 1.3": "dtls", "nominated": "nomination", "code": "room code",
	"twcc": "transport-cc", "goog-remb": "remb", "lite": "ice-lite", "muted": "mute",
	"ice-ufrag": "ufrag", "pwd": "ufrag", "ice-pwd": "ufrag", "cipher": "cipher suite",
	"ecdhe_ecdsa_with_aes_128_gcm_sha256": "cipher suite",
	"messages":                            "data channel", "jitter-buffer": "jitter buffer", "r factor": "r",
	"severity": "finding", "findings": "finding",
	"allocation": "allocate", "allocations": "allocate", "permissions": "permission", "lost": "loss",
	"behaviors": "behavior", "value": "behavior", "relay address": "relayed address", "url": "target",
	"certificate": "fingerprint", "retransmission": "rtx", "retransmissions": "rtx", "layers": "simulcast",
	"concealed": "concealment", "drift": "clock drift", "presets": "preset", "assertions": "assertion",
	"knee": "limit", "picture": "first frame", "picture size": "size",
	"speech quality": "mos", "host candidate": "host", "relay candidate": "relay", "h.264": "h264",
}

// Explain says what a word of the screens means.
func Explain(text string) (string, bool) {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	if name, ok := aliases[text]; ok {
		text = name
	}
	if sentence, ok := glossary[text]; ok {
		return sentence, true
	}
	return words.ExplainBehavior(text)
}

// Terms are all words that Explain knows, without their aliases.
func Terms() []string {
	terms := slices.Collect(maps.Keys(glossary))
	for _, label := range words.BehaviorLabels() {
		if label = strings.ToLower(label); glossary[label] == "" {
			terms = append(terms, label)
		}
	}
	slices.Sort(terms)
	return terms
}

// ExplainPhase says what happens in a phase of a setup; "" for an unknown one.
func ExplainPhase(name diag.PhaseName) string {
	sentence, _ := Explain(Phase(name))
	return sentence
}
