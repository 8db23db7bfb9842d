// The examples of README.md and docs/sdk.md, and the folder watcher.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import test, { before } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MediaVault } from "@mediavault/sdk";
import { folder, newUser, noise, startServer, until } from "./helper.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
// In the repository, or in the copy of it that the gate builds in.
const PAGE = ["../../docs/sdk.md", "../../../docs/sdk.md"].map((name) => path.join(root, name)).find(existsSync);

const examplesOf = (file) => [...readFileSync(file, "utf8").matchAll(/^```js\n(.*?)^```$/gms)].map((found) => found[1]);

/** Runs a page's examples as one program, in a folder with the files that they name. */
async function run(name, examples, before, after) {
  const { url } = await startServer();
  const place = folder();
  for (const file of ["photo.jpg", "a.jpg", "b.jpg", "c.jpg"]) writeFileSync(path.join(place, file), noise(50_000));
  const anyone = new MediaVault({ baseUrl: url });
  await anyone.auth.register({ username: "ada", email: "ada@example.com", password: "correct horse" });
  const program = [before, ...examples, after].join("\n").replaceAll("https://vault.example.com", url);
  // Inside the package, so that its name is known there.
  const file = path.join(root, "dist", `${name}.mjs`);
  writeFileSync(file, program);
  try {
    return (await promisify(execFile)(process.execPath, [file], { cwd: place, timeout: 50_000 })).stdout;
  } finally {
    rmSync(file);
  }
}

const BEFORE = `
import { createHmac, randomBytes } from "node:crypto";
import ws from "ws";
globalThis.WebSocket ??= ws;
const keep = () => {};
`;

test("docs/sdk.md", async () => {
  const examples = examplesOf(PAGE);
  assert.equal(examples.length, 10);
  // What deletes the file while the last example follows what happens.
  examples.splice(9, 0, "setTimeout(async () => { await events.ready; await vault.media.delete(photo.id); });");
  const output = await run("examples-of-docs", examples, BEFORE, `
    const key32 = randomBytes(32);
    const time = String(Math.floor(Date.now() / 1000));
    const body = JSON.stringify({ event: "media.uploaded", data: { id: "media_1" } });
    const signature = "v1," + createHmac("sha256", key32).update(\`msg_1.\${time}.\${body}\`).digest("base64");
    receive({ headers: { "webhook-id": "msg_1", "webhook-timestamp": time, "webhook-signature": signature } }, body, "whsec_" + key32.toString("base64"));
    await backup.users.me();
    console.log("done");
  `);
  assert.match(output, /50000 of 50000 bytes/);
  assert.match(output, /a\.jpg media_\d+/);
  assert.match(output, /photo\.jpg 50000/);
  assert.match(output, /\/s\//);
  assert.match(output, /media\.deleted media_\d+/);
  assert.match(output, /media\.uploaded media_1\ndone\n$/);
});

test("README.md", async () => {
  const examples = examplesOf(path.join(root, "README.md"));
  assert.ok(examples.length >= 5);
  const output = await run("examples-of-readme", examples, BEFORE, 'console.log("done");');
  assert.match(output, /done\n$/);
});

test("the folder watcher", async () => {
  const { url } = await startServer();
  const { vault } = await newUser(url);
  const key = await vault.apiKeys.create({ name: "watcher" });
  const place = folder();
  mkdirSync(path.join(place, "below"));
  writeFileSync(path.join(place, "there.txt"), "was there");
  writeFileSync(path.join(place, ".hidden"), "hidden");
  const names = async () => (await vault.media.list({ sort: "filename" }).toArray()).map((media) => media.filename);

  const start = () => {
    const watcher = spawn(process.execPath, [path.join(root, "examples/watch-folder.mjs"), place, "0.1"], {
      env: { ...process.env, MEDIAVAULT_URL: url, MEDIAVAULT_API_KEY: key.secret },
      stdio: ["ignore", "pipe", "pipe"],
    });
    watcher.text = "";
    for (const stream of [watcher.stdout, watcher.stderr]) stream.on("data", (data) => (watcher.text += data));
    return watcher;
  };
  const stop = async (watcher) => {
    const ended = new Promise((resolve) => watcher.on("exit", resolve));
    watcher.kill("SIGTERM");
    assert.equal(await ended, 0, watcher.text);
  };

  let watcher = start();
  await until(async () => (await names()).length === 1, "the first file");
  writeFileSync(path.join(place, "below/new.txt"), "new");
  await until(async () => (await names()).length === 2, "the second file");
  assert.deepEqual(await names(), ["new.txt", "there.txt"]);
  writeFileSync(path.join(place, "copy.txt"), "was there"); // the same bytes are in the vault
  writeFileSync(path.join(place, "there.txt"), "was changed");
  await until(async () => (await names()).length === 3, "the changed file");
  assert.deepEqual(await names(), ["new.txt", "there.txt", "there.txt"]);
  await stop(watcher);

  watcher = start();
  writeFileSync(path.join(place, "later.txt"), "later");
  await until(async () => (await names()).includes("later.txt"), "the file of the second run");
  assert.equal((await names()).length, 4);
  await stop(watcher);
});

test("the folder watcher says how it is used", async () => {
  await assert.rejects(promisify(execFile)(process.execPath, [path.join(root, "examples/watch-folder.mjs")]), (error) => error.code === 2 && /usage/.test(error.stderr));
});
