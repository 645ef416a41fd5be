const BLOCK_OCTETS = 64;
const LENGTH_OCTETS = 8;

type State = readonly [number, number, number, number];

const START: State = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];

/** RFC 1320 section 3.4: for each round its function, its constant, the order of words, and the rotations. */
interface Round {
  readonly mix: (x: number, y: number, z: number) => number;
  readonly constant: number;
  readonly order: readonly number[];
  readonly rotations: readonly [number, number, number, number];
}

const ROUNDS: readonly Round[] = [
  {
    mix: (x, y, z) => (x & y) | (~x & z),
    constant: 0,
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    rotations: [3, 7, 11, 19],
  },
  {
    mix: (x, y, z) => (x & y) | (x & z) | (y & z),
    constant: 0x5a827999,
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    rotations: [3, 5, 9, 13],
  },
  {
    mix: (x, y, z) => x ^ y ^ z,
    constant: 0x6ed9eba1,
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    rotations: [3, 9, 11, 15],
  },
];

/**
 * MD4 (RFC 1320), which NTLM hashes passwords with. OpenSSL 3 has it no more, and nothing but NTLM may use it: as a
 * hash it is broken.
 */
export function md4(octets: Buffer): Buffer {
  const padded = pad(octets);
  let state = START;
  for (let at = 0; at < padded.length; at += BLOCK_OCTETS) {
    state = absorb(state, padded.subarray(at, at + BLOCK_OCTETS));
  }
  const digest = Buffer.alloc(16);
  state.forEach((word, index) => digest.writeUInt32LE(word >>> 0, index * 4));
  return digest;
}

/** A one bit, zeros, and the length in bits as 64 bits. */
function pad(octets: Buffer): Buffer {
  const length = octets.length + 1 + LENGTH_OCTETS;
  const padded = Buffer.alloc(Math.ceil(length / BLOCK_OCTETS) * BLOCK_OCTETS);
  octets.copy(padded);
  padded[octets.length] = 0x80;
  padded.writeBigUInt64LE(BigInt(octets.length) * 8n, padded.length - LENGTH_OCTETS);
  return padded;
}

function absorb(before: State, block: Buffer): State {
  let [a, b, c, d]: State = before;
  for (const { mix, constant, order, rotations } of ROUNDS) {
    order.forEach((word, step) => {
      const sum = (a + mix(b, c, d) + block.readUInt32LE(word * 4) + constant) | 0;
      [a, b, c, d] = [d, rotate(sum, rotations[step % 4] ?? 0), b, c];
    });
  }
  return [add(before[0], a), add(before[1], b), add(before[2], c), add(before[3], d)];
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function add(one: number, other: number): number {
  return (one + other) | 0;
}
