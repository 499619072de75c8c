import assert from "node:assert/strict";
import { test } from "node:test";

import { createSession, tabStorage } from "../../static/js/lib/session.js";
import { MemoryStorage } from "./surroundings.js";

test("the token is kept for its own helpline only", () => {
  const storage = new MemoryStorage();
  createSession(storage, "ffp").start({ conversation: "c", token: "T", epoch: 7 });

  assert.deepEqual(createSession(storage, "ffp").current, { token: "T", epoch: 7 });
  assert.equal(createSession(storage, "foreldresupport").current, null);
});

test("forget leaves nothing of the helpline, and all of the other", () => {
  const storage = new MemoryStorage();
  const session = createSession(storage, "ffp");
  session.start({ token: "T", epoch: 7 });
  session.draft = "utkast";
  storage.setItem(session.outboxKey, "[]");
  createSession(storage, "foreldresupport").start({ token: "U", epoch: 8 });

  session.forget();

  assert.deepEqual([...storage.items.keys()], ["chatline.foreldresupport"]);
});

test("nonsense in the storage is no conversation", () => {
  const nonsense = ["{", "7", "{}", '{"token":7}'];

  for (const text of nonsense) {
    assert.equal(createSession(new MemoryStorage({ "chatline.ffp": text }), "ffp").current, null, text);
  }
});

test("where the browser forbids storage the conversation lives as long as the page", () => {
  const forbidding = {
    get sessionStorage() {
      throw new Error("SecurityError");
    },
  };
  const session = createSession(tabStorage(forbidding), "ffp");

  session.start({ token: "T", epoch: 7 });
  assert.equal(session.current.token, "T");
  session.forget();

  assert.equal(session.current, null);
});

test("what she answered is kept until a conversation is opened", () => {
  const storage = new MemoryStorage();
  const session = createSession(storage, "ffp");
  session.answers = { fields: { topic: "Hei", relation: "child" }, words: "Hei" };

  assert.deepEqual(createSession(storage, "ffp").answers, {
    fields: { topic: "Hei", relation: "child" },
    words: "Hei",
  });
  session.start({ token: "T", epoch: 7 });

  assert.deepEqual(session.answers, { fields: {}, words: "" });
});

test("an answer that was taken back leaves nothing", () => {
  const storage = new MemoryStorage();
  const session = createSession(storage, "ffp");
  session.answers = { fields: { topic: "Hei" }, words: "Hei" };

  session.answers = { fields: {}, words: "" };

  assert.equal(storage.items.size, 0);
});

test("an opening keeps its name over a reload until a conversation has come of it", () => {
  const storage = new MemoryStorage();
  const name = createSession(storage, "ffp").openingKey;

  const reloaded = createSession(storage, "ffp");
  assert.equal(reloaded.openingKey, name);
  assert.notEqual(createSession(storage, "foreldresupport").openingKey, name);
  reloaded.start({ token: "T", epoch: 7 });

  assert.notEqual(reloaded.openingKey, name);
});

test("an opening gets another name when it is renewed or forgotten, and none is left behind", () => {
  const storage = new MemoryStorage();
  const session = createSession(storage, "ffp");
  const names = [session.openingKey];

  session.renewOpening();
  names.push(session.openingKey);
  session.forget();

  assert.deepEqual([...storage.items.keys()], []);
  assert.equal(new Set([...names, session.openingKey]).size, 3);
});

test("where nothing can be stored an opening keeps its name as long as the page", () => {
  const full = {
    getItem: () => null,
    setItem() {
      throw new Error("QuotaExceededError");
    },
    removeItem() {},
  };
  const session = createSession(full, "ffp");

  assert.equal(session.openingKey, session.openingKey);
});

test("who has left leaves nothing, whatever still comes", () => {
  const storage = new MemoryStorage();
  const session = createSession(storage, "ffp");
  session.draft = "utkast";

  session.leave();
  session.start({ token: "T", epoch: 7 });
  session.draft = "mer";
  session.answers = { fields: { topic: "Hei" }, words: "Hei" };

  assert.equal(session.left, true);
  assert.ok(session.openingKey);
  assert.deepEqual([...storage.items.keys()], []);
});
