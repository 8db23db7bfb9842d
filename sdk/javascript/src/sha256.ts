// SHA-256 (FIPS 180-4) of a stream, and HMAC (RFC 2104) with it. WebCrypto hashes whole buffers only,
// and is missing on pages without HTTPS and in Node 18.

/** Hashes a stream. */
export interface Hash {
  update(bytes: Uint8Array): void;
  /** The 32 bytes; the hash cannot be used afterwards. */
  digest(): Uint8Array;
}

/** The first 32 bits of the fraction of `root(p)` for each of the first 64 primes. */
function fractions(root: (prime: number) => number): Int32Array {
  // Signed words throughout: engines add them as integers.
  const found = new Int32Array(64);
  for (let candidate = 2, count = 0; count < 64; candidate++) {
    let divisor = 2;
    while (candidate % divisor) divisor++;
    if (divisor === candidate) found[count++] = ((root(candidate) % 1) * 2 ** 32) | 0;
  }
  return found;
}

export class Sha256 implements Hash {
  readonly #k = fractions(Math.cbrt);
  readonly #state = fractions(Math.sqrt).slice(0, 8);
  readonly #block = new Uint8Array(64);
  readonly #view = new DataView(this.#block.buffer);
  readonly #words = new Int32Array(64);
  #filled = 0;
  #length = 0;

  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    let at = 0;
    if (this.#filled) {
      at = Math.min(64 - this.#filled, bytes.length);
      this.#block.set(bytes.subarray(0, at), this.#filled);
      this.#filled += at;
      if (this.#filled < 64) return;
      this.#compress(this.#view, 0);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (; at + 64 <= bytes.length; at += 64) this.#compress(view, at);
    this.#block.set(bytes.subarray(at));
    this.#filled = bytes.length - at;
  }

  digest(): Uint8Array {
    const bits = this.#length * 8;
    const tail = new Uint8Array(((119 - (this.#length % 64)) % 64) + 9);
    tail[0] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, bits / 2 ** 32);
    view.setUint32(tail.length - 4, bits);
    this.update(tail);
    const result = new Uint8Array(32);
    const out = new DataView(result.buffer);
    this.#state.forEach((word, i) => out.setInt32(i * 4, word));
    return result;
  }

  #compress(view: DataView, at: number): void {
    const w = this.#words;
    const k = this.#k;
    const s = this.#state;
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + i * 4);
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15]!;
      const y = w[i - 2]!;
      w[i] =
        (w[i - 16]! +
          w[i - 7]! +
          (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) +
          (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10))) |
        0;
    }
    let [a, b, c, d, e, f, g, h] = [s[0]!, s[1]!, s[2]!, s[3]!, s[4]!, s[5]!, s[6]!, s[7]!];
    for (let i = 0; i < 64; i++) {
      const one =
        (h +
          (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) +
          ((e & f) ^ (~e & g)) +
          k[i]! +
          w[i]!) |
        0;
      const two =
        ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) +
          ((a & b) ^ (a & c) ^ (b & c))) |
        0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    s[0]! += a;
    s[1]! += b;
    s[2]! += c;
    s[3]! += d;
    s[4]! += e;
    s[5]! += f;
    s[6]! += g;
    s[7]! += h;
  }
}

export function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = new Sha256();
  parts.forEach((part) => hash.update(part));
  return hash.digest();
}

export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(64);
  padded.set(key.length > 64 ? sha256(key) : key);
  const inner = sha256(padded.map((byte) => byte ^ 0x36), message);
  return sha256(padded.map((byte) => byte ^ 0x5c), inner);
}

export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Base64 as bytes. Throws where it is none. */
export const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
