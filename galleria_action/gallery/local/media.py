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
    "3mf": "model/3mf",
    "7z": "application/x-7z-compressed",
    "aac": "audio/aac",
    "aif": "audio/aiff",
    "aiff": "audio/aiff",
    "appcache": "text/cache-manifest",
    "atom": "application/atom+xml; charset=utf-8",
    "br": "application/x-brotli",
    "bz2": "application/x-bzip2",
    "cjs": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "dae": "model/vnd.collada+xml",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "dtd": "application/xml-dtd",
    "eot": "application/vnd.ms-fontobject",
    "epub": "application/epub+zip",
    "exr": "image/aces",
    "flac": "audio/flac",
    "geojson": "application/geo+json",
    "glb": "model/gltf-binary",
    "gltf": "model/gltf+json",
    "gpx": "application/gpx+xml",
    "gz": "application/gzip",
    "hdr": "image/vnd.radiance",
    "htm": "text/html; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "jsonld": "application/ld+json",
    "kml": "application/vnd.google-earth.kml+xml",
    "kmz": "application/vnd.google-earth.kmz",
    "ktx2": "image/ktx2",
    "log": "text/plain; charset=utf-8",
    "m3u8": "application/vnd.apple.mpegurl",
    "m4a": "audio/mp4",
    "m4b": "audio/mp4",
    "m4s": "video/iso.segment",
    "map": "application/json",
    "md": "text/markdown; charset=utf-8",
    "mid": "audio/midi",
    "midi": "audio/midi",
    "mjs": "text/javascript; charset=utf-8",
    "mp3": "audio/mpeg",
    "mpd": "application/dash+xml",
    "mtl": "model/mtl",
    "ndjson": "application/x-ndjson",
    "obj": "model/obj",
    "odt": "application/vnd.oasis.opendocument.text",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opml": "text/x-opml; charset=utf-8",
    "opus": "audio/ogg",
    "otf": "font/otf",
    "pdf": "application/pdf",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "psd": "image/vnd.adobe.photoshop",
    "rar": "application/vnd.rar",
    "rdf": "application/rdf+xml",
    "rss": "application/rss+xml; charset=utf-8",
    "rtf": "application/rtf",
    "srt": "application/x-subrip",
    "stl": "model/stl",
    "svg": "image/svg+xml; charset=utf-8",
    "tar": "application/x-tar",
    "tgz": "application/gzip",
    "toml": "application/toml",
    "topojson": "application/json",
    "ts": "video/mp2t",
    "tsv": "text/tab-separated-values; charset=utf-8",
    "ttc": "font/collection",
    "ttf": "font/ttf",
    "ttml": "application/ttml+xml",
    "txt": "text/plain; charset=utf-8",
    "usdz": "model/vnd.usdz+zip",
    "vcf": "text/vcard; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "wasm": "application/wasm",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "webmanifest": "application/manifest+json",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xht": "application/xhtml+xml; charset=utf-8",
    "xhtml": "application/xhtml+xml; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml; charset=utf-8",
    "xmp": "application/rdf+xml",
    "xsd": "application/xml; charset=utf-8",
    "xsl": "application/xslt+xml; charset=utf-8",
    "xslt": "application/xslt+xml; charset=utf-8",
    "xz": "application/x-xz",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "zip": "application/zip",
    "zst": "application/zstd",
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
