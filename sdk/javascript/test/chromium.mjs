// Headless Chromium, driven by its debugging protocol; and a server for pages that come from the package.
import { spawn } from "node:child_process";
import { createReadStream, existsSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ws from "ws";
import { after, folder } from "./helper.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".map": "application/json" };

/** Serves files of the package: `routes` has folders and files by the beginnings of paths. */
export async function startPages(routes) {
  const server = http.createServer((request, response) => {
    const asked = new URL(request.url, "http://localhost").pathname;
    for (const [start, place] of Object.entries(routes)) {
      if (!asked.startsWith(start)) continue;
      const file = path.join(root, place, asked.slice(start.length));
      if (!existsSync(file)) break;
      response.writeHead(200, { "content-type": TYPES[path.extname(file)] ?? "application/octet-stream" });
      createReadStream(file).pipe(response);
      return;
    }
    response.writeHead(asked === "/" ? 200 : 404, { "content-type": "text/html" });
    response.end("<!doctype html><title>test</title>");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** A browser for the file's tests. */
export async function startChromium() {
  const browser = spawn(
    "chromium",
    [
      "--headless=new",
      // There is no sandbox to be had for root, and the pages come from the test itself.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      `--user-data-dir=${folder()}`,
      "--remote-debugging-port=0",
      "about:blank",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = new Promise((resolve) => browser.on("exit", resolve));
  const address = await new Promise((resolve, reject) => {
    let text = "";
    browser.stderr.on("data", (data) => {
      text += data;
      const found = /DevTools listening on (ws:\S+)/.exec(text);
      if (found) resolve(found[1]);
    });
    browser.on("error", () => reject(new Error("chromium is missing: tools/install-packages.sh test")));
    ended.then(() => reject(new Error(`chromium ended: ${text.slice(-2000)}`)));
  });
  const socket = new ws(address, { perMessageDeflate: false });
  await new Promise((resolve) => socket.on("open", resolve));
  after(async () => {
    socket.close();
    browser.kill("SIGKILL");
    await ended;
  });

  let number = 0;
  const waiting = new Map();
  const pages = new Map();
  socket.on("message", (data) => {
    const message = JSON.parse(data);
    if (message.id) {
      const { resolve, reject } = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result);
    } else {
      pages.get(message.sessionId)?.(message);
    }
  });
  const send = (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      waiting.set(++number, { resolve, reject });
      socket.send(JSON.stringify({ id: number, method, params, sessionId }));
    });

  return {
    /** A page at that address. What goes wrong in it is in `faults`. */
    async open(url) {
      const { targetId } = await send("Target.createTarget", { url: "about:blank" });
      const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
      const faults = [];
      let loaded;
      const load = new Promise((resolve) => (loaded = resolve));
      pages.set(sessionId, ({ method, params }) => {
        if (method === "Page.loadEventFired") loaded();
        if (method === "Runtime.exceptionThrown") faults.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
      });
      await send("Page.enable", {}, sessionId);
      await send("Runtime.enable", {}, sessionId);
      await send("Page.navigate", { url }, sessionId);
      await load;
      return {
        faults,
        send: (method, params) => send(method, params, sessionId),
        /** What `task(...values)`, a function without anything around it, gives in the page. */
        async run(task, ...values) {
          const expression = `(${task})(...${JSON.stringify(values)})`;
          const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true, userGesture: true }, sessionId);
          if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
          return result.value;
        },
        close: () => send("Target.closeTarget", { targetId }),
      };
    },
  };
}
