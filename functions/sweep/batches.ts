/** The same in groups of so many, the last one smaller. */
export async function* batches<Item>(
  items: AsyncIterable<Item>,
  size: number,
): AsyncIterable<Item[]> {
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
