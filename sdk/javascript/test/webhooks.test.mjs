// Webhooks: the calls, and whether deliveries of the real server are verified.
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import test, { before } from "node:test";
import { verifyWebhook, WebhookVerificationError } from "@mediavault/sdk";
import { newUser, startServer, startStub, until } from "./helper.mjs";

let server, vault;
before(async () => {
  server = await startServer();
  ({ vault } = await newUser(server.url));
});

const received = [];
const receiver = () =>
  startStub((request, body) => {
    received.push({ headers: request.headers, body });
    return { status: 204 };
  });

test("deliveries are verified", async () => {
  const hook = await vault.webhooks.create({ url: await receiver(), events: ["media.uploaded"] });
  assert.match(hook.secret, /^whsec_/);
  const media = await vault.media.upload(new Blob(["x"]), { filename: "x.txt" });
  const { headers, body } = await until(() => received[0], "a delivery");
  const message = verifyWebhook(body, headers, hook.secret);
  assert.equal(message.event, "media.uploaded");
  assert.equal(message.data.id, media.id);
  assert.deepEqual(verifyWebhook(body.toString(), new Headers(headers), ["whsec_AAAA", hook.secret]), message);

  const delivered = await until(async () => {
    const [first] = await vault.webhooks.deliveries(hook.id, { status: "delivered" }).toArray();
    return first;
  }, "the end of the delivery");
  assert.equal(delivered.message_id, headers["webhook-id"]);

  assert.equal((await vault.webhooks.test(hook.id)).event, "webhook.test");
  const tested = await until(() => received[1], "the test");
  assert.equal(verifyWebhook(tested.body, tested.headers, hook.secret).event, "webhook.test");

  await assert.rejects(vault.webhooks.resend(hook.id, delivered.id), { name: "ConflictError" });
  assert.equal((await vault.webhooks.update(hook.id, { active: false })).active, false);
  const read = await vault.webhooks.get(hook.id);
  assert.equal(read.active, false);
  await vault.webhooks.update(hook.id, { events: ["media.deleted"] }, { ifMatch: read });
  await assert.rejects(vault.webhooks.delete(hook.id, { ifMatch: read }), { name: "PreconditionFailedError" });
  assert.ok((await vault.webhooks.list()).some((each) => each.id === hook.id));
  assert.equal((await vault.webhooks.delete(hook.id)).deleted, true);
});

// A message as the specification has it, signed by Node's own crypto.
const KEY = randomBytes(32);
const SECRET = "whsec_" + KEY.toString("base64");
const BODY = '{"test": 2432232314, "name": "ü"}';
const SECONDS = 1614265330;
const HEADERS = {
  "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
  "webhook-timestamp": String(SECONDS),
  "WEBHOOK-SIGNATURE": "v1," + createHmac("sha256", KEY).update(`msg_p5jXN8AQM9LWM0D4loKWxJek.${SECONDS}.${BODY}`).digest("base64"),
};
const NOW = { now: () => SECONDS * 1000 };

test("a message of Standard Webhooks", () => {
  assert.deepEqual(verifyWebhook(BODY, HEADERS, SECRET, NOW), { test: 2432232314, name: "ü" });
  const several = { ...HEADERS, "WEBHOOK-SIGNATURE": `v2,abc v1,AAAA ${HEADERS["WEBHOOK-SIGNATURE"]}` };
  assert.ok(verifyWebhook(new TextEncoder().encode(BODY), several, SECRET, NOW));
});

test("what is not right is refused", () => {
  const refused = (body, headers, secret, options) => assert.throws(() => verifyWebhook(body, headers, secret, options), WebhookVerificationError);
  refused(BODY + " ", HEADERS, SECRET, NOW);
  refused(BODY, HEADERS, "whsec_" + "A".repeat(32), NOW);
  refused(BODY, HEADERS, "no secret!", NOW);
  for (const none of [[], "", "whsec_", "whsec_A"]) refused(BODY, HEADERS, none, NOW);
  refused(BODY, { ...HEADERS, "Webhook-Id": "msg_other" }, SECRET, NOW);
  refused(BODY, { ...HEADERS, "webhook-timestamp": String(SECONDS + 1) }, SECRET, NOW);
  refused(BODY, { ...HEADERS, "webhook-timestamp": "soon" }, SECRET, NOW);
  for (const name of Object.keys(HEADERS)) refused(BODY, { ...HEADERS, [name]: undefined }, SECRET, NOW);
  for (const signature of ["", "v1,", "v1,%%%", "v2" + HEADERS["WEBHOOK-SIGNATURE"].slice(2), HEADERS["WEBHOOK-SIGNATURE"].slice(0, -6)]) {
    refused(BODY, { ...HEADERS, "WEBHOOK-SIGNATURE": signature }, SECRET, NOW);
  }
  refused(BODY, HEADERS, SECRET, { now: () => (SECONDS + 301) * 1000 });
  refused(BODY, HEADERS, SECRET, { now: () => (SECONDS - 301) * 1000 });
  refused(BODY, HEADERS, SECRET);
  assert.ok(verifyWebhook(BODY, HEADERS, SECRET, { now: () => (SECONDS + 300) * 1000 }));
  assert.ok(verifyWebhook(BODY, HEADERS, SECRET, { now: () => (SECONDS + 3900) * 1000, tolerance: 4000 }));
});
