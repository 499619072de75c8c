import assert from "node:assert/strict";
import { test } from "node:test";

import { createSound } from "../../static/js/lib/desk-sound.js";

/** The browser's audio, counting the tones that were started. */
class Audio {
  constructor() {
    this.currentTime = 0;
    this.started = 0;
  }

  createOscillator() {
    return {
      frequency: {},
      connect: () => {},
      start: () => {
        this.started += 1;
      },
      stop: () => {},
    };
  }

  createGain() {
    return { gain: { setValueAtTime: () => {}, exponentialRampToValueAtTime: () => {} }, connect: () => {} };
  }
}

function room(kept = null) {
  const items = new Map(kept ? [["chatline.desk.sound", kept]] : []);
  const storage = { getItem: (key) => items.get(key) || null, setItem: (key, value) => items.set(key, value) };
  const audio = new Audio();
  const time = { now: 100000 };
  return { audio, items, time, sound: createSound({ storage, openAudio: () => audio, now: () => time.now }) };
}

test("silent until it is turned on", () => {
  const { audio, sound } = room();
  sound.play();
  assert.equal(sound.on, false);
  assert.equal(audio.started, 0);
});

test("turned on it is heard at once and remembered", () => {
  const { audio, items, sound } = room();
  assert.equal(sound.toggle(), true);
  assert.equal(audio.started, 1);
  assert.equal(items.get("chatline.desk.sound"), "on");
});

test("many messages at once ring once", () => {
  const { audio, sound, time } = room("on");
  sound.play();
  sound.play();
  assert.equal(audio.started, 1);
  time.now += 3000;
  sound.play();
  assert.equal(audio.started, 2);
});

test("turned off again it is silent", () => {
  const { audio, sound } = room("on");
  sound.toggle();
  sound.play();
  assert.equal(audio.started, 0);
});

test("works where nothing can be kept", () => {
  const forbidden = () => {
    throw new Error("storage is forbidden");
  };
  const sound = createSound({
    storage: { getItem: forbidden, setItem: forbidden },
    openAudio: () => new Audio(),
    now: () => 0,
  });
  assert.equal(sound.on, false);
  assert.equal(sound.toggle(), true);
});
