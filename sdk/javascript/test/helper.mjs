// What the tests share: a server of their own, accounts, a proxy that misbehaves, a browser's peer.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after as afterAll } from "node:test";
import ws from "ws";
import { MediaVault } from "@mediavault/sdk";

const BINARY = process.env.COFFER_BINARY;
export const PASSWORD = "correct horse " + randomBytes(4).toString("hex");
/** Node has a WebSocket from 22 on. */
export const WebSocket = globalThis.WebSocket ?? ws;
/** Whether what takes minutes is run too. */
export const LONG = process.env.COFFER_SDK_LONG === "1";

const ends = [];

/** Has `end` called after the file's tests, from wherever it is asked for: the last one first. */
export function after(end) {
  ends.push(end);
}

afterAll(async () => {
  const faults = [];
  for (const end of ends.reverse()) await (async () => end())().catch((fault) => faults.push(fault));
  if (faults.length) throw faults[0];
});

/** An empty folder, gone after the file's tests. */
export function folder() {
  const made = mkdtempSync(path.join(tmpdir(), "coffer-sdk-"));
  after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A server with these settings, stopped after the file's tests or by `stop()`; it must end well. */
export async function startServer(settings = {}, data = path.join(folder(), "data")) {
  if (!BINARY) throw new Error("COFFER_BINARY says which server to test against");
  const all = { rate_limits: "off", "passwords.memory": "8MiB", "webhooks.allow_private": "true", ...settings };
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith("COFFER_"));
  for (const [name, value] of Object.entries(all)) environment.push(["COFFER_" + name.replaceAll(".", "_").toUpperCase(), value]);
  const server = spawn(BINARY, ["serve", "--data", data, "--listen", "127.0.0.1:0"], {
    env: Object.fromEntries(environment),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  server.stderr.on("data", (text) => (log = (log + text).slice(-20_000)));
  const ended = new Promise((resolve) => server.on("exit", (code) => resolve(code)));
  const stop = async () => {
    server.kill("SIGTERM");
    const code = await ended;
    if (code !== 0) throw new Error(`the server ended with ${code}: ${log}`);
  };
  after(stop);
  const url = await new Promise((resolve, reject) => {
    let output = "";
    server.stdout.on("data", (text) => {
      output += text;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
      if (found) resolve(found[0]);
    });
    ended.then((code) => reject(new Error(`the server ended with ${code}: ${output}${log}`)));
  });
  return { url, stop };
}

let accounts = 0;

/** A new account on that server, and a client of it that is logged in. */
export async function newUser(url, options = {}) {
  const vault = new MediaVault({ baseUrl: url, WebSocket, retryDelay: 10, ...options });
  const username = `user-${++accounts}-${randomBytes(4).toString("hex")}`;
  const account = await vault.auth.register({ username, email: `${username}@example.com`, password: PASSWORD });
  await vault.auth.login(username, PASSWORD);
  return { vault, username, account };
}

export const sha256 = (bytes) => "sha256:" + createHash("sha256").update(bytes).digest("hex");

/** Bytes without a pattern, the same ones for a size. */
export function noise(size) {
  const bytes = Buffer.alloc(size);
  let state = 0x9e3779b9;
  for (let at = 0; at + 4 <= size; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes.writeUInt32LE((state ^ (state >>> 13)) >>> 0, at);
  }
  return bytes;
}

/**
 * A proxy to `target` that does with each request what `plan(request, number)` says:
 * nothing – passes it on; {status, headers, body} – answers itself; {reset: true} – breaks the connection at
 * once; {resetAfter: n} – after n bytes of the reply's body; {stallAfter: n} – sends no more after these; {lose: true} – passes the request on and breaks
 * the connection in place of the reply.
 */
export async function startProxy(target, plan = () => {}) {
  const { hostname, port } = new URL(target);
  const seen = [];
  const sockets = new Set();
  const proxy = http.createServer((request, response) => {
    const entry = { method: request.method, url: request.url, headers: request.headers };
    seen.push(entry);
    const what = proxy.plan(entry, seen.length) ?? {};
    const broken = () => request.socket.destroy();
    if (what.reset) return request.socket.resetAndDestroy?.() ?? broken();
    if (what.status) {
      request.resume();
      request.on("end", () => {
        response.writeHead(what.status, what.headers);
        response.end(what.body ?? "");
      });
      return;
    }
    const onward = http.request({ hostname, port, method: request.method, path: request.url, headers: request.headers }, (reply) => {
      entry.status = reply.statusCode;
      if (what.lose) {
        reply.resume();
        reply.on("end", broken);
        return;
      }
      response.writeHead(reply.statusCode, reply.headers);
      let left = what.resetAfter ?? what.stallAfter ?? Infinity;
      reply.on("data", (chunk) => {
        if (chunk.length < left) {
          left -= chunk.length;
          if (!response.write(chunk)) {
            reply.pause();
            response.once("drain", () => reply.resume());
          }
        } else {
          response.write(chunk.subarray(0, left), () => what.resetAfter !== undefined && setTimeout(broken, 20));
          left = 0;
          reply.destroy();
        }
      });
      reply.on("end", () => response.end());
      reply.on("error", () => what.stallAfter === undefined && broken());
    });
    onward.on("error", broken);
    request.on("error", () => onward.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  proxy.plan = plan;
  proxy.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  // WebSockets pass as bytes.
  proxy.on("upgrade", (request, socket, head) => {
    seen.push({ method: "WS", url: request.url, headers: request.headers });
    const onward = net.connect(port, hostname, () => {
      const fields = request.rawHeaders.reduce((all, each, i) => all + each + (i % 2 ? "\r\n" : ": "), "");
      onward.write(`GET ${request.url} HTTP/1.1\r\n${fields}\r\n`);
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    sockets.add(onward);
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
    socket.on("close", () => onward.destroy());
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  };
  after(close);
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    seen,
    set plan(next) {
      proxy.plan = next;
    },
    /** Breaks every connection there is. */
    breakAll() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A server that answers what `answer(request, body)` says, for what the vault cannot be brought to. */
export async function startStub(answer) {
  const stub = http.createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const { status = 200, headers = {}, body = "" } = await answer(request, Buffer.concat(parts));
    response.writeHead(status, headers);
    response.end(body);
  });
  await new Promise((resolve) => stub.listen(0, "127.0.0.1", resolve));
  after(() => {
    stub.closeAllConnections?.();
    stub.close();
  });
  return `http://127.0.0.1:${stub.address().port}`;
}

/** Waits until `wanted()` is true. */
export async function until(wanted, what = "it", seconds = 60) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await wanted();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what} did not happen in ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
