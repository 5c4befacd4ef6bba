// The values of getStats that are shown, and that are sent to a peer that reads statistics. docs/reference/signaling.md
// describes the message; names and units are those of W3C webrtc-stats. Values that the browser does not report are absent.

const MAX_STREAMS = 16; // of each direction, in a message

const OUTBOUND = ['kind', 'mid', 'ssrc', 'packetsSent', 'bytesSent', 'retransmittedPacketsSent', 'framesEncoded', 'framesPerSecond', 'frameWidth', 'frameHeight'];
const INBOUND = ['kind', 'mid', 'ssrc', 'packetsReceived', 'packetsLost', 'bytesReceived', 'jitter', 'framesDecoded', 'framesDropped', 'framesPerSecond', 'frameWidth', 'frameHeight', 'audioLevel'];
const REPORTS = ['packetsLost', 'fractionLost', 'jitter', 'roundTripTime'];
const PAIR = ['currentRoundTripTime', 'bytesSent', 'bytesReceived', 'availableOutgoingBitrate'];

/** sample reduces a report to {message, path}: what is sent to the peer, and both candidates of the selected pair with their addresses. */
export async function sample(connection) {
  const report = await connection.getStats();
  const message = { type: 'stats', at: Date.now(), inbound: [], outbound: [] };
  for (const row of report.values()) {
    if (row.type === 'inbound-rtp' && message.inbound.length < MAX_STREAMS) message.inbound.push(stream(report, row, INBOUND));
    if (row.type === 'outbound-rtp' && message.outbound.length < MAX_STREAMS) message.outbound.push(sent(report, row));
  }
  const chosen = selectedPair(report);
  if (!chosen) return { message, path: null };
  const local = report.get(chosen.localCandidateId) ?? {};
  const remote = report.get(chosen.remoteCandidateId) ?? {};
  message.pair = {
    ...pick(chosen, PAIR), localCandidateType: local.candidateType, remoteCandidateType: remote.candidateType,
    protocol: local.relayProtocol ?? local.protocol,
  };
  return { message, path: { local: address(local), remote: address(remote) } };
}

/** lostOf gives the packets of a stream that its receiver did not get, and the part of all that they are: {lost, part}. */
export function lostOf(row) {
  const lost = row.packetsLost ?? row.remoteInbound?.packetsLost;
  const all = row.packetsReceived === undefined ? row.packetsSent : row.packetsReceived + Math.max(row.packetsLost ?? 0, 0);
  return { lost, part: lost >= 0 && all > 0 ? lost / all : undefined };
}

/** jitterOf gives the jitter of a stream at its receiver, in seconds. */
export function jitterOf(row) { return row.jitter ?? row.remoteInbound?.jitter; }

/** bitrate gives bits per second of a stream between two samples, undefined if it is unknown. */
export function bitrate(before, now, direction, row) {
  const old = before?.[direction].find((r) => r.ssrc === row.ssrc);
  const name = direction === 'inbound' ? 'bytesReceived' : 'bytesSent';
  const seconds = (now.at - before?.at) / 1000;
  return old && seconds > 0 && row[name] >= old[name] ? ((row[name] - old[name]) * 8) / seconds : undefined;
}

function stream(report, row, names) {
  const codec = report.get(row.codecId)?.mimeType;
  return { ...pick(row, names), ...(codec ? { mimeType: codec } : {}) };
}

// sent is an outbound stream with the values of the peer's receiver reports.
function sent(report, row) {
  const reports = report.get(row.remoteId);
  return { ...stream(report, row, OUTBOUND), ...(reports ? { remoteInbound: pick(reports, REPORTS) } : {}) };
}

function pick(row, names) {
  const picked = {};
  for (const name of names) {
    if (row[name] !== undefined) picked[name] = row[name];
  }
  return picked;
}

function address(candidate) {
  const host = candidate.address ?? candidate.ip ?? '';
  if (!host) return '';
  return `${host.includes(':') ? `[${host}]` : host}:${candidate.port ?? '?'}`;
}

// selectedPair is the transport's; Firefox marks the pair itself.
function selectedPair(report) {
  for (const row of report.values()) {
    if (row.type === 'transport' && row.selectedCandidatePairId) return report.get(row.selectedCandidatePairId);
  }
  for (const row of report.values()) {
    if (row.type === 'candidate-pair' && row.selected) return row;
  }
  return undefined;
}
