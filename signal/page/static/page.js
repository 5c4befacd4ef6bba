// What the page shows and what its buttons do. Input from the peer, the server or the address becomes text of an
// element, never markup.

import { Call } from './call.js';
import { open } from './media.js';
import { bitrate } from './stats.js';
import { language, t } from './strings.js';

const MAX_LINES = 500; // of chat that are kept
const $ = (id) => document.getElementById(id);

let call = null; // the Call in progress
let media = null; // what it sends
let config = Promise.resolve({});
let began = 0; // when it first connected, in ms of performance.now
let clock = 0; // the timer's interval
let before = null; // the sample before the last

prepare();

function prepare() {
  document.documentElement.lang = language;
  document.title = t('title');
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
  $('text').placeholder = t('chat_placeholder');
  $('text').setAttribute('aria-label', t('chat_placeholder'));
  for (const kind of ['audio', 'video', 'speaker']) press(kind, false);
  name($('hang-up'), t('hang_up'));

  const query = new URLSearchParams(location.search);
  $('code').value = (query.get('code') ?? fragment()).slice(0, 255);
  $('test').checked = query.get('media') === 'test';
  config = configuration();
  $('dial').addEventListener('submit', (e) => { e.preventDefault(); dial(); });
  $('code').addEventListener('input', showCommand);
  $('say').addEventListener('submit', (e) => { e.preventDefault(); say(); });
  $('hang-up').addEventListener('click', () => call?.hangUp());
  $('copy').addEventListener('click', copy);
  $('link').addEventListener('focus', () => $('link').select());
  $('play').addEventListener('click', play);
  for (const kind of ['audio', 'video', 'speaker']) $(`mute-${kind}`).addEventListener('click', () => toggle(kind));
  addEventListener('pagehide', () => call?.hangUp());
  showCommand();
  $('lobby').hidden = false;
  if (typeof RTCPeerConnection === 'undefined') {
    outcome(t('no_webrtc'));
    $('call').disabled = true;
  }
}

function fragment() {
  try { return decodeURIComponent(location.hash.slice(1)); } catch { return ''; }
}

// configuration asks the server which ICE servers it offers. Without an answer the call is tried without any.
async function configuration() {
  try {
    const answer = await fetch('config.json', { cache: 'no-store' });
    return answer.ok ? await answer.json() : {};
  } catch {
    return {};
  }
}

// base is the address of the page without what was typed after it.
function base() { return new URL('.', location.href.split(/[?#]/)[0]).href; }

// showCommand shows the command that a peer types in a terminal.
async function showCommand() {
  const { arguments: more = '' } = await config;
  const code = $('code').value || 'w1';
  const quoted = /^[\w./:@%+,=][\w./:@%+,=-]*$/.test(code) ? code : `'${code.replaceAll("'", "'\\''")}'`;
  for (const element of document.querySelectorAll('[data-command]')) element.textContent = `dialtone call ${quoted} --server ${base()} ${more}`.trim();
}

async function dial() {
  const code = $('code').value.trim();
  if (!code) {
    outcome(t('code_missing'));
    $('code').focus();
    return;
  }
  $('call').disabled = true;
  outcome(t('opening'));
  media = await open($('test').checked);
  const { iceServers = [] } = await config;
  enter(code);
  call = new Call({ url: `${base()}call_line_process/`, code, stream: media.stream, iceServers }, happened);
  call.start();
}

// enter shows the room of a new call.
function enter(code) {
  outcome('');
  $('lobby').hidden = true;
  $('room').hidden = false;
  $('local').srcObject = media.stream;
  $('local').classList.toggle('mirrored', media.camera);
  $('self-words').textContent = t(media.camera ? 'you' : 'you_test');
  $('media-notice').hidden = !media.why;
  $('media-notice').textContent = media.why ? t(`media_${media.why}`) : '';
  $('invite-words').textContent = t('waiting_more', { code });
  $('link').value = `${base()}#${encodeURIComponent(code)}`;
  $('copy').hidden = !navigator.clipboard;
  $('remote').muted = false;
  for (const kind of ['audio', 'video', 'speaker']) press(kind, false);
  for (const kind of ['audio', 'video']) $(`peer-${kind}`).hidden = true;
  $('log').replaceChildren();
  $('log-empty').hidden = false;
  $('stats').hidden = true;
  $('stats-none').hidden = false;
  talking(false);
  before = null;
  began = 0;
  document.body.classList.add('calling');
}

// happened handles what the call reports.
function happened(what, value) {
  switch (what) {
    case 'state': return state(value);
    case 'end': return ended(value);
    case 'track': return heard(value);
    case 'muted': $(`peer-${value.kind}`).hidden = !value.value; return undefined;
    case 'chat': return line(value, false);
    case 'ready': if (value === 'chat') talking(true); return undefined;
    case 'stats': return statistics(value);
    default: return undefined;
  }
}

function state(now) {
  $('state').dataset.state = now;
  $('state-words').textContent = t(`state_${now}`);
  $('invite').hidden = now !== 'waiting';
  $('stage').classList.toggle('up', ['connected', 'silent', 'redialing'].includes(now));
  if (now !== 'connected' || began) return;
  began = performance.now();
  $('timer').hidden = false;
  $('media-notice').hidden = true;
  clock = setInterval(tick, 500);
  tick();
}

function tick() {
  const seconds = Math.floor((performance.now() - began) / 1000);
  const two = (n) => String(n).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  $('timer').textContent = minutes < 60 ? `${minutes}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

function ended({ reason, detail }) {
  clearInterval(clock);
  media.close();
  media = null;
  call = null;
  $('remote').srcObject = null;
  $('local').srcObject = null;
  $('timer').hidden = true;
  $('play').hidden = true;
  $('room').hidden = true;
  $('lobby').hidden = false;
  document.body.classList.remove('calling');
  $('call').disabled = false;
  $('call').textContent = t('call_again');
  outcome(t(`end_${reason}`, { detail: detail.replace(/[.\s]+$/, '') }), reason);
  $('call').focus();
}

function outcome(text, reason = '') {
  $('outcome').hidden = !text;
  $('outcome').textContent = text;
  $('outcome').dataset.reason = reason;
}

function heard(stream) {
  if ($('remote').srcObject !== stream) $('remote').srcObject = stream;
  play();
}

// play starts the picture and the sound; browsers may want another click for the latter.
async function play() {
  try {
    await $('remote').play();
    $('play').hidden = true;
  } catch (e) {
    $('play').hidden = e.name !== 'NotAllowedError';
  }
}

function toggle(kind) {
  const muted = $(`mute-${kind}`).getAttribute('aria-pressed') !== 'true';
  press(kind, muted);
  if (kind === 'speaker') $('remote').muted = muted;
  else call?.mute(kind, muted);
}

function press(kind, muted) {
  $(`mute-${kind}`).setAttribute('aria-pressed', String(muted));
  name($(`mute-${kind}`), t(muted ? `unmute_${kind}` : `mute_${kind}`));
}

function name(button, words) {
  button.setAttribute('aria-label', words);
  button.title = words;
}

async function copy() {
  try {
    await navigator.clipboard.writeText($('link').value);
    $('copy').textContent = t('copied');
    setTimeout(() => { $('copy').textContent = t('copy'); }, 2000);
  } catch {
    $('link').select();
  }
}

function talking(can) {
  $('text').disabled = !can;
  $('send').disabled = !can;
}

function say() {
  const text = $('text').value.trim();
  if (!text || !call) return;
  if (call.say(text)) {
    line(text, true);
    $('text').value = '';
  } else {
    $('text').value = '';
    $('text').placeholder = t('chat_closed');
    talking(false);
  }
}

function line(text, mine) {
  const item = document.createElement('li');
  item.className = mine ? 'mine' : 'theirs';
  const who = document.createElement('b');
  who.textContent = t(mine ? 'from_me' : 'from_peer');
  const words = document.createElement('span');
  words.dir = 'auto';
  words.textContent = text;
  item.append(who, words);
  const log = $('log');
  log.append(item);
  while (log.children.length > MAX_LINES) log.firstElementChild.remove();
  log.scrollTop = log.scrollHeight;
  $('log-empty').hidden = true;
}

function statistics(now) {
  $('stats').hidden = false;
  $('stats-none').hidden = true;
  const pair = now.pair ?? {};
  const side = (type) => (['host', 'srflx', 'prflx', 'relay'].includes(type) ? t(`type_${type}`) : '–');
  $('path').textContent = `${side(pair.localCandidateType)} ⇄ ${side(pair.remoteCandidateType)}${pair.protocol ? ` · ${pair.protocol}` : ''}`;
  $('rtt').textContent = number(pair.currentRoundTripTime, (s) => t('ms', { n: s < 0.001 ? '< 1' : (s * 1000).toFixed(0) }));
  $('streams').replaceChildren(...['inbound', 'outbound'].flatMap((direction) => now[direction].map((row) => rowOf(now, direction, row))));
  before = now;
}

function rowOf(now, direction, row) {
  const cells = [
    t(`${direction}_${row.kind === 'video' ? 'video' : 'audio'}`),
    number(row.packetsReceived ?? row.packetsSent, (n) => n.toLocaleString(language)),
    number(row.packetsLost, (n) => n.toLocaleString(language)),
    number(row.jitter, (s) => t('ms', { n: (s * 1000).toFixed(1) })),
    number(bitrate(before, now, direction, row), (b) => (b / 1000).toFixed(0)),
    row.frameWidth ? `${row.frameWidth}×${row.frameHeight}${row.framesPerSecond === undefined ? '' : ` · ${Math.round(row.framesPerSecond)}`}` : '',
  ];
  const line = document.createElement('tr');
  for (const text of cells) line.insertCell().textContent = text;
  return line;
}

// number shows what was measured, and a dash for what was not.
function number(value, show) { return value === undefined ? '–' : show(value); }
