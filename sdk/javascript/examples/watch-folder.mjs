#!/usr/bin/env node
// Uploads what appears in a folder, and in folders below it, as long as it runs:
//
//   MEDIAVAULT_URL=https://vault.example.com MEDIAVAULT_API_KEY=… node watch-folder.mjs ~/Pictures
//
// A file is uploaded once it has not changed between two looks. What the vault has already, by its
// checksum, is not uploaded again, so that the program may be stopped and started at any time. Files
// that are changed are uploaded as new ones; nothing is ever deleted.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { MediaVault } from "@mediavault/sdk";

const [folder, seconds = "2"] = process.argv.slice(2);
const { MEDIAVAULT_URL, MEDIAVAULT_API_KEY } = process.env;
if (!folder || !MEDIAVAULT_URL || !MEDIAVAULT_API_KEY) {
  console.error("usage: MEDIAVAULT_URL=… MEDIAVAULT_API_KEY=… node watch-folder.mjs FOLDER [SECONDS]");
  process.exit(2);
}

const vault = new MediaVault({ baseUrl: MEDIAVAULT_URL, apiKey: MEDIAVAULT_API_KEY });
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop.abort());

/** What was seen of each path: its state at the last look, and the state that is in the vault. */
const known = new Map();

/** Every file below the folder, but for hidden ones and those of downloads under way. */
async function* filesBelow(place) {
  const entries = await readdir(place, { withFileTypes: true }).catch(() => []); // gone meanwhile
  for (const entry of entries) {
    const full = path.join(place, entry.name);
    if (entry.name.startsWith(".") || entry.name.endsWith(".part")) continue;
    if (entry.isDirectory()) yield* filesBelow(full);
    else if (entry.isFile()) yield full;
  }
}

async function checksumOf(file) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return "sha256:" + hash.digest("hex");
}

/** The files that are there, whole, and not in the vault for all we know. */
async function changedFiles() {
  const changed = [];
  for await (const file of filesBelow(folder)) {
    const found = await stat(file).catch(() => undefined);
    if (!found) continue;
    const state = `${found.size} ${found.mtimeMs}`;
    const before = known.get(file);
    if (before?.stored === state) continue;
    known.set(file, { ...before, state });
    if (before?.state === state) changed.push({ file, state });
  }
  return changed;
}

async function store(changed) {
  const sums = new Map();
  for (const each of changed) sums.set(each, await checksumOf(each.file));
  const there = {};
  const all = [...new Set(sums.values())];
  for (let at = 0; at < all.length; at += 1000) {
    Object.assign(there, await vault.media.exists(all.slice(at, at + 1000), { signal: stop.signal }));
  }
  const done = ({ file, state }) => known.set(file, { state, stored: state });
  const of = new Map();
  for (const each of changed) {
    if (there[sums.get(each)]) done(each);
    else of.set(each.file, each);
  }
  const results = await vault.media.uploadMany(of.keys(), {
    concurrency: 3,
    signal: stop.signal,
    // The bytes that were hashed are the ones that are stored, or the vault refuses them.
    each: (file) => ({ checksum: sums.get(of.get(file)) }),
  });
  for (const { source, media, error } of results) {
    const name = path.relative(folder, source);
    if (media) {
      done(of.get(source));
      console.log(`${name} is ${media.id}`);
    } else {
      console.error(`${name}: ${error.message}`); // the next look tries it again
    }
  }
}

console.log(`watching ${folder}`);
while (!stop.signal.aborted) {
  try {
    const changed = await changedFiles();
    if (changed.length) await store(changed);
    await sleep(Number(seconds) * 1000, undefined, { signal: stop.signal });
  } catch (error) {
    if (stop.signal.aborted) break;
    console.error(error.message);
    await sleep(Number(seconds) * 1000);
  }
}
