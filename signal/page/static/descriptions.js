// Session descriptions: what is made of them, and what they say.

const HEAD_START = 200; // ms that the offer of a restart waits for its candidates

/** gathered waits until the candidates of the local description are known, or for HEAD_START. */
export function gathered(connection) {
  return new Promise((done) => {
    setTimeout(done, HEAD_START);
    connection.addEventListener('icegatheringstatechange', () => { if (connection.iceGatheringState === 'complete') done(); });
  });
}

/** fingerprintOf returns the certificate of a description, as "sha-256 AB:CD…". */
export function fingerprintOf({ sdp }) {
  const [, algorithm = '', hex = ''] = /^a=fingerprint:(\S+) (\S+)/im.exec(sdp) ?? [];
  return `${algorithm.toLowerCase()} ${hex.toUpperCase()}`;
}

/** sessionOf returns the ID of a description's connection (RFC 8829 §5.2.1). */
export function sessionOf({ sdp }) { return /^o=\S+ (\S+)/m.exec(sdp)?.[1] ?? ''; }

/** setupOf returns the role in the DTLS handshake of a description. */
export function setupOf({ sdp }) { return /^a=setup:(\w+)/m.exec(sdp)?.[1] ?? ''; }

/** describe returns what is posted of a description. */
export function describe({ type, sdp }) { return { type, sdp }; }
