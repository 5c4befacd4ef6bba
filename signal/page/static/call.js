// One call from dial to hang-up: an RTCPeerConnection, the room in which it is negotiated, and the data channels.

import { describe, fingerprintOf, gathered, sessionOf, setupOf } from './descriptions.js';
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
const RESTART = 12_000; // ms in which a restart that the peer asked for is waited for, while the call goes on
const QUIET = 6_000; // ms in which a silent path may recover by itself before the code is dialed again
const REDIAL = 90_000; // ms for which that is repeated: no less than a terminal waits for its peer
const PAUSE = 1_000; // ms between two of these dials
const RETRIED = ['unreachable', 'server', 'expired', 'peer_left']; // what is dialed again after
const ATTEMPT = 5_000; // ms in which the restart of a lost path must succeed, before a new connection is made
const FINAL = 1_000; // ms that the last sample may take

/**
 * Call reports what happens through on(name, value):
 *   state    'dialing', 'waiting', 'retrying' (no server while waiting), 'connecting', 'connected', 'silent' (the peer does
 *            not answer), 'redialing' (the path is lost), 'ended'
 *   end      {reason, detail}; see the strings end_* for the reasons
 *   track    a remote MediaStream, at each track
 *   muted    {kind: 'audio' | 'video', value}: what the peer does not send
 *   chat     text from the peer
 *   open     {label, open}: a channel has opened or closed
 *   stats    {message, path}: a sample, each second, and one at the end
 *   restarted  whether a restart that was requested here has led to a path
 *   note     {what, detail}: what only the report shows: 'role', 'peer', 'dialed', 'renewed', 'signaling',
 *            'local_candidate', 'remote_candidate', 'candidate_error'
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
  #certificate; // the own one
  #own = ''; // its fingerprint
  #tried = false; // a restart of the connection was negotiated, and it has not connected since
  #fingerprint = ''; // of the peer's certificate
  #session = ''; // of the peer's connection: the ID in its descriptions
  #setup = ''; // the peer's role in the DTLS handshake (a=setup): 'active' or 'passive'
  #everUp = false;
  #former = null; // a connection that was replaced, and not closed: the peer could take that for a hang-up
  #fresh = true; // the connection has not connected
  #used = false; // and it is not for the next room: it has a description
  #ended = false;
  #redialing = null; // 'asked' or 'lost'
  #asks = false; // whether the restart in progress was requested here
  #waiting = false; // in a room, for a peer who has not come yet
  #stranger = false; // whether a stranger came instead of the peer
  #wake = null; // ends the pause before the next dial
  #turn = null; // identifies the last dial
  #timers = new Map();

  constructor(options, on) { // {url, code, tracks, iceServers}
    this.#options = options;
    this.#on = on;
  }

  /** start dials. */
  async start() {
    try {
      // Extensions that wrap RTCPeerConnection may leave out its static methods.
      this.#certificate = await RTCPeerConnection.prototype.constructor.generateCertificate?.({ name: 'ECDSA', namedCurve: 'P-256' });
      if (this.#ended) return;
      this.#connect();
    } catch (e) { // an ICE server that this browser cannot use
      this.#end('config', e.message);
      return;
    }
    this.#on('state', 'dialing');
    this.#runRoom();
    this.#repeat();
  }

  /** hangUp ends the call and notifies the peer. Leaving: at once, because the page is about to disappear. */
  hangUp(leaving = false) { this.#end('hangup', '', leaving); }

  /** online: the browser has a network again. */
  online() {
    if (this.#ended) return;
    if (this.#wake) this.#wake();
    else if (this.#waiting && this.#room) this.#dialLater(); // the poll may hang for long
    else if (this.#everUp && this.#connection.connectionState !== 'connected') this.#lose();
  }

  /** restart asks for another path, and reports whether that is possible: a peer that can dial again has said hello. */
  restart() {
    if (!this.#agent || this.#ended) return false;
    this.#asks = true;
    if (this.#redialing) return true; // another path is looked for
    if (this.#connection.connectionState === 'connected') this.#dialAgain('asked');
    else this.#lose(); // a silent path carries no request
    return true;
  }

  /** replace sends another track in place of the one of its kind. */
  replace(track) {
    this.#options.tracks = this.#options.tracks.map((old) => (old.kind === track.kind ? track : old));
    const sender = this.#connection?.getSenders().find((s) => s.track?.kind === track.kind);
    sender?.replaceTrack(track).catch(() => {}); // it fails after the end only: both tracks are of the same kind
  }

  /** say sends a line of text and reports whether it was sent. */
  say(text) { return this.#send(CHAT, text); }

  /** mute stops or resumes sending a kind of media and notifies the peer. */
  mute(kind, value) {
    for (const track of this.#options.tracks) {
      if (track.kind === kind) track.enabled = !value;
    }
    this.#control({ code: `mute_${kind}`, value });
  }

  /** connection is the RTCPeerConnection. */
  get connection() { return this.#connection; }

  #configuration(more) {
    return { iceServers: [...this.#options.iceServers, ...more], bundlePolicy: 'max-bundle', certificates: this.#certificate && [this.#certificate] };
  }

  #connect() {
    const connection = new RTCPeerConnection(this.#configuration([]));
    this.#connection = connection;
    const stream = new MediaStream(this.#options.tracks);
    for (const track of this.#options.tracks) connection.addTrack(track, stream);
    connection.ontrack = ({ track }) => {
      this.#remote.addTrack(track);
      this.#on('track', this.#remote);
    };
    connection.ondatachannel = ({ channel }) => this.#wire(channel);
    connection.onicecandidate = ({ candidate }) => {
      // The end of candidates is not sent: the original forwards it as null.
      if (!candidate?.candidate) return;
      this.#note('local_candidate', candidate.candidate);
      this.#room?.post('ice', candidate.toJSON()).catch(() => {}); // the polls report what is wrong
    };
    connection.onicecandidateerror = ({ url, errorCode, errorText }) => this.#note('candidate_error', { url, code: errorCode, text: errorText });
    connection.onconnectionstatechange = () => this.#changed(connection.connectionState);
  }

  // renew replaces a connection that no ICE restart brings back by one with the same certificate, by which the peer knows it.
  #renew() {
    const old = this.#connection;
    for (const event of ['track', 'datachannel', 'icecandidate', 'icecandidateerror', 'connectionstatechange']) old[`on${event}`] = null;
    for (const [label, channel] of this.#channels) {
      channel.onopen = channel.onmessage = channel.onclose = null;
      this.#on('open', { label, open: false });
    }
    if (this.#fresh) old.close();
    else this.#former = old;
    this.#channels.clear();
    for (const track of this.#remote.getTracks()) this.#remote.removeTrack(track);
    this.#fresh = true;
    this.#used = this.#tried = false;
    this.#stop('attempt');
    this.#setup = '';
    this.#connect();
    this.#note('renewed', '');
  }

  // runRoom dials and handles the messages of the room until it ends.
  async #runRoom() {
    const again = this.#redialing !== null;
    const turn = {};
    this.#turn = turn;
    let room = null;
    try {
      room = await Room.dial(this.#options.url, this.#options.code, this.#redialing === 'lost', this.#name());
      if (this.#ended || turn !== this.#turn || (again && !this.#redialing)) { // the old path has recovered, or another dial follows
        room.close(true);
        return;
      }
      this.#room = room;
      if (again && (this.#fresh ? this.#used : this.#tried || this.#isDead())) this.#renew();
      this.#connection.setConfiguration(this.#configuration(room.iceServers));
      this.#on('servers', room.iceServers);
      this.#note('dialed', '');
      if (this.#asks && this.#redialing === 'asked') this.#control({ code: 'restart' }); // the first to dial offers: this page, with its candidates
      if (!again) {
        this.#waiting = true;
        this.#stop('redial');
        this.#on('state', 'waiting');
      }
      for await (const message of room.messages()) await this.#handle(message, room, again);
    } catch (e) {
      if (!this.#ended && turn === this.#turn && (room === this.#room || room === null)) this.#signalingEnded(e);
    }
  }

  async #handle(message, room, again) {
    switch (message.kind) {
      case 'need_init': {
        this.#paired('offerer');
        const connection = this.#connection;
        if (this.#fresh) for (const label of LABELS) this.#wire(connection.createDataChannel(label));
        this.#used = true;
        await connection.setLocalDescription(await connection.createOffer({ iceRestart: !this.#fresh }));
        if (again) await gathered(connection); // a peer that has given its old path up can check at once
        await room.post('offer', describe(connection.localDescription));
        return;
      }
      case 'offer': {
        this.#paired('answerer');
        this.#checkCertificate(message.description);
        if (this.#isAnother(message.description) && (!this.#fresh || this.#used)) this.#renew();
        const connection = this.#connection;
        this.#used = true;
        this.#session = sessionOf(message.description);
        await connection.setRemoteDescription(message.description);
        await connection.setLocalDescription(await connection.createAnswer());
        this.#setup ||= setupOf(connection.localDescription) === 'active' ? 'passive' : 'active';
        await room.post('answer', describe(connection.localDescription));
        this.#negotiated();
        return;
      }
      case 'answer':
        this.#checkCertificate(message.description);
        if (!this.#fresh && this.#isAnother(message.description)) { // it can only be offered a new one, in the next room
          this.#renew();
          this.#dialLater();
          return;
        }
        this.#session = sessionOf(message.description);
        this.#setup ||= setupOf(message.description);
        // The roles in the handshake do not change (RFC 8842 §5.5); some answers to a restart always say 'active'.
        message.description.sdp = message.description.sdp.replace(/^a=setup:\w+/gm, `a=setup:${this.#setup}`);
        await this.#connection.setRemoteDescription(message.description);
        this.#negotiated();
        return;
      case 'candidate':
        this.#note('remote_candidate', message.candidate.candidate);
        // One that this browser cannot use does not end the call.
        await this.#connection.addIceCandidate(message.candidate).catch(() => {});
    }
  }

  // isAnother: the peer describes another connection than before, which cannot restart this one.
  #isAnother(description) { return this.#redialing === 'lost' && this.#session !== '' && sessionOf(description) !== this.#session; }

  // checkCertificate rejects a stranger who dialed the code during a restart: the certificate must be that of the call.
  #checkCertificate({ sdp }) {
    const fingerprint = [...new Set(sdp.match(/^a=fingerprint:.*$/gm) ?? [])].join().toLowerCase();
    if (this.#fingerprint && fingerprint !== this.#fingerprint) throw new RoomError('stranger');
    this.#fingerprint = fingerprint;
  }

  #paired(role) {
    this.#waiting = false;
    this.#note('role', role);
    if (this.#everUp) return; // a restart, perhaps of a path that has recovered by itself
    this.#on('state', 'connecting');
    this.#after('setup', SET_UP, () => this.#end('no_path'));
  }

  #negotiated() {
    if (this.#connection.connectionState === 'connected') this.#settle();
    else if (this.#redialing === 'lost' && !this.#fresh) {
      this.#tried = true;
      this.#after('attempt', ATTEMPT, () => this.#dialLater());
    }
  }

  // settle leaves the room some time after the call has connected. The server forgets the room.
  #settle() {
    this.#stop('setup', 'grace', 'redial', 'restart', 'quiet', 'pause', 'attempt');
    this.#wake?.();
    this.#redialing = null;
    this.#restarted(true);
    const room = this.#room;
    this.#after('linger', LINGER, () => room?.close(false));
  }

  #signalingEnded(e) {
    const reason = e instanceof RoomError ? e.reason : 'description';
    const detail = e instanceof RoomError ? e.detail : e.message;
    if (reason === 'cancelled') return;
    if (reason === 'hung_up') {
      this.#end('peer_hangup');
      return;
    }
    this.#note('signaling', `${reason} ${detail}`.trim());
    if (reason === 'stranger') this.#stranger = true;
    // A restart that was asked for is tried for as long as it may take: a peer that stood by may have left its room just now.
    if (this.#redialing === 'lost' || (this.#redialing && RETRIED.includes(reason))) this.#dialLater();
    else if (this.#everUp) this.#giveUpRestart(); // a connected call does not need the server
    else if (this.#waiting && RETRIED.includes(reason)) this.#waitAgain(reason, detail);
    else if (this.#connection.remoteDescription) this.#after('grace', GRACE, () => this.#end(reason, detail));
    else this.#end(reason, detail);
  }

  // waitAgain: the network or the server was lost before the peer came. The room is dialed again until that is hopeless.
  #waitAgain(reason, detail) {
    if (!this.#timers.has('redial')) this.#after('redial', REDIAL, () => this.#end(reason, detail));
    this.#on('state', 'retrying');
    this.#dialLater();
  }

  #changed(state) {
    if (this.#ended) return;
    switch (state) {
      case 'connected':
        this.#everUp = true;
        this.#fresh = this.#tried = false;
        this.#former?.close();
        this.#settle();
        this.#on('state', 'connected');
        return;
      case 'disconnected':
        if (this.#redialing === 'lost') return;
        this.#on('state', 'silent');
        if (this.#agent) this.#after('quiet', QUIET, () => this.#lose());
        return;
      case 'failed':
        if (!this.#everUp) this.#end('no_path');
        else if (this.#isClosed()) this.#end('closed');
        else this.#lose();
        return;
      case 'closed':
        this.#end('peer_hangup');
    }
  }

  // lose: the path is gone, whatever the reason is. A peer that dials again is waited for in a new room.
  #lose() {
    if (!this.#agent) {
      this.#end('lost');
      return;
    }
    if (this.#redialing === 'lost') return;
    this.#after('redial', REDIAL, () => this.#end(this.#stranger ? 'stranger' : 'lost'));
    this.#on('state', 'redialing');
    this.#dialAgain('lost');
  }

  // isClosed: the peer has ended DTLS, and the channels did not say so before.
  #isClosed() { return this.#transportIs('closed'); }

  // isDead: Firefox gives up DTLS for good when it sends without a network. An ICE restart cannot bring that back.
  #isDead() { return this.#transportIs('failed') || this.#isClosed(); }

  #transportIs(state) { return this.#connection.getSenders().some(({ transport }) => transport?.state === state); }

  // dialAgain negotiates an ICE restart in a new room: the old path may be gone, so the call cannot carry it itself.
  async #dialAgain(why) {
    if (this.#redialing && why === 'asked') return;
    this.#redialing = why;
    this.#stop('linger', 'quiet', 'restart');
    if (why === 'asked') {
      this.#after('restart', RESTART, () => {
        this.#giveUpRestart();
        if (this.#connection.connectionState !== 'connected') this.#lose();
        else this.#leave(); // who dials the code from now on is not the peer
      });
    }
    await this.#leave();
    if (!this.#ended) this.#runRoom();
  }

  #giveUpRestart() {
    this.#redialing = null;
    this.#restarted(false);
  }

  // restarted reports how a restart that was requested here has ended.
  #restarted(done) {
    if (this.#asks) this.#on('restarted', done);
    this.#asks = false;
  }

  // leave ends the pair on the server, or the next dial could meet the last one there. A dead network is not waited for.
  async #leave() {
    const old = this.#room;
    this.#room = null;
    await Promise.race([old?.close(true), new Promise((done) => { setTimeout(done, PAUSE); })]);
  }

  // dialLater dials again after a pause, or as soon as the browser has a network.
  async #dialLater() {
    await this.#leave();
    await new Promise((done) => {
      this.#wake = done;
      this.#after('pause', PAUSE, done);
    });
    this.#wake = null;
    const wanted = this.#redialing || (this.#waiting && !this.#everUp);
    if (!this.#ended && wanted) this.#runRoom();
  }

  #wire(channel) {
    if (!this.#channels.has(channel.label)) this.#channels.set(channel.label, channel);
    const control = CONTROL.includes(channel.label);
    channel.onopen = () => {
      if (control) channel.send(JSON.stringify({ code: 'hello', agent: AGENT }));
      this.#on('open', { label: channel.label, open: true });
    };
    channel.onmessage = ({ data }) => {
      if (typeof data !== 'string') return;
      if (control) this.#handleControl(data);
      else if (channel.label === CHAT) this.#on('chat', data.slice(0, MAX_CHAT));
      else if (channel.label === PING) this.#answerPing(data);
    };
    channel.onclose = () => {
      // Browsers close the channels of a lost path as well: that is no hang-up.
      if (control && this.#connection.connectionState === 'connected' && !this.#redialing) this.#end('peer_hangup');
      else this.#on('open', { label: channel.label, open: false });
    };
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
        this.#note('peer', this.#agent);
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

  // repeat takes a sample each second.
  #repeat() {
    const tick = () => { if (this.#everUp && !this.#ended) this.#sample(); };
    this.#timers.set('stats', setInterval(tick, 1000));
  }

  // sample shows the values, and sends them to a peer that reads statistics.
  async #sample() {
    try {
      const now = await sample(this.#connection);
      this.#on('stats', now);
      const channel = this.#channels.get(STATS);
      if (!this.#reads || !channel || channel.bufferedAmount > MAX_BUFFERED) return;
      const text = JSON.stringify(now.message);
      if (text.length <= MAX_STATS) this.#send(STATS, text);
    } catch { /* a connection that has just been closed has none */ }
  }

  #note(what, detail) { this.#on('note', { what, detail }); }

  // end happens once: the last sample, the goodbye, and a moment for both to be sent before the connection is closed.
  async #end(reason, detail = '', leaving = false) {
    if (this.#ended) return;
    this.#ended = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    const works = this.#everUp && !this.#redialing && this.#connection.connectionState === 'connected';
    if (works || reason === 'peer_hangup') { // first: the peer's goodbye to the server would fail the poll
      this.#room?.close(!this.#everUp);
      this.#room = null;
    } else {
      this.#hangUpByServer();
    }
    if (this.#everUp && !leaving) await Promise.race([this.#sample(), new Promise((done) => { setTimeout(done, FINAL); })]);
    if (reason !== 'peer_hangup') this.#control({ code: 'reject' });
    this.#on('state', 'ended');
    this.#on('end', { reason, detail });
    if (!(await this.#flushed()) && works && reason !== 'peer_hangup') this.#hangUpByServer();
    this.#former?.close();
    this.#connection?.close();
  }

  // hangUpByServer ends the room, and the call for a peer that dials to continue it: its path may carry no goodbye.
  async #hangUpByServer() {
    try {
      const call = this.#name();
      const left = this.#room?.close(true, call);
      if (call && this.#room?.call !== call) await Room.hangUp(this.#options.url, this.#options.code, call);
      await left;
    } catch { /* the peer dials in vain until it gives up */ }
  }

  // name names the call to a server that is dialed again for it: by the certificates, which its peers know.
  #name() {
    const own = this.#connection?.localDescription;
    if (own) this.#own = fingerprintOf(own);
    return this.#own && this.#fingerprint ? [this.#own, fingerprintOf({ sdp: this.#fingerprint })].sort().join(' ') : undefined;
  }

  // flushed waits until nothing waits to be sent, and reports whether that is so.
  async #flushed() {
    const waiting = () => [STATS, ...CONTROL].some((label) => this.#channels.get(label)?.readyState === 'open' && this.#channels.get(label).bufferedAmount > 0);
    for (let i = 0; i < 100 && waiting(); i++) await new Promise((done) => { setTimeout(done, 10); });
    const sent = !waiting();
    await new Promise((done) => { setTimeout(done, 50); }); // for the transport below
    return sent;
  }

  #after(name, ms, what) {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(what, ms));
  }

  #stop(...names) {
    for (const name of names) {
      clearTimeout(this.#timers.get(name));
      this.#timers.delete(name);
    }
  }
}

// object parses a JSON object; null if the text is something else.
function object(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
