// The types of the API's requests and replies out of its OpenAPI document, as `coffer openapi` prints it:
//   COFFER_BINARY=… node scripts/types.mjs --write   # into src/openapi.ts
//   COFFER_BINARY=… node scripts/types.mjs           # fails unless src/openapi.ts has the same types
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const file = fileURLToPath(new URL("../src/openapi.ts", import.meta.url));
const HEAD = "// Written by scripts/types.mjs out of /openapi/mediavault.json: `npm run types`.\n";

/** What the package has no types for: failures, which are classes, and header fields of replies. */
function withoutTheRest(document) {
  const { components, ...rest } = structuredClone(document);
  for (const operation of Object.values(rest.paths).flatMap(Object.values)) {
    for (const [status, response] of Object.entries(operation.responses ?? {})) {
      if (status.startsWith("2")) delete response.headers;
      else delete operation.responses[status];
    }
  }
  return sorted({ ...rest, components: { schemas: components.schemas } });
}

/** The same with enumerations in the order of the alphabet, as `alphabetize` has all else. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const made = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, sorted(each)]));
  if (Array.isArray(made.enum)) made.enum.sort();
  return made;
}

/** The text of src/openapi.ts for a document. */
export async function typesOf(document) {
  const text = astToString(await openapiTS(withoutTheRest(document), { alphabetize: true, defaultNonNullable: false }));
  // Operations say it all once more by their names.
  return HEAD + text.replace(/^export interface paths \{.*?^\}\n/ms, "");
}

export function currentTypes() {
  return readFileSync(file, "utf8");
}

/** Types without what describes them. */
export function bare(types) {
  return types.replace(/\/\*\*.*?\*\//gs, "").replace(/\s+/g, " ");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const binary = process.env.COFFER_BINARY;
  if (!binary) throw new Error("COFFER_BINARY says which server's document");
  const document = JSON.parse(execFileSync(binary, ["openapi", "mediavault"], { maxBuffer: 2 ** 26 }).toString());
  const types = await typesOf(document);
  if (process.argv.includes("--write")) writeFileSync(file, types);
  else if (bare(types) !== bare(currentTypes())) {
    console.error("src/openapi.ts has not the types of this server: npm run types");
    process.exit(1);
  }
}
