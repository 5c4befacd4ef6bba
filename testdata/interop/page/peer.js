// A browser as the other end of calls with dialtone: it posts an offer, or publishes with WHIP, or plays with WHEP. What it has
// seen of a call is what ../signaling.py describes, and the codecs that came in. With a query, a call is placed at once, stays
// until it has seen enough, and its report becomes window.saw; a test can also begin calls and end them.
const version = (await navigator.userAgentData?.getHighEntropyValues(["uaFullVersion"]))?.uaFullVersion ?? /Firefox\/([\d.]+)/.exec(navigator.userAgent)[1];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (met) => { while (!(await met())) await sleep(20); };

class Call {
  constructor(way, endpoint, video = true) {
    Object.assign(this, { way, endpoint, video, pc: new RTCPeerConnection() });
    this.data = way === "offer";
    this.sends = way !== "whep";
    this.receives = way !== "whip";
    this.report = { version, audio: 0, video: 0, codecs: [], echoed: false, channels: [], ended: "" };
    this.pc.ontrack = (e) => {
      const player = document.createElement(e.track.kind); // what nobody plays is not decoded
      player.autoplay = player.muted = true;
      player.srcObject = new MediaStream([e.track]);
      document.body.append(player);
    };
  }

  async offer() {
    if (this.sends) {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: this.video });
      const direction = this.receives ? "sendrecv" : "sendonly";
      for (const track of stream.getTracks()) this.pc.addTransceiver(track, { direction, streams: [stream] });
    } else {
      for (const kind of ["audio", "video"]) this.pc.addTransceiver(kind, { direction: "recvonly" });
    }
    if (this.data) {
      const channel = this.pc.createDataChannel("chat");
      channel.onopen = () => channel.send("hello from a page");
      channel.onmessage = (e) => { if (e.data === "hello from a page") this.report.echoed = true; };
    }
    await this.pc.setLocalDescription();
    await until(() => this.pc.iceGatheringState === "complete");
    return this.pc.localDescription.sdp;
  }

  async connect() {
    const sdp = await this.offer();
    const body = this.data ? JSON.stringify({ type: "offer", sdp }) : sdp;
    const headers = { "Content-Type": this.data ? "application/json" : "application/sdp" };
    const response = await fetch(this.endpoint, { method: "POST", body, headers });
    if (!response.ok) throw new Error("POST: " + response.status);
    const answer = this.data ? (await response.json()).sdp : await response.text();
    this.session = this.data ? undefined : new URL(response.headers.get("Location"), this.endpoint);
    await this.pc.setRemoteDescription({ type: "answer", sdp: answer });
    await until(() => this.pc.connectionState === "connected");
  }

  // hasReceived reports whether so much of each kind has come in: packets of audio, decoded pictures of video.
  async hasReceived(least) {
    const stats = await this.pc.getStats();
    for (const r of stats.values()) {
      if (r.type !== "inbound-rtp") continue;
      this.report[r.kind] = r.kind === "audio" ? r.packetsReceived : r.framesDecoded;
      const codec = stats.get(r.codecId)?.mimeType;
      if (codec && !this.report.codecs.includes(codec)) this.report.codecs.push(codec);
    }
    return !this.receives || Object.entries(least).every(([kind, n]) => this.report[kind] >= n);
  }

  async end() {
    if (this.session) await fetch(this.session, { method: "DELETE" });
    this.pc.close();
    this.report.ended = "close";
    return this.report;
  }
}

const begun = [];

// begin places calls, [way, endpoint] each, and returns when each that receives has audio and a picture. The pictures are
// small, because a busy machine encodes AV1 slower than they come.
window.begin = (calls) => Promise.all(calls.map(async ([way, endpoint]) => {
  const call = new Call(way, endpoint, { width: 160, height: 120 });
  begun.push(call);
  await call.connect();
  await until(() => call.hasReceived({ audio: 1, video: 1 }));
}));

// finish ends these calls and returns their reports.
window.finish = () => Promise.all(begun.splice(0).map((call) => call.end()));

const query = new URLSearchParams(location.search);
if (query.has("signaling")) {
  const call = new Call(query.get("signaling"), query.get("url"));
  await call.connect();
  await sleep(3500);
  for (let n = 0; n < 300; n++) {
    if (await call.hasReceived({ audio: 50, video: 20 }) && (!call.data || call.report.echoed)) break;
    await sleep(100);
  }
  window.saw = await call.end();
}
