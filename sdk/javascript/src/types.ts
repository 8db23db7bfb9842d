// The shapes of requests and replies, as the server's OpenAPI document has them (openapi.ts, which
// scripts/types.mjs writes), and those of realtime, which is not part of it.
import type { components, operations } from "./openapi.js";

type Schemas = components["schemas"];
type Query<Name extends keyof operations> = NonNullable<operations[Name]["parameters"]["query"]>;
type Json<Name extends keyof operations> =
  NonNullable<operations[Name]["requestBody"]> extends { content: { "application/json": infer Body } } ? Body : never;

/** A file, with what is known and said of it. */
export type Media = Schemas["Media"];
/** What `media.delete` answers. */
export type DeletedMedia = Schemas["DeletedMedia"];
/** A file in the trash. */
export type TrashedMedia = Schemas["TrashedMedia"];
export type MediaType = Media["type"];
export type Collection = Schemas["Collection"];
export type Share = Schemas["Share"];
export type User = Schemas["User"];
export type Session = Schemas["Session"];
export type ApiKey = Schemas["Key"];
/** An API key as it is made: with its secret, which is shown this once. */
export type NewApiKey = Schemas["NewKey"];
export type Webhook = Schemas["Webhook"];
/** A webhook as it is made: with its secret, which is shown this once. */
export type NewWebhook = Schemas["NewWebhook"];
export type Delivery = Schemas["Delivery"];
/** What a webhook may be called for. */
export type EventName = Schemas["EventName"];
/** What a webhook receives. */
export type WebhookMessage = Schemas["WebhookPayload"];
export type Pagination = Schemas["Pagination"];
/** What log-in and refresh answer. */
export type Tokens = Schemas["Tokens"];

/** Which media a list has, and in what order. `page` where the list begins; it goes on by cursor without. */
export type MediaFilters = Omit<Query<"list_media">, "cursor">;
export type CollectionMediaFilters = Omit<Query<"list_collection_media">, "cursor">;
/** Where a list begins, and how much of it each request brings. */
export type PageOptions = Omit<Query<"list_collections">, "cursor">;
export type DeliveryFilters = Omit<Query<"list_deliveries">, "cursor">;

export type Registration = Json<"register">;
export type ProfileChanges = Json<"update_me">;
export type NewApiKeyFields = Json<"create_key">;
export type MediaChanges = Json<"update_media">;
export type NewCollectionFields = Json<"create_collection">;
export type CollectionChanges = Json<"update_collection">;
export type SharePolicy = Json<"share_media">;
export type NewWebhookFields = Json<"create_webhook">;
export type WebhookChanges = Json<"update_webhook">;

/** The answer to what deletes. */
export interface Deleted {
  id: string;
  deleted: true;
}

/** The answer to what empties the trash. */
export interface EmptiedTrash {
  /** How many files. */
  deleted: number;
  /** Of the quota. */
  freed_bytes: number;
}

/** The tokens of a session, as `onTokens` tells them and the option `tokens` takes them. */
export interface StoredTokens {
  token: string;
  refresh_token?: string;
  /** When `token` ends: ISO 8601, by this machine's clock. */
  expires_at?: string;
}

export type Channel = "media_updates" | "collection_updates" | "upload_updates";
/** The channels whose events the vault keeps, and which single files or collections can be followed of. */
export type KeptChannel = Exclude<Channel, "upload_updates">;

interface EventOf<C extends KeptChannel, Name extends string, Type extends string> {
  type: "event";
  /** Grows, but is not consecutive. */
  id: string;
  channel: C;
  /** The file or collection. */
  resource_id: string;
  event: Name;
  data: { id: string; type: Type; user_id: string };
  timestamp: string;
}

export type MediaEvent = EventOf<
  "media_updates",
  "media.uploaded" | "media.updated" | "media.deleted" | "media.restored" | "media.purged",
  MediaType
>;
export type CollectionEvent = EventOf<
  "collection_updates",
  "collection.created" | "collection.updated" | "collection.deleted",
  "collection"
>;
/** How far an upload is, through whatever API it comes; at most four a second. */
export interface UploadProgress {
  id: string;
  user_id: string;
  /** `received`: all bytes have come, and the file is about to be stored. */
  status: "receiving" | "received" | "failed";
  /** Bytes of the file. */
  received: number;
  /** Of the file; null where it was not announced, as in forms. */
  size: number | null;
  /** Of the request that brings it; null where it was not announced. */
  request_size: number | null;
  started_at: string;
}
/** It is not kept: that of a broken connection does not come again. */
export interface UploadEvent {
  type: "event";
  id: null;
  channel: "upload_updates";
  /** The upload. */
  resource_id: string;
  event: "upload.progress";
  data: UploadProgress;
  timestamp: string;
}
/** What `realtime` yields; `channel` and `event` tell which. */
export type RealtimeEvent = MediaEvent | CollectionEvent | UploadEvent;

/** How a picture is made out of a file. */
export interface ImageOptions {
  /** Width in pixels at most. */
  w?: number;
  /** Height in pixels at most. */
  h?: number;
  /** What becomes of a picture of another shape. */
  fit?: "contain" | "cover" | (string & {});
  format?: "jpeg" | "webp" | "png" | "avif" | (string & {});
  /** Quality, 1 to 100. */
  q?: number;
}
