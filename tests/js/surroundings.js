/** The browser as the modules see it, in the test's hand: time, sockets, storage. */

export class Clock {
  constructor(start = 1000000) {
    this.time = start;
    this.timers = new Map();
    this.nextId = 1;
  }

  now() {
    return this.time;
  }

  setTimeout(callback, milliseconds) {
    const id = this.nextId++;
    this.timers.set(id, { at: this.time + Math.max(0, milliseconds), callback, id });
    return id;
  }

  clearTimeout(id) {
    this.timers.delete(id);
  }

  /** Turns time forward, firing what falls due in its order. */
  advance(milliseconds) {
    const until = this.time + milliseconds;
    for (;;) {
      const due = [...this.timers.values()]
        .filter((timer) => timer.at <= until)
        .sort((a, b) => a.at - b.at || a.id - b.id)[0];
      if (!due) break;
      this.timers.delete(due.id);
      this.time = due.at;
      due.callback();
    }
    this.time = until;
  }
}

/** The object form that the modules take: plain functions. */
export function handles(clock) {
  return {
    now: () => clock.now(),
    setTimeout: (callback, milliseconds) => clock.setTimeout(callback, milliseconds),
    clearTimeout: (id) => clock.clearTimeout(id),
  };
}

export class Socket {
  constructor() {
    this.readyState = 0;
    this.sent = [];
    this.closedWith = null;
    this.onopen = this.onmessage = this.onclose = this.onerror = null;
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close(code) {
    this.readyState = 3;
    this.closedWith = code;
  }

  /** What the network does. */
  opens() {
    this.readyState = 1;
    this.onopen({});
  }

  receives(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }

  drops(code = 1006, reason = "") {
    this.readyState = 3;
    this.onclose({ code, reason });
  }

  sentOf(type) {
    return this.sent.filter((frame) => frame.type === type);
  }
}

/** Opens sockets one after another and remembers them. */
export function network() {
  const sockets = [];
  return {
    sockets,
    open() {
      const socket = new Socket();
      sockets.push(socket);
      return socket;
    },
    get latest() {
      return sockets[sockets.length - 1];
    },
  };
}

export class MemoryStorage {
  constructor(items = {}) {
    this.items = new Map(Object.entries(items));
  }

  getItem(key) {
    return this.items.has(key) ? this.items.get(key) : null;
  }

  setItem(key, value) {
    this.items.set(key, String(value));
  }

  removeItem(key) {
    this.items.delete(key);
  }
}

export const LIMITS = { body: 4000, frame: 16384, window: 100, burst: 5, per_second: 1 };

export function welcome(changes = {}) {
  return { type: "welcome", epoch: "e1", head: 0, limits: LIMITS, state: "active", ...changes };
}

export function message(seq, changes = {}) {
  return {
    type: "message",
    seq,
    origin_id: `id-${seq}`,
    role: "counsellor",
    body: `text ${seq}`,
    at: "2026-11-22T14:03Z",
    ...changes,
  };
}
