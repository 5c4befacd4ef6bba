"""GStreamer's webrtcbin as the other end of a call with dialtone; see ../signaling.py."""

import json
import os
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import signaling  # noqa: E402

AUDIO = "audiotestsrc is-live=true ! audio/x-raw,channels=1 ! audioconvert ! audioresample ! "
VIDEO = "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1 ! "
# What makes packets of a codec, and its encoding name, clock rate, payload type and further caps.
CODECS = {
    "opus": (AUDIO + "opusenc ! rtpopuspay", "OPUS", 48000, 111, ",encoding-params=(string)2"),
    "PCMU": (AUDIO + "mulawenc ! rtppcmupay", "PCMU", 8000, 0, ""),
    "PCMA": (AUDIO + "alawenc ! rtppcmapay", "PCMA", 8000, 8, ""),
    "VP8": (VIDEO + "vp8enc deadline=1 keyframe-max-dist=50 ! rtpvp8pay picture-id-mode=15-bit", "VP8", 90000, 96, ""),
    "VP9": (VIDEO + "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=50 ! rtpvp9pay picture-id-mode=15-bit", "VP9", 90000, 98, ""),
    "H264": (VIDEO + "openh264enc gop-size=50 ! video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1", "H264", 90000, 102,
             ",packetization-mode=(string)1,profile-level-id=(string)42e01f"),
    # 1.22 has no payloader for it.
    "AV1": (None, "AV1", 90000, 45, ""),
    # The encoder is in a package of its own.
    "G722": (None, "G722", 8000, 9, ""),
}


def caps(codec, kind, payload=None):
    _, name, rate, own, more = CODECS[codec]
    return "application/x-rtp,media=%s,encoding-name=%s,payload=%d,clock-rate=%d%s" % (kind, name, own if payload is None else payload, rate, more)


def source(codec, kind, payload):
    return "%s pt=%d ! %s ! bin." % (CODECS[codec][0], payload, caps(codec, kind, payload))


USED_BY_WEBRTCBIN = ["nicesrc", "dtlssrtpenc", "srtpenc", "sctpenc"]  # it fails without them only during a call
DIRECTIONS = GstWebRTC.WebRTCRTPTransceiverDirection


class Peer:
    def __init__(self, arguments):
        self.arguments = arguments
        self.seen = signaling.Seen(arguments, ".".join(str(n) for n in Gst.version()[:3]))
        self.connected, self.gathered, self.over = threading.Event(), threading.Event(), threading.Event()
        self.why, self.channels, self.control = "time", [], None

    def build(self, payloads):
        """Make the pipeline. payloads are the payload types by kind of what is sent."""
        chosen = self.arguments.codecs
        sources = [source(chosen[kind], kind, payloads[kind]) for kind in payloads if CODECS[chosen[kind]][0]] if self.arguments.sends else []
        self.sends = len(sources)
        self.pipeline = Gst.parse_launch(" ".join(["webrtcbin name=bin bundle-policy=max-bundle", *sources]) + " fakesrc num-buffers=1 ! fakesink")
        self.bin = self.pipeline.get_by_name("bin")
        # Nothing but the loopback interface, which libnice leaves out by itself. The agent is kept: in 1.22 it comes without a
        # reference of its own.
        self.agent = self.bin.get_property("ice-agent")
        self.agent.emit("add-local-ip-address", "127.0.0.1")
        self.bin.connect("notify::connection-state", self.changed)
        self.bin.connect("notify::ice-gathering-state", self.gathering)
        self.bin.connect("on-data-channel", lambda _, channel: self.listen(channel))
        self.bin.connect("pad-added", self.take)

    def changed(self, *_):
        state = self.bin.get_property("connection-state")
        if state == GstWebRTC.WebRTCPeerConnectionState.CONNECTED:
            self.connected.set()
        elif state in (GstWebRTC.WebRTCPeerConnectionState.FAILED, GstWebRTC.WebRTCPeerConnectionState.CLOSED):
            self.end(state.value_nick)

    def gathering(self, *_):
        if self.bin.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            self.gathered.set()

    def end(self, why):
        if not self.over.is_set():
            self.why = why
            self.over.set()

    def take(self, _, pad):
        """Count the packets of what comes in."""
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        kind = pad.get_current_caps().get_structure(0).get_string("media")

        def count(*_):
            self.seen.report[kind] += 1
            return Gst.PadProbeReturn.OK

        pad.add_probe(Gst.PadProbeType.BUFFER, count)
        sink = Gst.ElementFactory.make("fakesink")
        sink.set_property("sync", False)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def listen(self, channel):
        """Answer on a channel that the other side has opened."""
        label = channel.get_property("label")
        self.seen.report["channels"].append(label)
        self.channels.append(channel)

        def message(_, text):
            answer = signaling.reply_to(label, text)
            if answer is not None:
                channel.emit("send-string", answer)
            if label == "chat":
                self.seen.report["echoed"] = True
            if signaling.is_farewell(label, text):
                self.end("reject")

        channel.connect("on-message-string", message)

    def call_out(self):
        """Open a channel and look for the echo."""
        channel = self.bin.emit("create-data-channel", "chat", None)
        self.channels.append(channel)
        channel.connect("on-open", lambda *_: channel.emit("send-string", "hello from GStreamer"))

        def message(_, text):
            self.seen.report["echoed"] |= text == "hello from GStreamer"

        channel.connect("on-message-string", message)
        # A pipeline that stops tells the other side nothing: the call has to say that it ends.
        self.control = self.bin.emit("create-data-channel", "system_channel", None)
        self.channels.append(self.control)

    def farewell(self):
        if self.control:
            self.control.emit("send-string", json.dumps({"code": "reject"}))
            time.sleep(0.3)

    def set(self, which, description):
        promise = Gst.Promise.new()
        self.bin.emit("set-%s-description" % which, description, promise)
        promise.wait()

    def create(self, what):
        promise = Gst.Promise.new()
        self.bin.emit("create-" + what, None, promise)
        promise.wait()
        reply = promise.get_reply()  # what it holds lives as long as it does
        self.set("local", reply.get_value(what))
        if not self.gathered.wait(signaling.PATIENCE):
            raise TimeoutError("gathering")
        description = self.bin.get_property("local-description")
        return description.sdp.as_text()

    def take_remote(self, kind, sdp):
        _, message = GstSdp.SDPMessage.new_from_text(sdp)
        self.set("remote", GstWebRTC.WebRTCSessionDescription.new(kind, message))

    def offer(self):
        chosen = self.arguments.codecs
        self.build({kind: CODECS[chosen[kind]][3] for kind in chosen})
        if self.arguments.sends:
            for n in range(self.sends):
                self.bin.emit("get-transceiver", n).set_property("direction", getattr(DIRECTIONS, self.arguments.direction.upper()))
        else:
            for kind in chosen:
                self.bin.emit("add-transceiver", DIRECTIONS.RECVONLY, Gst.Caps.from_string(caps(chosen[kind], kind)))
        self.pipeline.set_state(Gst.State.READY if self.arguments.data else Gst.State.PLAYING)
        if self.arguments.data:
            self.call_out()
            self.pipeline.set_state(Gst.State.PLAYING)
        caller = signaling.Caller(self.arguments)
        self.take_remote(GstWebRTC.WebRTCSDPType.ANSWER, caller.exchange(self.create("offer")))
        if not self.connected.wait(signaling.PATIENCE):
            raise TimeoutError("no connection")
        time.sleep(signaling.STAY)
        for _ in range(signaling.PATIENCE * 10):
            if self.seen.enough():
                break
            time.sleep(0.1)
        caller.end()
        self.farewell()
        self.end("close")

    def answer(self, sdp):
        self.build(payload_types(sdp, self.arguments.codecs))
        self.pipeline.set_state(Gst.State.PLAYING)
        self.take_remote(GstWebRTC.WebRTCSDPType.OFFER, sdp)
        return self.create("answer")


def payload_types(sdp, codecs):
    """The payload types that an offer has for the codecs: a sender has to use those."""
    found = {}
    for line in sdp.splitlines():
        if line.startswith("a=rtpmap:"):
            number, name = line[len("a=rtpmap:"):].split(" ", 1)
            for kind, codec in codecs.items():
                if name.split("/")[0].lower() == codec.lower():
                    found.setdefault(kind, int(number))
    return found


def main():
    Gst.init(None)
    arguments = signaling.Arguments()
    if arguments.checks:
        every = [source(name, codec[0][:5], codec[3]) for name, codec in CODECS.items() if codec[0]]
        Gst.parse_launch(" ".join(["webrtcbin name=bin", *every]))  # fails if one is missing
        sys.exit(0 if all(Gst.ElementFactory.find(name) for name in USED_BY_WEBRTCBIN) else "missing: one of %s" % USED_BY_WEBRTCBIN)
    peer = Peer(arguments)
    threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
    if arguments.offers:
        peer.offer()
    else:
        endpoint = signaling.Endpoint(arguments, peer.answer)
        threading.Thread(target=endpoint.serve, daemon=True).start()
        threading.Thread(target=lambda: peer.end(endpoint.ended.get()), daemon=True).start()
        peer.over.wait(2 * signaling.PATIENCE)
    peer.pipeline.set_state(Gst.State.NULL)
    peer.seen.tell(peer.why)
    os._exit(0)  # threads that wait would keep the process


main()
