import assert from "node:assert/strict";
import { test } from "node:test";

import { createRequests } from "../../static/js/lib/desk-requests.js";

class Request {
  constructor() {
    this.headers = {};
  }

  open(method, address) {
    Object.assign(this, { method, address });
  }

  setRequestHeader(name, value) {
    this.headers[name] = value;
  }

  send(body) {
    this.body = body;
  }

  answer(status, first = null, refusal = null) {
    this.status = status;
    this.response = {
      body: { firstElementChild: first, querySelector: () => (refusal ? { textContent: refusal } : null) },
    };
    this.onload();
  }
}

function browser() {
  const sent = [];
  let signedOut = 0;
  const requests = createRequests({
    newRequest: () => {
      sent.push(new Request());
      return sent.at(-1);
    },
    token: () => "token",
    onSignedOut: () => {
      signedOut += 1;
    },
  });
  return { requests, sent, signedOut: () => signedOut };
}

test("a part is asked for as a part and read as a document", async () => {
  const { requests, sent } = browser();
  const asked = requests.get("/counsellor/queue/");
  assert.equal(sent[0].method, "GET");
  assert.equal(sent[0].headers["X-Fragment"], "1");
  assert.equal(sent[0].responseType, "document");
  sent[0].answer(200, "part");
  assert.equal(await asked, "part");
});

test("a post carries the token against forged requests", async () => {
  const { requests, sent } = browser();
  const asked = requests.post("/claim/");
  assert.equal(sent[0].headers["X-CSRFToken"], "token");
  sent[0].answer(204);
  assert.equal(await asked, null);
});

test("a refusal comes with its sentence", async () => {
  const { requests, sent } = browser();
  const asked = requests.post("/claim/");
  sent[0].answer(409, null, " En annen tok den. ");
  await assert.rejects(asked, { status: 409, title: "En annen tok den." });
});

test("another error has no sentence of its own", async () => {
  const { requests, sent } = browser();
  const asked = requests.post("/claim/");
  sent[0].answer(500);
  await assert.rejects(asked, { status: 500, title: null });
});

test("no network is an error too", async () => {
  const { requests, sent } = browser();
  const asked = requests.get("/");
  sent[0].onerror();
  await assert.rejects(asked, { status: 0 });
});

test("an ended session is noticed", async () => {
  const { requests, sent, signedOut } = browser();
  const asked = requests.get("/");
  sent[0].answer(401);
  await assert.rejects(asked);
  assert.equal(signedOut(), 1);
});
