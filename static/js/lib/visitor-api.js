/** The few requests of a visitor's page that are not frames. No cookie goes along; the token is a header. */

/** A problem document (RFC 9457) as an error that can be shown. */
export class Problem extends Error {
  constructor({ status, code, title, retryAfter }) {
    super(title);
    Object.assign(this, { status, code, title, retryAfter });
  }
}

async function read(response) {
  if (response.ok) return response.status === 204 ? null : response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Problem({
    status: response.status,
    code: problem.code || "unknown",
    title: problem.title || null,
    retryAfter: Number(response.headers.get("Retry-After")) || null,
  });
}

const SAFE = { credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" };

/** @param {function(string, object): Promise<Response>} fetch */
export function createVisitorApi(fetch, { openUrl, endUrl, eraseUrl }) {
  const authorized = (token, method, more = {}) => ({
    ...SAFE,
    method,
    headers: { Authorization: `Bearer ${token}` },
    ...more,
  });
  return {
    /**
     * @param {object} options
     * @param {string} options.key the same when it is tried again: then nothing is opened twice
     * @returns {Promise<{conversation: string, token: string, epoch: number}>}
     */
    open({ language, intro, key }) {
      const headers = {
        "Content-Type": "application/json",
        Accept: "application/json",
        "Accept-Language": language,
        "Idempotency-Key": `"${key}"`,
      };
      return fetch(openUrl, { ...SAFE, method: "POST", headers, body: JSON.stringify({ language, intro }) }).then(read);
    },
    end: (token) => fetch(endUrl, authorized(token, "POST")).then(read),
    /** Ends without waiting for an answer: the page is already going. */
    endAndLeave: (token) => fetch(endUrl, authorized(token, "POST", { keepalive: true })).catch(() => null),
    erase: (token) => fetch(eraseUrl, authorized(token, "DELETE")).then(read),
  };
}
