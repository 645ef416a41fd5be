/** The program is written for this one: it runs TypeScript as it lies there, and `node:sqlite`. */
const OLDEST = 24;

/**
 * Looked at before anything else is loaded, since an older Node ends in the middle of it with words for programmers.
 * @param {string} version such as `24.1.0`
 * @returns {string | null} what to say instead of running; null: it will do
 */
export function refuseNode(version) {
  if (Number.parseInt(version, 10) >= OLDEST) return null;
  return `expected Node ${OLDEST} or newer, got ${version}; "npm ci" brings it along: run npx mailferry, npm start, or node_modules/.bin/node manager/mailferry.js`;
}
