// The package in Chromium: across origins, with the browser's own fetch, XMLHttpRequest and WebSocket; and
// the gallery of examples/.
import assert from "node:assert/strict";
import test, { before } from "node:test";
import { startChromium, startPages } from "./chromium.mjs";
import { newUser, noise, PASSWORD, sha256, startProxy, startServer, until } from "./helper.mjs";

let chromium, pages, server, user;
before(async () => {
  pages = await startPages({ "/sdk/": "dist", "/gallery/mediavault.min.js": "dist/mediavault.min.js", "/gallery/": "examples/gallery" });
  server = await startServer({ "cors.origins": pages });
  user = await newUser(server.url);
  chromium = await startChromium();
});

/** A page that has the package as `sdk` and a client that is logged in as `vault`. */
async function opened(url = server.url, options = {}) {
  const page = await chromium.open(pages + "/");
  await page.run(
    async (url, username, password, options) => {
      globalThis.sdk = await import("/sdk/mediavault.min.js");
      globalThis.vault = new sdk.MediaVault({ baseUrl: url, retryDelay: 5, ...options });
      await vault.auth.login(username, password);
      // Bytes without a pattern.
      globalThis.noise = (size) => {
        const bytes = new Uint8Array(size);
        for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
        return bytes;
      };
    },
    url,
    user.username,
    PASSWORD,
    options,
  );
  return page;
}

test("calls, errors, lists", async () => {
  const page = await opened();
  const seen = await page.run(async () => {
    const me = await vault.users.me();
    const error = await vault.media.get("media_999999").catch((each) => ({ ok: each instanceof sdk.NotFoundError, code: each.code, id: each.requestId }));
    const collection = await vault.collections.create({ name: "From a page" });
    const read = await vault.collections.get(collection.id);
    await vault.collections.update(collection.id, { name: "New" }, { ifMatch: read });
    const stale = await vault.collections.update(collection.id, { name: "Newer" }, { ifMatch: read }).catch((each) => each.name);
    const names = [];
    for await (const each of vault.collections.list()) names.push(each.name);
    const aborted = await vault.users.me({ signal: AbortSignal.abort() }).catch((each) => each.name);
    return { me: me.username, error, stale, names, aborted };
  });
  assert.equal(seen.me, user.username);
  assert.equal(seen.error.ok && seen.error.code, "not_found");
  assert.match(seen.error.id, /./);
  assert.equal(seen.stale, "PreconditionFailedError");
  assert.ok(seen.names.includes("New"));
  assert.equal(seen.aborted, "AbortError");
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("uploads with progress, and what comes back", async () => {
  const page = await opened();
  const seen = await page.run(async () => {
    const bytes = noise(3_000_000);
    const file = new File([bytes], "Föto.bin", { type: "application/x-photo" });
    const progress = [];
    const media = await vault.media.upload(file, { title: "T", tags: ["a", "b"], onProgress: (each) => progress.push(each.loaded) });
    const back = new Uint8Array(await (await (await vault.media.download(media.id)).blob()).arrayBuffer());
    const same = back.length === bytes.length && back.every((byte, i) => byte === bytes[i]);
    const stream = await vault.media.upload(new Blob(["from a stream"]).stream(), { filename: "s.txt" });
    const wrong = await vault.media.upload(bytes, { checksum: "sha256:" + "0".repeat(64) }).catch((each) => each.name);
    const parts = [];
    await vault.media.downloadTo(stream.id, new WritableStream({ write: (chunk) => void parts.push(chunk) }));
    const written = await new Blob(parts).text();
    const results = await vault.media.uploadMany([new File(["1"], "1.txt"), new File(["2"], "2.txt")]);
    const path = await vault.media.upload("photo.jpg").catch((each) => each.name);
    const controller = new AbortController();
    const aborted = await vault.media.upload(noise(30_000_000), { checksum: false, signal: controller.signal, onProgress: ({ loaded }) => loaded && controller.abort() }).catch((each) => each.name);
    return { media, progress, same, wrong, written, names: results.map((each) => each.media.filename), path, aborted };
  });
  assert.equal(seen.same, true);
  assert.equal(seen.media.filename, "Föto.bin");
  assert.deepEqual(seen.media.tags.sort(), ["a", "b"]);
  assert.equal(seen.progress[0], 0);
  assert.equal(seen.progress.at(-1), 3_000_000);
  assert.equal(seen.wrong, "ChecksumMismatchError");
  assert.equal(seen.written, "from a stream");
  assert.deepEqual(seen.names, ["1.txt", "2.txt"]);
  assert.equal(seen.path, "TypeError");
  assert.equal(seen.aborted, "AbortError");
  await page.close();
});

test("an upload that is refused early says why", async () => {
  const small = await startServer({ "cors.origins": pages, "uploads.max_bytes": "50KiB" });
  const { vault } = await newUser(small.url);
  const page = await chromium.open(pages + "/");
  const name = await page.run(
    async (baseUrl, tokens) => {
      const { MediaVault } = await import("/sdk/mediavault.min.js");
      const vault = new MediaVault({ baseUrl, tokens });
      return vault.media.upload(new Uint8Array(4_000_000), { checksum: false }).catch((error) => error.name);
    },
    small.url,
    vault.tokens,
  );
  assert.equal(name, "PayloadTooLargeError");
  await page.close();
});

test("broken connections and busy servers", async () => {
  const proxy = await startProxy(server.url);
  const page = await opened(proxy.url);
  const bytes = noise(600_000);
  const media = await user.vault.media.upload(bytes);
  proxy.plan = ({ method, headers }) => {
    if (method !== "GET") return undefined;
    const start = Number(/bytes=(\d+)/.exec(headers.range ?? "bytes=0")[1]);
    return start < 400_000 ? { resetAfter: 200_000 } : undefined;
  };
  const digest = await page.run(async (id) => {
    const bytes = await (await vault.media.download(id)).bytes();
    return "sha256:" + Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }, media.id);
  assert.equal(digest, sha256(bytes));

  let uploads = 0;
  const allow = { "access-control-allow-origin": pages, "access-control-expose-headers": "Retry-After", "retry-after": "0" };
  proxy.plan = ({ method }) => (method === "POST" ? [{ reset: true }, { lose: true }, { status: 503, headers: allow }][uploads++] : undefined);
  const stored = await page.run(async () => (await vault.media.upload(new Blob(["once"]), { filename: "once.txt", tags: ["once"] })).id);
  assert.equal(uploads, 4);
  assert.deepEqual((await user.vault.media.list({ tag: "once" }).toArray()).map((each) => each.id), [stored]);
  await page.close();
});

test("realtime with the browser's WebSocket, over a broken connection", async () => {
  const proxy = await startProxy(server.url);
  const page = await opened(proxy.url);
  await page.run(async () => {
    globalThis.seen = [];
    const live = vault.realtime({ channels: ["media_updates"] });
    await live.ready;
    (async () => {
      for await (const event of live) seen.push(event.resource_id);
    })();
  });
  const ids = [];
  for (let i = 0; i < 6; i++) {
    if (i === 3) proxy.breakAll();
    ids.push((await user.vault.media.upload(new Blob([`${i}`]))).id);
  }
  await until(async () => (await page.run(() => seen.length)) >= 6, "six events");
  assert.deepEqual(await page.run(() => seen), ids);
  await page.close();
});

test("webhooks are verified without WebCrypto too", async () => {
  const page = await opened();
  const ok = await page.run(async () => {
    const key = noise(32);
    const body = '{"event":"media.uploaded"}';
    const time = String(Math.floor(Date.now() / 1000));
    const signing = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const signature = new Uint8Array(await crypto.subtle.sign("HMAC", signing, new TextEncoder().encode(`msg_1.${time}.${body}`)));
    const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
    const headers = { "webhook-id": "msg_1", "webhook-timestamp": time, "webhook-signature": "v1," + base64(signature) };
    return sdk.verifyWebhook(body, headers, "whsec_" + base64(key)).event;
  });
  assert.equal(ok, "media.uploaded");
  await page.close();
});

test("the gallery", async () => {
  const visitor = await newUser(server.url);
  const page = await chromium.open(pages + "/gallery/index.html");
  await page.run(
    (url, username, password) => {
      const { elements } = document.querySelector("#login");
      [elements.url.value, elements.username.value, elements.password.value] = [url, username, password];
      document.querySelector("#login button").click();
    },
    server.url,
    visitor.username,
    PASSWORD,
  );
  const shown = () => page.run(() => [...document.querySelectorAll("#pictures img")].filter((image) => image.complete && image.naturalWidth).map((image) => image.alt));
  await until(() => page.run(() => !document.querySelector("main").hidden), "the log-in");
  // A picture that the page itself adds, as a person does who chooses a file.
  await page.run(async () => {
    const canvas = document.createElement("canvas");
    canvas.getContext("2d").fillRect(10, 10, 50, 50);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve));
    const transfer = new DataTransfer();
    transfer.items.add(new File([blob], "drawn.png", { type: "image/png" }));
    const input = document.querySelector("#files");
    input.files = transfer.files;
    input.dispatchEvent(new Event("change"));
  });
  await until(async () => (await shown()).includes("drawn.png"), "the picture");
  // What others do appears by itself.
  const [drawn] = await visitor.vault.media.list().toArray();
  const bytes = await (await visitor.vault.media.download(drawn.id)).blob();
  await visitor.vault.media.upload(bytes, { filename: "other.png", title: "Another" });
  await until(async () => (await shown()).includes("Another"), "the other picture");
  await page.run(() => document.querySelector("#pictures button").click());
  await until(() => page.run(() => document.querySelector("#large").open && document.querySelector("#large img").naturalWidth > 0), "the large picture");
  await page.run(() => document.querySelector("#large").click());
  await visitor.vault.media.delete(drawn.id);
  await until(async () => !(await shown()).includes("drawn.png"), "the end of the picture");
  await page.run(() => document.querySelector("#logout").click());
  await until(() => page.run(() => !document.querySelector("#login").hidden), "the log-out");
  assert.equal(await page.run(() => sessionStorage.length), 0);
  assert.deepEqual(page.faults, []);
  await page.close();
});
