// The client: one caller of one vault.
import type { ClientOptions } from "./options.js";
import { webPlatform, type Platform } from "./platform.js";
import { Realtime, type RealtimeOptions } from "./realtime.js";
import { ApiKeys, Auth, Collections, MediaFiles, Shares, Trash, Users, Webhooks } from "./resources.js";
import { Transport } from "./transport.js";
import type { Channel, KeptChannel, StoredTokens } from "./types.js";

/**
 * A caller of the Media Vault API. It holds its credentials and nothing else; any number of calls may
 * be under way at the same time.
 *
 * Calls throw an ApiError where the vault refuses, a ConnectionError where no reply comes, and the
 * reason of their signal where that is aborted.
 */
export class MediaVault {
  readonly auth: Auth;
  readonly users: Users;
  readonly apiKeys: ApiKeys;
  readonly media: MediaFiles;
  readonly trash: Trash;
  readonly collections: Collections;
  readonly shares: Shares;
  readonly webhooks: Webhooks;
  readonly #transport: Transport;

  /** `platform` is for this package's own entry points. */
  constructor(options: ClientOptions, platform: Platform = webPlatform) {
    const transport = new Transport(options, platform);
    this.#transport = transport;
    this.auth = new Auth(transport);
    this.users = new Users(transport);
    this.apiKeys = new ApiKeys(transport);
    this.media = new MediaFiles(transport);
    this.trash = new Trash(transport);
    this.collections = new Collections(transport);
    this.shares = new Shares(transport);
    this.webhooks = new Webhooks(transport);
  }

  /** The tokens of the session, to go on with them later; undefined without a session. */
  get tokens(): StoredTokens | undefined {
    const { tokens } = this.#transport.session;
    return tokens && { ...tokens };
  }

  /** Follows what happens in the account. Connects at once, and again whenever the connection breaks. */
  realtime<C extends Channel = KeptChannel>(options?: RealtimeOptions<C>): Realtime<C> {
    return new Realtime(this.#transport, options);
  }
}
