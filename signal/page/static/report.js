// The report of a call: plain text for a person who is asked for help. It is in English, whatever the page's language is.

import { jitterOf, lostOf } from './stats.js';
import { english } from './strings.js';

const MAX_EVENTS = 200; // that are listed
const MAX_TEXT = 200; // characters of a text from elsewhere

/** Report collects what a call reports. */
export class Report {
  #began = performance.now();
  #at = new Date();
  #events = [];
  #left = 0; // events that were not kept
  #facts = { role: '', peer: '', reason: '', detail: '' };
  #candidates = { local: new Map(), remote: new Map() };
  #errors = new Map(); // of candidates, by their text
  #servers = [];
  #sent = {};
  #up = { since: 0, total: 0 }; // ms
  #quiet = { since: 0, total: 0, times: 0 }; // ms
  #rtt = { least: Infinity, most: 0, sum: 0, count: 0 }; // seconds
  #jitter = new Map(); // the largest, by stream
  #last = null; // sample
  #path = '';
  #address = ''; // of both candidates of the selected pair
  #channels = new Map();

  constructor(iceServers) { this.#use(iceServers); }

  #use(iceServers) {
    const urls = iceServers.flatMap((server) => server.urls).map((url) => String(url));
    this.#servers = [...new Set([...this.#servers, ...urls])];
  }

  /** add takes an event of Call. */
  add(what, value) {
    if (this.#facts.reason) return; // what the end brings with it says nothing
    switch (what) {
      case 'state': this.#state(value); break;
      case 'end': Object.assign(this.#facts, value); break;
      case 'stats': this.#sample(value); break;
      case 'servers': this.#use(value); break;
      case 'note': this.#note(value); break;
      case 'restarted': this.#event(value ? 'restarted ICE, as requested here' : 'no ICE restart; the call went on'); break;
      case 'muted': this.#event(`peer ${value.value ? 'muted' : 'unmuted'} ${value.kind}`); break;
      case 'open':
        this.#channels.set(value.label, value.open);
        if (!value.open) this.#event(`channel ${value.label} closed`);
        break;
      default:
    }
  }

  /** sends notes what is sent: why is '' for the device. */
  sends(kind, why) {
    if (this.#sent[kind] === why) return;
    if (kind in this.#sent) this.#event(`${DEVICES[kind]}: ${why || 'used'}`);
    this.#sent[kind] = why;
  }

  /** mutes notes what the user does. */
  mutes(kind, value) { this.#event(`${value ? 'muted' : 'unmuted'} ${kind}`); }

  /** seconds is for how long the call was connected. */
  get seconds() { return (this.#up.total + (this.#up.since ? performance.now() - this.#up.since : 0)) / 1000; }

  /** text is the report; with addresses, also those of the selected pair, the servers and the page. */
  text(addresses) {
    const facts = [
      ['made', new Date().toISOString()],
      ['call began', this.#at.toISOString()],
      ['page', addresses ? location.origin + location.pathname : `${location.protocol.slice(0, -1)} (address left out)`],
      ['browser', navigator.userAgent],
      ['languages', (navigator.languages ?? []).join(', ')],
      ['devices allowed', window.isSecureContext ? 'yes (secure context)' : 'no (no secure context)'],
      ['network', navigator.onLine ? 'online' : 'offline'],
      ['peer', this.#facts.peer || 'unknown program (it sent no hello)'],
      ['role', this.#facts.role || 'none: no peer came'],
      ['sent', Object.entries(this.#sent).map(([kind, why]) => sentWords(kind, why)).join('; ')],
      ['ended', this.#ended()],
      ['connected for', this.#up.total || this.#up.since ? `${this.seconds.toFixed(1)} s` : 'never'],
    ];
    return [
      'dialtone call page: report', '', ...facts.map(([name, value]) => `${`${name}:`.padEnd(17)}${value}`),
      '', 'observed', ...this.#observed().map((line) => `  - ${line}`),
      '', 'path', ...this.#pathLines(addresses).map((line) => `  ${line}`),
      '', 'streams', ...this.#streamLines().map((line) => `  ${line}`),
      '', 'events (seconds since the call began)', ...this.#events.map(({ at, text, secret }) => `  ${(at / 1000).toFixed(3).padStart(9)}  ${text}${addresses && secret ? ` ${secret}` : ''}`),
      ...(this.#left > 0 ? [`  ${this.#left} further events were left out`] : []), '',
    ].join('\n');
  }

  #event(text, secret = '') {
    if (this.#events.length >= MAX_EVENTS) this.#left++;
    else this.#events.push({ at: performance.now() - this.#began, text: clean(text), secret: clean(secret) });
  }

  #state(now) {
    const at = performance.now();
    if (now === 'connected') {
      this.#up.since ||= at;
      if (this.#quiet.since) this.#quiet.total += at - this.#quiet.since;
      this.#quiet.since = 0;
    } else if (now === 'silent' || now === 'redialing') {
      if (!this.#quiet.since) this.#quiet.times++;
      this.#quiet.since ||= at;
    } else if (now === 'ended') {
      if (this.#up.since) this.#up.total = at - this.#up.since;
      if (this.#quiet.since) this.#quiet.total += at - this.#quiet.since;
      this.#up.since = this.#quiet.since = 0;
    }
    this.#event(`state ${now}`);
  }

  #note({ what, detail }) {
    switch (what) {
      case 'role': this.#facts.role ||= detail; break;
      case 'peer': this.#facts.peer ||= clean(detail); break;
      case 'dialed': this.#event('dialed the room code'); break;
      case 'renewed': this.#event('made a new connection, because the old one could not be restarted'); break;
      case 'signaling': this.#event(`signaling ended: ${masked(detail)}${this.#up.since ? ' (a connected call does not need it)' : ''}`); break;
      case 'local_candidate':
      case 'remote_candidate': {
        const counts = this.#candidates[what.split('_')[0]];
        const words = candidateWords(detail);
        counts.set(words, (counts.get(words) ?? 0) + 1);
        break;
      }
      case 'candidate_error': {
        const key = `${String(detail.url).split(':')[0] || 'server'} error ${detail.code} ${masked(detail.text)}`;
        if (!this.#errors.has(key) && this.#errors.size < MAX_EVENTS) this.#errors.set(key, String(detail.url));
        break;
      }
      default:
    }
  }

  #sample({ message, path }) {
    this.#last = message;
    const rtt = message.pair?.currentRoundTripTime;
    if (rtt !== undefined) {
      const all = this.#rtt;
      Object.assign(all, { least: Math.min(all.least, rtt), most: Math.max(all.most, rtt), sum: all.sum + rtt, count: all.count + 1 });
    }
    for (const [direction, row] of rows(message)) {
      const key = `${direction} ${row.ssrc}`;
      this.#jitter.set(key, Math.max(this.#jitter.get(key) ?? 0, jitterOf(row) ?? 0));
    }
    const pair = message.pair ? pairWords(message.pair) : '';
    const full = path ? `${path.local || '?'} - ${path.remote || '?'}` : '';
    if (`${pair} ${full}` !== this.#path && pair) this.#event(`selected pair: ${pair}`, full);
    this.#path = `${pair} ${full}`;
    this.#address = full;
  }

  #ended() {
    if (!this.#facts.reason) return 'not yet';
    return clean(`${this.#facts.reason}: ${english(`end_${this.#facts.reason}`, { detail: masked(this.#facts.detail) })}`, 2 * MAX_TEXT);
  }

  // observed lists facts, and no causes that they do not prove.
  #observed() {
    const lines = [];
    const { times, total, since } = this.#quiet;
    if (times > 0) lines.push(`the path was silent ${times} time${times === 1 ? '' : 's'}, for ${((total + (since ? performance.now() - since : 0)) / 1000).toFixed(1)} s in all`);
    for (const [kind, why] of Object.entries(this.#sent)) {
      if (why) lines.push(`${DEVICES[kind]}: ${why}`);
    }
    for (const [error] of this.#errors) lines.push(`candidate not gathered: ${error}`);
    if (this.#up.since || this.#up.total) lines.push(...this.#mediaObserved());
    return lines.length > 0 ? lines : ['nothing out of the ordinary'];
  }

  #mediaObserved() {
    const lines = [];
    const all = this.#last ? [...rows(this.#last)] : [];
    for (const kind of ['audio', 'video']) {
      const came = all.some(([direction, row]) => direction === 'inbound' && row.kind === kind && row.packetsReceived > 0);
      if (!came) lines.push(`no ${kind} packet was received`);
    }
    for (const [direction, row] of all) {
      const { part } = lostOf(row);
      if (part > 0.01) lines.push(`${percent(part)} of ${direction} ${row.kind} packets were lost`);
    }
    if (!this.#channels.get('chat')) lines.push(this.#channels.has('chat') ? 'the chat channel closed' : 'the chat channel did not open');
    return lines;
  }

  #pathLines(addresses) {
    const counted = (counts) => [...counts].map(([words, n]) => `${words} ×${n}`).join(', ') || 'none';
    const schemes = this.#servers.map((url) => (addresses ? url : url.split(':')[0]));
    const lines = [
      `selected pair: ${this.#last?.pair ? pairWords(this.#last.pair) : 'none'}`,
      ...(addresses && this.#address ? [`addresses: ${clean(this.#address)}`] : []),
      `round trip: ${this.#rtt.count ? `${ms(this.#rtt.least)} at least, ${ms(this.#rtt.sum / this.#rtt.count)} on average, ${ms(this.#rtt.most)} at most` : 'not measured'}`,
      `local candidates: ${counted(this.#candidates.local)}`,
      `remote candidates: ${counted(this.#candidates.remote)} (those signaled one by one)`,
      `STUN and TURN servers: ${schemes.join(', ') || 'none'}`,
    ];
    if (addresses) lines.push(...[...this.#errors].map(([error, url]) => clean(`${url}: ${error}`)));
    return lines;
  }

  #streamLines() {
    if (!this.#last) return ['none: the call was never connected'];
    return [...rows(this.#last)].map(([direction, row]) => {
      const { lost, part } = lostOf(row);
      const packets = row.packetsReceived ?? row.packetsSent;
      const jitter = jitterOf(row);
      const values = [
        `${packets ?? 'unknown'} packets`,
        lost === undefined ? 'loss unknown' : `${lost} lost${part === undefined ? '' : ` (${percent(part)})`}`,
        jitter === undefined ? 'jitter unknown' : `jitter ${ms(jitter)}, at most ${ms(this.#jitter.get(`${direction} ${row.ssrc}`) ?? jitter)}`,
        ...(row.remoteInbound?.roundTripTime === undefined ? [] : [`round trip ${ms(row.remoteInbound.roundTripTime)}`]),
        ...(row.frameWidth ? [`${row.frameWidth}×${row.frameHeight}${row.framesPerSecond === undefined ? '' : `, ${Math.round(row.framesPerSecond)} fps`}`] : []),
      ];
      return clean(`${direction} ${row.kind} ${row.mimeType ?? 'unknown codec'}: ${values.join(', ')}`);
    });
  }
}

const DEVICES = { audio: 'microphone', video: 'camera' };

function sentWords(kind, why) {
  if (!why || why === 'silent') return DEVICES[kind];
  return `${kind === 'video' ? 'test picture' : 'tone'} (${DEVICES[kind]}: ${why})`;
}

function* rows(message) {
  for (const row of message.inbound) yield ['inbound', row];
  for (const row of message.outbound) yield ['outbound', row];
}

function pairWords({ localCandidateType, remoteCandidateType, protocol }) {
  return `local ${localCandidateType ?? '?'}, remote ${remoteCandidateType ?? '?'}, ${protocol ?? '?'}`;
}

// candidateWords are the type, the transport and the kind of address of a candidate, without the address (RFC 8839 §5.1).
function candidateWords(line) {
  const fields = String(line).split(' ');
  const address = fields[4] ?? '';
  let family = 'IPv4';
  if (address.endsWith('.local')) family = 'mDNS';
  else if (address.includes(':')) family = 'IPv6';
  return clean(`${fields[fields.indexOf('typ') + 1]} ${String(fields[2]).toLowerCase()} ${family}`, 40);
}

function ms(seconds) { return `${(seconds * 1000).toFixed(1)} ms`; }

function percent(part) { return `${(part * 100).toFixed(1)} %`; }

// masked leaves out the addresses in a text from elsewhere.
function masked(text) {
  return String(text)
    .replace(/\b\d{1,3}(\.\d{1,3}){3}\b|\b(?:[0-9a-f]{0,4}:){3,}[0-9a-f]*|[0-9a-f]{0,4}::[0-9a-f]+/gi, '(address)')
    .replace(/\b(stuns?|turns?|https?):[^\s'",]+/gi, '$1:(address)');
}

// clean makes one line of a text that may come from elsewhere.
function clean(text, most = MAX_TEXT) {
  return String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').slice(0, most);
}
