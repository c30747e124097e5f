// Sends the table through the Worker under Node, with a bucket in memory that has whatever is asked for.
import { readFileSync } from "node:fs";

const [code, table] = process.argv.slice(2);
const { documents, requests, visitor } = JSON.parse(readFileSync(table, "utf8"));
const source = readFileSync(code, "utf8");
const text = (live) => (documents[live] === null ? null : typeof documents[live] === "string" ? documents[live] : JSON.stringify(documents[live]));

const answers = [];
for (const [number, asked] of requests.entries()) {
  const fresh = `data:text/javascript;base64,${Buffer.from(`${source}\n// ${number}`).toString("base64")}`;
  const worker = (await import(fresh)).default;
  const got = [];
  const object = (key) => ({
    body: key, httpEtag: '"e"', size: key.length, text: async () => text(asked.live),
    writeHttpMetadata: (headers) => headers.set("content-type", "text/plain"),
  });
  const env = {
    BUCKET: {
      get: async (key) => {
        if (key === "live.json") return text(asked.live) === null ? null : object(key);
        got.push(key);
        return object(key);
      },
    },
  };
  const cookies = [];
  if (asked.page !== undefined) cookies.push(`galleria-page=${asked.page}.${Math.floor(Date.now() / 1000) - asked.age}`);
  if (asked.visitor) cookies.push(`galleria-visitor=${visitor}`);
  const request = new Request(`https://photos.example${asked.path}`, { headers: cookies.length ? { cookie: cookies.join("; ") } : {} });
  const response = await worker.fetch(request, env);
  const set = response.headers.getSetCookie();
  answers.push({
    status: response.status, served: got[0] ?? null, noindex: response.headers.get("x-robots-tag") === "noindex",
    pins: set.map((it) => /^galleria-page=(\w+)\.\d+; Path=\/; Max-Age=60; SameSite=Lax$/.exec(it)?.[1]).find(Boolean) ?? null,
    visits: set.some((it) => /^galleria-visitor=[0-9a-f]{32};/.test(it)),
  });
}
console.log(JSON.stringify(answers));
