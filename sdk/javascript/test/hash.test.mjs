// The hash that browsers use, beside Node's.
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import test from "node:test";
import { hmacSha256, Sha256 } from "../dist/esm/sha256.js";
import { noise } from "./helper.mjs";

test("every length around the blocks, in pieces of any size", () => {
  for (let length = 0; length < 260; length++) {
    const bytes = noise(length);
    for (const step of [1, 7, 63, 64, 65, 300]) {
      const hash = new Sha256();
      for (let at = 0; at < length; at += step) hash.update(bytes.subarray(at, at + step));
      assert.equal(Buffer.from(hash.digest()).toString("hex"), createHash("sha256").update(bytes).digest("hex"), `${length} by ${step}`);
    }
  }
});

test("many blocks", () => {
  const block = noise(1 << 20);
  const [one, other] = [new Sha256(), createHash("sha256")];
  for (let i = 0; i < 16; i++) {
    one.update(block);
    other.update(block);
  }
  assert.equal(Buffer.from(one.digest()).toString("hex"), other.digest("hex"));
});

test("HMAC, with keys of every length", () => {
  for (const length of [0, 1, 32, 63, 64, 65, 200]) {
    const [key, message] = [noise(length + 4).subarray(4), noise(100)];
    assert.equal(Buffer.from(hmacSha256(key, message)).toString("hex"), createHmac("sha256", key).update(message).digest("hex"));
  }
});
