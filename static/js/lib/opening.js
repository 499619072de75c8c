/** Opening a conversation, however often it has to be asked for: an answer that was lost opens nothing twice. */

/**
 * @param {ReturnType<import("./visitor-api.js").createVisitorApi>} api
 * @param {ReturnType<import("./session.js").createSession>} session
 * @param {{language: string, intro: Object<string, string>}} wanted
 * @returns {Promise<{token: string, epoch: number}>} rejected with a Problem
 */
export function openOnce(api, session, wanted) {
  const open = () => api.open({ ...wanted, key: session.openingKey });
  return open().catch((error) => {
    // What was opened by an answer that was lost is over by now, because nobody came.
    if (error.code !== "ended" || session.left) throw error;
    session.renewOpening();
    return open();
  });
}
