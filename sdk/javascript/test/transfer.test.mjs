// Uploads and downloads: sources, targets, progress, checksums, broken connections, memory.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createReadStream, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Readable, Writable } from "node:stream";
import test, { before } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { IntegrityError } from "@mediavault/sdk";
import { folder, LONG, newUser, noise, sha256, startProxy, startServer, startStub } from "./helper.mjs";
import { MediaVault } from "@mediavault/sdk";

let server, vault, place;
const bytes = noise(700_001);
before(async () => {
  server = await startServer();
  ({ vault } = await newUser(server.url));
  place = folder();
  writeFileSync(path.join(place, "photo.bin"), bytes);
});

async function* pieces() {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}
const webStream = () => new ReadableStream({
  start(controller) {
    controller.enqueue(new Uint8Array(bytes));
    controller.close();
  },
});

const sources = {
  "a path": () => path.join(place, "photo.bin"),
  "a file URL": () => pathToFileURL(path.join(place, "photo.bin")),
  "bytes": () => bytes,
  "an ArrayBuffer": () => new Uint8Array(bytes).buffer,
  "a Blob": () => new Blob([bytes], { type: "application/x-photo" }),
  "a Node stream": () => createReadStream(path.join(place, "photo.bin")),
  "a web stream": webStream,
  "an async iterable": pieces,
  "an iterable": () => [bytes.subarray(0, 5), bytes.subarray(5)],
  "a function": () => pieces,
};
for (const [name, make] of Object.entries(sources)) {
  test(`uploads ${name}`, async () => {
    const progress = [];
    const media = await vault.media.upload(make(), { onProgress: (each) => progress.push(each) });
    assert.equal(media.checksum, sha256(bytes));
    assert.equal(media.filename, name.includes("path") || name.includes("URL") ? "photo.bin" : "file");
    assert.deepEqual(progress[0].loaded, 0);
    assert.equal(progress.at(-1).loaded, bytes.length);
    assert.ok(progress.every((each, i) => i === 0 || each.loaded >= progress[i - 1].loaded));
    if (["a path", "bytes", "a Blob"].includes(name)) assert.equal(progress[0].total, bytes.length);
  });
}

test("what cannot be uploaded says so", async () => {
  await assert.rejects(vault.media.upload(path.join(place, "missing")), { code: "ENOENT" });
  await assert.rejects(vault.media.upload(place), TypeError);
  await assert.rejects(vault.media.upload(5), TypeError);
  await assert.rejects(vault.media.upload(bytes, { tags: ["a,b"] }), TypeError);
  // A file that grows or shrinks while it is read is not stored in part.
  const file = path.join(place, "changing.bin");
  for (const size of [10, 3_000_000]) {
    writeFileSync(file, noise(2_000_000));
    let changed = false;
    const onProgress = ({ loaded }) => loaded && !changed && (changed = true) && writeFileSync(file, noise(size));
    await assert.rejects(vault.media.upload(file, { onProgress }), { name: "MediaVaultError", message: /changed/ });
  }
  const fault = new Error("the disk is gone");
  const broken = async function* () {
    yield bytes;
    throw fault;
  };
  await assert.rejects(vault.media.upload(broken), (error) => error === fault);
});

test("an upload is checked, and sent again with the same key", async () => {
  const proxy = await startProxy(server.url);
  const client = new MediaVault({ baseUrl: proxy.url, tokens: vault.tokens, retryDelay: 1 });
  proxy.plan = (_, number) => [{ reset: true }, { lose: true }, { status: 503 }][number - 1];
  const before = (await vault.media.list().first()).pagination.total;
  const media = await client.media.upload(path.join(place, "photo.bin"));
  assert.equal(media.checksum, sha256(bytes));
  assert.equal(proxy.seen.length, 4);
  assert.equal(new Set(proxy.seen.map((request) => request.headers["idempotency-key"])).size, 1);
  assert.equal((await vault.media.list().first()).pagination.total, before + 1);
  // A stream that was read cannot be sent again.
  proxy.seen.length = 0;
  proxy.plan = () => ({ reset: true });
  await assert.rejects(client.media.upload(pieces()), { name: "ConnectionError" });
  assert.equal(proxy.seen.length, 1);
});

test("the checksum travels behind the bytes", async () => {
  let body = "";
  const url = await startStub((_, received) => {
    body = received.toString("latin1");
    return { status: 201, body: JSON.stringify({ success: true, data: {} }) };
  });
  const client = new MediaVault({ baseUrl: url, apiKey: "k" });
  await client.media.upload(new Blob(["abc"], { type: "text/plain" }), { filename: "ü.txt", title: "T" });
  assert.ok(body.indexOf('name="title"') < body.indexOf('name="file"') && body.indexOf('name="file"') < body.indexOf(sha256("abc")));
  await client.media.upload(new Blob(["abc"]), { checksum: false });
  assert.ok(!body.includes("checksum"));
});

test("many files in parallel; one that fails ends itself alone", async () => {
  const names = Array.from({ length: 12 }, (_, i) => path.join(place, `many-${i}.bin`));
  names.forEach((name, i) => writeFileSync(name, noise(1000 + i)));
  names.splice(5, 0, path.join(place, "missing"));
  let running = 0;
  let most = 0;
  let progress;
  const results = await vault.media.uploadMany(names, {
    concurrency: 3,
    tags: ["many"],
    each: (source) => {
      most = Math.max(most, ++running);
      return { title: path.basename(source), onProgress: ({ loaded, total }) => loaded === total && running-- };
    },
    onProgress: (each) => (progress = each),
  });
  assert.equal(results.length, 13);
  assert.ok(most <= 5, most);
  results.forEach((result, i) => {
    assert.equal(result.source, names[i]);
    if (i === 5) assert.equal(result.error.code, "ENOENT");
    else assert.equal(result.media.title, path.basename(names[i]));
  });
  assert.deepEqual(progress, { loaded: 12 * 1000 + 66, done: 13 });
  assert.equal((await vault.media.list({ tag: "many" }).toArray()).length, 12);
  const controller = new AbortController();
  controller.abort(new Error("enough"));
  await assert.rejects(vault.media.uploadMany(names, { signal: controller.signal }), { message: "enough" });
});

test("downloads in every way", async () => {
  const media = await vault.media.upload(bytes, { type: "application/x-photo" });
  const found = await vault.media.download(media.id);
  assert.equal(found.size, bytes.length);
  assert.equal(found.checksum, sha256(bytes));
  assert.equal(found.mediaType, media.media_type);
  assert.deepEqual(Buffer.from(await found.bytes()), bytes);
  await assert.rejects(found.bytes(), TypeError);
  assert.equal((await (await vault.media.download(media.id)).blob()).type, media.media_type);
  const chunks = [];
  const progress = [];
  for await (const chunk of (await vault.media.download(media.id, { onProgress: (each) => progress.push(each) })).stream()) chunks.push(chunk);
  assert.deepEqual(Buffer.concat(chunks), bytes);
  assert.deepEqual(progress.at(-1), { loaded: bytes.length, total: bytes.length });
  const part = await vault.media.download(media.id, { range: { start: 5, end: 9 } });
  assert.equal(part.size, 5);
  assert.deepEqual(Buffer.from(await part.bytes()), bytes.subarray(5, 10));
  const note = await vault.media.upload(new Blob(["grüß"]), { filename: "a.txt" });
  assert.equal(await (await vault.media.download(note.id)).text(), "grüß");

  const target = path.join(place, "copy.bin");
  assert.deepEqual(await vault.media.downloadTo(media.id, target), { size: bytes.length, checksum: sha256(bytes) });
  assert.deepEqual(readFileSync(target), bytes);
  assert.equal(existsSync(target + ".part"), false);
  const parts = [];
  await vault.media.downloadTo(media.id, Writable.toWeb(new Writable({ write: (chunk, _, next) => (parts.push(chunk), next()) })));
  assert.deepEqual(Buffer.concat(parts), bytes);
  await assert.rejects(vault.media.downloadTo(media.id, 5), TypeError);
  await assert.rejects(vault.media.downloadTo("media_999999", target), { name: "NotFoundError" });
  assert.equal(existsSync(target + ".part"), false);
});

test("a download goes on where the connection broke", async () => {
  const proxy = await startProxy(server.url);
  const client = new MediaVault({ baseUrl: proxy.url, tokens: vault.tokens, retryDelay: 1 });
  const media = await vault.media.upload(bytes);
  proxy.plan = (request) => {
    const start = Number(/bytes=(\d+)/.exec(request.headers.range ?? "bytes=0")[1]);
    return start < 500_000 ? { resetAfter: 150_000 } : undefined;
  };
  assert.deepEqual(Buffer.from(await (await client.media.download(media.id)).bytes()), bytes);
  assert.equal(proxy.seen.length, 5);
  assert.ok(proxy.seen.slice(1).every((request) => request.headers["if-range"] === `"${media.checksum.slice(7)}"` || request.headers["if-range"]));
  // Once nothing comes any more, it gives up.
  proxy.plan = (_, number) => (number === 6 ? { resetAfter: 1000 } : { reset: true });
  await assert.rejects((await client.media.download(media.id)).bytes(), { name: "ConnectionError" });
});

test("a file that changes meanwhile is not mixed", async () => {
  const proxy = await startProxy(server.url);
  const client = new MediaVault({ baseUrl: proxy.url, tokens: vault.tokens, retryDelay: 1 });
  const media = await vault.media.upload(bytes);
  proxy.plan = (_, number) => (number === 1 ? { resetAfter: 150_000 } : undefined);
  const found = await client.media.download(media.id);
  await vault.media.replace(media.id, noise(700_002));
  await assert.rejects(found.bytes(), IntegrityError);
});

test("bytes that are not those of the digest are an error", async () => {
  const digest = Buffer.from(sha256("right").slice(7), "hex").toString("base64");
  const url = await startStub(() => ({ body: "wrong", headers: { etag: '"x"', "repr-digest": `sha-256=:${digest}:` } }));
  const client = new MediaVault({ baseUrl: url, apiKey: "k" });
  await assert.rejects((await client.media.download("media_1")).bytes(), IntegrityError);
  assert.equal(Buffer.from(await (await client.media.download("media_1", { verify: false })).bytes()).toString(), "wrong");
  const target = path.join(place, "wrong.bin");
  await assert.rejects(client.media.downloadTo("media_1", target, { resume: true }), IntegrityError);
  assert.equal(existsSync(target) || existsSync(target + ".part"), false);
});

test("a download to a path is resumed by another program", async () => {
  const proxy = await startProxy(server.url);
  const client = new MediaVault({ baseUrl: proxy.url, tokens: vault.tokens, retries: 0 });
  const media = await vault.media.upload(bytes);
  const target = path.join(place, "resumed.bin");
  proxy.plan = () => ({ resetAfter: 300_000 });
  await assert.rejects(client.media.downloadTo(media.id, target, { resume: true }), { name: "ConnectionError" });
  const kept = statSync(target + ".part").size;
  assert.ok(kept > 0 && kept <= 300_000);
  proxy.plan = () => {};
  const progress = [];
  await client.media.downloadTo(media.id, target, { resume: true, onProgress: (each) => progress.push(each) });
  assert.equal(proxy.seen.at(-1).headers.range, `bytes=${kept}-`);
  assert.deepEqual(readFileSync(target), bytes);
  assert.deepEqual([progress[0].loaded, progress.at(-1).loaded, progress.at(-1).total], [kept, bytes.length, bytes.length]);

  // What lies there of another file, or too much of it, is thrown away.
  for (const rest of [noise(1000).fill(7), Buffer.concat([bytes, bytes])]) {
    writeFileSync(target + ".part", rest);
    await client.media.downloadTo(media.id, target, { resume: true });
    assert.deepEqual(readFileSync(target), bytes);
  }
  // Without `resume` nothing of an earlier attempt counts.
  writeFileSync(target + ".part", bytes.subarray(0, 10));
  await client.media.downloadTo(media.id, target);
  assert.deepEqual(readFileSync(target), bytes);
});

/** Sends and receives `size` bytes in a process of its own: the most memory that it had. */
async function memory(size) {
  const program = new URL("./big_transfer.mjs", import.meta.url);
  const { token } = vault.tokens;
  const { stdout } = await promisify(execFile)(process.execPath, [program.pathname, server.url, token, String(size), path.join(folder(), "big.bin")], { maxBuffer: 1 << 20 });
  return JSON.parse(stdout);
}

test("memory does not grow with the size of a file", async () => {
  const small = await memory(1 << 20);
  const large = await memory(200 << 20);
  assert.equal(large.received, large.sent);
  const text = `${small.peak >> 20} MiB for 1 MiB, ${large.peak >> 20} MiB for 200 MiB`;
  console.log(text);
  assert.ok(large.peak - small.peak < 100 << 20, text);
});

test("2 GiB", { skip: !LONG, timeout: 1_700_000 }, async () => {
  const small = await memory(1 << 20);
  const large = await memory(2 ** 31 + 1);
  assert.equal(large.received, large.sent);
  const text = `${small.peak >> 20} MiB for 1 MiB, ${large.peak >> 20} MiB for 2 GiB`;
  console.log(text);
  assert.ok(large.peak - small.peak < 128 << 20, text);
});

test("a Node stream is not needed whole", async () => {
  const media = await vault.media.upload(Readable.from([Buffer.from("a"), Buffer.from("b")]), { filename: "ab.txt" });
  assert.equal(media.size, 2);
});
