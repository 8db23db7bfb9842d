// Tokens that end, and how many refreshes that makes.
import assert from "node:assert/strict";
import test, { before } from "node:test";
import { MediaVault, UnauthorizedError } from "@mediavault/sdk";
import { newUser, noise, startProxy, startServer } from "./helper.mjs";

let server;
before(async () => {
  server = await startServer({ "sessions.access_lifetime": "2s" });
});

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const refreshes = (proxy) => proxy.seen.filter((request) => request.url.endsWith("/auth/refresh")).length;

test("many calls with a token that has ended make one refresh", async () => {
  const proxy = await startProxy(server.url);
  const told = [];
  const { vault } = await newUser(proxy.url, { onTokens: (tokens) => told.push(tokens) });
  // As a program finds them that was started again: it does not know when the token ends.
  const { token, refresh_token } = vault.tokens;
  const later = new MediaVault({ baseUrl: proxy.url, tokens: { token, refresh_token }, onTokens: (tokens) => told.push(tokens) });
  await sleep(2300);
  proxy.seen.length = told.length = 0;
  const replies = await Promise.all(Array.from({ length: 50 }, () => later.users.me()));
  assert.equal(new Set(replies.map((me) => me.id)).size, 1);
  assert.equal(refreshes(proxy), 1);
  assert.equal(told.length, 1);
  assert.notEqual(told[0].token, token);
  assert.notEqual(told[0].refresh_token, refresh_token);
});

test("a token that is about to end is refreshed before", async () => {
  const proxy = await startProxy(server.url);
  const { vault } = await newUser(proxy.url);
  await sleep(1200); // more than half of it
  proxy.seen.length = 0;
  await Promise.all([vault.users.me(), vault.users.me(), vault.media.list().first()]);
  assert.equal(refreshes(proxy), 1);
  assert.ok(proxy.seen.every((request) => request.status !== 401));
});

test("work goes on over many tokens", async () => {
  const proxy = await startProxy(server.url);
  const { vault } = await newUser(proxy.url);
  const end = Date.now() + 4500;
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (Date.now() < end) {
        await vault.media.upload(noise(100));
        await sleep(50);
      }
    }),
  );
  assert.ok(refreshes(proxy) >= 2 && refreshes(proxy) <= 5, refreshes(proxy));
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
  await other.auth.login(username, (await import("./helper.mjs")).PASSWORD);
  await other.auth.logoutAll();
  told.length = 0;
  const replies = await Promise.allSettled(Array.from({ length: 10 }, () => vault.users.me()));
  assert.ok(replies.every((reply) => reply.status === "rejected" && reply.reason instanceof UnauthorizedError));
  assert.deepEqual(told, [null]);
  assert.equal(vault.tokens, undefined);
});

test("an aborted call does not abort the refresh that others wait for", async () => {
  const proxy = await startProxy(server.url);
  const { vault } = await newUser(proxy.url);
  await sleep(2300);
  const controller = new AbortController();
  proxy.plan = ({ url }) => {
    if (url.endsWith("/auth/refresh")) controller.abort();
  };
  const [aborted, served] = await Promise.allSettled([vault.users.me({ signal: controller.signal }), vault.users.me()]);
  assert.equal(aborted.status, "rejected");
  assert.equal(served.status, "fulfilled");
});
