import { SPOOL_BLOCK_OCTETS } from '../limits.ts';

const FIRST_BLOCK_OCTETS = 4 * 1024;

/**
 * Keeps the pieces of a message in blocks of its own, which grow with the message. Pieces are copied, since they are
 * lent: the next octets off the wire come in the same memory.
 */
export class ChunkPacker {
  /** Octets kept. */
  size = 0;
  private readonly full: Buffer[] = [];
  private block: Buffer = Buffer.alloc(0);
  private filled = 0;
  private nextBlock = FIRST_BLOCK_OCTETS;

  add(piece: Buffer): void {
    this.size += piece.length;
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
    return this.full.splice(0);
  }

  private openBlock(wanted: number): void {
    this.closeBlock();
    const size = Math.max(this.nextBlock, Math.min(wanted, SPOOL_BLOCK_OCTETS));
    // Slow: not of Node's shared pool, which the block would pin in its turn.
    this.block = Buffer.allocUnsafeSlow(size);
    this.nextBlock = Math.min(this.nextBlock * 2, SPOOL_BLOCK_OCTETS);
  }

  private closeBlock(): void {
    if (this.filled > 0) this.full.push(this.block.subarray(0, this.filled));
    this.block = Buffer.alloc(0);
    this.filled = 0;
  }
}

/**
 * Gives the memory of blocks back at once: the garbage collector lets tens of megabytes of them pile up, and works
 * hard for it. Whoever still looks at one of them sees no octets.
 */
export function freeBlocks(blocks: readonly Buffer[]): void {
  for (const { buffer } of blocks) {
    if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
  }
}
