// Sends a visitor to the gallery that live.json says (schemas/live.schema.json). Whoever has a page of one gallery keeps
// getting that gallery for a minute, by a cookie that is not renewed meanwhile; a share of the visitors, chosen by another
// cookie, gets the gallery on trial. Without cookies: the live gallery.

import crypto from 'crypto';

const FOLDERS = ['', 'slots/a/', 'slots/b/'];
const LETTERS = { 'slots/a/': 'a', 'slots/b/': 'b' };

function onTrial(canary, visitor) {
    if (!visitor || !canary || FOLDERS.indexOf(canary.folder) < 0) {
        return false;
    }
    const hash = crypto.createHash('sha256').update(canary.salt + visitor).digest('hex');
    return parseInt(hash.slice(0, 8), 16) < canary.percent / 100 * 4294967296;
}

function folderOf(routing, visitor) {
    if (!routing || routing.schema !== 1 || FOLDERS.indexOf(routing.live) < 0) {
        return '';
    }
    return onTrial(routing.canary, visitor) ? routing.canary.folder : routing.live;
}

function parsed(text) {
    try {
        return JSON.parse(text);
    } catch (e) {
        return null;
    }
}

async function serve(r) {
    const pinned = r.variables.cookie_gallery;
    if (pinned === 'a' || pinned === 'b') {
        r.variables.gallery_folder = `slots/${pinned}/`;
        r.variables.gallery_cookie = '';
    } else {
        const reply = await r.subrequest('/.live');
        const folder = folderOf(reply.status === 200 ? parsed(reply.responseText) : null, r.variables.cookie_visitor);
        const letter = LETTERS[folder];
        r.variables.gallery_folder = folder;
        r.variables.gallery_cookie = letter ? `gallery=${letter}; Max-Age=60; Path=/; SameSite=Lax` : '';
    }
    r.internalRedirect('/.at' + r.uri + (r.uri.endsWith('/') ? 'index.html' : ''));
}

export default { serve };
