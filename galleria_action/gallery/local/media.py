"""What kind of file a name stands for: the same answer on every machine, whatever its own tables say."""

from __future__ import annotations

_IMAGES = {
    "3fr": "image/x-hasselblad-3fr",
    "apng": "image/apng",
    "arw": "image/x-sony-arw",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "cr2": "image/x-canon-cr2",
    "cr3": "image/x-canon-cr3",
    "crw": "image/x-canon-crw",
    "dcr": "image/x-kodak-dcr",
    "dng": "image/x-adobe-dng",
    "erf": "image/x-epson-erf",
    "fff": "image/x-hasselblad-fff",
    "gif": "image/gif",
    "gpr": "image/x-gopro-gpr",
    "heic": "image/heic",
    "heif": "image/heif",
    "hif": "image/heif",
    "ico": "image/vnd.microsoft.icon",
    "iiq": "image/x-phaseone-iiq",
    "j2k": "image/jp2",
    "jfif": "image/jpeg",
    "jp2": "image/jp2",
    "jpe": "image/jpeg",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "jpx": "image/jpx",
    "jxl": "image/jxl",
    "kdc": "image/x-kodak-kdc",
    "mef": "image/x-mamiya-mef",
    "mos": "image/x-leaf-mos",
    "mpo": "image/jpeg",
    "mrw": "image/x-minolta-mrw",
    "nef": "image/x-nikon-nef",
    "nrw": "image/x-nikon-nrw",
    "orf": "image/x-olympus-orf",
    "pef": "image/x-pentax-pef",
    "png": "image/png",
    "raf": "image/x-fuji-raf",
    "rw2": "image/x-panasonic-rw2",
    "rwl": "image/x-leica-rwl",
    "sr2": "image/x-sony-sr2",
    "srf": "image/x-sony-srf",
    "srw": "image/x-samsung-srw",
    "thm": "image/jpeg",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "webp": "image/webp",
    "x3f": "image/x-sigma-x3f",
}
_VIDEOS = {
    "3g2": "video/3gpp2",
    "3gp": "video/3gpp",
    "asf": "video/x-ms-asf",
    "avi": "video/x-msvideo",
    "insv": "video/mp4",
    "lrv": "video/mp4",
    "m2ts": "video/mp2t",
    "m4v": "video/x-m4v",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "mts": "video/mp2t",
    "ogv": "video/ogg",
    "webm": "video/webm",
    "wmv": "video/x-ms-wmv",
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
    return _TYPES.get(extension_of(key), "application/octet-stream")


def is_page(key: str) -> bool:
    """Whether ``key`` is an HTML page: pages are uploaded last, after what they show."""
    return extension_of(key) in _PAGES


def is_photo_or_video(key: str) -> bool:
    """Whether ``key`` is what directory mode publishes from the folder of photos."""
    extension = extension_of(key)
    return extension in _IMAGES or extension in _VIDEOS


def extension_of(key: str) -> str:
    """The extension of ``key`` in lower case, without its dot; empty where there is none."""
    name = key.rpartition("/")[2]
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem else ""
