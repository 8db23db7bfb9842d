// Tokens that end, and how many refreshes that makes.
import assert from "node:assert/strict";
import path from "node:path";
import test, { before } from "node:test";
import { MediaVault, UnauthorizedError } from "@mediavault/sdk";
import { folder, newUser, noise, PASSWORD, startProxy, startServer } from "./helper.mjs";

let server;
before(async () => {
  server = await startServer();
});

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const refreshes = (proxy) => proxy.seen.filter((request) => request.url.endsWith("/auth/refresh")).length;
/** Tokens as a program finds them that was started again, of a session whose token ends at that moment. */
const tokensOf = (vault, expires_at) => ({ ...vault.tokens, expires_at });
const inSeconds = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();

test("many calls with a token that has ended make one refresh", async () => {
  const data = path.join(folder(), "data");
  const first = await startServer({ "sessions.access_lifetime": "1s" }, data);
  const { token, refresh_token } = (await newUser(first.url)).vault.tokens;
  await Promise.all([first.stop(), sleep(1100)]);
  const second = await startServer({}, data);
  const proxy = await startProxy(second.url);
  const told = [];
  const vault = new MediaVault({ baseUrl: proxy.url, tokens: { token, refresh_token }, onTokens: (tokens) => told.push(tokens) });
  const replies = await Promise.all(Array.from({ length: 50 }, () => vault.users.me()));
  assert.equal(new Set(replies.map((me) => me.id)).size, 1);
  assert.ok(proxy.seen.some((request) => request.status === 401));
  assert.equal(refreshes(proxy), 1);
  assert.equal(told.length, 1);
  assert.notEqual(told[0].token, token);
  assert.notEqual(told[0].refresh_token, refresh_token);
});

test("a token that is about to end is refreshed before", async () => {
  const proxy = await startProxy(server.url);
  const { vault } = await newUser(server.url);
  const later = new MediaVault({ baseUrl: proxy.url, tokens: tokensOf(vault, inSeconds(20)) });
  await Promise.all([later.users.me(), later.users.me(), later.media.list().first()]);
  assert.equal(refreshes(proxy), 1);
  assert.ok(proxy.seen[0].url.endsWith("/auth/refresh"));
  assert.ok(proxy.seen.every((request) => request.status !== 401));
});

test("a token that is still good serves while no other is to be had", async () => {
  const proxy = await startProxy(server.url, ({ url }) => (url.endsWith("/auth/refresh") ? { reset: true } : undefined));
  const { vault } = await newUser(server.url);
  const later = new MediaVault({ baseUrl: proxy.url, tokens: tokensOf(vault, inSeconds(20)), retries: 1, retryDelay: 1 });
  await later.users.me();
  const ended = new MediaVault({ baseUrl: proxy.url, tokens: tokensOf(vault, inSeconds(-1)), retries: 1, retryDelay: 1 });
  await assert.rejects(ended.users.me(), { name: "ConnectionError" });
});

test("work goes on over many tokens", async () => {
  const short = await startServer({ "sessions.access_lifetime": "2s" });
  const proxy = await startProxy(short.url);
  const { vault } = await newUser(proxy.url);
  const end = Date.now() + 3000;
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (Date.now() < end) {
        await vault.media.upload(noise(100));
        await sleep(50);
      }
    }),
  );
  assert.ok(refreshes(proxy) >= 1 && refreshes(proxy) <= 10, refreshes(proxy));
});

test("a refresh whose reply is lost is asked for again", async () => {
  const proxy = await startProxy(server.url);
  const { vault } = await newUser(proxy.url);
  let lost = false;
  proxy.plan = ({ url }) => {
    if (lost || !url.endsWith("/auth/refresh")) return undefined;
    lost = true;
    return { lose: true };
  };
  await vault.auth.refresh();
  assert.equal(lost, true);
  await vault.users.me();
});

test("a session that has ended is told once, and calls fail", async () => {
  const told = [];
  const { vault, username } = await newUser(server.url, { onTokens: (tokens) => told.push(tokens) });
  const other = new MediaVault({ baseUrl: server.url });
  await other.auth.login(username, PASSWORD);
  await other.auth.logoutAll();
  told.length = 0;
  const replies = await Promise.allSettled(Array.from({ length: 10 }, () => vault.users.me()));
  assert.ok(replies.every((reply) => reply.status === "rejected" && reply.reason instanceof UnauthorizedError));
  assert.deepEqual(told, [null]);
  assert.equal(vault.tokens, undefined);
});

test("an aborted call does not abort the refresh that others wait for", async () => {
  const proxy = await startProxy(server.url);
  const { vault: first } = await newUser(server.url);
  const vault = new MediaVault({ baseUrl: proxy.url, tokens: tokensOf(first, inSeconds(-1)) });
  const controller = new AbortController();
  proxy.plan = ({ url }) => {
    if (url.endsWith("/auth/refresh")) controller.abort();
  };
  const [aborted, served] = await Promise.allSettled([vault.users.me({ signal: controller.signal }), vault.users.me()]);
  assert.equal(aborted.status, "rejected");
  assert.equal(served.status, "fulfilled");
});
