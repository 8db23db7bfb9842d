// What the package is in browsers, and in every runtime with the web's interfaces.
export { MediaVault } from "./client.js";
export * from "./errors.js";
export { verifyWebhook, type HeaderFields, type VerifyOptions } from "./webhooks_verify.js";
export { WebSocket } from "./websocket.js";
export { Pages, type Page } from "./pages.js";
export { Realtime, type RealtimeOptions } from "./realtime.js";
export { Download, type Downloaded, type DownloadOptions, type DownloadToOptions } from "./download.js";
export type { ContentOptions, Progress, ReplaceOptions, UploadOptions, UploadSource } from "./upload.js";
export type { UploadManyOptions, UploadResult } from "./resources.js";
export type * from "./options.js";
export type * from "./types.js";
