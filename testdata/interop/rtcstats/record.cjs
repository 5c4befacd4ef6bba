// Plays a call of a browser to the recorder of the npm package rtcstats, and prints the lines that it would send.
// node record.cjs standard|legacy <steps.json, as rtcstats_test.go makes it
"use strict";
const legacy = process.argv[2] === "legacy";
const steps = JSON.parse(require("fs").readFileSync(0, "utf8"));
let now = steps.began;
let report = {};

// Connection is the RTCPeerConnection of a browser that does what the steps say.
class Connection extends EventTarget {
	signalingState = "stable";
	getStats(take) {
		if (!legacy) return Promise.resolve(new Map(Object.entries(report)));
		take({ // as Chrome's getStats with a callback had it
			result: () => Object.values(report).map((o) => ({
				id: o.id, type: o.type, timestamp: new Date(o.timestamp), stat: (name) => String(o[name]),
				names: () => Object.keys(o).filter((name) => !["id", "type", "timestamp"].includes(name)),
			})),
		});
	}
	createOffer() { return Promise.resolve({ type: "offer", sdp: steps.offer }); }
	setLocalDescription() { return Promise.resolve(); }
	setRemoteDescription() { return Promise.resolve(); }
	addIceCandidate() { return Promise.resolve(); }
	close() { this.signalingState = "closed"; }
}

global.window = {
	RTCPeerConnection: Connection, setInterval: (poll) => { window.poll = poll; }, clearInterval: () => {},
	navigator: legacy ? { webkitGetUserMedia: true } : {},
};
Object.defineProperty(global, "navigator", { value: {
	mediaDevices: {
		getUserMedia: () => Promise.reject(Object.assign(new Error("denied"), { name: "NotAllowedError" })),
	},
} });
require("rtcstats")((...line) => console.log(JSON.stringify([...line, now])), 1000, [""]);

(async () => {
	await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => {});
	const pc = new window.RTCPeerConnection(steps.config, { optional: [{ googIPv6: true }] });
	const became = (name, state) => {
		pc[name] = state;
		pc.dispatchEvent(new Event(name.toLowerCase() + "change"));
	};
	now += 10;
	const offer = await pc.createOffer({ offerToReceiveAudio: true });
	await pc.setLocalDescription(offer);
	became("signalingState", "have-local-offer");
	for (const candidate of steps.candidates) {
		pc.dispatchEvent(Object.assign(new Event("icecandidate"), { candidate }));
	}
	await pc.setRemoteDescription({ type: "answer", sdp: steps.answer });
	became("signalingState", "stable");
	now += 10;
	became("iceConnectionState", "checking");
	now += 20;
	became("iceConnectionState", "connected");
	for (const r of steps.reports) {
		now += 1000;
		report = r;
		window.poll();
		await new Promise((done) => setImmediate(done));
	}
	pc.close();
})();
