// One call from dial to hang-up: an RTCPeerConnection, the room in which it is negotiated, and the data channels.

import { Room, RoomError } from './room.js';
import { sample } from './stats.js';

const CONTROL = ['special_datachannel', 'system_channel']; // both names of the control channel
const CHAT = 'chat';
const PING = 'ping';
const STATS = 'dialtone-stats';
const LABELS = [...CONTROL, CHAT, PING, STATS]; // opened by the offerer

const MAX_CONTROL = 4096; // characters of a control message
const MAX_CHAT = 4000; // characters of a chat message that are shown
const MAX_STATS = 16_000; // characters of a statistics message
const MAX_BUFFERED = 64_000; // bytes that may wait before statistics are left out

const AGENT = 'dialtone page';
const SET_UP = 40_000; // ms from the pairing to the connection
const GRACE = 3_000; // ms in which the call may still connect after the signaling ended
const LINGER = 5_000; // ms in which the room is kept after that, for late candidates
const REDIAL = 12_000; // ms to wait for a lost peer in a new room

/**
 * Call reports what happens through on(name, value):
 *   state    'dialing', 'waiting', 'connecting', 'connected', 'silent' (the peer does not answer), 'redialing', 'ended'
 *   end      {reason, detail}; see the strings end_* for the reasons
 *   track    a remote MediaStream, at each track
 *   muted    {kind: 'audio' | 'video', value}: what the peer does not send
 *   chat     text from the peer
 *   ready    label of a channel that has opened
 *   stats    a sample, each second
 */
export class Call {
  #options;
  #on;
  #connection;
  #room = null;
  #channels = new Map();
  #remote = new MediaStream();
  #agent = ''; // of the peer, from its hello
  #reads = false; // whether the peer reads statistics, from its hello
  #fingerprint = ''; // of the peer's certificate
  #setup = ''; // the peer's role in the DTLS handshake (a=setup): 'active' or 'passive'
  #everUp = false;
  #ended = false;
  #redialing = null; // 'asked' or 'lost'
  #timers = new Map();

  constructor(options, on) { // {url, code, stream, iceServers}
    this.#options = options;
    this.#on = on;
  }

  /** start dials. It returns at once. */
  start() {
    try {
      this.#connect();
    } catch (e) { // an ICE server that this browser cannot use
      this.#end('config', e.message);
      return;
    }
    this.#on('state', 'dialing');
    this.#runRoom();
    this.#repeat();
  }

  /** hangUp ends the call and notifies the peer. */
  hangUp() { this.#end('hangup'); }

  /** say sends a line of text and reports whether it was sent. */
  say(text) { return this.#send(CHAT, text); }

  /** mute stops or resumes sending a kind of media and notifies the peer. */
  mute(kind, value) {
    for (const track of this.#options.stream.getTracks()) {
      if (track.kind === kind) track.enabled = !value;
    }
    this.#control({ code: `mute_${kind}`, value });
  }

  /** connection is the RTCPeerConnection. */
  get connection() { return this.#connection; }

  #configuration(more) {
    return { iceServers: [...this.#options.iceServers, ...more], bundlePolicy: 'max-bundle' };
  }

  #connect() {
    const connection = new RTCPeerConnection(this.#configuration([]));
    this.#connection = connection;
    for (const track of this.#options.stream.getTracks()) connection.addTrack(track, this.#options.stream);
    connection.ontrack = ({ track }) => {
      this.#remote.addTrack(track);
      this.#on('track', this.#remote);
    };
    connection.ondatachannel = ({ channel }) => this.#wire(channel);
    connection.onicecandidate = ({ candidate }) => {
      // The end of candidates is not sent: the original forwards it as null.
      if (candidate?.candidate) this.#room?.post('ice', candidate.toJSON()).catch(() => {}); // the polls report what is wrong
    };
    connection.onconnectionstatechange = () => this.#changed(connection.connectionState);
  }

  // runRoom dials and handles the messages of the room until it ends.
  async #runRoom() {
    const again = this.#redialing !== null;
    let room = null;
    try {
      room = await Room.dial(this.#options.url, this.#options.code);
      if (this.#ended) {
        room.close(true);
        return;
      }
      this.#room = room;
      this.#connection.setConfiguration(this.#configuration(room.iceServers));
      if (!again) this.#on('state', 'waiting');
      for await (const message of room.messages()) await this.#handle(message, room, again);
    } catch (e) {
      if (!this.#ended && (room === this.#room || room === null)) this.#signalingEnded(e);
    }
  }

  async #handle(message, room, again) {
    const connection = this.#connection;
    switch (message.kind) {
      case 'need_init':
        this.#paired();
        if (!again) for (const label of LABELS) this.#wire(connection.createDataChannel(label));
        await connection.setLocalDescription(await connection.createOffer({ iceRestart: again }));
        await room.post('offer', describe(connection.localDescription));
        return;
      case 'offer':
        this.#paired();
        this.#checkCertificate(message.description);
        await connection.setRemoteDescription(message.description);
        await connection.setLocalDescription(await connection.createAnswer());
        this.#setup ||= setupOf(connection.localDescription) === 'active' ? 'passive' : 'active';
        await room.post('answer', describe(connection.localDescription));
        this.#negotiated();
        return;
      case 'answer':
        this.#checkCertificate(message.description);
        this.#setup ||= setupOf(message.description);
        // The roles in the handshake do not change (RFC 8842 §5.5); some answers to a restart always say 'active'.
        message.description.sdp = message.description.sdp.replace(/^a=setup:\w+/gm, `a=setup:${this.#setup}`);
        await connection.setRemoteDescription(message.description);
        this.#negotiated();
        return;
      case 'candidate':
        // One that this browser cannot use does not end the call.
        await connection.addIceCandidate(message.candidate).catch(() => {});
    }
  }

  // checkCertificate rejects a stranger who dialed the code during a restart: the certificate must be that of the call.
  #checkCertificate({ sdp }) {
    const fingerprint = [...new Set(sdp.match(/^a=fingerprint:.*$/gm) ?? [])].join().toLowerCase();
    if (this.#fingerprint && fingerprint !== this.#fingerprint) throw new RoomError('stranger');
    this.#fingerprint = fingerprint;
  }

  #paired() {
    if (this.#redialing) return;
    this.#on('state', 'connecting');
    this.#after('setup', SET_UP, () => this.#end('no_path'));
  }

  #negotiated() {
    if (this.#connection.connectionState === 'connected') this.#settle();
  }

  // settle leaves the room some time after the call has connected. The server forgets the room.
  #settle() {
    this.#stop('setup', 'grace', 'redial');
    this.#redialing = null;
    const room = this.#room;
    this.#after('linger', LINGER, () => room?.close(false));
  }

  #signalingEnded(e) {
    const reason = e instanceof RoomError ? e.reason : 'description';
    const detail = e instanceof RoomError ? e.detail : e.message;
    if (reason === 'cancelled') return;
    if (this.#redialing === 'lost') this.#end('lost');
    else if (this.#everUp) this.#redialing = null; // a connected call does not need the server
    else if (this.#connection.remoteDescription) this.#after('grace', GRACE, () => this.#end(reason, detail));
    else this.#end(reason, detail);
  }

  #changed(state) {
    if (this.#ended) return;
    switch (state) {
      case 'connected':
        this.#everUp = true;
        this.#stop('silent');
        this.#settle();
        this.#on('state', 'connected');
        return;
      case 'disconnected':
        this.#on('state', 'silent');
        return;
      case 'failed':
        if (!this.#everUp) this.#end('no_path');
        else if (!this.#agent || this.#redialing === 'lost') this.#end('lost');
        else this.#dialAgain('lost');
        return;
      case 'closed':
        this.#end('peer_hangup');
    }
  }

  // dialAgain negotiates an ICE restart in a new room: the old path may be gone, so the call cannot carry it itself.
  async #dialAgain(why) {
    if (this.#redialing && why === 'asked') return;
    this.#redialing = why;
    this.#stop('linger');
    if (why === 'lost') this.#on('state', 'redialing');
    this.#after('redial', REDIAL, () => {
      this.#redialing = null;
      if (this.#connection.connectionState !== 'connected') this.#end('lost');
    });
    const old = this.#room;
    this.#room = null;
    await old?.close(true); // or the second dial could meet the first one there
    if (!this.#ended) this.#runRoom();
  }

  #wire(channel) {
    if (!this.#channels.has(channel.label)) this.#channels.set(channel.label, channel);
    const control = CONTROL.includes(channel.label);
    channel.onopen = () => {
      if (control) channel.send(JSON.stringify({ code: 'hello', agent: AGENT }));
      this.#on('ready', channel.label);
    };
    channel.onmessage = ({ data }) => {
      if (typeof data !== 'string') return;
      if (control) this.#handleControl(data);
      else if (channel.label === CHAT) this.#on('chat', data.slice(0, MAX_CHAT));
      else if (channel.label === PING) this.#answerPing(data);
    };
    channel.onclose = () => { if (control) this.#end('peer_hangup'); };
  }

  #handleControl(data) {
    const message = data.length <= MAX_CONTROL ? object(data) : null;
    switch (message?.code) {
      case 'reject':
        this.#end('peer_hangup');
        return;
      case 'mute_audio':
      case 'mute_microphone':
      case 'mute_video':
        if (typeof message.value === 'boolean') this.#on('muted', { kind: message.code === 'mute_video' ? 'video' : 'audio', value: message.value });
        return;
      case 'hello':
        this.#agent = String(message.agent || 'dialtone').slice(0, 64);
        this.#reads = message.stats === true;
        return;
      case 'restart':
        if (this.#everUp) this.#dialAgain('asked');
    }
  }

  #answerPing(data) {
    const n = data.length <= 256 ? object(data)?.ping : undefined;
    if (Number.isSafeInteger(n) && n >= 0) this.#send(PING, JSON.stringify({ pong: n }));
  }

  // control sends a control message: on both channels until a hello has shown that the peer reads the documented one.
  #control(message) {
    const text = JSON.stringify(message);
    for (const label of CONTROL) {
      if (this.#send(label, text) && this.#agent) return;
    }
  }

  #send(label, text) {
    const channel = this.#channels.get(label);
    if (channel?.readyState !== 'open') return false;
    try {
      channel.send(text);
      return true;
    } catch { // its buffer is full
      return false;
    }
  }

  // repeat takes a sample each second, shows it, and sends it to a peer that reads statistics.
  #repeat() {
    const tick = async () => {
      if (!this.#everUp) return;
      try {
        const now = await sample(this.#connection);
        if (this.#ended) return;
        this.#on('stats', now);
        this.#report(now);
      } catch { /* a connection that has just been closed has none */ }
    };
    const timer = setInterval(tick, 1000);
    this.#timers.set('stats', timer);
  }

  #report(now) {
    const channel = this.#channels.get(STATS);
    if (!this.#reads || !channel || channel.bufferedAmount > MAX_BUFFERED) return;
    const text = JSON.stringify(now);
    if (text.length <= MAX_STATS) this.#send(STATS, text);
  }

  // end happens once. It waits a moment for the goodbye to be sent before it closes the connection.
  async #end(reason, detail = '') {
    if (this.#ended) return;
    this.#ended = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#room?.close(!this.#everUp); // first: the peer's goodbye to the server would fail the poll
    if (reason !== 'peer_hangup') this.#control({ code: 'reject' });
    this.#on('state', 'ended');
    this.#on('end', { reason, detail });
    await this.#flushed();
    this.#connection?.close();
  }

  async #flushed() {
    const waiting = () => CONTROL.some((label) => this.#channels.get(label)?.readyState === 'open' && this.#channels.get(label).bufferedAmount > 0);
    for (let i = 0; i < 20 && waiting(); i++) await new Promise((done) => { setTimeout(done, 10); });
    await new Promise((done) => { setTimeout(done, 50); }); // for the transport below
  }

  #after(name, ms, what) {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(what, ms));
  }

  #stop(...names) {
    for (const name of names) clearTimeout(this.#timers.get(name));
  }
}

// setupOf returns the role in the DTLS handshake of a description.
function setupOf({ sdp }) { return /^a=setup:(\w+)/m.exec(sdp)?.[1] ?? ''; }

function describe({ type, sdp }) { return { type, sdp }; }

// object parses a JSON object; null if the text is something else.
function object(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
