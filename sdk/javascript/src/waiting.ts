// Waiting that a signal ends.

/** Rejects with the reason of `signal` once that is aborted, else gives what `promise` does. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

export function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const waited = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  return abortable(waited, signal).finally(() => clearTimeout(timer));
}

/** Ends an attempt when its caller does, or when nothing has moved for a while. */
export class Watch {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  /** Whether it ended because nothing moved. */
  expired = false;
  /** What the source of the request's body has thrown; `fetch` tells it from no fault of the network. */
  fault: unknown;
  /** Lets go of what the attempt held; called when it ends. */
  release: (() => void) | undefined;

  constructor(
    /** Milliseconds; 0: no limit. */
    readonly limit: number,
    private readonly outer: AbortSignal | undefined,
  ) {
    if (outer?.aborted) this.#abort();
    outer?.addEventListener("abort", this.#abort);
    this.touch();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly #abort = (): void => this.#controller.abort(this.outer?.reason);

  /** Something has moved, and more is waited for. */
  touch(): void {
    this.pause();
    if (!this.limit || this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.expired = true;
      this.#controller.abort();
    }, this.limit);
  }

  /** Nothing is waited for until `touch` is called: somebody else is to move. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  stop(): void {
    this.#stopped = true;
    this.pause();
    this.outer?.removeEventListener("abort", this.#abort);
    this.release?.();
  }

  get stopped(): boolean {
    return this.#stopped;
  }
}
