/** An outbox over a link, a clock and a storage that are in the test's hand. */

import { createOutbox } from "../../static/js/lib/outbox.js";
import { Clock, handles, MemoryStorage, welcome } from "./surroundings.js";

export const KEY = "outbox";

export function setUp({ storage = new MemoryStorage(), clock = new Clock(), connected = true } = {}) {
  const sent = [];
  const link = { up: connected };
  let made = 0;
  let shown = [];
  const outbox = createOutbox({
    send: (frame) => link.up && sent.push({ ...frame, at: clock.now() }) > 0,
    clock: handles(clock),
    newIdentifier: () => {
      made += 1;
      return `m${made}`;
    },
    storage,
    storageKey: KEY,
    onChange: (entries) => (shown = entries.map((entry) => ({ ...entry }))),
    tooLong: "For lang.",
  });
  if (connected) outbox.welcome(welcome());
  return { outbox, clock, sent, link, storage, shown: () => shown, ids: () => sent.map((frame) => frame.origin_id) };
}

export const states = (entries) => entries.map((entry) => entry.state);
