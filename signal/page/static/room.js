// The room protocol: how two peers that dial the same code exchange an offer, an answer and candidates through plain POST
// requests. docs/reference/signaling.md describes it.

const GIVE_UP = 10_000; // ms for which a request is repeated after failures
const REQUEST = 10_000; // ms that a response may take, beyond the time for which the server may hold it
const HURRY = 4_000; // the same, and the longest hold, while a lost path is replaced: a dead network is noticed soon
const FIRST_PAUSE = 100; // ms between polls of a server that does not hold them, after news
const REPLY_PAUSE = 2_500; // ms between polls while the local offer or answer is due: they keep the pair alive
const WAITING_PAUSE = 1_000; // ms at most until the pair is connected
const CONNECTED_PAUSE = 3_000; // ms at most afterwards

/**
 * What ended the signaling. reason is one of: unreachable (no answer), busy (the server's limits), server (it failed),
 * refused (it rejected a request), weak_code (it takes only codes that cannot be guessed), peer_left, hung_up (the call that is
 * dialed for again is over), expired, protocol (an invalid response), cancelled (closed here).
 */
export class RoomError extends Error {
  constructor(reason, detail = '') {
    super(`${reason} ${detail}`.trim());
    this.reason = reason;
    this.detail = detail;
  }
}

/** Room is one peer's side of a pair. */
export class Room {
  iceServers = []; // with an account for this pair only
  call; // the name of the call that it continues; undefined: none
  #url;
  #user;
  #hold; // ms for which the server holds polls; 0: it does not, and requests must not overlap
  #patience = REQUEST;
  #number = 0; // of the poll
  #tail = Promise.resolve(); // of the requests that are made one after the other
  #reply = null; // the local offer or answer, after the server has accepted it
  #replied;
  #due = false; // the server waits for the local offer or answer
  #connected = false;
  #closed = new AbortController();

  /** dial joins a room; in a hurry, a lost path is to be replaced. It is never repeated: a dial whose response was lost would meet itself. */
  static async dial(url, code, hurry = false, call = undefined) {
    const room = new Room();
    room.call = call;
    room.#url = url;
    if (hurry) room.#patience = HURRY;
    const { body, hold } = await room.#once({ code: 'dial', call_code: code, ice_servers: true, call }, 0);
    if (typeof body?.user_id !== 'string' || body.user_id === '') throw new RoomError('protocol');
    room.#user = body.user_id;
    if (Array.isArray(body.ice_servers)) room.iceServers = body.ice_servers;
    room.#hold = hurry ? Math.min(hold, HURRY) : hold;
    return room;
  }

  /** hangUp ends a call for the peer that dials to continue it. It meets no one; an older server refuses it. */
  static async hangUp(url, code, call) {
    const room = new Room();
    room.#url = url;
    room.#patience = HURRY;
    await room.#once({ code: 'hang_up', call_code: code, call }, 0, true);
  }

  /** post sends an 'offer', an 'answer' or a candidate ('ice'). Posts keep their order. */
  post(code, value) {
    return this.#inTurn(async () => {
      await this.#request({ code, user_id: this.#user, [code]: value });
      if (code === 'ice') return;
      this.#reply = { code, value };
      this.#due = false;
      this.#replied?.();
    });
  }

  /**
   * messages yields what comes: {kind: 'need_init'}, {kind: 'offer' | 'answer', description}, {kind: 'candidate', candidate}.
   * It ends when the room is closed here, and throws a RoomError when it ends otherwise.
   */
  async *messages() {
    let pause = FIRST_PAUSE;
    while (!this.#closed.signal.aborted) {
      const hold = this.#due ? 0 : this.#hold;
      const status = await this.#poll(hold);
      const news = [...this.#read(status)];
      yield* news;
      if (this.#due) {
        const replied = new Promise((done) => { this.#replied = done; });
        await Promise.race([replied, this.#sleep(REPLY_PAUSE)]);
      } else if (news.length > 0) {
        pause = FIRST_PAUSE;
      } else if (hold === 0) {
        await this.#sleep(pause);
        pause = Math.min(pause * 1.25, this.#connected ? CONNECTED_PAUSE : WAITING_PAUSE);
      }
    }
  }

  /** close ends the polling; with goodbye the pair ends for the peer too, and so does the call whose name is given. */
  async close(goodbye, call = undefined) {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    if (!goodbye || !this.#user) return;
    // keepalive lets the request outlive a page that is being left.
    const request = fetch(this.#url, { method: 'POST', keepalive: true, body: JSON.stringify({ code: 'disconnect', user_id: this.#user, hung_up: call }) });
    await request.catch(() => {}); // a server that is gone has forgotten the pair as well
  }

  async #poll(hold) {
    const body = { code: 'get_status', user_id: this.#user };
    if (!this.#hold) return this.#inTurn(() => this.#request(body));
    this.#number++; // a repeated poll has the same number, and so gets the same answer
    return this.#request({ ...body, wait_ms: hold, poll: this.#number }, hold);
  }

  *#read(status) {
    switch (status?.code) {
      case 'need_init':
      case 'offered':
        if (this.#reply) { // the original can forget what it accepted, and asks again
          this.post(this.#reply.code, this.#reply.value).catch(() => {});
          return;
        }
        if (this.#due) return;
        this.#due = true;
        yield status.code === 'offered' ? { kind: 'offer', description: description(status.offer, 'offer') } : { kind: 'need_init' };
        return;
      case 'answered':
        this.#connected = true;
        yield { kind: 'answer', description: description(status.answer, 'answer') };
        return;
      case 'connected':
        this.#connected = true;
        for (const candidate of Array.isArray(status.new_ice_routes) ? status.new_ice_routes : []) {
          if (candidate && typeof candidate.candidate === 'string') yield { kind: 'candidate', candidate };
        }
    }
  }

  #inTurn(task) {
    const result = this.#tail.then(task);
    this.#tail = result.catch(() => {});
    return result;
  }

  // request repeats a request while that can help.
  async #request(body, hold = 0) {
    const began = performance.now();
    for (let attempt = 1; ; attempt++) {
      const start = performance.now();
      try {
        return (await this.#once(body, hold)).body;
      } catch (e) {
        if (this.#closed.signal.aborted || !(e instanceof RoomError)) throw new RoomError('cancelled');
        // A second offer or answer is refused: the first has arrived, its answer was lost.
        if (attempt > 1 && e.reason === 'refused' && ['offer', 'answer'].includes(body.code)) return null;
        const spent = hold > 0 ? start - began : performance.now() - began; // holding is not a failure
        if (!e.passing || spent > GIVE_UP) throw e;
        await this.#sleep(e.retryAfter || Math.min(FIRST_PAUSE * 2 ** attempt, 1_000));
      }
    }
  }

  // once makes one request, which may outlive a page that is being left.
  async #once(body, hold, keepalive = false) {
    const bound = new AbortController();
    const cancel = () => bound.abort();
    const timer = setTimeout(cancel, hold + this.#patience);
    this.#closed.signal.addEventListener('abort', cancel);
    try {
      const answer = await fetch(this.#url, {
        method: 'POST', cache: 'no-store', keepalive, signal: bound.signal, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
      });
      const text = await answer.text();
      if (!answer.ok) throw rejection(answer, text, body.code);
      return { body: parse(text), hold: Math.min(Number(answer.headers.get('Dialtone-Wait-Ms')) || 0, 25_000) };
    } catch (e) {
      if (e instanceof RoomError) throw e;
      const failure = new RoomError(this.#closed.signal.aborted ? 'cancelled' : 'unreachable');
      failure.passing = failure.reason === 'unreachable';
      throw failure;
    } finally {
      clearTimeout(timer);
      this.#closed.signal.removeEventListener('abort', cancel);
    }
  }

  #sleep(ms) {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.#closed.signal.addEventListener('abort', () => { clearTimeout(timer); done(); }, { once: true });
    });
  }
}

// rejection makes an error of a response that is not 200.
function rejection(answer, text, code) {
  let body = null;
  try { body = JSON.parse(text); } catch { /* the original responds with plain text */ }
  const error = typeof body?.error === 'string' ? body.error : '';
  const detail = String(body?.message ?? '').slice(0, 200);
  let reason = 'refused';
  if (answer.status === 429) reason = 'busy';
  else if (answer.status >= 500) reason = 'server';
  else if (['peer_left', 'hung_up', 'expired', 'weak_code'].includes(error)) reason = error;
  else if (error === 'unknown_user' || (error === '' && code === 'get_status')) reason = 'peer_left'; // the original reports no details
  const failure = new RoomError(reason, detail);
  failure.retryAfter = 1_000 * Number(answer.headers.get('Retry-After')) || 0;
  failure.passing = (answer.status === 429 && failure.retryAfter > 0) || (answer.status >= 500 && error !== 'shutting_down');
  return failure;
}

// parse reads an answer whatever its Content-Type; posts are answered with an empty body.
function parse(text) {
  if (text === '') return null;
  try { return JSON.parse(text); } catch { throw new RoomError('protocol'); }
}

// description checks what the peer sent, including null.
function description(d, type) {
  if (d?.type !== type || typeof d.sdp !== 'string') throw new RoomError('protocol');
  return { type, sdp: d.sdp };
}
