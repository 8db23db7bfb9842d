// The credentials of one client, and their refresh.
import { UnauthorizedError } from "./errors.js";
import type { StoredTokens, Tokens } from "./types.js";

/** A token is refreshed that many milliseconds before it ends, or halfway where it lives shorter. */
const LEEWAY = 30_000;

/** Credentials as a request carries them. */
export interface Credential {
  header: [name: string, value: string];
  /** The token, where it is one. */
  token?: string;
}

export class SessionTokens {
  #tokens: StoredTokens | undefined;
  #lifetime = Infinity;
  #refreshing: Promise<void> | undefined;

  constructor(
    readonly apiKey: string | undefined,
    tokens: StoredTokens | undefined,
    private readonly onTokens: ((tokens: StoredTokens | null) => void) | undefined,
    /** Asks the server for new tokens. */
    private readonly ask: (tokens: StoredTokens) => Promise<Tokens>,
  ) {
    this.#tokens = tokens;
  }

  get tokens(): StoredTokens | undefined {
    return this.#tokens;
  }

  /** Tokens that the server has just given. */
  accept(tokens: Tokens): void {
    this.#lifetime = tokens.expires_in * 1000;
    this.#tokens = {
      token: tokens.token,
      refresh_token: tokens.refresh_token,
      expires_at: new Date(Date.now() + this.#lifetime).toISOString(),
    };
    this.onTokens?.({ ...this.#tokens });
  }

  /** The session is over. */
  forget(): void {
    if (!this.#tokens) return;
    this.#tokens = undefined;
    this.onTokens?.(null);
  }

  /** What a request carries now, after a refresh if the token is about to end; undefined without credentials. */
  async credential(): Promise<Credential | undefined> {
    if (this.apiKey) return { header: ["x-api-key", this.apiKey] };
    const now = this.#tokens;
    if (!now) return undefined;
    if (now.refresh_token && now.expires_at) {
      const left = Date.parse(now.expires_at) - Date.now();
      if (left < Math.min(LEEWAY, this.#lifetime / 2)) {
        try {
          await this.renew(now.token);
        } catch (error) {
          // A token that is still good is good enough while no other is to be had.
          if (left <= 0 || !this.#tokens) throw error;
        }
      }
    }
    const token = this.#tokens?.token;
    return token ? { header: ["authorization", `Bearer ${token}`], token } : undefined;
  }

  /**
   * Replaces the token `used`, unless somebody has done so already; one request for all that ask at the
   * same time. Returns whether there is another one now. Throws what the request does; a refresh token
   * that is refused ends the session.
   */
  async renew(used: string): Promise<boolean> {
    while (this.#refreshing) await this.#refreshing;
    const now = this.#tokens;
    if (now?.token !== used) return now !== undefined;
    if (!now.refresh_token) return false;
    this.#refreshing = this.ask(now)
      .then(
        (tokens) => {
          // A log-in or log-out meanwhile counts more.
          if (this.#tokens === now) this.accept(tokens);
        },
        (error) => {
          if (error instanceof UnauthorizedError && this.#tokens === now) this.forget();
          throw error;
        },
      )
      .finally(() => (this.#refreshing = undefined));
    await this.#refreshing;
    return true;
  }
}
