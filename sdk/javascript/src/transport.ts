// One request, however many attempts it takes: credentials, retries, timeouts, errors.
import { ApiError, apiError, ConnectionError, failureOf, TimeoutError } from "./errors.js";
import type { CallOptions, ClientOptions } from "./options.js";
import type { Platform } from "./platform.js";
import { SessionTokens, type Credential } from "./session.js";
import type { Tokens } from "./types.js";
import { abortable, sleep, Watch } from "./waiting.js";

/** What an attempt sends. */
export interface Body {
  content: BodyInit;
  headers?: Record<string, string>;
  /** Sends it instead of `fetch`, where that cannot tell progress. */
  send?: (url: string, init: RequestInit, watch: Watch) => Promise<Response>;
}

export interface Call {
  method: "GET" | "HEAD" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** Below the API's root. */
  path: string;
  query?: object;
  /** A body as JSON. */
  json?: unknown;
  /** Any other body, made anew for each attempt. */
  body?: (watch: Watch) => Promise<Body> | Body;
  /** Whether `body` can be made more than once. */
  replayable?: boolean;
  headers?: Record<string, string | undefined>;
  /** A status besides 2xx that is no error. */
  accepts?: number;
  /** A POST that changes nothing: it needs no idempotency key, with which the vault would keep the reply. */
  reads?: boolean;
  /** Without credentials, and never refreshed. */
  anonymous?: boolean;
  options?: CallOptions & { idempotencyKey?: string; ifMatch?: object | string };
}

/** A reply whose body is not read yet. `watch` goes on with it; whoever reads it stops it. */
export interface Reply {
  response: Response;
  watch: Watch;
}

const GATEWAY_FAULTS = [502, 504];

export class Transport {
  /** Where the vault is: without a slash at the end. */
  readonly site: string;
  /** Where the API is: without a slash at the end. */
  readonly root: string;
  readonly session: SessionTokens;
  readonly timeout: number;
  readonly retries: number;
  readonly log: NonNullable<ClientOptions["log"]>;
  readonly #fetch: typeof fetch;
  /** ETags of what was read, for `ifMatch`. */
  readonly #etags = new WeakMap<object, string>();

  constructor(
    readonly options: ClientOptions,
    readonly platform: Platform,
  ) {
    const base = new URL(options.baseUrl, (globalThis as { location?: Location }).location?.href);
    const path = base.pathname.replace(/\/+$/, "");
    this.root = base.origin + (/\/v1$/.test(path) ? path : path + "/api/v1");
    this.site = base.origin + path.replace(/(\/api)?\/v1$/, "");
    this.timeout = options.timeout ?? 60_000;
    this.retries = options.retries ?? 4;
    this.log = options.log ?? (() => {});
    // Browsers' fetch wants to be called on its window.
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.session = new SessionTokens(options.apiKey, options.tokens, options.onTokens, (tokens) => {
      this.log({ type: "refresh" });
      return this.call<Tokens>({
        method: "POST",
        path: "/auth/refresh",
        json: { refresh_token: tokens.refresh_token },
        anonymous: true,
      });
    });
  }

  url(path: string, query: object = {}): string {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value instanceof Date) parameters.set(name, value.toISOString());
      else if (value !== undefined && value !== null) parameters.set(name, String(value));
    }
    const text = parameters.toString();
    return this.root + path + (text && "?" + text);
  }

  /** `data` of the reply. */
  async call<T>(call: Call): Promise<T> {
    return (await this.reply<{ data: T }>(call)).data;
  }

  /** The reply as a whole; undefined where it has the status that `accepts` names. */
  async reply<T>(call: Call): Promise<T> {
    return this.#repeated(call, async (response) => {
      if (!response.ok) return undefined as T;
      const body = JSON.parse(await response.text()) as T;
      const etag = response.headers.get("etag");
      const data = (body as { data?: unknown }).data;
      if (etag && data && typeof data === "object") this.#etags.set(data, etag);
      return body;
    });
  }

  /** A reply whose body is a stream. */
  stream(call: Call): Promise<Reply> {
    return this.#repeated(call, async (response, watch) => ({ response, watch }), true);
  }

  /** The ETag of an object that was read, or of an ETag itself. */
  etagOf(seen: object | string): string {
    const etag = typeof seen === "string" ? seen : this.#etags.get(seen);
    if (!etag) throw new TypeError("ifMatch takes an object as this client read it, or an ETag");
    return etag;
  }

  /** Milliseconds before the attempt after number `attempt`. */
  delay(attempt: number, retryAfter?: number): number {
    const step = (this.options.retryDelay ?? 250) * 2 ** attempt * Math.random();
    return retryAfter === undefined ? Math.min(step, 30_000) : retryAfter * 1000 + Math.min(step, 1000);
  }

  /** Waits before the next attempt; throws `error` where there is to be none. */
  async backOff(error: unknown, attempt: number, options: CallOptions, method: string, url: string): Promise<void> {
    const wait = error instanceof ApiError ? error.retryAfter : undefined;
    const tooLong = (wait ?? 0) * 1000 > (this.options.maxRetryAfter ?? 60_000);
    if (tooLong || attempt >= (options.retries ?? this.retries)) throw error;
    const delay = this.delay(attempt, wait);
    this.log({ type: "retry", method, url: withoutQuery(url), attempt, delay, error: error as Error });
    await sleep(delay, options.signal);
  }

  async #repeated<T>(
    call: Call,
    read: (response: Response, watch: Watch) => Promise<T>,
    keepsWatch = false,
  ): Promise<T> {
    const options = call.options ?? {};
    const { method } = call;
    const url = this.url(call.path, call.query);
    const headers: Record<string, string> = { accept: "application/json", ...this.options.headers };
    for (const [name, value] of Object.entries(call.headers ?? {})) if (value !== undefined) headers[name] = value;
    if (method === "POST" && !call.reads) headers["idempotency-key"] = options.idempotencyKey ?? this.platform.uuid();
    if (options.ifMatch) headers["if-match"] = this.etagOf(options.ifMatch);

    let refreshes = 0;
    for (let attempt = 0; ; attempt++) {
      options.signal?.throwIfAborted();
      const credential = call.anonymous ? undefined : await abortable(this.session.credential(), options.signal);
      const watch = new Watch(options.timeout ?? this.timeout, options.signal);
      let keeps = false;
      let error: unknown;
      try {
        const response = await this.#attempt(call, url, headers, credential, attempt, watch);
        if (response.ok || response.status === call.accepts) {
          const result = await read(response, watch);
          keeps = keepsWatch;
          return result;
        }
        error = apiError(await failureOf(response));
      } catch (cause) {
        error = this.faultOf(cause, watch, options.signal);
      } finally {
        if (!keeps) watch.stop();
      }

      const canRepeat = call.replayable !== false;
      if (error instanceof ApiError && error.status === 401 && credential?.token && refreshes < 2) {
        refreshes++;
        if ((await abortable(this.session.renew(credential.token), options.signal)) && canRepeat) {
          attempt--;
          continue;
        }
      }
      if (!canRepeat || !mayRepeat(error, options.ifMatch !== undefined)) throw error;
      await this.backOff(error, attempt, options, method, url);
    }
  }

  async #attempt(
    call: Call,
    url: string,
    fields: Record<string, string>,
    credential: Credential | undefined,
    attempt: number,
    watch: Watch,
  ): Promise<Response> {
    const headers = { ...fields };
    if (credential) headers[credential.header[0]] = credential.header[1];
    const init: RequestInit & { duplex?: "half" } = {
      method: call.method,
      headers,
      signal: watch.signal,
      // Nothing depends on cookies, and a cache must not answer for the vault.
      credentials: "omit",
      cache: "no-store",
    };
    let send: Body["send"];
    if (call.json !== undefined) {
      headers["content-type"] = "application/json";
      init.body = JSON.stringify(call.json);
    } else if (call.body) {
      const body = await call.body(watch);
      Object.assign(headers, body.headers);
      init.body = body.content;
      if (body.content instanceof ReadableStream) {
        init.duplex = "half";
        // A stream cannot follow a redirect. Without these two Node's fetch keeps all of it, for the case
        // that it has to be sent again.
        init.redirect = "error";
        init.window = null;
      }
      send = body.send;
    }
    const shown = { method: call.method, url: withoutQuery(url), attempt };
    this.log({ type: "request", ...shown });
    const began = Date.now();
    const response = await (send ? send(url, init, watch) : this.#fetch(url, init));
    watch.touch();
    const requestId = response.headers.get("x-request-id") ?? undefined;
    this.log({ type: "response", ...shown, duration: Date.now() - began, status: response.status, requestId });
    return response;
  }

  /** The error for what `fetch`, or reading a body, has thrown. */
  faultOf(cause: unknown, watch: Watch, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason;
    if (watch.expired) return new TimeoutError(`nothing moved for ${watch.limit} ms`, { cause });
    return watch.fault ?? new ConnectionError(`no reply: ${cause}`, { cause });
  }
}

function mayRepeat(error: unknown, hasCondition: boolean): boolean {
  if (error instanceof ApiError) {
    if ([429, 503].includes(error.status) || error.code === "idempotency_in_progress") return true;
    return GATEWAY_FAULTS.includes(error.status) && !hasCondition;
  }
  // The change may have been made, and then the condition holds no longer.
  return error instanceof ConnectionError && !hasCondition;
}

/** A query may have what somebody searches for. */
function withoutQuery(url: string): string {
  return url.replace(/\?.*/s, "");
}
