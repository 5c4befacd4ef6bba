// node-datachannel (libdatachannel) as the other end of a call with dialtone; see ../signaling.py.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const rtc = require("node-datachannel");
const { parse, Call, play, mediaSections } = require("../signaling.cjs");

const { version } = JSON.parse(fs.readFileSync(path.join(process.env.NODE_PATH, "node-datachannel/package.json")));
const given = parse();
const call = new Call(given, `${version} (${rtc.getLibraryVersion()})`);
const pc = new rtc.PeerConnection("peer", { iceServers: [], bindAddress: "127.0.0.1", disableAutoNegotiation: true });
const ssrcs = { audio: 1111, video: 2222 };
const tracks = {}, channels = [], payloads = { audio: 111, video: 96 };
let stop = () => {};

pc.onStateChange((state) => {
  if (state === "connected") {
    call.up();
    if (given.sends) stop = play((kind, packet) => tracks[kind]?.isOpen() && tracks[kind].sendMessageBinary(packet), payloads, ssrcs);
  }
  if (state === "closed" || state === "failed" || state === "disconnected") call.end(state);
});
pc.onDataChannel((channel) => {
  const label = channel.getLabel();
  channels.push(channel);
  call.report.channels.push(label);
  channel.onMessage((data) => {
    const reply = call.took(label, data.toString());
    if (reply !== undefined) channel.sendMessage(reply);
  });
});

// addMedia describes a section and takes its packets.
function addMedia(kind, mid) {
  const direction = { sendrecv: "SendRecv", sendonly: "SendOnly", recvonly: "RecvOnly" }[given.direction];
  const media = new (kind === "audio" ? rtc.Audio : rtc.Video)(mid, direction);
  if (kind === "audio") media.addOpusCodec(payloads.audio);
  else media.addVP8Codec(payloads.video);
  if (given.sends) media.addSSRC(ssrcs[kind], "node-datachannel", "stream", kind);
  const track = pc.addTrack(media);
  track.setMediaHandler(new rtc.RtcpReceivingSession());
  track.onMessage(() => { call.report[kind]++; });
  tracks[kind] = track;
}

// takeRemote takes the other side's description, and its candidates afterwards: now and then libdatachannel has no ICE transport
// yet for candidates that come with a description.
function takeRemote(sdp, type) {
  pc.setRemoteDescription(sdp.replace(/^a=(candidate:.*|end-of-candidates)\r\n/gm, ""), type);
  const mid = /^a=mid:(\S+)/m.exec(sdp)[1];
  for (const [line] of sdp.matchAll(/^a=candidate:.*(?=\r)/gm)) pc.addRemoteCandidate(line, mid);
}

// described makes the description of a type and waits for its candidates.
function described(type) {
  return new Promise((resolve) => {
    pc.onGatheringStateChange((state) => { if (state === "complete") resolve(pc.localDescription().sdp); });
    pc.setLocalDescription(type);
  });
}

call.run({
  async offer() {
    addMedia("audio", "audio");
    addMedia("video", "video");
    if (given.data) {
      const channel = pc.createDataChannel("chat");
      channels.push(channel);
      channel.onOpen(() => channel.sendMessage("hello from node-datachannel"));
      channel.onMessage((text) => { if (text === "hello from node-datachannel") call.report.echoed = true; });
    }
    return described("offer");
  },
  take: (sdp) => takeRemote(sdp, "answer"),
  async answer(sdp) {
    for (const { kind, mid, payload } of mediaSections(sdp)) {
      payloads[kind] = payload;
      addMedia(kind, mid);
    }
    takeRemote(sdp, "offer");
    return described("answer");
  },
  async close() {
    stop();
    pc.close();
  },
});
