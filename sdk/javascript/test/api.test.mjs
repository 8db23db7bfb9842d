// Every call of the API, against the real server.
import assert from "node:assert/strict";
import test, { before } from "node:test";
import { NotFoundError, PreconditionFailedError } from "@mediavault/sdk";
import { MediaVault } from "@mediavault/sdk";
import { newUser, noise, PASSWORD, sha256, startServer } from "./helper.mjs";

let server, vault, account;
before(async () => {
  server = await startServer();
  ({ vault, account } = await newUser(server.url));
});

const text = (name, content = name) => ({ source: new TextEncoder().encode(content), options: { filename: name } });
const put = (name, content) => {
  const { source, options } = text(name, content);
  return vault.media.upload(source, options);
};

test("accounts and sessions", async () => {
  const { vault: ada, username } = await newUser(server.url);
  const me = await ada.users.me();
  assert.equal(me.username, username);
  assert.equal(me.used >= 0 && me.trashed, 0);
  const renamed = await ada.users.update({ username: username + "-2" });
  assert.equal(renamed.username, username + "-2");
  await assert.rejects(ada.users.update({ username }, { ifMatch: me }), PreconditionFailedError);
  await ada.users.update({ password: PASSWORD + "!", current_password: PASSWORD });

  const other = new MediaVault({ baseUrl: server.url });
  const tokens = await other.auth.login(username + "-2", PASSWORD + "!");
  assert.equal(tokens.token_type, "Bearer");
  assert.equal(other.tokens.token, tokens.token);
  const sessions = await ada.auth.sessions();
  assert.equal(sessions.length, 2);
  const theirs = sessions.find((session) => !session.current);
  assert.equal((await ada.auth.endSession(theirs.id)).deleted, true);
  await assert.rejects(other.users.me(), { name: "UnauthorizedError", code: "unauthorized", status: 401 });

  const old = ada.tokens.token;
  await ada.auth.refresh();
  assert.notEqual(ada.tokens.token, old);
  const told = [];
  const again = new MediaVault({ baseUrl: server.url, tokens: ada.tokens, onTokens: (tokens) => told.push(tokens) });
  assert.equal((await again.users.me()).username, username + "-2");
  await again.auth.logout();
  assert.deepEqual(told, [null]);
  assert.equal(again.tokens, undefined);

  await ada.auth.login(username + "-2", PASSWORD + "!");
  assert.ok((await ada.auth.logoutAll()) >= 1);
  await ada.auth.login(username + "-2", PASSWORD + "!");
  assert.equal((await ada.users.delete(PASSWORD + "!")).deleted, true);
  await assert.rejects(ada.auth.login(username + "-2", PASSWORD + "!"), { status: 401 });
});

test("API keys", async () => {
  const key = await vault.apiKeys.create({ name: "backup", scopes: ["read"] });
  const reader = new MediaVault({ baseUrl: server.url + "/api/v1/", apiKey: key.secret });
  assert.equal((await reader.users.me()).id, account.id);
  await assert.rejects(reader.collections.create({ name: "x" }), { name: "ForbiddenError", status: 403 });
  assert.ok((await vault.apiKeys.list()).some((each) => each.id === key.id && each.prefix && !("secret" in each)));
  assert.equal((await vault.apiKeys.delete(key.id)).deleted, true);
  await assert.rejects(reader.users.me(), { name: "UnauthorizedError" });
});

test("every form of the base URL", async () => {
  for (const end of ["", "/", "/api/v1", "/api/v1/", "/v1"]) {
    const client = new MediaVault({ baseUrl: server.url + end, tokens: vault.tokens });
    assert.equal((await client.users.me()).id, account.id);
  }
  const below = new MediaVault({ baseUrl: "https://example.com/a/vault" });
  assert.equal(below.media.imageUrl("media_1", { w: 320, format: "webp" }), "https://example.com/a/vault/api/v1/media/media_1/image?w=320&format=webp");
  assert.equal(below.media.thumbnailUrl("media_1"), "https://example.com/a/vault/api/v1/media/media_1/thumbnail");
});

// What a form has to escape, and what looks as if it had.
const NAMES = [
  'a"b.txt', "%22.txt", 'both %22 and ".txt', "%0d%0A.txt", "caf%C3%A9.txt", "%", "a\\b.txt", "end\\",
  'a\\"b.txt', '"; filename="b.txt', "a\r\nb\n.txt", "\u{1f468}\u200d\u{1f469}\u200d\u{1f467} 100%.jpg",
];

test("names come back", async () => {
  for (const name of NAMES) assert.equal((await vault.media.upload(new Blob(["x"]), { filename: name })).filename, name);
});

test("media", async () => {
  const bytes = noise(200_000);
  const media = await vault.media.upload(bytes, { filename: 'a "quoted"\nname.bin', title: "Té", description: "d", tags: ["x", "y"] });
  assert.equal(media.size, bytes.length);
  assert.equal(media.checksum, sha256(bytes));
  assert.deepEqual([media.title, media.description, media.tags.sort()], ["Té", "d", ["x", "y"]]);
  assert.deepEqual(await vault.media.get(media.id), media);

  const seen = await vault.media.get(media.id);
  assert.equal(await vault.media.getIfChanged(media.id, seen), null);
  const changed = await vault.media.update(media.id, { title: "New" }, { ifMatch: seen });
  assert.equal(changed.title, "New");
  assert.equal((await vault.media.getIfChanged(media.id, seen)).title, "New");
  await assert.rejects(vault.media.update(media.id, { title: "Newer" }, { ifMatch: seen }), PreconditionFailedError);
  await assert.rejects(vault.media.update(media.id, {}, { ifMatch: {} }), TypeError);

  const replaced = await vault.media.replace(media.id, new Blob(["other bytes"]), { filename: "b.txt" });
  assert.equal(replaced.id, media.id);
  assert.equal(replaced.checksum, sha256("other bytes"));
  const found = await vault.media.download(media.id);
  await assert.rejects(vault.media.replace(media.id, noise(5), { ifMatch: '"stale"' }), PreconditionFailedError);
  assert.equal((await vault.media.replace(media.id, noise(5), { ifMatch: found.etag })).size, 5);
  await found.cancel();

  const known = await vault.media.exists([sha256(noise(5)), sha256("nowhere")]);
  assert.deepEqual(known, { [sha256(noise(5))]: media.id, [sha256("nowhere")]: null });

  const deleted = await vault.media.delete(media.id);
  assert.equal(deleted.deleted, true);
  assert.ok(Date.parse(deleted.restorable_until) > Date.now());
  await assert.rejects(vault.media.get(media.id), NotFoundError);
  assert.equal((await vault.trash.list().toArray()).some((each) => each.id === media.id), true);
  assert.equal((await vault.trash.restore(media.id)).id, media.id);
  assert.equal((await vault.media.delete(media.id, { permanent: true })).restorable_until, null);
  await assert.rejects(vault.media.get(media.id), { name: "NotFoundError", code: "not_found" });
  assert.throws(() => vault.media.get(""), TypeError);
});

test("trash", async () => {
  const { vault: ada } = await newUser(server.url);
  const ids = [];
  for (const name of ["a", "b", "c"]) ids.push((await ada.media.upload(new Blob([name]), { filename: name })).id);
  for (const id of ids) await ada.media.delete(id);
  assert.equal((await ada.trash.delete(ids[0])).deleted, true);
  const pages = [];
  for await (const page of ada.trash.list({ per_page: 1 }).pages()) pages.push(page.data.length);
  assert.deepEqual(pages, [1, 1]);
  const emptied = await ada.trash.empty();
  assert.equal(emptied.deleted, 2);
  assert.ok(emptied.freed_bytes > 0);
});

test("lists by cursor, by page, with filters", async () => {
  const { vault: ada } = await newUser(server.url);
  const began = new Date(Date.now() - 1000);
  for (let i = 0; i < 7; i++) {
    await ada.media.upload(new Blob(["x".repeat(i + 1)]), { filename: `${i}.txt`, tags: i % 2 ? ["odd"] : [] });
  }
  const list = ada.media.list({ per_page: 3, sort: "filename" });
  const names = [];
  for await (const media of list) names.push(media.filename);
  assert.deepEqual(names, ["0.txt", "1.txt", "2.txt", "3.txt", "4.txt", "5.txt", "6.txt"]);
  assert.equal((await list.toArray()).length, 7); // each loop begins anew
  assert.equal((await list.toArray(4)).length, 4);
  const { pagination, data } = await list.first();
  assert.deepEqual([pagination.total, data.length], [7, 3]);
  const odd = await ada.media.list({ tag: "odd", sort: "-size" }).toArray();
  assert.deepEqual(odd.map((media) => media.size), [6, 4, 2]);
  const second = await ada.media.list({ per_page: 3, page: 2, sort: "filename" }).toArray();
  assert.deepEqual(second.map((media) => media.filename), ["3.txt", "4.txt", "5.txt", "6.txt"]);
  assert.equal((await ada.media.list({ created_after: began.toISOString(), type: "image" }).toArray()).length, 0);
  assert.equal((await ada.media.list({ q: "3.t" }).toArray()).length, 1);
  await assert.rejects(ada.media.list({ per_page: 101 }).first(), { name: "ValidationError" });
});

test("collections", async () => {
  const a = await put("a.txt");
  const b = await put("b.txt");
  const made = await vault.collections.create({ name: "Summer", description: null });
  assert.equal((await vault.collections.addMedia(made.id, [a.id, b.id])).media_count, 2);
  const order = async () => (await vault.collections.listMedia(made.id).toArray()).map((media) => media.id);
  assert.deepEqual(await order(), [a.id, b.id]);
  await vault.collections.moveMedia(made.id, b.id, a.id);
  assert.deepEqual(await order(), [b.id, a.id]);
  await vault.collections.moveMedia(made.id, b.id, null);
  assert.deepEqual(await order(), [a.id, b.id]);
  assert.equal((await vault.collections.removeMedia(made.id, a.id)).media_count, 1);
  const seen = await vault.collections.get(made.id);
  const renamed = await vault.collections.update(made.id, { name: "Autumn" }, { ifMatch: seen });
  assert.equal(renamed.name, "Autumn");
  await assert.rejects(vault.collections.delete(made.id, { ifMatch: seen }), PreconditionFailedError);
  assert.ok((await vault.collections.list().toArray()).some((each) => each.id === made.id));
  assert.equal((await vault.collections.delete(made.id, { ifMatch: renamed })).deleted, true);
});

test("every list goes by cursor, and by page", async () => {
  const { vault: ada } = await newUser(server.url);
  const made = [];
  for (let i = 0; i < 5; i++) made.push((await ada.collections.create({ name: `${i}` })).id);
  for (const filters of [{ per_page: 2 }, { per_page: 2, page: 1 }]) {
    const pages = [];
    for await (const page of ada.collections.list(filters).pages()) pages.push(page.data.map((each) => each.id));
    assert.deepEqual(pages, [made.slice(0, 2), made.slice(2, 4), made.slice(4)]);
  }
  for (const list of [ada.trash.list(), ada.shares.list(), ada.media.list()]) assert.deepEqual(await list.toArray(), []);
});

test("shares", async () => {
  const media = await put("shared.txt");
  const collection = await vault.collections.create({ name: "Shared" });
  const share = await vault.shares.shareMedia(media.id, { max_downloads: 3 });
  const other = await vault.shares.shareCollection(collection.id);
  assert.equal(share.media_id, media.id);
  assert.equal(await (await fetch(share.url + "/content")).text(), "shared.txt");
  assert.equal((await vault.shares.get(share.id)).downloads, 1);
  assert.equal((await vault.shares.update(share.id, { max_downloads: null, password: "open sesame" })).has_password, true);
  assert.deepEqual((await vault.shares.list().toArray()).map((each) => each.id), [other.id, share.id]);
  assert.deepEqual((await vault.shares.listOfMedia(media.id).toArray()).map((each) => each.id), [share.id]);
  assert.deepEqual((await vault.shares.listOfCollection(collection.id).toArray()).map((each) => each.id), [other.id]);
  const read = await vault.shares.get(share.id);
  const extended = await vault.shares.update(share.id, { max_downloads: 9 }, { ifMatch: read });
  await assert.rejects(vault.shares.revoke(share.id, { ifMatch: read }), PreconditionFailedError);
  assert.equal((await vault.shares.revoke(share.id, { ifMatch: extended })).deleted, true);
  assert.equal((await fetch(share.url)).status, 404);
});

test("idempotency keys", async () => {
  const once = { idempotencyKey: "key-" + Date.now() };
  const first = await vault.collections.create({ name: "Once" }, once);
  assert.equal((await vault.collections.create({ name: "Once" }, once)).id, first.id);
  await assert.rejects(vault.collections.create({ name: "Twice" }, once), { name: "IdempotencyError", code: "idempotency_mismatch", status: 422 });
});

test("thumbnails and pictures are asked for where they are", async () => {
  // Whether the server makes them, and of what, is its own matter: here only that the calls are right.
  const media = await put("no picture.txt");
  for (const call of [vault.media.thumbnail(media.id), vault.media.image(media.id, { w: 64, h: 64, fit: "cover", format: "webp", q: 80 })]) {
    await assert.rejects(call, (error) => error.status >= 400 && error.status < 500);
  }
});

test("fields at fault are named", async () => {
  const anyone = new MediaVault({ baseUrl: server.url });
  await assert.rejects(anyone.auth.register({ username: "", email: "x", password: "short" }), (error) => {
    assert.equal(error.name, "ValidationError");
    assert.deepEqual(error.details.map((detail) => detail.field).sort(), ["email", "password", "username"]);
    assert.ok(error.details.every((detail) => detail.message));
    assert.match(error.requestId, /./);
    return true;
  });
  await assert.rejects(vault.collections.get("col_999999"), (error) => error instanceof NotFoundError && error.requestId.length > 0);
});
