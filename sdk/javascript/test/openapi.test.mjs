// The API's OpenAPI document, as this server has it, beside what the package knows.
import assert from "node:assert/strict";
import test, { before } from "node:test";
import { bare, currentTypes, typesOf } from "../scripts/types.mjs";
import { startServer } from "./helper.mjs";

let document;
before(async () => {
  const { url } = await startServer();
  document = await (await fetch(url + "/openapi/mediavault.json")).json();
});

test("the types are those of the document", async () => {
  // An assertion that shows where they differ would show thousands of lines.
  assert.ok(bare(await typesOf(document)) === bare(currentTypes()), "src/openapi.ts has not the types of this server: COFFER_BINARY=… npm run types");
  assert.equal(bare("interface A {\n  /** words */\n  b: string;\n}"), "interface A { b: string; }");
});

/** Which function makes each call of the document. */
const CALLS = {
  register: "Auth.register",
  log_in: "Auth.login",
  refresh: "Auth.refresh",
  log_out: "Auth.logout",
  log_out_everywhere: "Auth.logoutAll",
  list_sessions: "Auth.sessions",
  end_session: "Auth.endSession",
  show_me: "Users.me",
  update_me: "Users.update",
  delete_me: "Users.delete",
  create_key: "ApiKeys.create",
  list_keys: "ApiKeys.list",
  delete_key: "ApiKeys.delete",
  upload_media: "MediaFiles.upload",
  find_existing_media: "MediaFiles.exists",
  list_media: "MediaFiles.list",
  show_media: "MediaFiles.get",
  update_media: "MediaFiles.update",
  delete_media: "MediaFiles.delete",
  download_media: "MediaFiles.download",
  replace_content: "MediaFiles.replace",
  list_trash: "Trash.list",
  restore_media: "Trash.restore",
  delete_trashed_media: "Trash.delete",
  empty_trash: "Trash.empty",
  create_collection: "Collections.create",
  list_collections: "Collections.list",
  show_collection: "Collections.get",
  update_collection: "Collections.update",
  delete_collection: "Collections.delete",
  add_to_collection: "Collections.addMedia",
  list_collection_media: "Collections.listMedia",
  move_in_collection: "Collections.moveMedia",
  take_out_of_collection: "Collections.removeMedia",
  share_media: "Shares.shareMedia",
  share_collection: "Shares.shareCollection",
  list_shares: "Shares.list",
  list_shares_of_media: "Shares.listOfMedia",
  list_shares_of_collection: "Shares.listOfCollection",
  show_share: "Shares.get",
  update_share: "Shares.update",
  revoke_share: "Shares.revoke",
  create_webhook: "Webhooks.create",
  list_webhooks: "Webhooks.list",
  show_webhook: "Webhooks.get",
  update_webhook: "Webhooks.update",
  delete_webhook: "Webhooks.delete",
  test_webhook: "Webhooks.test",
  list_deliveries: "Webhooks.deliveries",
  resend_delivery: "Webhooks.resend",
};
/** Calls by their paths, whatever their names. */
const PATHS = { "GET /media/{id}/thumbnail": "MediaFiles.thumbnail", "GET /media/{id}/image": "MediaFiles.image" };

test("every call has a function", async () => {
  const resources = await import("../dist/esm/resources.js");
  const unknown = [];
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (!operation.operationId) continue;
      const place = `${method.toUpperCase()} ${path.replace(/^(\/api)?\/v1/, "")}`;
      const name = CALLS[operation.operationId] ?? PATHS[place];
      const [group, call] = name?.split(".") ?? [];
      if (!resources[group]?.prototype[call]) unknown.push(`${place} (${operation.operationId})`);
    }
  }
  assert.deepEqual(unknown, []);
});
