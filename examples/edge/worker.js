// A Cloudflare Worker in front of a gallery with slots and previews. See README.md beside this file.
//
// Bindings: BUCKET, the R2 bucket; and, with router: cloudflare-kv, LIVE, the KV namespace.
// With router: pointer the Worker reads live.json in the bucket instead.

const PREFIX = ""; // the gallery's prefix in the bucket, with a slash at its end: "wedding/"

const FOLDERS = { live: "", a: "slots/a/", b: "slots/b/" };
const PAGE = "galleria-page"; // which gallery the page came from, and when: "a.1767225600"
const VISITOR = "galleria-visitor"; // a random text
const PINNED_SECONDS = 60; // as long as a page may go on asking for what belongs to it
const KEPT_MILLISECONDS = 10_000; // as long as live.json may be kept

let kept = { at: -Infinity, live: null };

export default {
  async fetch(request, env) {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("Only GET and HEAD", { status: 405, headers: { allow: "GET, HEAD" } });
    }
    const key = keyOf(new URL(request.url).pathname);
    if (key === null) return notFound();
    const now = Math.floor(Date.now() / 1000);
    const cookies = cookiesOf(request.headers.get("cookie") || "");
    const preview = /^previews\/[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\//.test(key);
    const live = preview ? null : await liveOf(env);
    const folder = preview ? "" : await folderOf(live, cookies, now);
    const response = await stored(request, env.BUCKET, PREFIX + folder + key);
    if (preview) response.headers.set("x-robots-tag", "noindex");
    else if (isPage(key)) remember(response, folder, live, cookies, now);
    return response;
  },
};

/** The gallery's key that a path asks for; null for what is not for visitors. */
function keyOf(path) {
  let key;
  try {
    key = decodeURIComponent(path).replace(/^\/+/, "");
  } catch {
    return null; // not UTF-8
  }
  if (key === "" || key.endsWith("/")) key += "index.html";
  const segments = key.split("/");
  if (segments.some((it) => it === "" || it === "." || it === "..") || /[\\\u0000-\u001f\u007f]/.test(key)) return null;
  if (segments.some((it) => it.toLowerCase() === ".galleria")) return null; // also those of a gallery inside this one
  return segments[0].toLowerCase() === "slots" || key.toLowerCase() === "live.json" ? null : key;
}

const isPage = (key) => /\.html?$/.test(key);

function cookiesOf(header) {
  const found = {};
  for (const part of header.split(";")) {
    const at = part.indexOf("=");
    if (at > 0) found[part.slice(0, at).trim()] = part.slice(at + 1).trim();
  }
  return found;
}

/** Where visitors are sent: live.json, kept for ten seconds; what was read last where it cannot be read or understood. */
async function liveOf(env) {
  if (Date.now() - kept.at < KEPT_MILLISECONDS) return kept.live;
  let live = kept.live;
  try {
    const name = `${PREFIX}live.json`;
    const text = env.LIVE ? await env.LIVE.get(name) : await (await env.BUCKET.get(name))?.text();
    live = understood(JSON.parse(text ?? '{"schema":1,"live":"","canary":null}')) ?? live;
  } catch {
    // what was read last still holds
  }
  kept = { at: Date.now(), live };
  return live;
}

function understood(live) {
  const folders = Object.values(FOLDERS);
  if (live.schema !== 1 || !folders.includes(live.live)) return null;
  return live.canary && !folders.includes(live.canary.folder) ? null : live;
}

/** The folder that this request is served from: that of its page, else that of the trial, else the live one. */
async function folderOf(live, cookies, now) {
  const pinned = pinnedTo(cookies, now);
  if (pinned !== null) return pinned;
  const canary = live?.canary;
  if (canary && isVisitor(cookies[VISITOR])) {
    const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canary.salt + cookies[VISITOR]));
    if (new DataView(bytes).getUint32(0) < (canary.percent / 100) * 2 ** 32) return canary.folder;
  }
  return live?.live ?? "";
}

function pinnedTo(cookies, now) {
  const found = /^(live|a|b)\.(\d{1,12})$/.exec(cookies[PAGE] || "");
  if (!found) return null;
  const age = now - Number(found[2]);
  return age >= 0 && age < PINNED_SECONDS ? FOLDERS[found[1]] : null;
}

const isVisitor = (text) => /^[0-9a-f]{32}$/.test(text || "");

/** Have the page's photos and metadata come from where the page came from, and a visitor of a trial stay in it. */
function remember(response, folder, live, cookies, now) {
  if (pinnedTo(cookies, now) === null) {
    const name = Object.keys(FOLDERS).find((it) => FOLDERS[it] === folder);
    response.headers.append("set-cookie", `${PAGE}=${name}.${now}; Path=/; Max-Age=${PINNED_SECONDS}; SameSite=Lax`);
  }
  if (live?.canary && !isVisitor(cookies[VISITOR])) {
    const id = crypto.randomUUID().replaceAll("-", "");
    response.headers.append("set-cookie", `${VISITOR}=${id}; Path=/; Max-Age=2592000; SameSite=Lax`);
  }
}

/** What lies under a key of the bucket, whole or in part, or that it is unchanged. */
async function stored(request, bucket, key) {
  const asked = { onlyIf: request.headers, range: request.headers };
  let found;
  try {
    found = request.method === "HEAD" ? await bucket.head(key) : await bucket.get(key, asked);
  } catch {
    found = await bucket.get(key); // a range that cannot be satisfied
  }
  if (found === null) return notFound();
  const headers = new Headers({ etag: found.httpEtag, "accept-ranges": "bytes" });
  found.writeHttpMetadata(headers);
  if (request.method === "HEAD") {
    headers.set("content-length", String(found.size));
    return new Response(null, { headers });
  }
  if (!("body" in found) || !found.body) return new Response(null, { status: 304, headers });
  const part = request.headers.has("range") && found.range;
  if (!part) return new Response(found.body, { headers });
  const length = found.range.length ?? found.range.suffix ?? found.size - (found.range.offset ?? 0);
  const from = found.range.suffix === undefined ? (found.range.offset ?? 0) : found.size - found.range.suffix;
  headers.set("content-range", `bytes ${from}-${from + length - 1}/${found.size}`);
  return new Response(found.body, { status: 206, headers });
}

function notFound() {
  return new Response("Not found", { status: 404, headers: { "cache-control": "no-store" } });
}
