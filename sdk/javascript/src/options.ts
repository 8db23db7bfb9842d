// What a client is made with, and what each call takes.
import type { StoredTokens } from "./types.js";

/** What happens on the wire; never with a token, a key or a password. */
export type LogEntry =
  | { type: "request"; method: string; url: string; attempt: number }
  | {
      type: "response";
      method: string;
      url: string;
      attempt: number;
      /** Milliseconds until the head of the reply was there. */
      duration: number;
      status: number;
      requestId?: string;
    }
  | { type: "retry"; method: string; url: string; attempt: number; /** Milliseconds. */ delay: number; error: Error }
  | { type: "refresh" }
  | { type: "realtime"; state: "connecting" | "open" | "closed"; code?: number };

export type WebSocketConstructor = new (url: string) => {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
};

export interface ClientOptions {
  /** The vault (`https://vault.example.com`, also with a path) or its API (`…/api/v1`); in a page also relative. */
  baseUrl: string | URL;
  /** A key of `apiKeys.create`, in place of a log-in. */
  apiKey?: string;
  /** Tokens of an earlier log-in, as `onTokens` told them. */
  tokens?: StoredTokens;
  /** Is told of each new pair of tokens, and null when the session has ended. */
  onTokens?: (tokens: StoredTokens | null) => void;
  /** Milliseconds in which something has to move; 60,000 by default, 0 for no limit. */
  timeout?: number;
  /** How often a request is sent again; 4 by default. */
  retries?: number;
  /** Milliseconds before the first retry, at most; they double with each; 250 by default. */
  retryDelay?: number;
  /** Milliseconds of a `Retry-After` that are waited for; beyond, the error is thrown; 60,000 by default. */
  maxRetryAfter?: number;
  /** Header fields of every request. */
  headers?: Record<string, string>;
  /** Is told what happens; must not throw. */
  log?: (entry: LogEntry) => void;
  /** In place of the platform's. */
  fetch?: typeof fetch;
  /** In place of the platform's; needed in Node before 22: that of the package `ws`. */
  WebSocket?: WebSocketConstructor;
}

export interface CallOptions {
  /** Ends the call, its retries and its waits; it throws the signal's reason. */
  signal?: AbortSignal;
  /** In place of the client's. */
  timeout?: number;
  /** In place of the client's. */
  retries?: number;
}

export interface CreateOptions extends CallOptions {
  /** By which the server knows a request that is sent again; drawn at random by default. */
  idempotencyKey?: string;
}

export interface ChangeOptions extends CallOptions {
  /** Changes nothing (PreconditionFailedError) unless it still is this: an object that this client read, or an ETag. */
  ifMatch?: object | string;
}
