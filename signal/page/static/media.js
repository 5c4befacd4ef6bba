// What is sent: camera and microphone where they exist and may be used, otherwise a test picture and a tone.

const WIDTH = 640;
const HEIGHT = 360;
const FRAMES = 25; // per second, of the test picture
const KINDS = ['audio', 'video'];

/**
 * Media is what a call sends: a track of each kind, of a device or a substitute for it.
 *
 * why(kind) is '' if the device is used, otherwise the reason why not:
 *   wish       a test picture and a tone were asked for
 *   skipped    the browser's question was not waited for
 *   insecure   browsers give devices to pages over HTTPS only
 *   refused    access was denied, by the user or the system
 *   missing    there is no such device
 *   busy       the device is used by another program
 *   failed     the device does not start
 *   revoked    access was withdrawn during the call
 *   unplugged  the device disappeared during the call
 *   stopped    the device ended during the call, and the reason is unknown
 *   silent     the device is used, but delivers nothing at present
 */
export class Media {
  #tracks = new Map(); // by kind
  #why = new Map();
  #closers = new Map(); // of the substitutes
  #changed;
  #closed = false;

  /** open asks for the devices. skip is a promise: once it resolves, they are waited for no longer. changed(kind) reports a track that was replaced. */
  static async open({ test, skip, changed }) {
    const media = new Media();
    media.#changed = changed;
    if (test) KINDS.forEach((kind) => media.#substitute(kind, 'wish'));
    else await media.#ask(KINDS, skip);
    return media;
  }

  track(kind) { return this.#tracks.get(kind); }
  why(kind) { return this.#why.get(kind) ?? ''; }

  /** stream has the tracks that are sent now. */
  get stream() { return new MediaStream([...this.#tracks.values()]); }

  /** camera reports whether the picture is that of a camera. */
  get camera() { return ['', 'silent'].includes(this.why('video')); }

  /** missing lists the kinds whose device could be asked for again. */
  get missing() { return KINDS.filter((kind) => !['', 'silent', 'wish', 'insecure'].includes(this.why(kind))); }

  /** retry asks again for the devices that are missing. */
  async retry() { await this.#ask(this.missing, null); }

  close() {
    this.#closed = true;
    for (const kind of KINDS) this.#drop(kind);
  }

  async #ask(kinds, skip) {
    const { tracks, why } = await devices(kinds, skip);
    for (const kind of kinds) {
      const track = tracks.find((t) => t.kind === kind);
      if (this.#closed) track?.stop();
      else if (track) this.#use(track);
      else this.#substitute(kind, why[kind]);
    }
  }

  // use sends a device's track until it ends: a device is unplugged, access is withdrawn.
  #use(track) {
    this.#put(track.kind, track, '', null);
    track.onended = async () => this.#substitute(track.kind, await whyEnded(track.kind), track);
    track.onmute = () => this.#note(track, 'silent');
    track.onunmute = () => this.#note(track, '');
  }

  #note(track, why) {
    if (this.#tracks.get(track.kind) !== track) return;
    this.#why.set(track.kind, why);
    this.#changed(track.kind);
  }

  // substitute sends the test picture or the tone; with instead, only while that track is the one that is sent.
  #substitute(kind, why, instead) {
    if (this.#closed || (instead && this.#tracks.get(kind) !== instead)) return;
    if (this.#closers.has(kind)) { // it is sent already
      this.#why.set(kind, why);
      this.#changed(kind);
      return;
    }
    const { track, close, silent } = kind === 'video' ? testPicture() : tone();
    this.#put(kind, track, why, close);
    silent?.then((yes) => { if (yes) this.#play(track); });
  }

  // play sends a tone that is played in place of a silent one.
  async #play(instead) {
    const played = await player().catch(() => null); // a browser that cannot keeps the silent one
    if (!played) return;
    if (this.#tracks.get('audio') === instead) this.#put('audio', played.track, this.why('audio'), played.close);
    else played.close();
  }

  #put(kind, track, why, close) {
    const enabled = this.#tracks.get(kind)?.enabled ?? true;
    this.#drop(kind);
    track.enabled = enabled;
    this.#tracks.set(kind, track);
    this.#why.set(kind, why);
    if (close) this.#closers.set(kind, close);
    this.#changed(kind);
  }

  #drop(kind) {
    const track = this.#tracks.get(kind);
    if (track) {
      track.onended = track.onmute = track.onunmute = null;
      track.stop();
    }
    this.#closers.get(kind)?.();
    this.#closers.delete(kind);
  }
}

// devices requests both, and then each one if that fails. why has the reason for each kind that is not there.
async function devices(kinds, skip) {
  const why = {};
  if (!navigator.mediaDevices?.getUserMedia) return { tracks: [], why: { audio: 'insecure', video: 'insecure' } };
  const wishes = {
    audio: { echoCancellation: true, noiseSuppression: true },
    video: { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: 'user' },
  };
  const tracks = [];
  const attempts = kinds.length > 1 ? [kinds, ...kinds.map((kind) => [kind])] : [kinds];
  for (const attempt of attempts) {
    try {
      tracks.push(...await request(Object.fromEntries(attempt.map((kind) => [kind, wishes[kind]])), skip));
      if (attempt.length === kinds.length) break;
    } catch (e) {
      for (const kind of attempt) why[kind] = reason(e);
      if (e.name === 'Skipped') {
        for (const kind of kinds) if (!tracks.some((track) => track.kind === kind)) why[kind] = 'skipped';
        break;
      }
    }
  }
  return { tracks, why };
}

// request makes one request. Devices that come after they were waited for are stopped.
async function request(wish, skip) {
  const asked = navigator.mediaDevices.getUserMedia(wish);
  if (!skip) return (await asked).getTracks();
  let late = false;
  asked.then((stream) => { if (late) stream.getTracks().forEach((track) => track.stop()); }).catch(() => {});
  const stream = await Promise.race([asked, skip]);
  if (stream) return stream.getTracks();
  late = true;
  throw new DOMException('', 'Skipped');
}

function reason(e) {
  switch (e.name) {
    case 'NotAllowedError':
    case 'SecurityError': return 'refused';
    case 'NotFoundError':
    case 'OverconstrainedError': return 'missing';
    case 'NotReadableError': return 'busy';
    case 'Skipped': return 'skipped';
    default: return 'failed';
  }
}

// whyEnded finds out why a device ended during the call.
async function whyEnded(kind) {
  try {
    const { state } = await navigator.permissions.query({ name: kind === 'video' ? 'camera' : 'microphone' });
    if (state === 'denied') return 'revoked';
  } catch { /* not every browser has these permissions */ }
  try {
    const list = await navigator.mediaDevices.enumerateDevices();
    if (!list.some((device) => device.kind === `${kind}input`)) return 'unplugged';
  } catch { /* unknown */ }
  return 'stopped';
}

// testPicture makes a moving picture with a clock, by which a delay can be read off a screen.
function testPicture() {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const pen = canvas.getContext('2d', { alpha: false });
  const draw = () => drawTestPicture(pen, Date.now());
  draw();
  const timer = setInterval(draw, 1000 / FRAMES);
  return { track: canvas.captureStream(FRAMES).getVideoTracks()[0], close: () => clearInterval(timer) };
}

const BARS = ['#d9d9d9', '#d8c95a', '#55b9bd', '#5fae62', '#b25fa8', '#c2564f', '#4a62b8'];

function drawTestPicture(pen, now) {
  const bar = WIDTH / BARS.length;
  const shift = ((now / 60) % WIDTH);
  for (let i = -BARS.length; i < BARS.length; i++) {
    pen.fillStyle = BARS[(i + BARS.length) % BARS.length];
    pen.fillRect(Math.floor(i * bar + shift), 0, Math.ceil(bar) + 1, HEIGHT);
  }
  pen.fillStyle = '#10201fd9';
  pen.fillRect(0, HEIGHT * 0.62, WIDTH, HEIGHT * 0.38);
  const angle = (now % 2000) / 2000 * 2 * Math.PI; // once in two seconds
  pen.strokeStyle = '#ffffff';
  pen.lineWidth = 6;
  pen.beginPath();
  pen.arc(86, HEIGHT * 0.81, 38, angle, angle + 1.5 * Math.PI);
  pen.stroke();
  pen.fillStyle = '#ffffff';
  pen.font = '600 54px ui-monospace, Menlo, monospace';
  pen.textBaseline = 'middle';
  pen.fillText(new Date(now).toISOString().slice(11, 22), 160, HEIGHT * 0.79);
  pen.font = '20px system-ui, sans-serif';
  pen.fillText('dialtone · UTC', 162, HEIGHT * 0.91);
}

const PITCH = 440; // Hz, a dial tone's
const START = 500; // ms until an AudioContext should run

// tone makes a soft tone that swells every two seconds. silent reports whether the browser did not start it.
function tone() {
  const context = new AudioContext();
  const output = context.createMediaStreamDestination();
  const volume = context.createGain();
  volume.gain.value = 0.08;
  const swell = context.createOscillator();
  const depth = context.createGain();
  swell.frequency.value = 0.5;
  depth.gain.value = 0.06;
  const sound = context.createOscillator();
  sound.frequency.value = PITCH;
  swell.connect(depth).connect(volume.gain);
  sound.connect(volume).connect(output);
  sound.start();
  swell.start();
  const started = context.resume().then(() => false, () => true); // the click on the button allows it
  const late = new Promise((done) => { setTimeout(done, START, true); });
  return {
    track: output.stream.getAudioTracks()[0],
    close: () => { context.close().catch(() => {}); },
    silent: Promise.race([started, late]),
  };
}

// player makes the same tone for Firefox on a machine without a sound output: it runs no AudioContext there, but it plays.
async function player() {
  const audio = new Audio(URL.createObjectURL(recordedTone()));
  audio.loop = audio.muted = true; // muted for the user, not for the peer
  const close = () => {
    audio.pause();
    URL.revokeObjectURL(audio.src);
  };
  try {
    await audio.play();
    const [track] = (audio.captureStream ?? audio.mozCaptureStream).call(audio).getAudioTracks();
    return { track, close };
  } catch (e) {
    close();
    throw e;
  }
}

// recordedTone is two seconds of the tone, as a WAV file.
function recordedTone() {
  const rate = 8000; // Hz
  const samples = 2 * rate;
  const size = 2 * samples; // bytes
  const view = new DataView(new ArrayBuffer(44 + size));
  const text = (at, s) => [...s].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, 'RIFF');
  view.setUint32(4, 36 + size, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channel
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, size, true);
  for (let i = 0; i < samples; i++) {
    const volume = 0.08 + 0.06 * Math.sin(Math.PI * i / rate);
    view.setInt16(44 + 2 * i, 32767 * volume * Math.sin(2 * Math.PI * PITCH * i / rate), true);
  }
  return new Blob([view.buffer], { type: 'audio/wav' });
}
