// The panels beside the stage: the chat, the statistics and the report.

import { bitrate, jitterOf, lostOf } from './stats.js';
import { language, t } from './strings.js';

const MAX_LINES = 500; // of chat that are kept
const TYPES = ['host', 'srflx', 'prflx', 'relay'];
const $ = (id) => document.getElementById(id);

/** clear empties the panels for a new call. */
export function clear() {
  $('log').replaceChildren();
  $('log-empty').hidden = false;
  $('stats').hidden = true;
  $('stats-none').hidden = false;
  $('text').value = '';
  $('text').placeholder = t('chat_placeholder');
  talking(false);
}

/** talking lets the user write, or not. */
export function talking(can) {
  $('text').disabled = !can;
  $('send').disabled = !can;
}

/** line adds a message. */
export function line(text, mine) {
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
  $('log-scroll').scrollTop = $('log-scroll').scrollHeight;
  $('log-empty').hidden = true;
}

/** statistics shows a sample beside the one before it. */
export function statistics(before, now) {
  $('stats').hidden = false;
  $('stats-none').hidden = true;
  const pair = now.pair ?? {};
  const side = (type) => (TYPES.includes(type) ? t(`type_${type}`) : '–');
  $('path').textContent = `${side(pair.localCandidateType)} ⇄ ${side(pair.remoteCandidateType)}${pair.protocol ? ` · ${pair.protocol}` : ''}`;
  $('rtt').textContent = number(pair.currentRoundTripTime, (s) => t('ms', { n: s < 0.001 ? '< 1' : (s * 1000).toFixed(0) }));
  $('streams').replaceChildren(
    ...now.inbound.map((r) => row(before, now, 'inbound', r)),
    ...now.outbound.map((r) => row(before, now, 'outbound', r)),
  );
}

// row is a stream: what its receiver counted, of a sent one by the receiver's reports.
function row(before, now, direction, stream) {
  const { lost, part } = lostOf(stream);
  const cells = [
    number(stream.packetsReceived ?? stream.packetsSent, (n) => n.toLocaleString(language)),
    number(lost, (n) => `${n.toLocaleString(language)}${!part ? '' : ` · ${t('percent', { n: percent(part) })}`}`),
    number(jitterOf(stream), (s) => t('ms', { n: (s * 1000).toFixed(1) })),
    number(bitrate(before, now, direction, stream), (b) => (b / 1000).toFixed(0)),
    stream.frameWidth ? `${stream.frameWidth}×${stream.frameHeight}${stream.framesPerSecond === undefined ? '' : ` · ${Math.round(stream.framesPerSecond)}`}` : '–',
  ];
  const line = document.createElement('tr');
  const name = document.createElement('th');
  name.scope = 'row';
  name.textContent = t(`${direction}_${stream.kind === 'video' ? 'video' : 'audio'}`);
  line.append(name);
  for (const text of cells) line.insertCell().textContent = text;
  return line;
}

function percent(part) { return (part * 100).toLocaleString(language, { maximumFractionDigits: part < 0.1 ? 1 : 0 }); }

// number shows what was measured, and a dash for what was not.
function number(value, show) { return value === undefined ? '–' : show(value); }

/** copyText puts a text into the clipboard, and reports whether that worked. from is a field with the text, for browsers and pages without a clipboard. */
export async function copyText(text, from) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    from.focus();
    from.select();
    return document.execCommand('copy');
  }
}

/** noticed shows for a moment that a button has done its work. */
export function noticed(button, key, words) {
  button.textContent = t(words);
  clearTimeout(timers.get(button));
  timers.set(button, setTimeout(() => { button.textContent = t(key); }, 2500));
}

const timers = new Map();
