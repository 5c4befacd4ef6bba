// What the page shows and what its buttons do. Input from the peer, the server or the address becomes text of an
// element, never markup.

import { Call } from './call.js';
import { Media } from './media.js';
import { clear, copyText, line, noticed, statistics, talking } from './panels.js';
import { Report } from './report.js';
import { language, t } from './strings.js';

const SKIP = 1_500; // ms until the browser's question about the devices can be skipped
const KINDS = ['video', 'audio'];
const $ = (id) => document.getElementById(id);

let call = null; // the Call in progress
let media = null; // what it sends
let report = null; // of the call in progress, or of the last one
let config = Promise.resolve({});
let skip = null; // ends the wait for the devices
let clock = 0; // the timer's interval
let before = null; // the sample before the last

prepare();

function prepare() {
  document.documentElement.lang = language;
  document.title = t('title');
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', t(element.dataset.label));
  $('text').placeholder = t('chat_placeholder');
  for (const kind of ['audio', 'video', 'speaker']) press(kind, false);
  name($('hang-up'), t('hang_up'));

  const query = new URLSearchParams(location.search);
  $('code').value = (query.get('code') ?? fragment()).slice(0, 255);
  $('test').checked = query.get('media') === 'test';
  config = configuration();
  listen();
  showCommand();
  $('lobby').hidden = false;
  if (typeof RTCPeerConnection === 'undefined') {
    notify(t('no_webrtc'), 'no_webrtc');
    $('call').disabled = true;
  }
}

function listen() {
  $('dial').addEventListener('submit', (e) => { e.preventDefault(); if (skip) skip(); else dial(); });
  $('code').addEventListener('input', showCommand);
  $('new-code').addEventListener('click', newCode);
  $('say').addEventListener('submit', (e) => { e.preventDefault(); say(); });
  $('hang-up').addEventListener('click', () => call?.hangUp());
  $('again').addEventListener('click', dial);
  $('back').addEventListener('click', lobby);
  $('retry').addEventListener('click', retry);
  $('copy').addEventListener('click', async () => { if (await copyText($('link').value, $('link'))) noticed($('copy'), 'copy', 'copied'); });
  $('link').addEventListener('focus', () => $('link').select());
  $('addresses').addEventListener('change', showReport);
  $('report').addEventListener('toggle', showReport);
  for (const button of document.querySelectorAll('.copy-report')) button.addEventListener('click', () => copyReport(button));
  $('play').addEventListener('click', play);
  $('restart').addEventListener('click', restart);
  for (const kind of ['audio', 'video', 'speaker']) $(`mute-${kind}`).addEventListener('click', () => toggle(kind));
  addEventListener('pagehide', () => call?.hangUp(true));
  addEventListener('online', () => call?.online());
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

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'; // 32, none that looks like another

// newCode fills in a room code that cannot be guessed: 80 random bits, as the server makes them.
function newCode() {
  const letters = [...crypto.getRandomValues(new Uint8Array(16))].map((n) => LETTERS[n % LETTERS.length]);
  $('code').value = letters.join('').match(/.{4}/g).join('-');
  notify(t('code_made'), 'code_made');
  showCommand();
  $('code').focus();
  $('code').select();
}

function lobby() {
  $('room').hidden = true;
  $('lobby').hidden = false;
  document.body.classList.remove('calling');
  notify('');
  $('code').focus();
}

// notify shows a message above the form.
function notify(text, reason = '') {
  $('notice').hidden = !text;
  $('notice').textContent = text;
  $('notice').dataset.reason = reason;
}

async function dial() {
  const code = $('code').value.trim();
  if (!code) {
    notify(t('code_missing'), 'code_missing');
    $('code').focus();
    return;
  }
  lobby();
  $('call').disabled = true;
  notify(t('opening'), 'opening');
  const skipped = new Promise((done) => { skip = done; });
  const offer = setTimeout(() => {
    $('call').disabled = false;
    $('call').textContent = t('call_without');
  }, SKIP);
  media = await Media.open({ test: $('test').checked, skip: skipped, changed: replaced });
  clearTimeout(offer);
  skip = null;
  $('call').disabled = false;
  $('call').textContent = t('call');
  const { iceServers = [] } = await config;
  report = new Report(iceServers);
  enter(code);
  const tracks = KINDS.map((kind) => media.track(kind));
  call = new Call({ url: `${base()}call_line_process/`, code, tracks, iceServers }, happened);
  call.start();
}

// enter shows the room of a new call.
function enter(code) {
  notify('');
  $('lobby').hidden = true;
  $('room').hidden = false;
  $('over').hidden = true;
  $('controls').hidden = false;
  $('self').hidden = false;
  $('stage').classList.remove('over');
  $('invite-words').textContent = t('waiting_more', { code });
  $('link').value = `${base()}#${encodeURIComponent(code)}`;
  $('remote').muted = false;
  $('timer').hidden = true;
  for (const kind of ['audio', 'video', 'speaker']) press(kind, false);
  for (const kind of ['audio', 'video']) $(`peer-${kind}`).hidden = true;
  $('restart').hidden = $('restart').disabled = false;
  $('restart').textContent = t('restart');
  clear();
  showMedia();
  before = null;
  $('report').open = false;
  document.body.classList.add('calling');
  $('hang-up').focus();
}

// replaced: another track is sent from now on.
function replaced(kind) {
  if (!media) return;
  call?.replace(media.track(kind));
  showMedia();
}

// showMedia shows what is sent, and why it is not the camera and the microphone, for as long as that is so.
function showMedia() {
  $('local').srcObject = media.stream;
  $('local').classList.toggle('mirrored', media.camera);
  $('self-words').textContent = t(media.camera ? 'you' : 'you_test');
  for (const kind of KINDS) report.sends(kind, media.why(kind));
  const lines = noticeLines(KINDS.map((kind) => [kind, media.why(kind)]).filter(([, why]) => why));
  $('media-notice').hidden = lines.length === 0;
  $('media-lines').replaceChildren(...lines.map(paragraph));
  $('retry').hidden = media.missing.length === 0;
}

// noticeLines says what is sent instead of each device, and what helps: once, if it is the same for both.
function noticeLines(whys) {
  const [[, first] = [], [, second] = []] = whys;
  const common = whys.map(([, why]) => why).find((why) => ['wish', 'insecure', 'skipped'].includes(why));
  if (common) return [t(`media_${common}`)];
  return whys.map(([kind, why], i) => {
    const step = i === 0 && first === second ? '' : t(`media_step_${why}`);
    return `${t(`media_${kind}_${why}`)} ${step}`.trim();
  });
}

function paragraph(text) {
  const p = document.createElement('p');
  p.textContent = text;
  return p;
}

async function retry() {
  $('retry').disabled = true;
  await media?.retry();
  $('retry').disabled = false;
}

// happened handles what the call reports.
function happened(what, value) {
  report.add(what, value);
  switch (what) {
    case 'state': return state(value);
    case 'end': return ended(value);
    case 'track': return heard(value);
    case 'muted': $(`peer-${value.kind}`).hidden = !value.value; return undefined;
    case 'chat': return line(value, false);
    case 'restarted': return restarted(value);
    case 'open': if (value.label === 'chat') talking(value.open); return undefined;
    case 'stats': {
      statistics(before, value.message);
      before = value.message;
      return undefined;
    }
    default: return undefined;
  }
}

function state(now) {
  $('state').dataset.state = now;
  $('state-words').textContent = t(`state_${now}`);
  $('invite').hidden = !['waiting', 'retrying'].includes(now);
  $('stage').classList.toggle('up', ['connected', 'silent', 'redialing'].includes(now));
  if (now !== 'connected' || !$('timer').hidden) return;
  $('timer').hidden = false;
  clock = setInterval(tick, 500);
  tick();
}

function tick() {
  const seconds = Math.floor(report.seconds);
  const two = (n) => String(n).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  $('timer').textContent = minutes < 60 ? `${minutes}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

// ended shows how the call ended, beside what was said and measured.
function ended({ reason, detail }) {
  clearInterval(clock);
  if (!$('timer').hidden) tick();
  media.close();
  media = null;
  call = null;
  $('remote').srcObject = null;
  $('local').srcObject = null;
  for (const id of ['play', 'controls', 'self', 'invite', 'retry', 'restart']) $(id).hidden = true;
  for (const kind of ['audio', 'video']) $(`peer-${kind}`).hidden = true;
  talking(false);
  $('text').placeholder = t('chat_over');
  $('outcome').textContent = t(`end_${reason}`, { detail: detail.replace(/[.\s]+$/, '') });
  $('outcome').dataset.reason = reason;
  $('lasted').hidden = $('timer').hidden;
  $('lasted').textContent = t('lasted', { time: $('timer').textContent });
  $('over').hidden = false;
  $('stage').classList.add('over');
  $('again').focus();
  showReport();
}

function showReport() {
  if (report) $('report-text').value = report.text($('addresses').checked);
}

async function copyReport(button) {
  $('report').open = true; // the field that browsers without a clipboard copy from
  showReport();
  if (await copyText($('report-text').value, $('report-text'))) noticed(button, 'report_copy', 'copied');
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

// restart asks for another path, without the end of the call.
function restart() {
  if (call?.restart()) {
    $('restart').disabled = true;
    noticed($('restart'), 'restarting', 'restarting');
  } else {
    noticed($('restart'), 'restart', 'restart_unable');
  }
}

function restarted(done) {
  $('restart').disabled = false;
  noticed($('restart'), 'restart', done ? 'restarted' : 'restart_failed');
}

function toggle(kind) {
  const muted = $(`mute-${kind}`).getAttribute('aria-pressed') !== 'true';
  press(kind, muted);
  if (kind === 'speaker') $('remote').muted = muted;
  else call?.mute(kind, muted);
  report.mutes(kind, muted);
}

function press(kind, muted) {
  $(`mute-${kind}`).setAttribute('aria-pressed', String(muted));
  name($(`mute-${kind}`), t(muted ? `unmute_${kind}` : `mute_${kind}`));
}

function name(button, words) {
  button.setAttribute('aria-label', words);
  button.title = words;
}

function say() {
  const text = $('text').value.trim();
  if (!text || !call) return;
  $('text').value = '';
  if (call.say(text)) {
    line(text, true);
  } else {
    $('text').placeholder = t('chat_closed');
    talking(false);
  }
}
