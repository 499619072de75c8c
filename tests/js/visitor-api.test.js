import assert from "node:assert/strict";
import { test } from "node:test";

import { createVisitorApi } from "../../static/js/lib/visitor-api.js";

const URLS = {
  openUrl: "/ffp/conversations/",
  endUrl: "/ffp/conversations/current/end/",
  eraseUrl: "/ffp/conversations/current/",
};

function setUp(status, body, headers = {}) {
  const asked = [];
  const answer = () => Promise.resolve(new Response(status === 204 ? null : JSON.stringify(body), { status, headers }));
  const fetch = (url, options) => {
    asked.push({ url, ...options });
    return answer();
  };
  return { api: createVisitorApi(fetch, URLS), asked };
}

test("opening sends language and answers as JSON, without cookies, and gives the token", async () => {
  const { api, asked } = setUp(201, { conversation: "c", token: "T", epoch: 3 });

  const opened = await api.open({ language: "nn", intro: { topic: "besøk" }, key: "K" });

  assert.deepEqual(opened, { conversation: "c", token: "T", epoch: 3 });
  assert.equal(asked[0].url, "/ffp/conversations/");
  assert.equal(asked[0].credentials, "omit");
  assert.equal(asked[0].headers["Content-Type"], "application/json");
  assert.equal(asked[0].headers["Idempotency-Key"], '"K"');
  assert.deepEqual(JSON.parse(asked[0].body), { language: "nn", intro: { topic: "besøk" } });
});

test("a problem document becomes an error with its title, code and time", async () => {
  const { api } = setUp(429, { title: "Vent litt.", code: "rate_limited", status: 429 }, { "Retry-After": "12" });

  await assert.rejects(api.open({ language: "nb", intro: {} }), (error) => {
    assert.deepEqual(
      [error.status, error.code, error.title, error.retryAfter],
      [429, "rate_limited", "Vent litt.", 12],
    );
    return true;
  });
});

test("an answer that is no problem document is an error without words", async () => {
  const api = createVisitorApi(() => Promise.resolve(new Response("<h1>Bad Gateway</h1>", { status: 502 })), URLS);

  await assert.rejects(api.end("T"), (error) => error.status === 502 && error.title === null);
});

test("ending and erasing carry the token in a header and never in the address", async () => {
  const { api, asked } = setUp(204);

  await api.end("GEHEIM");
  await api.erase("GEHEIM");

  assert.deepEqual(
    asked.map(({ url, method, headers, credentials }) => [url, method, headers.Authorization, credentials]),
    [
      [URLS.endUrl, "POST", "Bearer GEHEIM", "omit"],
      [URLS.eraseUrl, "DELETE", "Bearer GEHEIM", "omit"],
    ],
  );
});

test("leaving ends the conversation without waiting, and a failure is nobody's business", async () => {
  const asked = [];
  const api = createVisitorApi((_url, options) => {
    asked.push(options.keepalive);
    return Promise.reject(new Error("offline"));
  }, URLS);

  assert.equal(await api.endAndLeave("T"), null);
  assert.deepEqual(asked, [true]);
});
