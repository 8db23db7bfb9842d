// The calls of the API, by what they are about.
import type { CallOptions, ChangeOptions, CreateOptions } from "./options.js";
import { download, downloadInto, webSink, type Download, type Downloaded, type DownloadOptions, type DownloadToOptions } from "./download.js";
import { Pages } from "./pages.js";
import type { Transport } from "./transport.js";
import type {
  ApiKey,
  Collection,
  CollectionChanges,
  CollectionMediaFilters,
  Deleted,
  DeletedMedia,
  Delivery,
  DeliveryFilters,
  EmptiedTrash,
  ImageOptions,
  Media,
  MediaChanges,
  MediaFilters,
  NewApiKey,
  NewApiKeyFields,
  NewCollectionFields,
  NewWebhook,
  NewWebhookFields,
  PageOptions,
  ProfileChanges,
  Registration,
  Session,
  Share,
  SharePolicy,
  Tokens,
  TrashedMedia,
  User,
  Webhook,
  WebhookChanges,
} from "./types.js";
import { formOf, type ReplaceOptions, type UploadOptions, type UploadSource } from "./upload.js";

/** An id as part of a path. */
const at = (id: string): string => {
  if (!id) throw new TypeError("an id is missing");
  return "/" + encodeURIComponent(id);
};

export class Auth {
  constructor(private readonly transport: Transport) {}

  /** Makes an account. It is not logged in. */
  register(account: Registration, options?: CreateOptions): Promise<User> {
    return this.transport.call({ method: "POST", path: "/auth/register", json: account, anonymous: true, options });
  }

  /** Begins a session, which this client uses and refreshes from now on. `username` may be an e-mail address. */
  async login(username: string, password: string, options?: CallOptions): Promise<Tokens> {
    const tokens = await this.transport.call<Tokens>({
      method: "POST",
      path: "/auth/login",
      json: { username, password },
      anonymous: true,
      options,
    });
    this.transport.session.accept(tokens);
    return tokens;
  }

  /** Refreshes the tokens now; calls do it by themselves when they have to. */
  async refresh(): Promise<void> {
    const { session } = this.transport;
    if (!session.tokens || !(await session.renew(session.tokens.token))) throw new TypeError("there is no session to refresh");
  }

  /** Ends the session. */
  async logout(options?: CallOptions): Promise<void> {
    await this.transport.call({ method: "POST", path: "/auth/logout", options });
    this.transport.session.forget();
  }

  /** Ends every session of the account, and tells how many. */
  async logoutAll(options?: CallOptions): Promise<number> {
    const ended = await this.transport.call<{ sessions_ended: number }>({ method: "POST", path: "/auth/logout-all", options });
    this.transport.session.forget();
    return ended.sessions_ended;
  }

  /** The sessions of the account, the oldest first. */
  sessions(options?: CallOptions): Promise<Session[]> {
    return this.transport.call({ method: "GET", path: "/auth/sessions", options });
  }

  endSession(id: string, options?: CallOptions): Promise<Deleted> {
    return this.transport.call({ method: "DELETE", path: "/auth/sessions" + at(id), options });
  }
}

export class Users {
  constructor(private readonly transport: Transport) {}

  /** The caller's account, with its quota. */
  me(options?: CallOptions): Promise<User> {
    return this.transport.call({ method: "GET", path: "/users/me", options });
  }

  /** Changes name, address or password; a new password needs `current_password`. */
  update(changes: ProfileChanges, options?: ChangeOptions): Promise<User> {
    return this.transport.call({ method: "PATCH", path: "/users/me", json: changes, options });
  }

  /** Deletes the account, with everything in it. */
  async delete(password: string, options?: CallOptions): Promise<Deleted> {
    const deleted = await this.transport.call<Deleted>({ method: "DELETE", path: "/users/me", json: { password }, options });
    this.transport.session.forget();
    return deleted;
  }
}

/** Keys for programs. Only a session, no key, manages them. */
export class ApiKeys {
  constructor(private readonly transport: Transport) {}

  /** Makes a key; its `secret` is shown this once. */
  create(key: NewApiKeyFields, options?: CreateOptions): Promise<NewApiKey> {
    return this.transport.call({ method: "POST", path: "/api-keys", json: key, options });
  }

  list(options?: CallOptions): Promise<ApiKey[]> {
    return this.transport.call({ method: "GET", path: "/api-keys", options });
  }

  delete(id: string, options?: CallOptions): Promise<Deleted> {
    return this.transport.call({ method: "DELETE", path: "/api-keys" + at(id), options });
  }
}

/** How one file of `uploadMany` ended: with `media` or with `error`. */
export type UploadResult<S = UploadSource> =
  | { source: S; media: Media; error?: undefined }
  | { source: S; media?: undefined; error: unknown };

export interface UploadManyOptions<S = UploadSource> extends Omit<UploadOptions, "onProgress" | "idempotencyKey" | "filename" | "checksum"> {
  /** How many at a time; 4 by default. */
  concurrency?: number;
  /** More options for one file. */
  each?: (source: S, index: number) => UploadOptions;
  /** Bytes and files so far. */
  onProgress?: (progress: { loaded: number; done: number }) => void;
}

export class MediaFiles {
  constructor(private readonly transport: Transport) {}

  /**
   * Stores a file. It is safe when this returns. A source that can be read again (a path, a File, bytes,
   * a function) is sent again when the connection breaks; the vault stores it once.
   */
  async upload(source: UploadSource, options: UploadOptions = {}): Promise<Media> {
    const { title, description, tags } = options;
    if (tags?.some((tag) => tag.includes(","))) throw new TypeError("a tag with a comma is set by media.update");
    const form = await formOf(this.transport, source, { title, description, tags: tags?.join(",") }, options);
    return this.transport.call({ method: "POST", path: "/media/upload", ...form, options });
  }

  /** Stores files in parallel. The results have the order of the sources; a failure ends only its own file. */
  async uploadMany<S extends UploadSource>(
    sources: Iterable<S> | AsyncIterable<S>,
    { concurrency = 4, each, onProgress, ...shared }: UploadManyOptions<S> = {},
  ): Promise<UploadResult<S>[]> {
    const results: UploadResult<S>[] = [];
    const loaded: number[] = [];
    let total = 0;
    let done = 0;
    let index = 0;
    const report = (which: number, bytes: number) => {
      total += bytes - (loaded[which] ?? 0);
      loaded[which] = bytes;
      onProgress?.({ loaded: total, done });
    };
    const rest = (async function* () {
      yield* sources;
    })();
    const worker = async (): Promise<void> => {
      // The generator itself queues those that ask for its next source at the same time.
      for (let next = await rest.next(); !next.done && !shared.signal?.aborted; next = await rest.next()) {
        const source = next.value as S;
        const which = index++;
        try {
          const own = each?.(source, which);
          const media = await this.upload(source, {
            ...shared,
            ...own,
            onProgress: (progress) => {
              own?.onProgress?.(progress);
              report(which, progress.loaded);
            },
          });
          results[which] = { source, media };
        } catch (error) {
          results[which] = { source, error };
        }
        done++;
        report(which, loaded[which] ?? 0);
      }
    };
    await Promise.all(Array.from({ length: Math.max(1, concurrency) }, worker));
    await rest.return();
    shared.signal?.throwIfAborted();
    return results;
  }

  /** Replaces the bytes; id, links, name and texts stay. `ifMatch` takes the ETag of the content (`Download.etag`). */
  async replace(id: string, source: UploadSource, options: ReplaceOptions = {}): Promise<Media> {
    const form = await formOf(this.transport, source, {}, options);
    return this.transport.call({ method: "PUT", path: `/media${at(id)}/content`, ...form, options });
  }

  /** For each checksum (`sha256:…`; at most 1,000) the id of a file of one's own with these bytes, or null. */
  exists(checksums: readonly string[], options?: CallOptions): Promise<Record<string, string | null>> {
    return this.transport.call({ method: "POST", path: "/media/exists", json: { checksums }, reads: true, options });
  }

  list(filters: MediaFilters = {}, options?: CallOptions): Pages<Media> {
    return new Pages(this.transport, "/media", filters, options);
  }

  get(id: string, options?: CallOptions): Promise<Media> {
    return this.transport.call({ method: "GET", path: "/media" + at(id), options });
  }

  /** The same if it has changed since `seen` (an object that this client read, or an ETag) was read, else null. */
  async getIfChanged(id: string, seen: object | string, options?: CallOptions): Promise<Media | null> {
    const headers = { "if-none-match": this.transport.etagOf(seen) };
    const reply = await this.transport.reply<{ data: Media } | undefined>({ method: "GET", path: "/media" + at(id), headers, accepts: 304, options });
    return reply ? reply.data : null;
  }

  update(id: string, changes: MediaChanges, options?: ChangeOptions): Promise<Media> {
    return this.transport.call({ method: "PATCH", path: "/media" + at(id), json: changes, options });
  }

  /** Moves it to the trash, or with `permanent` deletes it for good. */
  delete(id: string, { permanent, ...options }: ChangeOptions & { permanent?: boolean } = {}): Promise<DeletedMedia> {
    return this.transport.call({ method: "DELETE", path: "/media" + at(id), query: { permanent }, options });
  }

  /** The bytes, as a stream that is continued where the connection breaks. */
  download(id: string, options?: DownloadOptions): Promise<Download> {
    return download(this.transport, `/media${at(id)}/content`, options);
  }

  /** Downloads into a stream or, in Node, to a path, at which the file is only once it is whole and right. */
  async downloadTo(id: string, target: WritableStream<Uint8Array> | string | URL, options: DownloadToOptions = {}): Promise<Downloaded> {
    const path = `/media${at(id)}/content`;
    const own = await this.transport.platform.sink(target, options.resume ?? false);
    if (!own && !(target instanceof WritableStream)) throw new TypeError(`a ${typeof target} cannot be written to here`);
    return downloadInto(this.transport, path, own ?? webSink(target as WritableStream<Uint8Array>), options);
  }

  /** Its small picture. NotFoundError where there is none, or none yet. */
  thumbnail(id: string, options?: DownloadOptions): Promise<Download> {
    return download(this.transport, `/media${at(id)}/thumbnail`, options);
  }

  /** It as a picture of that size. */
  image(id: string, image: ImageOptions = {}, options?: DownloadOptions): Promise<Download> {
    return download(this.transport, `/media${at(id)}/image`, options, image);
  }

  /** The address of that picture, for requests that carry credentials. */
  imageUrl(id: string, image: ImageOptions = {}): string {
    return this.transport.url(`/media${at(id)}/image`, image);
  }

  /** The address of its small picture, for requests that carry credentials. */
  thumbnailUrl(id: string): string {
    return this.transport.url(`/media${at(id)}/thumbnail`);
  }
}

/** What was deleted and can be restored. */
export class Trash {
  constructor(private readonly transport: Transport) {}

  list(filters: PageOptions = {}, options?: CallOptions): Pages<TrashedMedia> {
    return new Pages(this.transport, "/trash", filters, options);
  }

  restore(id: string, options?: CreateOptions): Promise<Media> {
    return this.transport.call({ method: "POST", path: `/trash${at(id)}/restore`, options });
  }

  /** Deletes it for good. */
  delete(id: string, options?: CallOptions): Promise<Deleted> {
    return this.transport.call({ method: "DELETE", path: "/trash" + at(id), options });
  }

  /** Deletes all of it for good. */
  empty(options?: CallOptions): Promise<EmptiedTrash> {
    return this.transport.call({ method: "DELETE", path: "/trash", options });
  }
}

export class Collections {
  constructor(private readonly transport: Transport) {}

  create(collection: NewCollectionFields, options?: CreateOptions): Promise<Collection> {
    return this.transport.call({ method: "POST", path: "/collections", json: collection, options });
  }

  list(filters: PageOptions = {}, options?: CallOptions): Pages<Collection> {
    return new Pages(this.transport, "/collections", filters, options);
  }

  get(id: string, options?: CallOptions): Promise<Collection> {
    return this.transport.call({ method: "GET", path: "/collections" + at(id), options });
  }

  update(id: string, changes: CollectionChanges, options?: ChangeOptions): Promise<Collection> {
    return this.transport.call({ method: "PATCH", path: "/collections" + at(id), json: changes, options });
  }

  /** Deletes the collection; its media stay. */
  delete(id: string, options?: ChangeOptions): Promise<Deleted> {
    return this.transport.call({ method: "DELETE", path: "/collections" + at(id), options });
  }

  /** Adds media at its end, all or none. */
  addMedia(id: string, mediaIds: readonly string[], options?: CreateOptions & ChangeOptions): Promise<Collection> {
    return this.transport.call({ method: "POST", path: `/collections${at(id)}/media`, json: { media_ids: mediaIds }, options });
  }

  /** Its media, in its order. */
  listMedia(id: string, filters: CollectionMediaFilters = {}, options?: CallOptions): Pages<Media> {
    return new Pages(this.transport, `/collections${at(id)}/media`, filters, options);
  }

  /** Moves a file right before another one of it; null: to its end. */
  moveMedia(id: string, mediaId: string, before: string | null, options?: ChangeOptions): Promise<Collection> {
    return this.transport.call({ method: "PATCH", path: `/collections${at(id)}/media${at(mediaId)}`, json: { before }, options });
  }

  /** Takes a file out; the file stays. */
  removeMedia(id: string, mediaId: string, options?: ChangeOptions): Promise<Collection> {
    return this.transport.call({ method: "DELETE", path: `/collections${at(id)}/media${at(mediaId)}`, options });
  }
}

/** Links for people without an account, each with a policy of its own. */
export class Shares {
  constructor(private readonly transport: Transport) {}

  shareMedia(mediaId: string, policy: SharePolicy = {}, options?: CreateOptions): Promise<Share> {
    return this.transport.call({ method: "POST", path: `/media${at(mediaId)}/shares`, json: policy, options });
  }

  shareCollection(collectionId: string, policy: SharePolicy = {}, options?: CreateOptions): Promise<Share> {
    return this.transport.call({ method: "POST", path: `/collections${at(collectionId)}/shares`, json: policy, options });
  }

  /** All, the newest first. */
  list(filters: PageOptions = {}, options?: CallOptions): Pages<Share> {
    return new Pages(this.transport, "/shares", filters, options);
  }

  listOfMedia(mediaId: string, filters: PageOptions = {}, options?: CallOptions): Pages<Share> {
    return new Pages(this.transport, `/media${at(mediaId)}/shares`, filters, options);
  }

  listOfCollection(collectionId: string, filters: PageOptions = {}, options?: CallOptions): Pages<Share> {
    return new Pages(this.transport, `/collections${at(collectionId)}/shares`, filters, options);
  }

  get(id: string, options?: CallOptions): Promise<Share> {
    return this.transport.call({ method: "GET", path: "/shares" + at(id), options });
  }

  /** Changes what the link permits; the link stays. */
  update(id: string, policy: SharePolicy, options?: ChangeOptions): Promise<Share> {
    return this.transport.call({ method: "PATCH", path: "/shares" + at(id), json: policy, options });
  }

  /** Ends the link. */
  revoke(id: string, options?: ChangeOptions): Promise<Deleted> {
    return this.transport.call({ method: "DELETE", path: "/shares" + at(id), options });
  }
}

export class Webhooks {
  constructor(private readonly transport: Transport) {}

  /** Has a URL called when something happens; the `secret` for `verifyWebhook` is shown this once. */
  create(webhook: NewWebhookFields, options?: CreateOptions): Promise<NewWebhook> {
    return this.transport.call({ method: "POST", path: "/webhooks", json: webhook, options });
  }

  list(options?: CallOptions): Promise<Webhook[]> {
    return this.transport.call({ method: "GET", path: "/webhooks", options });
  }

  get(id: string, options?: CallOptions): Promise<Webhook> {
    return this.transport.call({ method: "GET", path: "/webhooks" + at(id), options });
  }

  /** Changes it; `active: false` pauses it. */
  update(id: string, changes: WebhookChanges, options?: ChangeOptions): Promise<Webhook> {
    return this.transport.call({ method: "PATCH", path: "/webhooks" + at(id), json: changes, options });
  }

  delete(id: string, options?: ChangeOptions): Promise<Deleted> {
    return this.transport.call({ method: "DELETE", path: "/webhooks" + at(id), options });
  }

  /** Sends it a test. */
  test(id: string, options?: CreateOptions): Promise<Delivery> {
    return this.transport.call({ method: "POST", path: `/webhooks${at(id)}/test`, options });
  }

  /** What was sent and what is to be, the newest first. */
  deliveries(id: string, filters: DeliveryFilters = {}, options?: CallOptions): Pages<Delivery> {
    return new Pages(this.transport, `/webhooks${at(id)}/deliveries`, filters, options);
  }

  /** Sends a dead delivery again. */
  resend(id: string, deliveryId: string, options?: CreateOptions): Promise<Delivery> {
    return this.transport.call({ method: "POST", path: `/webhooks${at(id)}/deliveries${at(deliveryId)}/resend`, options });
  }
}
