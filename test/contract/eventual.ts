/**
 * For `expect.poll`: what a distributed adapter shows late counts as shown when it comes within this. A bound, not a
 * measure: the embedded adapters pass at the first look.
 */
export const EVENTUAL = { timeout: 15_000, interval: 20 } as const;
