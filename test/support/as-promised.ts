/** For ports that promise what an embedded adapter does at once. */
export function asPromised(work: () => void): () => Promise<void> {
  return () =>
    new Promise((resolve) => {
      work();
      resolve();
    });
}
