import { Readable } from 'node:stream';

import { Failure } from '../failure.ts';

/**
 * The octets of a stream, all of them or an error. A connection may end between two chunks without an error of its
 * own, and what ends short would pass for the whole message.
 * @param octets how many there have to be
 * @param doing for the error: which object, and what is done with it
 */
export function exactContent(source: Readable, octets: number, doing: string): Readable {
  return new ExactContent(source, octets, doing);
}

/** Not `pipeline`, which hands the source's own error on: ours says which object broke off, and where. */
class ExactContent extends Readable {
  readonly #source: Readable;
  readonly #expected: number;
  readonly #doing: string;
  #got = 0;

  constructor(source: Readable, expected: number, doing: string) {
    super();
    this.#source = source;
    this.#expected = expected;
    this.#doing = doing;
    source.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
    source.on('end', () => {
      this.#end();
    });
    // Stays after the end: an error without a listener would end the process.
    source.on('error', (error) => {
      this.#breakOff(error.message, error);
    });
    source.on('close', () => {
      if (!source.readableEnded) this.#breakOff('the stream was closed');
    });
    source.pause();
    // It may break off before anybody reads; who reads later is told then.
    this.on('error', () => undefined);
  }

  override _read(): void {
    this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#source.destroy();
    callback(error);
  }

  #take(chunk: Buffer): void {
    this.#got += chunk.length;
    if (this.#got > this.#expected) this.#breakOff('more came');
    else if (!this.push(chunk)) this.#source.pause();
  }

  #end(): void {
    if (this.#got === this.#expected) this.push(null);
    else this.#breakOff('the stream ended');
  }

  #breakOff(reason: string, cause?: unknown): void {
    if (this.destroyed || this.readableEnded) return;
    const got = `after ${this.#got} ${reason}`;
    const message = `${this.#doing}: expected ${this.#expected} octets, ${got}`;
    this.destroy(new Failure('store', 'temporary', message, { cause }));
  }
}
