// A file on its way to the vault: one form with one file, sent as a stream where the platform can, else
// as a Blob, which browsers keep out of memory.
import type { Body, Call, Transport } from "./transport.js";
import { MediaVaultError } from "./errors.js";
import type { ChangeOptions, CreateOptions } from "./options.js";
import type { Platform, Source } from "./platform.js";
import { hex } from "./sha256.js";
import { Watch } from "./waiting.js";

/** What can be uploaded. A function is called for each attempt, so that a stream can be sent again. */
export type UploadSource =
  | Blob
  | ArrayBuffer
  | ArrayBufferView
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>
  | (() => ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>)
  /** A path, in Node. */
  | string
  | URL;

export interface Progress {
  /** Bytes of the file that have left. */
  loaded: number;
  /** Bytes of the file; undefined where the source does not know. */
  total?: number;
}

export interface ContentOptions {
  /** The name of the file; that of the File or path by default, else "file". */
  filename?: string;
  /** Its media type. The vault looks at the bytes first. */
  type?: string;
  /**
   * `sha256:…` of the bytes, which the vault compares before it keeps them; true (the default): worked
   * out while they are sent, or, in a browser, before; false: none.
   */
  checksum?: string | boolean;
  onProgress?: (progress: Progress) => void;
}

export interface UploadOptions extends CreateOptions, ContentOptions {
  title?: string;
  description?: string;
  /** Without commas. */
  tags?: readonly string[];
}

export interface ReplaceOptions extends ChangeOptions, ContentOptions {}

/** The body of a call that sends `source` as the file of a form, with these fields before it. */
export async function formOf(
  transport: Transport,
  given: UploadSource,
  fields: Record<string, string | undefined>,
  options: ContentOptions,
): Promise<Pick<Call, "body" | "replayable">> {
  const { platform } = transport;
  const source = await sourceOf(given, platform);
  const boundary = "mediavault-" + platform.uuid();
  const { checksum = true, onProgress } = options;
  const head =
    Object.entries(fields)
      .map(([name, value]) => (value === undefined ? "" : field(boundary, name, value)))
      .join("") +
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; ${named(options.filename ?? source.name ?? "file")}\r\n` +
    `Content-Type: ${(options.type ?? source.type) || "application/octet-stream"}\r\n\r\n`;
  // The field belongs to the file before it, so that it can be worked out while that is sent.
  const tail = (sum: string | undefined) =>
    "\r\n" + (sum ? field(boundary, "checksum", sum) : "") + `--${boundary}--\r\n`;
  const headers = { "content-type": `multipart/form-data; boundary=${boundary}` };
  const givenSum = typeof checksum === "string" ? checksum : undefined;
  const report = (loaded: number) => onProgress?.({ loaded, total: source.size });

  const body = async (watch: Watch): Promise<Body> => {
    report(0);
    if (platform.streams) {
      const encoder = new TextEncoder();
      const first = encoder.encode(head);
      const hash = checksum === true ? platform.hash() : undefined;
      const { size } = source;
      const content = streamOf(async function* () {
        yield first;
        let loaded = 0;
        for await (const chunk of source.open()) {
          if ((loaded += chunk.length) > (size ?? Infinity)) break;
          hash?.update(chunk);
          yield chunk;
          report(loaded);
        }
        if (size !== undefined && loaded !== size) throw new MediaVaultError("the file changed while it was read");
        yield encoder.encode(tail(givenSum ?? (hash && "sha256:" + hex(hash.digest()))));
      }, watch);
      if (size === undefined) return { content, headers };
      // With its length the vault can refuse it by its head. Every checksum is of the same length.
      const last = tail(givenSum ?? (hash && "sha256:" + "0".repeat(64)));
      return { content, headers: { ...headers, "content-length": String(first.length + size + encoder.encode(last).length) } };
    }
    const blob = source.blob ?? (await new Response(streamOf(source.open, watch)).blob());
    source.size = blob.size;
    let sum = givenSum;
    if (checksum === true) {
      const hash = platform.hash();
      for await (const chunk of chunksOf(blob.stream())) {
        hash.update(chunk);
        watch.touch();
        if (watch.signal.aborted) throw watch.signal.reason;
      }
      sum = "sha256:" + hex(hash.digest());
    }
    const before = new Blob([head]).size;
    return {
      content: new Blob([head, blob, tail(sum)]),
      headers,
      send:
        typeof XMLHttpRequest === "undefined"
          ? undefined
          : (url, init, now) => sendByXhr(url, init, now, (sent) => report(Math.min(blob.size, Math.max(0, sent - before)))),
    };
  };
  return { body, replayable: source.replayable };
}

const field = (boundary: string, name: string, value: string): string =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;

/** `%0D`. */
const percent = (byte: number): string => "%" + (byte + 256).toString(16).slice(1).toUpperCase();

/**
 * The name as browsers write it. They leave `%` as it is, which makes `%22` of a name and an escaped quote
 * one text; such a name follows as RFC 8187 has it, which the vault reads first.
 */
const named = (name: string): string =>
  `filename="${name.replace(/[\r\n"]/g, (c) => percent(c.charCodeAt(0)))}"` +
  (name.includes("%") ? "; filename*=UTF-8''" + [...new TextEncoder().encode(name)].map(percent).join("") : "");

async function sourceOf(given: UploadSource, platform: Platform): Promise<Source> {
  const file = await platform.file(given);
  if (file) return file;
  if (typeof given === "function") {
    return { replayable: true, open: () => chunksOf(given()) };
  }
  if (given instanceof Blob) {
    const { name, type, size } = given as File;
    return { name, type, size, blob: given, replayable: true, open: () => chunksOf(given.stream()) };
  }
  if (given instanceof ArrayBuffer || ArrayBuffer.isView(given)) {
    const bytes = given instanceof ArrayBuffer ? new Uint8Array(given) : new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
    return { size: bytes.length, replayable: true, open: () => chunksOf(slicesOf(bytes)) };
  }
  if (typeof given === "object" && given !== null && ("getReader" in given || Symbol.asyncIterator in given || Symbol.iterator in given)) {
    return { replayable: false, open: () => chunksOf(given) };
  }
  throw new TypeError(`a ${typeof given} cannot be uploaded here`);
}

/** Pieces small enough that progress is told and nothing waits for the whole. */
function* slicesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65536) yield bytes.subarray(at, at + 65536);
}

/** What a stream of any kind gives. Not every browser can iterate over its streams. */
export async function* chunksOf(
  stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!("getReader" in stream)) {
    yield* stream;
    return;
  }
  const reader = stream.getReader();
  let done = false;
  try {
    for (;;) {
      const next = await reader.read();
      if ((done = next.done)) return;
      yield next.value!;
    }
  } finally {
    if (!done) reader.cancel().catch(() => {});
  }
}

/** A stream of what `open` yields. While the source is asked, the network is not waited for. */
function streamOf(open: () => AsyncIterable<Uint8Array>, watch: Watch): ReadableStream<Uint8Array> {
  let chunks: AsyncIterator<Uint8Array> | undefined;
  // Not every fetch cancels the body of a request that has ended before it.
  watch.release = () => void chunks?.return?.().catch(() => {});
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      watch.pause();
      try {
        chunks ??= open()[Symbol.asyncIterator]();
        const next = await chunks.next();
        if (watch.stopped || watch.signal.aborted) throw watch.signal.reason ?? new Error("the request has ended");
        if (next.done) controller.close();
        else if (next.value.length) controller.enqueue(next.value);
        else return this.pull!(controller);
      } catch (error) {
        if (!watch.stopped && !watch.signal.aborted) watch.fault = error;
        controller.error(error);
      } finally {
        watch.touch();
      }
    },
    async cancel() {
      await chunks?.return?.();
    },
  });
}

/** `fetch` by XMLHttpRequest, which tells how much of a body has left. */
function sendByXhr(url: string, init: RequestInit, watch: Watch, report: (sent: number) => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(init.method!, url);
    request.responseType = "blob";
    for (const [name, value] of Object.entries(init.headers as Record<string, string>)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      watch.touch();
      report(event.loaded);
    };
    const abort = () => request.abort();
    request.onloadend = () => {
      watch.signal.removeEventListener("abort", abort);
      if (!request.status) return reject(new TypeError("the request failed"));
      const headers = new Headers();
      for (const line of request.getAllResponseHeaders().trim().split(/\r?\n/)) {
        const at = line.indexOf(":");
        if (at > 0) headers.append(line.slice(0, at), line.slice(at + 1).trim());
      }
      const { status, statusText } = request;
      resolve(new Response(request.response as Blob, { status, statusText, headers }));
    };
    if (watch.signal.aborted) return reject(watch.signal.reason);
    watch.signal.addEventListener("abort", abort);
    request.send(init.body as Blob);
  });
}
