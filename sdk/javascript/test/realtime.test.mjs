// Events over the WebSocket: typed, complete over broken connections and tokens that end.
import assert from "node:assert/strict";
import test, { before } from "node:test";
import * as sdk from "@mediavault/sdk";
import { newUser, startProxy, startServer, until, WebSocket } from "./helper.mjs";

let server, short;
before(async () => {
  server = await startServer();
  short = await startServer({ "sessions.access_lifetime": "4s" });
});

const put = (vault, name) => vault.media.upload(new Blob([name]), { filename: name });

/** The next `count` events. */
async function take(events, count) {
  const found = [];
  for (let i = 0; i < count; i++) {
    const next = await events.next();
    assert.equal(next.done, false);
    found.push(next.value);
  }
  return found;
}

test("events of both channels", async () => {
  const { vault, account } = await newUser(server.url);
  const live = vault.realtime();
  await live.ready;
  const media = await put(vault, "a.txt");
  const collection = await vault.collections.create({ name: "c" });
  const events = live[Symbol.asyncIterator]();
  const [first, second] = await take(events, 2);
  assert.deepEqual(
    { ...first, id: 0, timestamp: 0 },
    { type: "event", id: 0, channel: "media_updates", resource_id: media.id, event: "media.uploaded", data: { id: media.id, type: media.type, user_id: account.id }, timestamp: 0 },
  );
  assert.deepEqual([second.event, second.resource_id], ["collection.created", collection.id]);
  live.close();
  assert.equal((await events.next()).done, true);
});

test("one file alone", async () => {
  const { vault } = await newUser(server.url);
  const [a, b] = [await put(vault, "a"), await put(vault, "b")];
  const live = vault.realtime({ channels: ["media_updates"], resources: { media_updates: [b.id] } });
  await live.ready;
  await vault.media.update(a.id, { title: "x" });
  await vault.media.update(b.id, { title: "y" });
  for await (const event of live) {
    assert.equal(event.resource_id, b.id);
    break; // ends it
  }
  await assert.rejects(vault.realtime({ resources: { media_updates: ["media_999999"] } }).ready, sdk.NotFoundError);
  assert.throws(() => vault.realtime({ channels: [] }), TypeError);
});

test("uploads tell how far they are", async () => {
  const { vault, account } = await newUser(server.url);
  const live = vault.realtime({ channels: ["upload_updates"] });
  await live.ready;
  const [pieces, size] = [4, 50_000];
  const seen = [];
  const reading = (async () => {
    for await (const event of live) {
      seen.push(event);
      if (event.data.status !== "receiving") break;
    }
  })();
  async function* slowly() {
    for (let i = 1; i <= pieces; i++) {
      yield new Uint8Array(size);
      // A reader of forms keeps some bytes back until it knows that they are not the form's.
      await until(() => seen.at(-1)?.data.received >= i * size - 200, "the progress");
    }
  }
  await vault.media.upload(slowly(), { filename: "slow.bin" });
  await reading;
  assert.ok(seen.length > pieces);
  for (const [i, event] of seen.entries()) {
    assert.deepEqual([event.id, event.channel, event.event], [null, "upload_updates", "upload.progress"]);
    assert.deepEqual([event.resource_id, event.data.id, event.data.user_id], [seen[0].resource_id, event.resource_id, account.id]);
    if (i < seen.length - 1) assert.ok(event.data.status === "receiving" && event.data.received > (seen[i - 1]?.data.received ?? -1));
  }
  const { data } = seen.at(-1);
  assert.deepEqual([data.status, data.received, data.size], ["received", pieces * size, null]);
  assert.ok(Math.abs(Date.parse(data.started_at) - Date.now()) < 3_600_000);
  assert.deepEqual(live.lastEventIds, {});
});

test("nothing is missed or repeated while connections break", async () => {
  const proxy = await startProxy(server.url);
  const { vault } = await newUser(server.url);
  const states = [];
  const watcher = new sdk.MediaVault({ baseUrl: proxy.url, WebSocket, tokens: vault.tokens, retryDelay: 20, log: (entry) => entry.type === "realtime" && states.push(entry.state) });
  const live = watcher.realtime({ channels: ["media_updates"] });
  await live.ready;
  const names = [];
  const seen = [];
  const reading = (async () => {
    for await (const event of live) if (seen.push(event.resource_id) === 30) break;
  })();
  for (let i = 0; i < 30; i++) {
    if (i % 7 === 3) proxy.breakAll();
    names.push((await put(vault, `${i}`)).id);
  }
  await reading;
  assert.deepEqual(seen, names);
  assert.ok(states.filter((state) => state === "open").length >= 2, states.join());
});

test("another program goes on where one ended", async () => {
  const { vault } = await newUser(server.url);
  const live = vault.realtime({ channels: ["media_updates"] });
  await live.ready;
  const before = live.lastEventIds;
  const first = await put(vault, "first");
  const [event] = await take(live[Symbol.asyncIterator](), 1);
  assert.equal(event.resource_id, first.id);
  assert.deepEqual(live.lastEventIds, { media_updates: event.id });
  live.close();
  const missed = await put(vault, "missed");
  const later = vault.realtime({ channels: ["media_updates"], lastEventIds: live.lastEventIds });
  assert.equal((await take(later[Symbol.asyncIterator](), 1))[0].resource_id, missed.id);
  later.close();
  const all = vault.realtime({ lastEventIds: before.media_updates });
  assert.deepEqual((await take(all[Symbol.asyncIterator](), 2)).map((each) => each.resource_id), [first.id, missed.id]);
  all.close();
});

test("a reader that is behind gets everything in the end", async () => {
  const { vault } = await newUser(server.url, { retryDelay: 5 });
  const live = vault.realtime({ channels: ["media_updates"], maxQueued: 3 });
  await live.ready;
  const names = [];
  for (let i = 0; i < 20; i++) names.push((await put(vault, `${i}`)).id);
  const seen = [];
  for await (const event of live) if (seen.push(event.resource_id) === 20) break;
  assert.deepEqual(seen, names);
});

test("gaps are told", async () => {
  const { vault } = await newUser(server.url);
  const gaps = [];
  const live = vault.realtime({ channels: ["media_updates"], lastEventIds: "event_999999999999", onGap: (channel) => gaps.push(channel) });
  await live.ready;
  assert.deepEqual(gaps, ["media_updates"]);
  const media = await put(vault, "after");
  assert.equal((await take(live[Symbol.asyncIterator](), 1))[0].resource_id, media.id);
  live.close();
});

test("a connection lives longer than its token", async () => {
  const states = [];
  const { vault } = await newUser(short.url, { log: (entry) => entry.type === "realtime" && states.push(entry.state) });
  const live = vault.realtime({ channels: ["media_updates"] });
  await live.ready;
  await new Promise((resolve) => setTimeout(resolve, 4500));
  const media = await put(vault, "late");
  assert.equal((await take(live[Symbol.asyncIterator](), 1))[0].resource_id, media.id);
  assert.ok(states.filter((state) => state === "open").length <= 2, states.join());
  live.close();
});

test("API keys; credentials that are refused", async () => {
  const { vault } = await newUser(server.url);
  const reader = await vault.apiKeys.create({ name: "r", scopes: ["read"] });
  const writer = await vault.apiKeys.create({ name: "w", scopes: ["write"] });
  const client = (apiKey) => new sdk.MediaVault({ baseUrl: server.url, WebSocket, apiKey, retryDelay: 5 });
  const live = client(reader.secret).realtime();
  await live.ready;
  live.close();
  await assert.rejects(client(writer.secret).realtime().ready, sdk.ForbiddenError);
  await assert.rejects(client("no key").realtime().ready, sdk.UnauthorizedError);
  const nobody = new sdk.MediaVault({ baseUrl: server.url, WebSocket }).realtime();
  await assert.rejects(async () => {
    for await (const event of nobody) assert.fail(event);
  }, sdk.UnauthorizedError);
});

test("signals end it", async () => {
  const { vault } = await newUser(server.url);
  const controller = new AbortController();
  const live = vault.realtime({ signal: controller.signal });
  await live.ready;
  setTimeout(() => controller.abort(new Error("enough")), 30);
  await assert.rejects(async () => {
    for await (const event of live) assert.fail(event);
  }, { message: "enough" });
});

test("a runtime without WebSocket says what to do", { skip: "WebSocket" in globalThis }, async () => {
  const { vault } = await newUser(server.url);
  const bare = new sdk.MediaVault({ baseUrl: server.url, tokens: vault.tokens });
  await assert.rejects(bare.realtime().ready, { name: "MediaVaultError", message: /the package ws/ });
});

test("the example of the API's document, word for word but for URL, token and id", async () => {
  const { vault } = await newUser(server.url);
  const media = await put(vault, "a");
  const updates = [];
  const had = globalThis.WebSocket;
  globalThis.WebSocket = WebSocket;
  try {
    const run = new Function("WebSocket", "console", DOCUMENTED.replace("wss://api.your-mediavault-instance.com", server.url.replace("http", "ws")).replace("your.jwt.token", vault.tokens.token).replace("media_123", media.id) + "return socket;");
    const socket = run(sdk.WebSocket, { log: (_, update) => updates.push(update) });
    await until(() => updates.some((update) => update.type === "subscribed"), "the subscription");
    await vault.media.update(media.id, { title: "new" });
    await until(() => updates.some((update) => update.event === "media.updated"), "the update");
    socket.close();
  } finally {
    globalThis.WebSocket = had;
    if (!had) delete globalThis.WebSocket;
  }
});

const DOCUMENTED = `
const socket = new WebSocket('wss://api.your-mediavault-instance.com/realtime');

// Authenticate
socket.send(JSON.stringify({
  type: 'auth',
  token: 'your.jwt.token'
}));

// Subscribe to events
socket.send(JSON.stringify({
  type: 'subscribe',
  channel: 'media_updates',
  resource_id: 'media_123'
}));

// Handle messages
socket.onmessage = (event) => {
  console.log('Update:', JSON.parse(event.data));
};
`;
