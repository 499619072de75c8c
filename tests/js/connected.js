/** A connection with a network and a clock that a test moves. */

import { createConnection } from "../../static/js/lib/connection.js";
import { Clock, handles, network, welcome } from "./surroundings.js";

export function setUp({ random = () => 0.5, question, quietMs } = {}) {
  const clock = new Clock();
  const net = network();
  const statuses = [];
  const frames = [];
  let after = 0;
  const connection = createConnection({
    openSocket: () => net.open(),
    hello: () => ({ type: "hello", token: "t", epoch: null, after }),
    clock: handles(clock),
    random,
    question,
    quietMs,
    onFrame: (frame) => frames.push(frame),
    onStatus: (status, reason) => statuses.push(reason ? `${status}:${reason}` : status),
  });
  return { clock, net, statuses, frames, connection, moveCursor: (to) => (after = to) };
}

/** One that has been welcomed. */
export function opened(options) {
  const world = setUp(options);
  world.connection.open();
  world.net.latest.opens();
  world.net.latest.receives(welcome());
  return world;
}
