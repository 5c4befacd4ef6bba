// A browser as the other end of a call with dialtone: it posts an offer, or publishes with WHIP, or plays with WHEP. What it has
// seen becomes window.saw; ../signaling.py describes it.
const query = new URLSearchParams(location.search);
const way = query.get("signaling"), endpoint = query.get("url");
const data = way === "offer", sends = way !== "whep", receives = way !== "whip";
const enough = { audio: 50, video: 20 };
const version = (await navigator.userAgentData?.getHighEntropyValues(["uaFullVersion"]))?.uaFullVersion ?? /Firefox\/([\d.]+)/.exec(navigator.userAgent)[1];
const report = { version, audio: 0, video: 0, echoed: false, channels: [], ended: "" };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const pc = new RTCPeerConnection();
if (sends) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  for (const track of stream.getTracks()) pc.addTransceiver(track, { direction: receives ? "sendrecv" : "sendonly", streams: [stream] });
} else {
  for (const kind of ["audio", "video"]) pc.addTransceiver(kind, { direction: "recvonly" });
}
if (data) {
  const channel = pc.createDataChannel("chat");
  channel.onopen = () => channel.send("hello from a page");
  channel.onmessage = (e) => { if (e.data === "hello from a page") report.echoed = true; };
}
pc.ontrack = (e) => {
  const player = document.createElement(e.track.kind); // what nobody plays is not decoded
  player.autoplay = player.muted = true;
  player.srcObject = new MediaStream([e.track]);
  document.body.append(player);
};

await pc.setLocalDescription();
while (pc.iceGatheringState !== "complete") await sleep(20);
const sdp = pc.localDescription.sdp;
const body = data ? JSON.stringify({ type: "offer", sdp }) : sdp;
const response = await fetch(endpoint, { method: "POST", body, headers: { "Content-Type": data ? "application/json" : "application/sdp" } });
if (!response.ok) throw new Error("POST: " + response.status);
const answer = data ? (await response.json()).sdp : await response.text();
const session = data ? undefined : new URL(response.headers.get("Location"), endpoint);
await pc.setRemoteDescription({ type: "answer", sdp: answer });
while (pc.connectionState !== "connected") await sleep(20);
await sleep(3500);
for (let n = 0; n < 300; n++) {
  for (const r of (await pc.getStats()).values()) {
    if (r.type === "inbound-rtp") report[r.kind] = r.kind === "audio" ? r.packetsReceived : r.framesDecoded;
  }
  const media = !receives || Object.entries(enough).every(([kind, least]) => report[kind] >= least);
  if (media && (!data || report.echoed)) break;
  await sleep(100);
}
if (session) await fetch(session, { method: "DELETE" });
pc.close();
report.ended = "close";
window.saw = report;
