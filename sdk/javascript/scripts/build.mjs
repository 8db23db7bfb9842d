// Builds dist/: esm/ and cjs/ with types, and mediavault.min.js, one file for pages without a bundler.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL("..", import.meta.url));
process.chdir(folder);
rmSync("dist", { recursive: true, force: true });
try {
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"], { stdio: "inherit" });
} catch {
  process.exit(1); // It has said why.
}

const target = "es2022";
const sources = readdirSync("src").filter((name) => name.endsWith(".ts"));
await build({ entryPoints: sources.map((name) => `src/${name}`), outdir: "dist/cjs", format: "cjs", platform: "node", target });
mkdirSync("dist/cjs", { recursive: true });
writeFileSync("dist/cjs/package.json", JSON.stringify({ type: "commonjs", sideEffects: false }) + "\n");
for (const name of readdirSync("dist/esm")) if (name.endsWith(".d.ts")) cpSync(`dist/esm/${name}`, `dist/cjs/${name}`);

await build({
  entryPoints: ["dist/esm/index.js"],
  outfile: "dist/mediavault.min.js",
  bundle: true,
  minify: true,
  format: "esm",
  target,
  sourcemap: true,
  banner: { js: "/* @mediavault/sdk, Apache-2.0 */" },
});
