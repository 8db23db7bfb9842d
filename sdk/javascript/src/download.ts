// A file on its way from the vault: read as a stream, continued by Range where the connection breaks,
// compared with its digest at the end.
import { ApiError, ConnectionError, IntegrityError } from "./errors.js";
import type { CallOptions } from "./options.js";
import type { Sink } from "./platform.js";
import { fromBase64, hex, type Hash } from "./sha256.js";
import type { Reply, Transport } from "./transport.js";
import type { Progress } from "./upload.js";
import { chunksOf } from "./upload.js";

export interface DownloadOptions extends CallOptions {
  /** Bytes to get, the last one included; the rest without `end`. A part is not compared with the digest. */
  range?: { start: number; end?: number };
  /** Whether the whole is compared with its digest; true by default. */
  verify?: boolean;
  onProgress?: (progress: Progress) => void;
}

export interface DownloadToOptions extends Omit<DownloadOptions, "range"> {
  /**
   * For a path: keeps `<path>.part` when the download fails, and goes on with it the next time. Without,
   * it is deleted.
   */
  resume?: boolean;
}

export interface Downloaded {
  /** Bytes of the file. */
  size: number;
  /** `sha256:…` of them, as the vault has it; undefined where it does not know yet. */
  checksum?: string;
}

/** A file whose bytes are still to be read, once, by one of its functions or by `for await`. */
export class Download implements AsyncIterable<Uint8Array> {
  readonly mediaType: string;
  /** Bytes that come. */
  readonly size: number | undefined;
  readonly etag: string | undefined;
  /** `sha256:…` of the whole file. */
  readonly checksum: string | undefined;

  readonly #transport: Transport;
  readonly #path: string;
  readonly #query: object | undefined;
  readonly #options: DownloadOptions;
  readonly #start: number;
  /** The hash of the bytes before `#start`, where they are to be verified with the rest. */
  readonly #before: Hash | undefined;
  #reply: Reply | undefined;

  /** @internal */
  constructor(transport: Transport, path: string, query: object | undefined, options: DownloadOptions, reply: Reply, start: number, before?: Hash) {
    const { headers, status } = reply.response;
    this.#transport = transport;
    this.#path = path;
    this.#query = query;
    this.#options = options;
    this.#reply = reply;
    this.#start = start;
    this.#before = before;
    this.mediaType = headers.get("content-type") ?? "application/octet-stream";
    this.etag = headers.get("etag") ?? undefined;
    const digest = /(?:^|,)\s*sha-256=:([^:]+):/.exec(headers.get("repr-digest") ?? "")?.[1];
    this.checksum = digest && "sha256:" + hex(fromBase64(digest));
    const range = /^bytes (\d+)-(\d+)\//.exec(headers.get("content-range") ?? "");
    const length = headers.get("content-length");
    this.size =
      status === 206 && range
        ? Number(range[2]) - Number(range[1]) + 1
        : length !== null && !headers.get("content-encoding")
          ? Number(length)
          : undefined;
    // Nothing is waited for until somebody reads.
    reply.watch.pause();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    let reply = this.#reply;
    if (!reply) throw new TypeError("a download is read once");
    this.#reply = undefined;
    const { onProgress, verify = true } = this.#options;
    const partial = this.#options.range !== undefined && !this.#before;
    const hash = verify && !partial && this.checksum ? (this.#before ?? this.#transport.platform.hash()) : undefined;
    let received = 0;
    onProgress?.({ loaded: 0, total: this.size });
    for (let attempt = 0; ; ) {
      const { watch, response } = reply;
      try {
        watch.touch();
        for await (const chunk of chunksOf(response.body ?? [])) {
          watch.pause();
          attempt = 0;
          received += chunk.length;
          hash?.update(chunk);
          onProgress?.({ loaded: received, total: this.size });
          yield chunk;
          watch.touch();
        }
        if (this.size === undefined || received === this.size) break;
        throw new ConnectionError(`the reply ended after ${received} of ${this.size} bytes`);
      } catch (cause) {
        const error = cause instanceof ConnectionError ? cause : this.#transport.faultOf(cause, watch, this.#options.signal);
        if (!(error instanceof ConnectionError) || !this.etag) throw error;
        watch.stop();
        await this.#transport.backOff(error, attempt++, this.#options, "GET", this.#transport.url(this.#path));
      } finally {
        watch.stop();
      }
      reply = await this.#rest(received);
    }
    if (hash && "sha256:" + hex(hash.digest()) !== this.checksum) {
      throw new IntegrityError("the bytes that came are not those of the digest");
    }
  }

  /** What follows the bytes that came. */
  async #rest(received: number): Promise<Reply> {
    const start = this.#start + received;
    const reply = await open(this.#transport, this.#path, this.#query, { ...this.#options, range: { ...this.#options.range, start } }, this.etag);
    if (reply.response.status === 206 && (reply.response.headers.get("etag") ?? this.etag) === this.etag) return reply;
    reply.watch.stop();
    reply.response.body?.cancel().catch(() => {});
    throw new IntegrityError("the file changed while it was downloaded");
  }

  stream(): ReadableStream<Uint8Array> {
    const chunks = this[Symbol.asyncIterator]();
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        const next = await chunks.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await chunks.return();
      },
    });
  }

  async blob(): Promise<Blob> {
    const blob = await new Response(this.stream()).blob();
    return blob.slice(0, blob.size, this.mediaType);
  }

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await new Response(this.stream()).arrayBuffer());
  }

  text(): Promise<string> {
    return new Response(this.stream()).text();
  }

  /** Drops what has not been read. */
  async cancel(): Promise<void> {
    const reply = this.#reply;
    this.#reply = undefined;
    reply?.watch.stop();
    await reply?.response.body?.cancel();
  }
}

function open(transport: Transport, path: string, query: object | undefined, options: DownloadOptions, etag?: string): Promise<Reply> {
  const { range } = options;
  return transport.stream({
    method: "GET",
    path,
    query,
    headers: {
      accept: "*/*",
      range: range && `bytes=${range.start}-${range.end ?? ""}`,
      "if-range": range && etag,
    },
    options,
  });
}

export async function download(transport: Transport, path: string, options: DownloadOptions = {}, query?: object): Promise<Download> {
  const reply = await open(transport, path, query, options);
  return new Download(transport, path, query, options, reply, options.range?.start ?? 0);
}

/** Downloads into a sink; what an earlier attempt left there is part of it. */
export async function downloadInto(transport: Transport, path: string, sink: Sink, options: DownloadToOptions): Promise<Downloaded> {
  const { verify = true, resume = false } = options;
  try {
    for (;;) {
      const resumed = sink.offset > 0;
      try {
        return await into(transport, path, sink, { ...options, verify });
      } catch (error) {
        // What was there is of another file, or more than there is now: only that is a reason to begin anew.
        const stale = error instanceof IntegrityError || (error instanceof ApiError && error.status === 416);
        if (!resumed || !stale || !(await sink.restart())) throw error;
      }
    }
  } catch (error) {
    await sink.abort(error, resume && !(error instanceof IntegrityError));
    throw error;
  }
}

async function into(transport: Transport, path: string, sink: Sink, options: DownloadOptions): Promise<Downloaded> {
  const start = sink.offset;
  let before: Hash | undefined;
  if (start) {
    before = transport.platform.hash();
    await sink.rehash(before);
  }
  const { onProgress } = options;
  const range = start ? { start } : undefined;
  const reply = await open(transport, path, undefined, { ...options, range });
  let total: number | undefined;
  const found = new Download(transport, path, undefined, {
    ...options,
    range,
    onProgress: onProgress && (({ loaded }) => onProgress({ loaded: start + loaded, total })),
  }, reply, start, before);
  total = found.size === undefined ? undefined : start + found.size;
  if (start && (reply.response.status !== 206 || !found.checksum)) {
    // Nothing says that what is there belongs to this.
    await found.cancel();
    throw new IntegrityError("what is there cannot be compared");
  }
  let written = start;
  for await (const chunk of found) {
    await sink.write(chunk);
    written += chunk.length;
  }
  await sink.close();
  return { size: written, checksum: found.checksum };
}

/** A sink for a stream of the web. */
export function webSink(stream: WritableStream<Uint8Array>): Sink {
  const writer = stream.getWriter();
  // Told by the writes; a rejection that nobody looks at is a fault of its own.
  writer.closed.catch(() => {});
  return {
    offset: 0,
    async rehash() {},
    async write(bytes) {
      await writer.ready;
      await writer.write(bytes);
    },
    restart: async () => false,
    close: () => writer.close(),
    abort: (reason) => writer.abort(reason).catch(() => {}),
  };
}

