import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import type { NewToken } from '../clock.ts';
import { SPOOL_MEMORY_OCTETS, SPOOL_WRITE_OCTETS } from '../limits.ts';
import { ChunkPacker, freeBlocks } from './chunk-packer.ts';
import type { Digests } from './message-digests.ts';
import { MessageDigests } from './message-digests.ts';
import { SpoolFile } from './spool-file.ts';
import type { Spool, SpooledMessage } from './spool.ts';

/**
 * A spool for one message: in memory up to the limit, in a new file of `folder` above it.
 * @param memoryLimit octets
 * @param newToken name of the file
 */
export function createSpool(
  folder: string,
  memoryLimit: number = SPOOL_MEMORY_OCTETS,
  newToken: NewToken = randomUUID,
): Spool {
  return new SpoolWriter(folder, memoryLimit, newToken);
}

class SpoolWriter implements Spool {
  private readonly folder: string;
  private readonly memoryLimit: number;
  private readonly newToken: NewToken;
  private readonly digests = new MessageDigests();
  private readonly packer = new ChunkPacker();
  private size = 0;
  private file: SpoolFile | null = null;

  constructor(folder: string, memoryLimit: number, newToken: NewToken) {
    this.folder = folder;
    this.memoryLimit = memoryLimit;
    this.newToken = newToken;
  }

  write(chunk: Buffer): void | Promise<void> {
    this.size += chunk.length;
    this.digests.update(chunk);
    this.packer.add(chunk);
    if (this.file === null && this.size > this.memoryLimit) {
      this.file = this.newFile();
      return this.writeOut(this.file);
    }
    if (this.file !== null && this.packer.size >= SPOOL_WRITE_OCTETS) {
      return this.writeOut(this.file);
    }
  }

  async end(inFile = false): Promise<SpooledMessage> {
    const digests = this.digests.finish();
    if (inFile && this.size > 0) this.file ??= this.newFile();
    if (this.file === null) return new MemoryMessage(this.size, digests, this.packer.takeAll());
    await this.writeOut(this.file);
    await this.file.close();
    return new FileMessage(this.size, digests, this.file.path);
  }

  async abort(): Promise<void> {
    freeBlocks(this.packer.takeAll());
    await this.file?.remove();
  }

  private newFile(): SpoolFile {
    return new SpoolFile(join(this.folder, `${this.newToken()}.spool`));
  }

  private async writeOut(file: SpoolFile): Promise<void> {
    const blocks = this.packer.takeAll();
    try {
      if (blocks.length > 0) await file.write(blocks);
    } finally {
      freeBlocks(blocks);
    }
  }
}

class MemoryMessage implements SpooledMessage {
  readonly size: number;
  readonly sha256: string;
  readonly bodyDigest: string;
  readonly headerDigest: string;
  readonly eightBit: boolean;
  readonly file = null;
  private kept: readonly Buffer[];

  constructor(size: number, digests: Digests, chunks: readonly Buffer[]) {
    this.size = size;
    this.sha256 = digests.sha256;
    this.bodyDigest = digests.bodyDigest;
    this.headerDigest = digests.headerDigest;
    this.eightBit = digests.eightBit;
    this.kept = chunks;
  }

  get chunks(): readonly Buffer[] {
    return this.kept;
  }

  content(): Readable {
    return Readable.from(this.kept, { objectMode: false });
  }

  discard(): Promise<void> {
    freeBlocks(this.kept);
    this.kept = [];
    return Promise.resolve();
  }
}

class FileMessage implements SpooledMessage {
  readonly size: number;
  readonly sha256: string;
  readonly bodyDigest: string;
  readonly headerDigest: string;
  readonly eightBit: boolean;
  readonly chunks = null;
  readonly file: string;

  constructor(size: number, digests: Digests, file: string) {
    this.size = size;
    this.sha256 = digests.sha256;
    this.bodyDigest = digests.bodyDigest;
    this.headerDigest = digests.headerDigest;
    this.eightBit = digests.eightBit;
    this.file = file;
  }

  content(): Readable {
    return createReadStream(this.file);
  }

  async discard(): Promise<void> {
    await rm(this.file, { force: true });
  }
}
