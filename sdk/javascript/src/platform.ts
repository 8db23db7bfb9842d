// What differs between browsers and Node, so that the rest does not ask where it runs.
import { Sha256, type Hash } from "./sha256.js";

/** Bytes to upload, told apart from where they come from. */
export interface Source {
  /** The name of the file, if the source has one. */
  name?: string;
  /** Its media type, if the source has one. */
  type?: string;
  /** Its bytes, if the source knows. */
  size?: number;
  /** Whether `open` may be called again. */
  replayable: boolean;
  /** The same as a Blob, where it is one. */
  blob?: Blob;
  /** The bytes from the beginning. */
  open(): AsyncIterable<Uint8Array>;
}

/** Where a download goes. */
export interface Sink {
  /** How many bytes are there from an earlier attempt; the next one written follows them. */
  offset: number;
  /** Hashes what is there. */
  rehash(hash: Hash): Promise<void>;
  write(bytes: Uint8Array): Promise<void>;
  /** Begins anew with nothing; false where that cannot be. */
  restart(): Promise<boolean>;
  /** All is there, and right. */
  close(): Promise<void>;
  /** It failed. What can be resumed is kept where `keep` says so. */
  abort(reason: unknown, keep: boolean): Promise<void>;
}

export interface Platform {
  hash(): Hash;
  /** A random UUID. */
  uuid(): string;
  /** Whether a request's body may be a stream; else it is a Blob. */
  readonly streams: boolean;
  /** The file of a path; undefined where `source` is no path. */
  file(source: unknown): Promise<Source | undefined>;
  /** The sink of a path or of a platform's own stream; undefined where `target` is neither. */
  sink(target: unknown, resume: boolean): Promise<Sink | undefined>;
}

/** What every runtime with the web's interfaces has. */
export const webPlatform: Platform = {
  hash: () => new Sha256(),
  uuid() {
    // crypto.randomUUID is missing on pages without HTTPS.
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return Array.from(bytes, (byte, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + byte.toString(16).padStart(2, "0")).join("");
  },
  streams: false,
  file: async () => undefined,
  sink: async () => undefined,
};
