// A CloudFront Function (runtime 2.0) in front of a gallery with slots and previews. See README.md beside this file.
//
// Associate it with both viewer request and viewer response, and with the key value store that
// router: cloudfront-kvs:<arn> writes to.
import cf from 'cloudfront';
import crypto from 'crypto';

const PREFIX = ''; // the gallery's prefix in the bucket, with a slash at its end: 'wedding/'

const FOLDERS = { live: '', a: 'slots/a/', b: 'slots/b/' };
const PAGE = 'galleria-page'; // which gallery the page came from, and when: 'a.1767225600'
const VISITOR = 'galleria-visitor'; // a random text
const PINNED_SECONDS = 60; // as long as a page may go on asking for what belongs to it

async function handler(event) {
  return event.context.eventType === 'viewer-response' ? await answered(event) : await asked(event.request);
}

// -- on the way in: where the request is served from

async function asked(request) {
  const key = keyOf(request.uri);
  if (key === null) return { statusCode: 404, statusDescription: 'Not Found', headers: { 'cache-control': { value: 'no-store' } } };
  const folder = isPreview(key) ? '' : folderOf(await liveOf(), request.cookies, seconds());
  request.uri = '/' + (PREFIX + folder + key).split('/').map(encodeURIComponent).join('/');
  return request;
}

/** The gallery's key that a path asks for; null for what is not for visitors. */
function keyOf(path) {
  let key;
  try {
    key = decodeURIComponent(path).replace(/^\/+/, '');
  } catch (error) {
    return null; // not UTF-8
  }
  if (key === '' || key.endsWith('/')) key += 'index.html';
  const segments = key.split('/');
  if (segments.some((it) => it === '' || it === '.' || it === '..') || /[\\\u0000-\u001f\u007f]/.test(key)) return null;
  if (segments.some((it) => it.toLowerCase() === '.galleria')) return null; // also those of a gallery inside this one
  return segments[0].toLowerCase() === 'slots' || key.toLowerCase() === 'live.json' ? null : key;
}

function isPreview(key) {
  return /^previews\/[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\//.test(key);
}

/** Where visitors are sent; the gallery in place where that cannot be read or understood. */
async function liveOf() {
  const inPlace = { schema: 1, live: '', canary: null };
  try {
    const live = JSON.parse(await cf.kvs().get(PREFIX + 'live.json'));
    const folders = Object.keys(FOLDERS).map((name) => FOLDERS[name]);
    if (live.schema !== 1 || !folders.includes(live.live)) return inPlace;
    return live.canary && !folders.includes(live.canary.folder) ? inPlace : live;
  } catch (error) {
    return inPlace;
  }
}

/** The folder that a request is served from: that of its page, else that of the trial, else the live one. */
function folderOf(live, cookies, now) {
  const pinned = pinnedTo(cookies, now);
  if (pinned !== null) return pinned;
  const visitor = valueOf(cookies, VISITOR);
  if (live.canary && isVisitor(visitor)) {
    const digest = crypto.createHash('sha256').update(live.canary.salt + visitor).digest('hex');
    if (parseInt(digest.slice(0, 8), 16) < (live.canary.percent / 100) * 4294967296) return live.canary.folder;
  }
  return live.live;
}

function pinnedTo(cookies, now) {
  const found = /^(live|a|b)\.(\d{1,12})$/.exec(valueOf(cookies, PAGE));
  if (!found) return null;
  const age = now - Number(found[2]);
  return age >= 0 && age < PINNED_SECONDS ? FOLDERS[found[1]] : null;
}

// -- on the way out: what the visitor's browser is to remember

async function answered(event) {
  const request = event.request, response = event.response;
  let key = keyOf(request.uri);
  let folder = null;
  if (key === null) { // as it was rewritten on the way in
    const path = request.uri.slice(1 + PREFIX.length);
    folder = path.startsWith(FOLDERS.a) ? FOLDERS.a : path.startsWith(FOLDERS.b) ? FOLDERS.b : null;
    if (folder === null) return response;
    key = keyOf('/' + path.slice(folder.length));
  } else if (PREFIX && key.startsWith(PREFIX)) {
    key = key.slice(PREFIX.length);
  }
  if (key === null) return response;
  if (isPreview(key)) {
    response.headers['x-robots-tag'] = { value: 'noindex' };
    return response;
  }
  if (!/\.html?$/.test(key)) return response;
  const live = await liveOf(), now = seconds();
  if (folder === null) folder = folderOf(live, request.cookies, now);
  response.cookies = response.cookies || {};
  if (pinnedTo(request.cookies, now) === null) {
    const name = Object.keys(FOLDERS).find((it) => FOLDERS[it] === folder);
    response.cookies[PAGE] = { value: name + '.' + now, attributes: 'Path=/; Max-Age=' + PINNED_SECONDS + '; SameSite=Lax' };
  }
  if (live.canary && !isVisitor(valueOf(request.cookies, VISITOR))) {
    const id = crypto.createHash('sha256').update(event.context.requestId).digest('hex').slice(0, 32);
    response.cookies[VISITOR] = { value: id, attributes: 'Path=/; Max-Age=2592000; SameSite=Lax' };
  }
  return response;
}

function valueOf(cookies, name) {
  return cookies && cookies[name] ? cookies[name].value : '';
}

function isVisitor(text) {
  return /^[0-9a-f]{32}$/.test(text);
}

function seconds() {
  return Math.floor(Date.now() / 1000);
}
