// Sends the table through the Worker under workerd, as miniflare runs it, with R2 or (third argument) KV for live.json.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [code, table, modules, kv] = process.argv.slice(2);
const { Miniflare } = createRequire(`${modules}/x.js`)("miniflare");
const { documents, requests, visitor } = JSON.parse(readFileSync(table, "utf8"));

const answers = new Array(requests.length);
for (const [live, document] of Object.entries(documents)) {
  const mf = new Miniflare({
    modules: [{ type: "ESModule", path: "worker.js", contents: readFileSync(code, "utf8") }],
    r2Buckets: ["BUCKET"], ...(kv ? { kvNamespaces: ["LIVE"] } : {}), compatibilityDate: "2026-01-01",
  });
  const bucket = await mf.getR2Bucket("BUCKET");
  for (const { served } of requests) if (served) await bucket.put(served, served);
  for (const secret of [".galleria/manifest.json", "other-gallery/.galleria/manifest.json"]) await bucket.put(secret, "secret");
  if (document !== null) {
    const text = typeof document === "string" ? document : JSON.stringify(document);
    if (kv) await (await mf.getKVNamespace("LIVE")).put("live.json", text);
    else await bucket.put("live.json", text);
  }
  for (const [number, asked] of requests.entries()) {
    if (asked.live !== live) continue;
    const cookies = [];
    if (asked.page !== undefined) cookies.push(`galleria-page=${asked.page}.${Math.floor(Date.now() / 1000) - asked.age}`);
    if (asked.visitor) cookies.push(`galleria-visitor=${visitor}`);
    const response = await mf.dispatchFetch(`https://photos.example${asked.path}`, { headers: cookies.length ? { cookie: cookies.join("; ") } : {} });
    const body = await response.text();
    const set = response.headers.getSetCookie();
    answers[number] = {
      status: response.status, served: response.status === 200 ? body : null, noindex: response.headers.get("x-robots-tag") === "noindex",
      pins: set.map((it) => /^galleria-page=(\w+)\.\d+; Path=\/; Max-Age=60; SameSite=Lax$/.exec(it)?.[1]).find(Boolean) ?? null,
      visits: set.some((it) => /^galleria-visitor=[0-9a-f]{32};/.test(it)),
    };
    if (asked.status === undefined && asked.served === requests[0].served && !kv) {
      const part = await mf.dispatchFetch(`https://photos.example${asked.path}`, { headers: { range: "bytes=2-5" } });
      if (part.status !== 206 || (await part.text()) !== asked.served.slice(2, 6) || part.headers.get("content-range") !== `bytes 2-5/${asked.served.length}`)
        throw new Error(`a range is answered with ${part.status} ${part.headers.get("content-range")}`);
      const etag = part.headers.get("etag");
      const same = await mf.dispatchFetch(`https://photos.example${asked.path}`, { headers: { "if-none-match": etag } });
      if (same.status !== 304) throw new Error(`what is unchanged is answered with ${same.status}`);
      await same.text();
    }
  }
  await mf.dispose();
}
console.log(JSON.stringify(answers));
