// What goes wrong: errors by code, retries, Retry-After, broken connections, timeouts, aborts.
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import test, { before } from "node:test";
import * as sdk from "@mediavault/sdk";
import { after, newUser, noise, sha256, startProxy, startServer, startStub } from "./helper.mjs";

const { MediaVault } = sdk;
let server;
before(async () => {
  server = await startServer();
});

const failure = (code, message = "m", details = []) =>
  JSON.stringify({ success: false, error: { code, message, details }, meta: { timestamp: "2026-01-01T00:00:00Z", request_id: "req_1" } });

test("every code has its class", async () => {
  const classes = {
    validation_error: [400, "ValidationError"],
    unauthorized: [401, "UnauthorizedError"],
    forbidden: [403, "ForbiddenError"],
    not_found: [404, "NotFoundError"],
    method_not_allowed: [405, "ApiError"],
    request_timeout: [408, "ApiError"],
    conflict: [409, "ConflictError"],
    idempotency_in_progress: [409, "IdempotencyError"],
    idempotency_reply_lost: [409, "IdempotencyError"],
    idempotency_mismatch: [422, "IdempotencyError"],
    precondition_failed: [412, "PreconditionFailedError"],
    checksum_mismatch: [422, "ChecksumMismatchError"],
    quota_exceeded: [413, "QuotaExceededError"],
    payload_too_large: [413, "PayloadTooLargeError"],
    unsupported_media_type: [415, "ApiError"],
    rate_limited: [429, "RateLimitedError"],
    internal_error: [500, "InternalError"],
    not_implemented: [501, "ApiError"],
    busy: [503, "BusyError"],
    insufficient_storage: [507, "InsufficientStorageError"],
    of_the_future: [418, "ApiError"],
    constructor: [418, "ApiError"],
    thumbnail_not_ready: [404, "NotFoundError"],
  };
  let code;
  const url = await startStub(() => ({ status: classes[code][0], body: failure(code, "why", [{ field: "f", message: "g" }]), headers: { "retry-after": "7" } }));
  const vault = new MediaVault({ baseUrl: url, retries: 0 });
  for (code of Object.keys(classes)) {
    await assert.rejects(vault.users.me(), (error) => {
      const [status, name] = classes[code];
      assert.deepEqual([error.name, error.code, error.status, error.message], [name, code, status, "why"]);
      assert.ok(error instanceof sdk[name] && error instanceof sdk.ApiError && error instanceof sdk.MediaVaultError && error instanceof Error);
      assert.deepEqual(error.details, [{ field: "f", message: "g" }]);
      assert.deepEqual([error.requestId, error.retryAfter], ["req_1", 7]);
      return true;
    });
  }
});

test("what is no reply of the vault is an error too", async () => {
  let reply;
  const url = await startStub(() => reply);
  const vault = new MediaVault({ baseUrl: url, retries: 0 });
  reply = { status: 502, body: "<h1>Bad gateway</h1>", headers: { "x-request-id": "proxy-1" } };
  await assert.rejects(vault.users.me(), { name: "ApiError", code: "http_502", status: 502, requestId: "proxy-1" });
  reply = { status: 503, body: "", headers: { "retry-after": new Date(Date.now() + 10_000).toUTCString() } };
  await assert.rejects(vault.users.me(), (error) => error.name === "BusyError" && error.retryAfter > 7 && error.retryAfter <= 10);
  reply = { status: 200, body: "<h1>Welcome to the hotel</h1>" };
  await assert.rejects(vault.users.me(), { name: "ConnectionError" });
  const nobody = new MediaVault({ baseUrl: "http://127.0.0.1:9", retries: 1, retryDelay: 1 });
  await assert.rejects(nobody.users.me(), (error) => error.name === "ConnectionError" && error.cause !== undefined);
});

test("the errors of the real server", async () => {
  const { vault, username } = await newUser(server.url);
  await assert.rejects(vault.auth.register({ username, password: "correct horse" }), (error) => error instanceof sdk.ConflictError && error.details[0].field === "username");
  await assert.rejects(vault.auth.login(username, "wrong"), sdk.UnauthorizedError);
  await assert.rejects(vault.media.upload(noise(10), { checksum: sha256("other") }), (error) => error instanceof sdk.ChecksumMismatchError && error.status === 422);
  assert.deepEqual(await vault.media.list().toArray(), []);
  const small = await startServer({ "accounts.quota": "100KiB", "uploads.max_bytes": "50KiB" });
  const { vault: poor } = await newUser(small.url);
  await assert.rejects(poor.media.upload(noise(60 << 10)), sdk.PayloadTooLargeError);
  await poor.media.upload(noise(40 << 10));
  await poor.media.upload(noise(40 << 10).fill(1)).catch(() => {});
  await assert.rejects(poor.media.upload(noise(40 << 10).fill(2)), sdk.QuotaExceededError);
});

test("rate limits are waited for", async () => {
  const limited = await startServer({ rate_limits: "on", "limits.account_per_minute": "3" });
  const retries = [];
  const { vault } = await newUser(limited.url, { maxRetryAfter: 0, log: (entry) => entry.type === "retry" && retries.push(entry) });
  await assert.rejects(
    (async () => {
      for (let i = 0; i < 5; i++) await vault.users.me();
    })(),
    (error) => error instanceof sdk.RateLimitedError && error.retryAfter > 0,
  );
  assert.deepEqual(retries, []); // longer than may be waited for
});

test("503 and 429 are sent again after Retry-After", async () => {
  const proxy = await startProxy(server.url);
  const entries = [];
  const { vault } = await newUser(proxy.url, { log: (entry) => entries.push(entry) });
  proxy.seen.length = entries.length = 0;
  proxy.plan = (_, number) => [{ status: 503, headers: { "retry-after": "1" } }, { status: 429 }, undefined][number - 1];
  const began = Date.now();
  await vault.collections.create({ name: "Once" });
  assert.ok(Date.now() - began >= 1000);
  assert.equal(proxy.seen.length, 3);
  const keys = new Set(proxy.seen.map((request) => request.headers["idempotency-key"]));
  assert.equal(keys.size, 1);
  assert.match([...keys][0], /^[0-9a-f-]{36}$/);
  assert.deepEqual(entries.map((entry) => entry.type), ["request", "response", "retry", "request", "response", "retry", "request", "response"]);
  const told = JSON.stringify(entries);
  assert.ok(!told.includes(vault.tokens.token) && !told.includes(vault.tokens.refresh_token));
  assert.equal((await vault.collections.list().toArray()).length, 1);
});

test("broken connections and bad gateways are sent again where that is safe", async () => {
  const proxy = await startProxy(server.url);
  const { vault } = await newUser(proxy.url);
  for (const fault of [{ reset: true }, { lose: true }, { status: 502 }, { status: 504 }, { resetAfter: 3 }]) {
    proxy.seen.length = 0;
    proxy.plan = (_, number) => (number === 1 ? fault : undefined);
    const made = await vault.collections.create({ name: "Once" });
    assert.equal(proxy.seen.length, 2, JSON.stringify(fault));
    const collections = await vault.collections.list().toArray();
    assert.deepEqual(collections.map((each) => each.id), [made.id], JSON.stringify(fault));

    // With a condition it may have been made, and is not repeated.
    proxy.seen.length = 0;
    await assert.rejects(vault.collections.update(made.id, { name: "New" }, { ifMatch: made }), (error) => error instanceof sdk.ConnectionError || [502, 504].includes(error.status));
    assert.equal(proxy.seen.length, 1);
    proxy.plan = () => {};
    await vault.collections.delete(made.id);
  }
});

test("retries come to an end", async () => {
  const proxy = await startProxy(server.url);
  const { vault } = await newUser(proxy.url);
  proxy.seen.length = 0;
  proxy.plan = () => ({ status: 503 });
  await assert.rejects(vault.users.me(), sdk.BusyError);
  assert.equal(proxy.seen.length, 5);
  proxy.seen.length = 0;
  await assert.rejects(vault.users.me({ retries: 1 }), sdk.BusyError);
  assert.equal(proxy.seen.length, 2);
});

test("a request under way with the same key is waited for", async () => {
  let number = 0;
  const url = await startStub(() =>
    ++number === 1
      ? { status: 409, body: failure("idempotency_in_progress"), headers: { "retry-after": "0" } }
      : { status: 201, body: JSON.stringify({ success: true, data: { id: "col_1" } }) },
  );
  const vault = new MediaVault({ baseUrl: url, retryDelay: 1, apiKey: "k" });
  assert.equal((await vault.collections.create({ name: "x" })).id, "col_1");
  assert.equal(number, 2);
});

test("timeouts", async () => {
  const url = await startStub(() => new Promise(() => {}));
  const vault = new MediaVault({ baseUrl: url, timeout: 50, retries: 1, retryDelay: 1 });
  await assert.rejects(vault.users.me(), (error) => error instanceof sdk.TimeoutError && error instanceof sdk.ConnectionError);
});

test("an upload that moves is not timed out, one that stands still is", async () => {
  const { vault } = await newUser(server.url);
  const slowly = async function* (pause) {
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      yield noise(1000);
    }
  };
  const media = await vault.media.upload(() => slowly(250), { timeout: 2000 });
  assert.equal(media.size, 10_000);

  // A peer that accepts the connection and reads nothing of it.
  const deaf = net.createServer((socket) => socket.pause()).listen(0, "127.0.0.1");
  after(() => deaf.close());
  await once(deaf, "listening");
  const client = new MediaVault({ baseUrl: `http://127.0.0.1:${deaf.address().port}`, apiKey: "k", timeout: 200, retries: 0 });
  await assert.rejects(client.media.upload(noise(32 << 20), { checksum: false }), sdk.TimeoutError);
});

test("a download that stands still goes on over another connection", async () => {
  const { vault } = await newUser(server.url);
  const bytes = noise(300_000);
  const media = await vault.media.upload(bytes);
  const proxy = await startProxy(server.url, (_, number) => (number === 1 ? { stallAfter: 100_000 } : undefined));
  const client = new MediaVault({ baseUrl: proxy.url, tokens: vault.tokens, timeout: 1000, retryDelay: 1 });
  assert.deepEqual(Buffer.from(await (await client.media.download(media.id)).bytes()), bytes);
  assert.ok(proxy.seen.length >= 2);
  // A reader that takes its time is no fault of the network.
  let received = 0;
  for await (const chunk of await client.media.download(media.id)) {
    received += chunk.length;
    if (received === chunk.length) await new Promise((resolve) => setTimeout(resolve, 1200));
  }
  assert.equal(received, bytes.length);
});

test("an upload that is refused early says why", async () => {
  const small = await startServer({ "uploads.max_bytes": "50KiB" });
  const { vault } = await newUser(small.url);
  // The server drops the rest for a while, then closes: on a slow machine that comes before the reply, and
  // the next attempt has it.
  await assert.rejects(vault.media.upload(noise(4 << 20)), sdk.PayloadTooLargeError);
});

test("aborts", async () => {
  const url = await startStub(() => new Promise(() => {}));
  const vault = new MediaVault({ baseUrl: url });
  const reason = new Error("changed my mind");
  await assert.rejects(vault.users.me({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 30);
  await assert.rejects(vault.users.me({ signal: controller.signal }), (error) => error === reason);
  await assert.rejects(vault.users.me({ signal: AbortSignal.timeout(30) }), { name: "TimeoutError" });

  // Also while it waits between attempts.
  const busy = await startStub(() => ({ status: 503, headers: { "retry-after": "30" } }));
  const waiting = new AbortController();
  setTimeout(() => waiting.abort(reason), 30);
  await assert.rejects(new MediaVault({ baseUrl: busy }).users.me({ signal: waiting.signal }), (error) => error === reason);
});

test("an upload that is aborted leaves nothing", async () => {
  const { vault } = await newUser(server.url);
  const controller = new AbortController();
  const endless = async function* () {
    for (let i = 0; ; i++) {
      if (i === 20) controller.abort();
      await new Promise((resolve) => setTimeout(resolve, 5));
      yield noise(10_000);
    }
  };
  await assert.rejects(vault.media.upload(endless, { signal: controller.signal }), { name: "AbortError" });
  assert.deepEqual(await vault.media.list().toArray(), []);
});

test("two clients know nothing of each other", async () => {
  const one = await newUser(server.url);
  const two = await newUser(server.url, { headers: { "x-of-two": "1" } });
  assert.notEqual((await one.vault.users.me()).id, (await two.vault.users.me()).id);
});
