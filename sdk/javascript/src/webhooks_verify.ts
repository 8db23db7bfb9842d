// Whether a message of a webhook comes from the vault: the receiver's side of Standard Webhooks.
import { WebhookVerificationError } from "./errors.js";
import { fromBase64, hmacSha256 } from "./sha256.js";
import type { WebhookMessage } from "./types.js";

/** A request's header fields, as the frameworks have them: names in any case. */
export type HeaderFields =
  | { get(name: string): string | null | undefined }
  | Record<string, string | string[] | undefined>;

export interface VerifyOptions {
  /** Seconds by which the message's time may differ from this clock; 300 by default. */
  tolerance?: number;
  /** The clock: milliseconds since 1970. */
  now?: () => number;
}

/**
 * The message of a webhook, once its signature and its time are found right.
 *
 * `body` is what arrived, byte for byte, before anything parsed it. `secrets` are those that count: the
 * one that `webhooks.create` gave, or several while one is replaced by another. A message may come more
 * than once, with the same `webhook-id`: remember those that were handled.
 *
 * Throws WebhookVerificationError.
 */
export function verifyWebhook(
  body: string | Uint8Array | ArrayBuffer,
  headers: HeaderFields,
  secrets: string | readonly string[],
  options: VerifyOptions = {},
): WebhookMessage {
  const id = fieldOf(headers, "webhook-id");
  const timestamp = fieldOf(headers, "webhook-timestamp");
  const signatures = fieldOf(headers, "webhook-signature");
  if (!/^\d{1,12}$/.test(timestamp)) fail("webhook-timestamp is no time");
  const age = (options.now ?? Date.now)() / 1000 - Number(timestamp);
  if (!(Math.abs(age) <= (options.tolerance ?? 300))) {
    fail(`the message is ${Math.round(Math.abs(age))} seconds ${age > 0 ? "old" : "ahead"}`);
  }

  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body);
  const prefix = new TextEncoder().encode(`${id}.${timestamp}.`);
  const signed = new Uint8Array(prefix.length + bytes.length);
  signed.set(prefix);
  signed.set(bytes, prefix.length);

  // Every pair is compared, in a time that does not depend on where they differ.
  let valid = false;
  for (const secret of typeof secrets === "string" ? [secrets] : secrets) {
    const key = bytesOf(secret.replace(/^whsec_/, "")) ?? fail("the secret is not as the vault gives it: whsec_…");
    const expected = hmacSha256(key, signed);
    for (const signature of signatures.split(" ")) {
      if (signature.startsWith("v1,") && isEqual(expected, signature.slice(3))) valid = true;
    }
  }
  if (!valid) fail("the signature is not that of the secret");
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as WebhookMessage;
  } catch (cause) {
    throw new WebhookVerificationError("the body is not JSON", { cause });
  }
}

function fail(message: string): never {
  throw new WebhookVerificationError(message);
}

function fieldOf(headers: HeaderFields, name: string): string {
  let value: string | string[] | null | undefined;
  if (typeof (headers as Headers).get === "function") {
    value = (headers as Headers).get(name);
  } else {
    for (const [key, each] of Object.entries(headers as Record<string, string | string[] | undefined>)) {
      if (key.toLowerCase() === name) value = each;
    }
  }
  if (typeof value !== "string" || !value) fail(`${name} is missing`);
  return value;
}

/** The bytes of base64, if it is such and has any. */
function bytesOf(base64: string): Uint8Array | undefined {
  try {
    return base64 ? fromBase64(base64) : undefined;
  } catch {
    return undefined;
  }
}

function isEqual(expected: Uint8Array, base64: string): boolean {
  const given = bytesOf(base64);
  if (!given) return false;
  let difference = given.length ^ expected.length;
  for (let i = 0; i < expected.length; i++) difference |= expected[i]! ^ (given[i] ?? 0);
  return difference === 0;
}
