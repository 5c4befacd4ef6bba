// werift as the other end of a call with dialtone; see ../signaling.py.
"use strict";
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
os.networkInterfaces = () => ({}); // nothing but the loopback interface, which is named below

const { MediaStreamTrack, RTCPeerConnection, useOPUS, useVP8 } = require("werift");
const { version } = JSON.parse(fs.readFileSync(path.join(process.env.NODE_PATH, "werift/package.json")));
const { parse, Call, play } = require("../signaling.cjs");

const given = parse();
const call = new Call(given, version);
const codecs = { audio: [useOPUS()], video: [useVP8()] };
const pc = new RTCPeerConnection({ codecs, iceAdditionalHostAddresses: ["127.0.0.1"], bundlePolicy: "max-bundle", iceServers: [] });
const own = { audio: new MediaStreamTrack({ kind: "audio" }), video: new MediaStreamTrack({ kind: "video" }) };
let stop = () => {}, farewell = async () => {};

pc.connectionStateChange.subscribe((state) => {
  if (state === "connected") {
    call.up();
    if (given.sends) stop = play((kind, packet) => own[kind].writeRtp(packet), { audio: 96, video: 97 }, { audio: 1, video: 2 });
  }
  if (state === "closed" || state === "failed" || state === "disconnected") call.end(state);
});
pc.onTrack.subscribe((track) => track.onReceiveRtp.subscribe(() => { call.report[track.kind]++; }));
pc.onDataChannel.subscribe((channel) => {
  call.report.channels.push(channel.label);
  channel.onMessage.subscribe((data) => {
    const reply = call.took(channel.label, data.toString());
    if (reply !== undefined) channel.send(reply);
  });
});

// gathered waits for the candidates and gives the description with them.
async function gathered() {
  while (pc.iceGatheringState !== "complete") {
    await new Promise((resolve) => pc.iceGatheringStateChange.once(resolve));
  }
  return pc.localDescription.sdp;
}

call.run({
  async offer() {
    if (given.data) {
      const channel = pc.createDataChannel("chat");
      channel.stateChange.subscribe((state) => { if (state === "open") channel.send("hello from werift"); });
      channel.onMessage.subscribe((text) => { if (text === "hello from werift") call.report.echoed = true; });
      // Its close() tells the other side nothing: the call has to say that it ends.
      const control = pc.createDataChannel("system_channel");
      farewell = async () => {
        control.send(JSON.stringify({ code: "reject" }));
        await new Promise((resolve) => setTimeout(resolve, 300));
      };
    }
    for (const kind of ["audio", "video"]) pc.addTransceiver(given.sends ? own[kind] : kind, { direction: given.direction });
    await pc.setLocalDescription(await pc.createOffer());
    return gathered();
  },
  take: (sdp) => pc.setRemoteDescription({ type: "answer", sdp }),
  async answer(sdp) {
    if (given.sends) for (const kind of ["audio", "video"]) pc.addTrack(own[kind]);
    await pc.setRemoteDescription({ type: "offer", sdp });
    await pc.setLocalDescription(await pc.createAnswer());
    return gathered();
  },
  async close() {
    stop();
    await farewell();
    await pc.close();
  },
});
