// Events over a WebSocket, which is opened again whenever it breaks; nothing is missed in between.
import { ApiError, apiError, ConnectionError, MediaVaultError } from "./errors.js";
import type { WebSocketConstructor } from "./options.js";
import type { Transport } from "./transport.js";
import type { Channel, KeptChannel, RealtimeEvent } from "./types.js";
import { sleep } from "./waiting.js";

export interface RealtimeOptions<C extends Channel = Channel> {
  /** `media_updates` and `collection_updates` by default. */
  channels?: readonly C[];
  /** Only these files or collections of a channel; all of them without. */
  resources?: Partial<Record<KeptChannel, readonly string[]>>;
  /** Where to go on: the `lastEventIds` of an earlier connection, or one id for all channels. */
  lastEventIds?: string | Readonly<Record<string, string>>;
  /** Ends it; `for await` throws the signal's reason. */
  signal?: AbortSignal;
  /**
   * Some events between the last one seen and now are kept no longer by the vault: read again what is
   * shown. `channel` is the one concerned.
   */
  onGap?: (channel: Channel, resourceId: string | undefined) => void;
  /** Events that may wait to be read; beyond, the connection is closed until they are. 10,000 by default. */
  maxQueued?: number;
}

interface Subscription {
  key: string;
  channel: Channel;
  resource_id?: string;
}

interface Message {
  type: string;
  id?: string | null;
  channel?: Channel;
  resource_id?: string | null;
  last_event_id?: string;
  gap?: boolean;
  expires_at?: string | null;
  code?: string;
  message?: string;
  details?: [];
}

/** Milliseconds of silence after which the connection is asked whether it lives, and then given up. */
const SILENCE = 30_000;
const LONGEST_TIMER = 2 ** 31 - 1;
/** What a server closes with when it will not be otherwise for these credentials. */
const REFUSED: Record<number, [status: number, code: string]> = { 4401: [401, "unauthorized"], 4403: [403, "forbidden"] };

type EventOf<C extends Channel> = Extract<RealtimeEvent, { channel: C }>;

/** Events of the account: `for await` gives them. One reader at a time. */
export class Realtime<C extends Channel = Channel> implements AsyncIterable<EventOf<C>> {
  /** Resolves once every subscription stands for the first time; rejects where that cannot be. */
  readonly ready: Promise<void>;

  readonly #transport: Transport;
  readonly #options: RealtimeOptions<Channel>;
  readonly #subscriptions: Subscription[] = [];
  /** Ids of the last events that arrived, and that were read, by subscription. */
  readonly #arrived: Record<string, string> = {};
  readonly #read: Record<string, string> = {};
  readonly #queue: EventOf<C>[] = [];
  readonly #closing = new AbortController();
  #wake = (): void => {};
  #ended = false;
  #fault: unknown;
  #setReady = (): void => {};

  /** @internal */
  constructor(transport: Transport, options: RealtimeOptions<C> = {}) {
    this.#transport = transport;
    this.#options = options;
    for (const channel of (options.channels ?? ["media_updates", "collection_updates"]) as Channel[]) {
      // Either all of a channel or some of it: then each event is of one subscription, and the ids of
      // one never run ahead of another's while both are replayed.
      const ids = options.resources?.[channel as KeptChannel];
      if (!ids) this.#subscriptions.push({ key: channel, channel });
      else for (const resource_id of new Set(ids)) this.#subscriptions.push({ key: `${channel}/${resource_id}`, channel, resource_id });
    }
    if (!this.#subscriptions.length) throw new TypeError("there is no channel to follow");
    const { lastEventIds } = options;
    for (const { key } of this.#subscriptions) {
      const id = typeof lastEventIds === "string" ? lastEventIds : lastEventIds?.[key];
      if (id) this.#arrived[key] = this.#read[key] = id;
    }
    let fail: (reason: unknown) => void;
    this.ready = new Promise((resolve, reject) => {
      this.#setReady = resolve;
      fail = reject;
    });
    // Who does not look at it hears the same from the loop.
    this.ready.catch(() => {});
    const abort = () => this.#closing.abort(options.signal!.reason);
    if (options.signal?.aborted) abort();
    options.signal?.addEventListener("abort", abort);
    this.#run()
      .catch((error) => {
        if (this.#closing.signal.aborted && !options.signal?.aborted) return;
        this.#fault = options.signal?.aborted ? options.signal.reason : error;
      })
      .finally(() => {
        options.signal?.removeEventListener("abort", abort);
        this.#ended = true;
        fail(this.#fault ?? new MediaVaultError("it was closed"));
        this.#wake();
      });
  }

  /** Where to go on later (`lastEventIds`): the last events that were read, or what was before the first. */
  get lastEventIds(): Readonly<Record<string, string>> {
    return { ...this.#read };
  }

  /** Ends it; a loop over it ends. */
  close(): void {
    this.#closing.abort();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<EventOf<C>, void, undefined> {
    try {
      for (;;) {
        for (let event = this.#queue.shift(); event; event = this.#queue.shift()) {
          if (event.id) this.#read[this.#keyOf(event)] = event.id;
          yield event;
        }
        if (this.#fault) throw this.#fault;
        if (this.#ended) return;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.close();
    }
  }

  #keyOf({ channel, resource_id }: { channel?: Channel; resource_id?: string | null }): string {
    return this.#options.resources?.[channel as KeptChannel] ? `${channel}/${resource_id}` : channel!;
  }

  /** Connects until it is closed. */
  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const { log } = this.#transport;
    let refusals = 0;
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      // A reader that is behind is not sent more.
      while (this.#isFull) await sleep(50, signal);
      log({ type: "realtime", state: "connecting" });
      let token: string | undefined;
      try {
        const credential = await this.#transport.session.credential();
        token = credential?.token;
        const ended = await this.#connection(token);
        log({ type: "realtime", state: "closed", code: ended.code });
        signal.throwIfAborted();
        if (ended.subscribed) attempt = refusals = 0;
        const refused = REFUSED[ended.code];
        if (refused) {
          // A token may have ended by its time; one that is new is refused for good.
          const renewed = ended.code === 4401 && token && refusals++ === 0 && (await this.#transport.session.renew(token));
          if (!renewed) {
            const message = ended.reason || "the connection was refused";
            throw apiError({ status: refused[0], code: refused[1], message, details: [] });
          }
        }
        if (ended.error) throw ended.error;
      } catch (error) {
        // A refresh that did not get through is tried again like the connection itself.
        if (!(error instanceof ConnectionError) && !(error instanceof ApiError && error.status >= 429)) throw error;
      }
      await sleep(this.#transport.delay(attempt), signal);
    }
  }

  get #isFull(): boolean {
    return this.#queue.length >= (this.#options.maxQueued ?? 10_000);
  }

  /** One connection, from its opening to its end. */
  #connection(token: string | undefined): Promise<{ code: number; reason: string; subscribed: boolean; error?: ApiError }> {
    const { site, options, session, log } = this.#transport;
    const Socket = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
    if (!Socket) throw new MediaVaultError("this runtime has no WebSocket: give the option WebSocket, that of the package ws for instance");
    const { signal } = this.#closing;
    const socket = new Socket(site.replace(/^http/, "ws") + "/realtime");
    const timers: Record<string, ReturnType<typeof setTimeout>> = {};
    const after = (name: string, milliseconds: number, action: () => void) => {
      clearTimeout(timers[name]);
      timers[name] = setTimeout(action, Math.min(milliseconds, LONGEST_TIMER));
    };
    let waiting = this.#subscriptions.length;
    let error: ApiError | undefined;

    return new Promise((resolve) => {
      const finish = (code: number, reason: string) => {
        Object.values(timers).forEach(clearTimeout);
        signal.removeEventListener("abort", stop);
        socket.onopen = socket.onmessage = socket.onclose = null;
        // Some implementations report an error again when a connection is given up.
        socket.onerror = () => {};
        try {
          socket.close();
        } catch {
          // It was never open.
        }
        resolve({ code, reason, subscribed: waiting <= 0, error });
      };
      const stop = () => finish(1000, "");
      const send = (message: object) => socket.send(JSON.stringify(message));
      const authenticate = (secret: string | undefined) =>
        send({ type: "auth", ...(session.apiKey ? { api_key: session.apiKey } : { token: secret ?? "" }) });
      const listen = () =>
        after("silence", SILENCE, () => {
          send({ type: "ping" });
          after("silence", SILENCE, () => finish(1006, "no answer"));
        });

      signal.addEventListener("abort", stop);
      socket.onclose = (event: { code: number; reason: string }) => finish(event.code, event.reason);
      socket.onerror = () => finish(1006, "");
      after("silence", SILENCE, () => finish(1006, "no answer"));
      socket.onopen = () => authenticate(token);
      socket.onmessage = ({ data }: { data: unknown }) => {
        listen();
        const message = JSON.parse(String(data)) as Message;
        switch (message.type) {
          case "authenticated":
            if (waiting === this.#subscriptions.length) {
              for (const { key, channel, resource_id } of this.#subscriptions) {
                send({ type: "subscribe", channel, resource_id, last_event_id: this.#arrived[key] });
              }
            }
            if (message.expires_at && !session.apiKey) {
              // The connection ends with its token: a fresh one in good time lets it live on.
              const left = Date.parse(message.expires_at) - Date.now();
              after("renewal", Math.max(left - 30_000, left / 2, 0), () => {
                session
                  .renew(token ?? "")
                  .then(() => session.credential())
                  .then((next) => {
                    if (next?.token && next.token !== token) authenticate((token = next.token));
                  })
                  .catch(() => {});
              });
            }
            break;
          case "subscribed": {
            const key = this.#keyOf(message);
            if (message.gap) this.#options.onGap?.(message.channel!, message.resource_id ?? undefined);
            // What was before the first event is where to go on from, until one comes.
            if (message.last_event_id && (message.gap || !this.#arrived[key])) {
              this.#arrived[key] = message.last_event_id;
              this.#read[key] ??= message.last_event_id;
            }
            if (--waiting === 0) {
              log({ type: "realtime", state: "open" });
              this.#setReady();
            }
            break;
          }
          case "event":
            if (message.id) this.#arrived[this.#keyOf(message)] = message.id;
            this.#queue.push(message as unknown as EventOf<C>);
            this.#wake();
            if (this.#isFull) finish(1000, "the reader is behind");
            break;
          case "error":
            // Followed by a close where it is about the connection; a subscription that cannot be is told here only.
            if (waiting > 0 && message.channel) {
              const status = message.code === "not_found" ? 404 : message.code === "forbidden" ? 403 : 400;
              error = apiError({ status, code: message.code!, message: message.message!, details: message.details ?? [] });
              finish(1000, "");
            }
        }
      };
      if (signal.aborted) stop();
    });
  }
}
