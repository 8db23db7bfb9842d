// The types of the API's requests and replies out of its OpenAPI document, as `coffer openapi` prints it:
//   COFFER_BINARY=… node scripts/types.mjs --write   # into src/openapi.ts
//   COFFER_BINARY=… node scripts/types.mjs           # fails unless src/openapi.ts is the same
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const file = fileURLToPath(new URL("../src/openapi.ts", import.meta.url));
const HEAD = "// Written by scripts/types.mjs out of /openapi/mediavault.json: `npm run types`.\n";

/** The text of src/openapi.ts for a document. */
export async function typesOf(document) {
  return HEAD + astToString(await openapiTS(document, { alphabetize: true, defaultNonNullable: false }));
}

export function currentTypes() {
  return readFileSync(file, "utf8");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const binary = process.env.COFFER_BINARY;
  if (!binary) throw new Error("COFFER_BINARY says which server's document");
  const document = JSON.parse(execFileSync(binary, ["openapi", "mediavault"], { maxBuffer: 2 ** 26 }).toString());
  const types = await typesOf(document);
  if (process.argv.includes("--write")) writeFileSync(file, types);
  else if (types !== currentTypes()) {
    console.error("src/openapi.ts is not that of this server: npm run types");
    process.exit(1);
  }
}
