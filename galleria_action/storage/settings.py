"""What the user says about the bucket, as values: where it is and how to speak with it.

``parse_target`` is pure and answers with a text for humans; everything that reads options or the environment
is elsewhere.
"""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from galleria_action.expressions import expression
from galleria_action.storage.access_points import is_arn, split_arn
from galleria_action.storage.interface import RECORDS, Target
from galleria_action.storage.persistence import Pause, sleep
from galleria_action.values import dataclass, field, replace

#: The endpoint of a target that is a folder.
FOLDER = "file://"

#: S3 keys have at most 1,024 bytes (AWS: "Naming Amazon S3 objects"); half of them must remain for the photos.
MAX_PREFIX_BYTES = 512

#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_AWS_BUCKET = expression(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
#: Older AWS buckets and other services are laxer; this is the most that a path can hold without trouble.
_ANY_BUCKET = expression(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_IP_ADDRESS = expression(r"\d+\.\d+\.\d+\.\d+")
#: It becomes part of a host name, and must not lead to another one.
_REGION = expression(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
_CONTROL = expression(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_HOST = expression(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
#: the path of an API: plain segments, none of which leads elsewhere
_PATH = expression(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*")
_LOOPBACK = expression(r"localhost|127\.\d+\.\d+\.\d+|\[::1\]", re.IGNORECASE)


class AddressStyle(StrEnum):
    """Where the bucket's name goes: into the path, into the host, or where the provider wants it."""

    AUTO = "auto"
    PATH = "path"
    VIRTUAL = "virtual"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Everything needed to open a store.

    ``state`` is where our own records lie, ``None`` for ``.galleria/`` under the target.
    ``region`` ``None`` takes it from the endpoint's name, or the provider's default. ``access_key`` ``None`` means
    AWS's own credential chain. ``provider`` is ``"auto"`` or the name of a profile. Each object is stored with ``acl``
    (a canned ACL), ``encryption`` (``AES256``, ``aws:kms``, ``aws:kms:KEY``) and ``storage_class``, where given.
    ``concurrency`` is the number of requests in flight that the caller intends. ``pause`` waits between two tries and
    says whether there is to be another.
    """

    target: Target
    state: Target | None = None
    region: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    provider: str = "auto"
    address_style: AddressStyle = AddressStyle.AUTO
    acl: str | None = None
    encryption: str | None = None
    storage_class: str | None = None
    concurrency: int = 128
    pause: Pause = field(default=sleep, repr=False, compare=False)

    def __post_init__(self) -> None:
        if bool(self.access_key) != bool(self.secret_key):
            missing = "secret-key" if self.access_key else "access-key"
            raise ValueError(f"{missing} is missing: access-key and secret-key belong together")
        if self.region and not _REGION.fullmatch(self.region):
            raise ValueError(f"region {self.region[:80]!r} is not the name of a region, such as eu-central-1")

    @property
    def of_state(self) -> StoreSettings | None:
        """What the store of the state is opened with, where it has one of its own. ACL and storage class are those of
        photos, and our records are for nobody else, and never far away."""
        return replace(self, target=self.state, state=None, acl=None, storage_class=None) if self.state else None


def parse_encryption(text: str) -> str:
    """``text`` if it is a way of server-side encryption. Raises ``ValueError`` with a text for humans."""
    if re.fullmatch(r"AES256|aws:kms(?::dsse)?|aws:kms:(?!dsse$)[A-Za-z0-9][A-Za-z0-9:/_-]{0,2047}", text):
        return text
    raise ValueError(f"{text[:80]!r} is not AES256, aws:kms or aws:kms: followed by the key's id or ARN")


#: Amazon's own archives; those of others have the word in their names (ColdArchive, MAZ_ARCHIVE). GLACIER_IR answers at
#: once.
_GLACIERS = frozenset(("GLACIER", "GLACIER_FLEXIBLE_RETRIEVAL"))


def is_archive(name: str) -> bool:
    """Whether objects of the storage class ``name`` have to be restored before they can be read. They are listed like
    any other; a bucket's life cycle moves objects there without a word to whoever put them."""
    upper = name.strip().upper()
    return upper in _GLACIERS or "ARCHIVE" in upper


#: what the name of each of these classes has in it
ARCHIVES = (b"GLACIER", b"ARCHIVE")


def names_archives(listing: bytes) -> bool:
    """Whether a listing can have an archived object in it, without reading each: hardly any has."""
    upper = listing.upper()
    return any(part in upper for part in ARCHIVES)


def parse_storage_class(text: str) -> str:
    """``text`` if objects of such a class can be shown. Raises ``ValueError`` with a text for humans."""
    if is_archive(text):
        raise ValueError(f"{text!r} is an archive: nobody could see the photos before they are restored")
    if re.fullmatch(r"[A-Z][A-Z0-9_]{0,63}", text):
        return text
    raise ValueError(f"{text[:80]!r} is not a storage class such as STANDARD_IA")


def parse_target(bucket: str | None, prefix: str | None = None, endpoint: str | None = None) -> Target:
    """The target that ``bucket`` (``name``, ``s3://name/prefix`` or ``file:///folder``), ``prefix`` and ``endpoint``
    (URL or bare host) describe.

    Folders may be percent-encoded, as ``file:`` URLs are. Raises ``ValueError`` whose text tells a human which of
    the three is wrong and what it should look like; it never repeats a password.
    """
    if not bucket:
        raise ValueError("bucket is missing: give a bucket's name, s3://bucket/prefix or file:///folder")
    _refuse_control_characters("bucket", bucket)
    if bucket.lower().startswith("file:"):
        if endpoint:
            raise ValueError("endpoint makes no sense together with a file:/// bucket; leave it out")
        return Target(endpoint=FOLDER, bucket=_parse_folder(bucket), prefix=_parse_prefix(prefix))
    name, own_prefix = _split_bucket(bucket)
    if own_prefix and prefix:
        raise ValueError(f"prefix is given twice: {own_prefix!r} in bucket and {prefix!r} in prefix; keep one of them")
    url = _parse_endpoint(endpoint) if endpoint else None
    _check_bucket_name(name, url)
    return Target(endpoint=url, bucket=name, prefix=_parse_prefix(own_prefix or prefix))


def parse_state(text: str | None, target: Target) -> Target | None:
    """Where the records of the gallery at ``target`` lie: ``s3://bucket/prefix`` at the same service, or
    ``file:///folder``; ``None`` for ``.galleria/`` under the target.

    Raises ``ValueError`` with a text for humans.
    """
    if not text or text.rstrip("/") == RECORDS.rstrip("/"):
        return None
    in_folder = text.lower().startswith("file:")
    if not in_folder and not text.lower().startswith("s3://"):
        raise ValueError(f"state {text[:80]!r} is neither {RECORDS} nor s3://bucket/prefix nor file:///folder")
    if not in_folder and target.endpoint == FOLDER:
        raise ValueError("state: a gallery in a folder keeps its records in a folder, file:///folder")
    try:
        place = parse_target(text, None, None if in_folder else target.endpoint)
    except ValueError as error:
        raise ValueError(f"state: {error}") from None
    if place.endpoint == target.endpoint and _overlap(place, target):
        raise ValueError(
            f"state: {place} and the gallery at {target} lie in each other; give a place beside it, or leave state out "
            f"for {RECORDS} in it"
        )
    return place


def parse_beside(text: str, target: Target) -> Target:
    """The place of previews, a bucket of the same service as ``target`` (or a folder, where that is one), in which the
    gallery at ``target`` does not lie. Raises ``ValueError`` with a text for humans that begins with the option."""
    in_folder = text.lower().startswith("file:")
    if in_folder != (target.endpoint == FOLDER):
        raise ValueError(f"preview-bucket: {text[:80]!r} is not of the kind of the gallery's own bucket")
    try:
        place = parse_target(text, None, None if in_folder else target.endpoint)
    except ValueError as error:
        raise ValueError(f"preview-bucket: {error}") from None
    if place == target or not _overlap(place, target):
        return place
    raise ValueError(f"preview-bucket: {place} and the gallery at {target} lie in each other; give a bucket beside it")


def _overlap(one: Target, other: Target) -> bool:
    if one.endpoint == FOLDER:
        paths = [f"{it.bucket}/{it.prefix}" for it in (one, other)]
    elif one.bucket == other.bucket:
        paths = [one.prefix, other.prefix]
    else:
        return False
    return paths[0].startswith(paths[1]) or paths[1].startswith(paths[0])


def _split_bucket(bucket: str) -> tuple[str, str]:
    """Name and prefix of ``name`` or ``s3://name/prefix``."""
    named = bucket[len("s3://") :] if bucket.lower().startswith("s3://") else None
    if is_arn(named or bucket):
        arn, own_prefix = split_arn(named or bucket)
        if own_prefix and named is None:
            raise ValueError(f"bucket {bucket!r} contains a folder; write {f's3://{arn}/{own_prefix}'!r} or use prefix")
        return arn, own_prefix
    if named is not None:
        name, _, own_prefix = named.partition("/")
        return name, own_prefix
    if "://" in bucket:
        raise ValueError("bucket must be a name, s3://bucket/prefix or file:///folder; an address goes into endpoint")
    if bucket.startswith(("/", "./", "../", "~")):
        there = f"file://{bucket}" if bucket.startswith("/") else "file:///, then its absolute path"
        raise ValueError(f"bucket {bucket!r} looks like a folder; write a folder as {there}")
    if "/" in bucket:
        name, _, own_prefix = bucket.partition("/")
        raise ValueError(f"bucket {bucket!r} contains a slash; write {f's3://{name}/{own_prefix}'!r} or use prefix")
    return bucket, ""


def _parse_folder(url: str) -> str:
    path = unquote(url[len("file:") :])
    if not path.startswith("///"):
        raise ValueError(f"bucket {url!r} must be file:/// followed by an absolute path (three slashes)")
    _refuse_control_characters("bucket", path)
    segments = [segment for segment in path.split("/") if segment not in ("", ".")]
    if ".." in segments:
        raise ValueError(f"bucket {url!r} must not contain '..'")
    if not segments:
        raise ValueError("bucket file:/// is the whole file system; name a folder")
    return "/" + "/".join(segments)


def _check_bucket_name(name: str, endpoint: str | None) -> None:
    if is_arn(name):
        return
    pattern = _ANY_BUCKET if endpoint else _AWS_BUCKET
    if not pattern.fullmatch(name) or _IP_ADDRESS.fullmatch(name):
        raise ValueError(
            f"bucket {name!r} is not a valid bucket name: 3 to 63 lower-case letters, digits, hyphens and dots, "
            "with a letter or digit at both ends"
        )
    if endpoint and (urlsplit(endpoint).hostname or "").startswith(f"{name.lower()}."):
        raise ValueError(f"endpoint already contains the bucket's name; leave {name + '.'!r} out of the endpoint")
    if endpoint and urlsplit(endpoint).path.endswith(f"/{name}"):
        raise ValueError(f"endpoint already contains the bucket's name; leave {'/' + name!r} out of the endpoint")


def _parse_prefix(prefix: str | None) -> str:
    """``""`` or ``"a/b/"``; slashes at both ends do not matter."""
    if prefix is None:
        return ""
    _refuse_control_characters("prefix", prefix)
    if "\\" in prefix:
        raise ValueError(f"prefix {prefix!r} contains a backslash; separate folders by '/'")
    stripped = prefix.strip("/")
    if not stripped:
        return ""
    for segment in stripped.split("/"):
        if segment in (".", ".."):
            raise ValueError(f"prefix {prefix!r} must not contain {segment!r}")
        if not segment:
            raise ValueError(f"prefix {prefix!r} contains '//'")
    if len(stripped.encode()) > MAX_PREFIX_BYTES:
        raise ValueError(f"prefix is longer than {MAX_PREFIX_BYTES} bytes")
    return stripped + "/"


def _parse_endpoint(endpoint: str) -> str:
    """Scheme, host, port, and a path where the S3 API is not at the root (Supabase, reverse proxies). Texts quote only
    the host: an endpoint may carry a password."""
    _refuse_control_characters("endpoint", endpoint)
    has_scheme = "://" in endpoint
    try:
        url = urlsplit(endpoint if has_scheme else f"https://{endpoint}")
        port = url.port
    except ValueError:
        raise ValueError("endpoint is not a valid URL; it should look like https://s3.example.com") from None
    if url.scheme not in ("http", "https"):
        raise ValueError(f"endpoint must begin with https:// or http://, not {url.scheme}://")
    if "@" in url.netloc:
        raise ValueError("endpoint must not contain credentials; use access-key and secret-key")
    host = url.netloc.rpartition(":")[0] if port is not None else url.netloc.rstrip(":")
    if not _HOST.fullmatch(host):
        raise ValueError(f"endpoint has no valid host name ({host!r}); it should look like https://s3.example.com")
    path = url.path.rstrip("/")
    if url.query or url.fragment or not _PATH.fullmatch(path):
        raise ValueError(
            f"endpoint has something behind the host ({host}) that is not the path of an API; a bucket goes into "
            "bucket, a folder into prefix"
        )
    scheme = url.scheme if has_scheme else "http" if _LOOPBACK.fullmatch(host) else "https"
    return f"{scheme}://{host.lower()}" + (f":{port}" if port is not None else "") + path


def _refuse_control_characters(option: str, value: str) -> None:
    if not value.isprintable() and _CONTROL.search(value):
        raise ValueError(f"{option} contains a control character: {value!r}")
