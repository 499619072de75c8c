/** Random names that the client makes itself. */

const HEX = Array.from({ length: 256 }, (_, byte) => (byte + 0x100).toString(16).slice(1));

/**
 * A UUIDv4. `crypto.randomUUID` is missing in old browsers and on plain http, `getRandomValues` is not.
 * @param {{getRandomValues: function(Uint8Array): Uint8Array}} source
 * @returns {string}
 */
export function newIdentifier(source = crypto) {
  const bytes = source.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => HEX[byte]).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
