/** What has been said, in the server's order, without a hole and without a double. */

/**
 * @typedef {{seq: number, origin_id: string, role: string, body: string, at: string}} Message
 * @param {object} options
 * @param {?string} [options.epoch] when it is known from before
 * @param {function(object): void} options.send hands a frame to the connection
 * @param {function(Message): void} options.onMessage called once for each message, in order
 * @param {function(): void} options.onReset all that was shown must go
 */
export function createTranscript({ epoch: knownEpoch = null, send, onMessage, onReset }) {
  let epoch = knownEpoch;
  let last = 0;
  let askedAfter = null;

  /** Asks for what is missing, once for each place where something is missing. */
  function sync() {
    if (askedAfter === last) return;
    askedAfter = last;
    send({ type: "sync", after: last });
  }

  function startOver(newEpoch) {
    epoch = newEpoch;
    last = 0;
    askedAfter = null;
    onReset();
  }

  return {
    get epoch() {
      return epoch;
    },
    get last() {
      return last;
    },
    welcome(frame) {
      askedAfter = null;
      if (epoch === null) epoch = frame.epoch;
      if (epoch !== frame.epoch) {
        startOver(frame.epoch);
        sync();
      }
    },
    message(frame) {
      if (frame.seq <= last) return;
      if (frame.seq > last + 1) {
        sync();
        return;
      }
      last = frame.seq;
      onMessage(frame);
    },
    head(frame) {
      if (frame.head <= last) return;
      askedAfter = null; // a heartbeat later the first question is taken for lost
      sync();
    },
    gap(frame) {
      if (frame.epoch !== epoch || last > 0) startOver(frame.epoch);
      askedAfter = null;
      sync();
    },
  };
}
