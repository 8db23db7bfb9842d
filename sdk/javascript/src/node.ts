// What the package is in Node: paths for uploads and downloads, the hash of its own crypto.
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, stat, unlink, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { MediaVault as WebMediaVault } from "./client.js";
import type { ClientOptions } from "./options.js";
import type { Platform, Sink, Source } from "./platform.js";
import type { Hash } from "./sha256.js";

export * from "./index.js";

/** Bytes that are read from a file at a time. */
const CHUNK = 256 * 1024;

const pathOf = (place: unknown): string | undefined =>
  typeof place === "string" ? place : place instanceof URL ? fileURLToPath(place) : undefined;

const nodePlatform: Platform = {
  hash: () => createHash("sha256"),
  uuid: randomUUID,
  streams: true,

  async file(given): Promise<Source | undefined> {
    const path = pathOf(given);
    if (path === undefined) return undefined;
    const found = await stat(path);
    if (!found.isFile()) throw new TypeError(`${path} is no file`);
    return {
      name: basename(path),
      size: found.size,
      replayable: true,
      open: () => createReadStream(path, { highWaterMark: CHUNK }),
    };
  },

  async sink(target, resume): Promise<Sink | undefined> {
    const path = pathOf(target);
    return path === undefined ? undefined : new FileSink(path, resume).open();
  },
};

/** A file that is `<path>.part` until it is whole. */
class FileSink implements Sink {
  offset = 0;
  readonly #path: string;
  readonly #part: string;
  readonly #resume: boolean;
  #file!: FileHandle;

  constructor(path: string, resume: boolean) {
    this.#path = path;
    this.#part = path + ".part";
    this.#resume = resume;
  }

  async open(): Promise<this> {
    this.#file = await open(this.#part, this.#resume ? "a+" : "w+");
    this.offset = (await this.#file.stat()).size;
    return this;
  }

  async rehash(hash: Hash): Promise<void> {
    const buffer = Buffer.alloc(CHUNK);
    for (let at = 0; at < this.offset; ) {
      const { bytesRead } = await this.#file.read(buffer, 0, CHUNK, at);
      if (bytesRead === 0) throw new Error(`${this.#part} was cut while it was read`);
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      at += (await this.#file.write(bytes, at)).bytesWritten;
    }
  }

  async restart(): Promise<boolean> {
    await this.#file.close();
    this.#file = await open(this.#part, "w+");
    this.offset = 0;
    return true;
  }

  async close(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#part, this.#path);
  }

  async abort(_reason: unknown, keep: boolean): Promise<void> {
    await this.#file.close().catch(() => {});
    if (!keep) await unlink(this.#part).catch(() => {});
  }
}

/** A caller of the Media Vault API, in Node. */
export class MediaVault extends WebMediaVault {
  constructor(options: ClientOptions) {
    super(options, nodePlatform);
  }
}
