// What is sent: camera and microphone if they exist and may be used, otherwise a test picture and a tone.

const WIDTH = 640;
const HEIGHT = 360;
const FRAMES = 25; // per second, of the test picture

/**
 * open returns {stream, camera, microphone, why, close}. camera and microphone report which are real; why is '' or the reason
 * why one is not: 'wish' (asked for), 'insecure' (no https), 'refused' (by the person or the system), 'missing', 'busy'.
 */
export async function open(testOnly) {
  const real = testOnly ? { tracks: [], why: 'wish' } : await devices();
  const stream = new MediaStream(real.tracks);
  const closers = [];
  const camera = stream.getVideoTracks().length > 0;
  const microphone = stream.getAudioTracks().length > 0;
  if (!camera) closers.push(testPicture(stream));
  if (!microphone) closers.push(tone(stream));
  return {
    stream, camera, microphone, why: camera && microphone ? '' : real.why,
    close() {
      for (const track of stream.getTracks()) track.stop();
      for (const close of closers) close();
    },
  };
}

// devices requests both, and then each one if that fails.
async function devices() {
  if (!navigator.mediaDevices?.getUserMedia) return { tracks: [], why: 'insecure' };
  const audio = { echoCancellation: true, noiseSuppression: true };
  const video = { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: 'user' };
  try {
    return { tracks: (await navigator.mediaDevices.getUserMedia({ audio, video })).getTracks(), why: '' };
  } catch (first) {
    const tracks = [];
    let why = reason(first);
    for (const wish of [{ audio }, { video }]) {
      try {
        tracks.push(...(await navigator.mediaDevices.getUserMedia(wish)).getTracks());
      } catch (e) {
        why = reason(e);
      }
    }
    return { tracks, why };
  }
}

function reason(e) {
  switch (e.name) {
    case 'NotAllowedError': return 'refused';
    case 'NotReadableError': return 'busy';
    default: return 'missing';
  }
}

// testPicture adds a moving picture with a clock, by which a delay can be read off a screen. It returns what ends it.
function testPicture(stream) {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const pen = canvas.getContext('2d', { alpha: false });
  const draw = () => drawTestPicture(pen, Date.now());
  draw();
  const timer = setInterval(draw, 1000 / FRAMES);
  stream.addTrack(canvas.captureStream(FRAMES).getVideoTracks()[0]);
  return () => clearInterval(timer);
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

// tone adds a soft tone that swells every two seconds. It returns what ends it.
function tone(stream) {
  const context = new AudioContext();
  const output = context.createMediaStreamDestination();
  const volume = context.createGain();
  volume.gain.value = 0.08;
  const swell = context.createOscillator();
  const depth = context.createGain();
  swell.frequency.value = 0.5;
  depth.gain.value = 0.06;
  const sound = context.createOscillator();
  sound.frequency.value = 440; // a dial tone's pitch
  swell.connect(depth).connect(volume.gain);
  sound.connect(volume).connect(output);
  sound.start();
  swell.start();
  context.resume().catch(() => {}); // the click on the button allows it
  stream.addTrack(output.stream.getAudioTracks()[0]);
  return () => { context.close().catch(() => {}); };
}
