// The package as a registry would take it: installed, imported, required, compiled against, bundled, weighed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import test, { before } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { folder } from "./helper.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const LIMIT = 12 * 1024;
let project;

const run = (command, args, options) => execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], ...options });

before(() => {
  project = folder();
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", project], { cwd: root }));
  const names = packed.files.map((file) => file.path);
  for (const needed of ["README.md", "CHANGELOG.md", "LICENSE", "package.json", "dist/esm/node.d.ts", "dist/mediavault.min.js", "examples/gallery/index.html"]) {
    assert.ok(names.includes(needed), needed);
  }
  assert.ok(names.every((name) => !/^(src|test|scripts|node_modules)\//.test(name)));
  writeFileSync(path.join(project, "package.json"), JSON.stringify({ private: true }));
  run("npm", ["install", "--offline", "--no-audit", "--no-fund", path.join(project, packed.filename)], { cwd: project });
});

test("metadata", () => {
  const metadata = JSON.parse(readFileSync(path.join(root, "package.json")));
  assert.equal(metadata.name, "@mediavault/sdk");
  assert.deepEqual(metadata.dependencies ?? {}, {});
  assert.equal(metadata.license, "Apache-2.0");
  assert.equal(metadata.repository.directory, "sdk/javascript");
  // What the page of the package leads to is in it.
  const readme = readFileSync(path.join(root, "README.md"), "utf8");
  for (const [, target] of readme.matchAll(/\]\((?!\w+:)([^)#]+)/g)) assert.ok(existsSync(path.join(project, "node_modules/@mediavault/sdk", target)), target);
  const changelog = readFileSync(path.join(root, "CHANGELOG.md"), "utf8");
  assert.ok(changelog.includes(`## [${metadata.version}]`) || changelog.includes("## [Unreleased]"));
  const lock = readFileSync(path.join(root, "package-lock.json"), "utf8");
  assert.ok(!lock.includes('"resolved"'));
});

test("is imported and required", () => {
  const shows = "console.log(typeof MediaVault, typeof verifyWebhook, new NotFoundError({ message: 'm', details: [] }) instanceof Error)";
  writeFileSync(path.join(project, "a.mjs"), `import { MediaVault, verifyWebhook, NotFoundError } from "@mediavault/sdk"; ${shows}`);
  writeFileSync(path.join(project, "a.cjs"), `const { MediaVault, verifyWebhook, NotFoundError } = require("@mediavault/sdk"); ${shows}`);
  writeFileSync(path.join(project, "b.mjs"), `import { MediaVault, verifyWebhook, NotFoundError } from "@mediavault/sdk/browser"; ${shows}`);
  for (const name of ["a.mjs", "a.cjs", "b.mjs"]) assert.equal(run(process.execPath, [name], { cwd: project }), "function function true\n");
});

test("its types serve ES modules and CommonJS", () => {
  const source = (imports) => `${imports}
const vault = new MediaVault({ baseUrl: "https://vault.example.com", onTokens: (tokens) => tokens?.token.length });
async function main(): Promise<void> {
  const media: Media = await vault.media.upload("a.jpg", { tags: ["a"], onProgress: ({ loaded, total }) => loaded + (total ?? 0) });
  const kind: "image" | "video" | "audio" | "document" | "other" = media.type;
  for await (const each of vault.media.list({ type: kind, sort: "-size", per_page: 5 })) each.filename.length;
  for await (const event of vault.realtime()) {
    if (event.channel === "media_updates") {
      const name: "media.uploaded" | "media.updated" | "media.deleted" | "media.restored" | "media.purged" = event.event;
      name.length;
      // @ts-expect-error: an event of the other channel
      if (event.event === "collection.created") return;
    }
  }
  for await (const { event, id, data } of vault.realtime({ channels: ["upload_updates"] })) {
    const name: "upload.progress" = event;
    const none: null = id;
    const left: number = (data.request_size ?? 0) - data.received;
    if (data.status === "failed") name.concat(String(none), String(left));
  }
  for await (const { id } of vault.realtime({ channels: ["media_updates", "upload_updates"] })) {
    // @ts-expect-error: those of uploads have none
    id.length;
  }
  // @ts-expect-error: all uploads or none
  vault.realtime({ resources: { upload_updates: ["upload_1"] } });
  const results = await vault.media.uploadMany(["a", "b"]);
  for (const result of results) if (result.media) result.media.id.length;
  try {
    await vault.users.me();
  } catch (error) {
    if (error instanceof ApiError && error.code === "not_found") error.details[0]?.field.length;
  }
  // @ts-expect-error: no such kind
  vault.media.list({ type: "picture" });
  // @ts-expect-error: no such field
  await vault.collections.create({ title: "x" });
  verifyWebhook("", {}, "whsec_").data.id.length;
}
main();
`;
  const names = "MediaVault, ApiError, verifyWebhook, type Media";
  mkdirSync(path.join(project, "types"));
  writeFileSync(path.join(project, "types/a.mts"), source(`import { ${names} } from "@mediavault/sdk";`));
  writeFileSync(path.join(project, "types/a.cts"), source(`import { ${names} } from "@mediavault/sdk";`));
  const options = { module: "node16", strict: true, noEmit: true, target: "es2022", lib: ["es2022", "dom", "dom.iterable"], skipLibCheck: false, types: [] };
  writeFileSync(path.join(project, "types/tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["*"] }));
  try {
    run(process.execPath, [path.join(root, "node_modules/typescript/bin/tsc"), "-p", path.join(project, "types")]);
  } catch (error) {
    assert.fail(error.stdout);
  }
});

/** Bytes of a browser's bundle of that program, compressed. */
async function weigh(program) {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: project },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    platform: "browser",
    target: "es2022",
    logLevel: "silent",
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

test("weighs at most 12 KiB in a browser, and what is not used weighs nothing", async () => {
  const built = gzipSync(readFileSync(path.join(root, "dist/mediavault.min.js")), { level: 9 }).length;
  const whole = await weigh('export * from "@mediavault/sdk";');
  const verifier = await weigh('export { verifyWebhook } from "@mediavault/sdk";');
  const nothing = await weigh('import "@mediavault/sdk";');
  console.log(`gzipped: dist/mediavault.min.js ${built}, all of it ${whole}, verifyWebhook alone ${verifier}`);
  assert.ok(built <= LIMIT, `${built} bytes`);
  assert.ok(whole <= LIMIT, `${whole} bytes`);
  assert.ok(verifier <= 2048, `${verifier} bytes`);
  assert.ok(nothing <= 100, `${nothing} bytes`);
});
