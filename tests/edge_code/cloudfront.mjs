// Sends the table through the CloudFront Function under Node: viewer request, then viewer response, with the key value
// store and crypto that the runtime gives it. The response is told of the request as it was rewritten, and as it came.
import crypto from "node:crypto";
import { readFileSync } from "node:fs";
import vm from "node:vm";

const [code, table] = process.argv.slice(2);
const { documents, requests, visitor } = JSON.parse(readFileSync(table, "utf8"));
const source = readFileSync(code, "utf8").replace(/^import .*$/gm, "") + "\nhandler";

const answers = [];
for (const asked of requests) {
  const document = documents[asked.live];
  const cf = {
    kvs: () => ({
      get: async (key) => {
        if (key !== "live.json" || document === null) throw new Error("KeyNotFound");
        return typeof document === "string" ? document : JSON.stringify(document);
      },
    }),
  };
  const handler = vm.runInNewContext(source, { cf, crypto, decodeURIComponent, encodeURIComponent });
  const cookies = {};
  if (asked.page !== undefined) cookies["galleria-page"] = { value: `${asked.page}.${Math.floor(Date.now() / 1000) - asked.age}` };
  if (asked.visitor) cookies["galleria-visitor"] = { value: visitor };
  const request = { method: "GET", uri: asked.path, querystring: {}, headers: {}, cookies };
  const context = { requestId: "r-1" };
  const on = await handler({ version: "1.0", context: { ...context, eventType: "viewer-request" }, request: { ...request } });
  if (on.statusCode) {
    answers.push([{ status: on.statusCode, served: null, noindex: false, pins: null, visits: false }]);
    continue;
  }
  const told = [];
  for (const seen of [on, request]) {
    const response = await handler({
      version: "1.0", context: { ...context, eventType: "viewer-response" }, request: seen, response: { statusCode: 200, headers: {}, cookies: {} },
    });
    const page = response.cookies["galleria-page"];
    told.push({
      status: 200, served: decodeURIComponent(on.uri.slice(1)), noindex: response.headers["x-robots-tag"]?.value === "noindex",
      pins: page ? page.value.split(".")[0] : null, visits: Boolean(response.cookies["galleria-visitor"]),
    });
  }
  answers.push(told);
}
console.log(JSON.stringify(answers));
