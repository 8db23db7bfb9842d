// A gallery of the pictures in a vault, in plain JavaScript: log in, look, add; what other programs add or
// delete meanwhile appears by itself. The vault has to list this page's origin in `cors.origins`, unless the
// page lies on the vault's own.
import { ApiError, MediaVault, NotFoundError, UnauthorizedError } from "@mediavault/sdk";

const $ = (selector) => document.querySelector(selector);
const form = $("#login");
const list = $("#pictures");
const more = $("#more");

/** The client and what it shows; undefined while nobody is logged in. */
let gallery;

/** Kept while the tab is open, so that a reload does not ask for the password. */
const saved = {
  get: () => JSON.parse(sessionStorage.getItem("mediavault") ?? "null"),
  set: (value) => (value ? sessionStorage.setItem("mediavault", JSON.stringify(value)) : sessionStorage.removeItem("mediavault")),
};

const say = (text) => ($("#message").textContent = text);

function explain(error) {
  if (error?.name === "AbortError") return;
  if (error instanceof UnauthorizedError) say(form.hidden ? "Please log in again." : "Wrong name or password.");
  else if (error instanceof ApiError) say(error.details[0]?.message ?? error.message);
  else say("The vault cannot be reached.");
}

function client(url, tokens) {
  return new MediaVault({
    baseUrl: url,
    tokens,
    onTokens: (now) => {
      saved.set(now && { url, tokens: now });
      if (!now) leave();
    },
  });
}

function enter(vault) {
  const stop = new AbortController();
  gallery = { vault, stop, pages: vault.media.list({ type: "image", per_page: 48 }).pages(), items: new Map() };
  form.hidden = true;
  $("main").hidden = false;
  say("");
  nextPage().catch(explain);
  follow(gallery).catch(explain);
}

function leave() {
  gallery?.stop.abort();
  for (const item of gallery?.items.values() ?? []) remove(item);
  gallery = undefined;
  list.replaceChildren();
  $("main").hidden = true;
  form.hidden = false;
  form.elements.url.value ||= location.origin;
}

async function nextPage() {
  const { value: page } = await gallery.pages.next();
  for (const media of page?.data ?? []) add(media, "append");
  more.hidden = !page?.pagination.links.next_cursor;
  if (!gallery.items.size) say("There are no pictures yet.");
}

/** The small picture, or the file itself where there is none. */
async function smallPicture({ vault, stop }, media) {
  const options = { signal: stop.signal };
  try {
    return await (await vault.media.thumbnail(media.id, options)).blob();
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    return (await vault.media.download(media.id, options)).blob();
  }
}

function add(media, where) {
  const now = gallery;
  if (now.items.has(media.id)) return;
  say("");
  const item = document.createElement("li");
  const button = document.createElement("button");
  const image = document.createElement("img");
  button.type = "button";
  image.alt = media.title || media.filename;
  button.append(image);
  item.append(button);
  list[where](item);
  now.items.set(media.id, item);
  button.onclick = () => enlarge(media).catch(explain);
  // Pictures are fetched when they come near the screen: they need credentials, so `src` is not enough.
  const watcher = new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting) return;
    watcher.disconnect();
    try {
      const blob = await smallPicture(now, media);
      if (now.items.has(media.id)) image.src = URL.createObjectURL(blob);
    } catch (error) {
      if (!now.stop.signal.aborted) image.title = String(error.message);
    }
  }, { rootMargin: "50%" });
  watcher.observe(item);
}

function remove(item) {
  URL.revokeObjectURL(item?.querySelector("img").src);
  item?.remove();
}

async function enlarge(media) {
  const blob = await (await gallery.vault.media.download(media.id)).blob();
  const image = $("#large img");
  image.src = URL.createObjectURL(blob);
  image.alt = media.title || media.filename;
  $("#large").showModal();
}

async function follow({ vault, stop, items }) {
  for await (const event of vault.realtime({ channels: ["media_updates"], signal: stop.signal })) {
    if (event.data.type !== "image") continue;
    if (event.event === "media.uploaded" || event.event === "media.restored") {
      const media = await vault.media.get(event.data.id).catch(() => null); // it may be gone again
      if (media) add(media, "prepend");
    } else if (event.event === "media.deleted") {
      remove(items.get(event.data.id));
      items.delete(event.data.id);
    }
  }
}

async function upload(files) {
  const bar = $("#progress");
  const total = files.reduce((sum, file) => sum + file.size, 0);
  bar.hidden = false;
  const results = await gallery.vault.media.uploadMany(files, { onProgress: ({ loaded }) => (bar.value = loaded / total) });
  bar.hidden = true;
  const failed = results.filter((result) => result.error);
  if (failed.length) say(failed.map(({ source, error }) => `${source.name}: ${error.message}`).join("\n"));
}

form.onsubmit = async (event) => {
  event.preventDefault();
  const { url, username, password } = form.elements;
  try {
    const vault = client(url.value);
    await vault.auth.login(username.value, password.value);
    password.value = "";
    enter(vault);
  } catch (error) {
    explain(error);
  }
};
$("#logout").onclick = () => gallery.vault.auth.logout().catch(leave);
$("#files").onchange = ({ target }) => {
  const files = [...target.files];
  target.value = "";
  upload(files).catch(explain);
};
more.onclick = () => nextPage().catch(explain);
$("#large").onclick = ({ currentTarget }) => currentTarget.close();
$("#large").onclose = ({ currentTarget }) => URL.revokeObjectURL(currentTarget.querySelector("img").src);

const earlier = saved.get();
if (earlier) enter(client(earlier.url, earlier.tokens));
else leave();
