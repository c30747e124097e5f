"""What kind of file a name stands for: the same answer on every machine, whatever its own tables say."""

from __future__ import annotations

_IMAGES = {
    "apng": "image/apng",
    "arw": "image/x-sony-arw",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "cr2": "image/x-canon-cr2",
    "cr3": "image/x-canon-cr3",
    "dng": "image/x-adobe-dng",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "ico": "image/vnd.microsoft.icon",
    "jfif": "image/jpeg",
    "jp2": "image/jp2",
    "jpe": "image/jpeg",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "jxl": "image/jxl",
    "nef": "image/x-nikon-nef",
    "orf": "image/x-olympus-orf",
    "pef": "image/x-pentax-pef",
    "png": "image/png",
    "raf": "image/x-fuji-raf",
    "rw2": "image/x-panasonic-rw2",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "webp": "image/webp",
}
_VIDEOS = {
    "3gp": "video/3gpp",
    "avi": "video/x-msvideo",
    "m4v": "video/x-m4v",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "mts": "video/mp2t",
    "ogv": "video/ogg",
    "webm": "video/webm",
}
# Text says that it is UTF-8; JSON (RFC 8259) and WebAssembly define no charset, SVG and XML may say otherwise inside,
# where they are read as UTF-8 unless they do.
_OTHERS = {
    "aac": "audio/aac",
    "atom": "application/atom+xml; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "eot": "application/vnd.ms-fontobject",
    "flac": "audio/flac",
    "geojson": "application/geo+json",
    "gpx": "application/gpx+xml",
    "gz": "application/gzip",
    "htm": "text/html; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "jsonld": "application/ld+json",
    "kml": "application/vnd.google-earth.kml+xml",
    "m3u8": "application/vnd.apple.mpegurl",
    "m4a": "audio/mp4",
    "map": "application/json",
    "md": "text/markdown; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "mp3": "audio/mpeg",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "otf": "font/otf",
    "pdf": "application/pdf",
    "rss": "application/rss+xml; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
    "ttc": "font/collection",
    "ttf": "font/ttf",
    "txt": "text/plain; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "wasm": "application/wasm",
    "wav": "audio/wav",
    "webmanifest": "application/manifest+json",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xhtml": "application/xhtml+xml; charset=utf-8",
    "xmp": "application/rdf+xml",
    "xml": "application/xml; charset=utf-8",
    "zip": "application/zip",
}
_TYPES = _IMAGES | _VIDEOS | _OTHERS
_PAGES = frozenset({"htm", "html", "xhtml"})


def media_type(key: str) -> str:
    """The Content-Type for ``key`` by its extension, with ``charset=utf-8`` for text; unknown ones are
    ``application/octet-stream``. IANA's names where there are any."""
    return _TYPES.get(_extension(key), "application/octet-stream")


def is_page(key: str) -> bool:
    """Whether ``key`` is an HTML page: pages are uploaded last, after what they show."""
    return _extension(key) in _PAGES


def is_photo_or_video(key: str) -> bool:
    """Whether ``key`` is what directory mode publishes from the folder of photos."""
    extension = _extension(key)
    return extension in _IMAGES or extension in _VIDEOS


def _extension(key: str) -> str:
    name = key.rpartition("/")[2]
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem else ""
