// What the counterparts in JavaScript have in common; the same as signaling.py, which describes it.
"use strict";
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");

const stay = 3500; // ms after the connection is up: the judge wants two seconds of media
const patience = 30000; // ms
const enough = { audio: 50, video: 20 }; // packets

function parse() {
  const [role, ...rest] = process.argv.slice(2);
  if (role === "check") process.exit(0); // everything has been loaded already
  const at = rest.indexOf("--signaling");
  const signaling = at < 0 ? "offer" : rest[at + 1];
  const offers = role === "offer";
  const data = signaling === "offer";
  const sends = data || (signaling === "whip") === offers;
  const receives = data || !sends;
  const direction = sends && receives ? "sendrecv" : sends ? "sendonly" : "recvonly";
  return { offers, url: rest[0], signaling, data, sends, receives, direction };
}

async function request(method, url, body, type) {
  const response = await fetch(url, { method, body, headers: type ? { "Content-Type": type } : {}, signal: AbortSignal.timeout(patience) });
  if (!response.ok) throw new Error(`${method}: ${response.status} ${await response.text()}`);
  return response;
}

// Caller is the client's end of a signaling.
class Caller {
  constructor(given) {
    this.given = given;
  }
  // exchange posts an offer and gives the answer.
  async exchange(sdp) {
    if (this.given.data) {
      return (await (await request("POST", this.given.url, JSON.stringify({ type: "offer", sdp }), "application/json")).json()).sdp;
    }
    const response = await request("POST", this.given.url, sdp, "application/sdp");
    this.session = new URL(response.headers.get("Location"), this.given.url);
    return response.text();
  }
  async end() {
    if (this.session) await request("DELETE", this.session);
  }
}

// serve is the server's end: answer takes the SDP of an offer and gives that of the answer, ended is told of a DELETE.
function serve(given, answer, ended) {
  const server = http.createServer(async (asked, reply) => {
    if (asked.method === "DELETE") {
      reply.end();
      ended("DELETE");
      return;
    }
    if (asked.method !== "POST") {
      reply.writeHead(405).end();
      return;
    }
    let body = "";
    for await (const chunk of asked) body += chunk;
    if (given.data) {
      const sdp = await answer(JSON.parse(body).sdp);
      reply.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ type: "answer", sdp }));
    } else {
      reply.writeHead(201, { "Content-Type": "application/sdp", Location: "/session/1" }).end(await answer(body));
    }
  });
  server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}/${given.signaling}`));
}

// replyTo is what a message on a channel of dialtone's is answered with; undefined: nothing.
function replyTo(label, text) {
  if (label === "ping") return text.includes("ping") ? JSON.stringify({ pong: JSON.parse(text).ping }) : undefined;
  return label === "chat" ? text : undefined;
}

// isFarewell tells whether a message says that the call is over.
function isFarewell(label, text) {
  return ["system_channel", "special_datachannel"].includes(label) && JSON.parse(text).code === "reject";
}

// Call is one call as a counterpart sees it.
class Call {
  constructor(given, version) {
    this.given = given;
    this.report = { version, audio: 0, video: 0, echoed: false, channels: [], ended: "" };
    this.connected = new Promise((resolve) => { this.up = resolve; });
    this.over = new Promise((resolve) => { this.end = resolve; });
  }
  enough() {
    const media = !this.given.receives || Object.entries(enough).every(([kind, n]) => this.report[kind] >= n);
    return media && (!this.given.data || this.report.echoed);
  }
  // took notes a message on a channel of the other side's and gives what to answer.
  took(label, text) {
    if (label === "chat") this.report.echoed = true;
    if (isFarewell(label, text)) this.end("reject");
    return replyTo(label, text);
  }
  // hold waits until the call has lasted and enough was seen.
  async hold() {
    await within(this.connected, "the connection");
    await sleep(stay);
    for (const late = Date.now() + patience; !this.enough() && Date.now() < late;) await sleep(100);
  }
  // run plays the part that was asked for: peer has offer(), take(answer), answer(offer) and close().
  async run(peer) {
    if (this.given.offers) {
      const caller = new Caller(this.given);
      await peer.take(await caller.exchange(await peer.offer()));
      await this.hold();
      await caller.end();
      this.end("close");
    } else {
      serve(this.given, (sdp) => peer.answer(sdp), this.end);
      setTimeout(() => this.end("time"), 2 * patience);
    }
    this.report.ended = await this.over;
    await peer.close();
    console.log("saw " + JSON.stringify(this.report));
    await sleep(200); // what says goodbye to the other side is sent in the background
    process.exit(0);
  }
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function within(promise, what) {
  return Promise.race([promise, sleep(patience).then(() => { throw new Error(what + " did not come"); })]);
}

// play sends RTP that no encoder made: silence in Opus, and the picture of dialtone's own clip in VP8. send gets a kind and a
// packet. It gives a function that stops it.
function play(send, payloads, ssrcs) {
  const clip = frames(path.join(__dirname, "../../diag/media/clips/picture.vp8.ivf"));
  let sequence = 0, pictures = 0, n = 0;
  const packet = (kind, time, marker, payload) => {
    const header = Buffer.alloc(12);
    header[0] = 0x80;
    header[1] = (marker ? 0x80 : 0) | payloads[kind];
    header.writeUInt16BE(sequence++ & 0xffff, 2);
    header.writeUInt32BE(time >>> 0, 4);
    header.writeUInt32BE(ssrcs[kind], 8);
    return Buffer.concat([header, payload]);
  };
  let audio = 0;
  const timer = setInterval(() => {
    const own = sequence;
    sequence = audio++; // each stream counts for itself
    send("audio", packet("audio", audio * 960, false, Buffer.from([0xf8, 0xff, 0xfe])));
    sequence = own;
    if (n++ % 2) return;
    const frame = clip[pictures % clip.length];
    for (let from = 0; from < frame.length; from += 1100) {
      const piece = frame.subarray(from, from + 1100);
      const descriptor = Buffer.from([from === 0 ? 0x10 : 0]);
      send("video", packet("video", pictures * 3600, from + 1100 >= frame.length, Buffer.concat([descriptor, piece])));
    }
    pictures++;
  }, 20);
  return () => clearInterval(timer);
}

// frames reads the frames of an IVF file.
function frames(file) {
  const raw = fs.readFileSync(file);
  const list = [];
  for (let at = raw.readUInt16LE(6); at + 12 <= raw.length;) {
    const size = raw.readUInt32LE(at);
    list.push(raw.subarray(at + 12, at + 12 + size));
    at += 12 + size;
  }
  return list;
}

// mediaSections gives, for each section of audio and video, its kind, its mid and the payload type of Opus or VP8.
function mediaSections(sdp) {
  return sdp.split(/^(?=m=)/m).slice(1).filter((s) => /^m=(audio|video)/.test(s)).map((s) => ({
    kind: /^m=(\w+)/.exec(s)[1],
    mid: /^a=mid:(\S+)/m.exec(s)[1],
    payload: Number(/^a=rtpmap:(\d+) (?:opus|VP8)\//im.exec(s)[1]),
  }));
}

module.exports = { parse, Call, play, mediaSections };
