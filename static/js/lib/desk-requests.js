/**
 * Requests of the staff's pages for parts of pages. XMLHttpRequest reads HTML into a document by itself; every way that
 * takes a string would be closed by the page's trusted types.
 */

const SIGNED_OUT = 401;

/** What went wrong, with a sentence to show if the server had one. */
export class RequestFailed extends Error {
  constructor(status, title) {
    super(title || "request failed");
    this.status = status;
    this.title = title;
  }
}

/**
 * @param {object} options
 * @param {function(): XMLHttpRequest} options.newRequest
 * @param {function(): string} options.token against cross-site requests
 * @param {function(): void} options.onSignedOut
 */
export function createRequests({ newRequest, token, onSignedOut }) {
  function ask(method, address, body) {
    return new Promise((resolve, reject) => {
      const request = newRequest();
      request.open(method, address);
      request.responseType = "document";
      request.setRequestHeader("X-Fragment", "1");
      if (method === "POST") request.setRequestHeader("X-CSRFToken", token());
      request.onload = () => {
        if (request.status === SIGNED_OUT) onSignedOut();
        const found = request.response && request.response.body;
        if (request.status < 300) resolve(found ? found.firstElementChild : null);
        else reject(new RequestFailed(request.status, sentenceOf(found)));
      };
      request.onerror = () => reject(new RequestFailed(0, null));
      request.send(body);
    });
  }

  /** A refusal carries its sentence in [data-refusal]; another error page is not for this place. */
  function sentenceOf(body) {
    const refusal = body && body.querySelector("[data-refusal]");
    return refusal ? refusal.textContent.trim() : null;
  }

  return {
    /** @returns {Promise<?Element>} the first element of the answer */
    get: (address) => ask("GET", address, null),
    /** @param {?FormData} body */
    post: (address, body = null) => ask("POST", address, body),
  };
}
