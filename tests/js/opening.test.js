import assert from "node:assert/strict";
import { test } from "node:test";

import { openOnce } from "../../static/js/lib/opening.js";
import { createSession } from "../../static/js/lib/session.js";
import { Problem } from "../../static/js/lib/visitor-api.js";
import { MemoryStorage } from "./surroundings.js";

const OPENED = { token: "T", epoch: 7 };
const WANTED = { language: "nb", intro: {} };

/** An api that gives these answers in turn, and the names it was asked with. */
function answering(...answers) {
  const asked = [];
  const open = ({ key, ...wanted }) => {
    assert.deepEqual(wanted, WANTED);
    asked.push(key);
    const answer = answers[asked.length - 1];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { api: { open }, asked };
}

const problem = (code) => new Problem({ code, status: 409, title: code });

test("whoever presses again asks for the same opening", async () => {
  const session = createSession(new MemoryStorage(), "ffp");
  const { api, asked } = answering(problem("unavailable"), new TypeError("network"), OPENED);

  await assert.rejects(openOnce(api, session, WANTED), { code: "unavailable" });
  await assert.rejects(openOnce(api, session, WANTED), TypeError);
  assert.deepEqual(await openOnce(api, session, WANTED), OPENED);

  assert.equal(asked.length, 3);
  assert.equal(new Set(asked).size, 1);
});

test("where an earlier answer was lost and its conversation is over another is opened", async () => {
  const session = createSession(new MemoryStorage(), "ffp");
  const { api, asked } = answering(problem("ended"), OPENED);

  assert.deepEqual(await openOnce(api, session, WANTED), OPENED);

  assert.equal(new Set(asked).size, 2);
});

test("a server that calls every opening ended is asked twice and no more", async () => {
  const session = createSession(new MemoryStorage(), "ffp");
  const { api, asked } = answering(problem("ended"), problem("ended"), OPENED);

  await assert.rejects(openOnce(api, session, WANTED), { code: "ended" });

  assert.equal(asked.length, 2);
});

test("who has left opens nothing more", async () => {
  const session = createSession(new MemoryStorage(), "ffp");
  const { api, asked } = answering(problem("ended"), OPENED);

  const opening = openOnce(api, session, WANTED);
  session.leave();

  await assert.rejects(opening, { code: "ended" });
  assert.equal(asked.length, 1);
});
