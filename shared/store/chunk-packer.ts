import { SPOOL_BLOCK_OCTETS } from '../limits.ts';

const FIRST_BLOCK_OCTETS = 4 * 1024;

/**
 * Keeps the pieces of a message without keeping more memory alive than they need.
 *
 * A subarray pins the whole chunk of the socket it was cut from: a 1 KB message would hold 64 KB, and a memory limit
 * counted in octets of mail would mean little. So a piece that is most of its chunk is kept as it is (large messages
 * are never copied), and smaller ones are packed into blocks that grow with the message.
 */
export class ChunkPacker {
  /** Octets kept. */
  size = 0;
  private readonly chunks: Buffer[] = [];
  private block: Buffer = Buffer.alloc(0);
  private filled = 0;
  private nextBlock = FIRST_BLOCK_OCTETS;

  add(piece: Buffer): void {
    this.size += piece.length;
    if (piece.length * 2 >= piece.buffer.byteLength) {
      this.closeBlock();
      this.chunks.push(piece);
      return;
    }
    let from = 0;
    while (from < piece.length) {
      if (this.filled === this.block.length) this.openBlock(piece.length - from);
      const copied = piece.copy(this.block, this.filled, from);
      this.filled += copied;
      from += copied;
    }
  }

  /** All that was added, in order; the packer is empty afterwards. */
  takeAll(): Buffer[] {
    this.closeBlock();
    this.size = 0;
    return this.chunks.splice(0);
  }

  private openBlock(wanted: number): void {
    this.closeBlock();
    const size = Math.max(this.nextBlock, Math.min(wanted, SPOOL_BLOCK_OCTETS));
    // Slow: not of Node's shared pool, which the block would pin in its turn.
    this.block = Buffer.allocUnsafeSlow(size);
    this.nextBlock = Math.min(this.nextBlock * 2, SPOOL_BLOCK_OCTETS);
  }

  private closeBlock(): void {
    if (this.filled > 0) this.chunks.push(this.block.subarray(0, this.filled));
    this.block = Buffer.alloc(0);
    this.filled = 0;
  }
}
