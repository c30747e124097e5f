"""What S3 does: each operation as a function of a bucket and a request. Raises ``Refused``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from email.utils import format_datetime
from urllib.parse import unquote
from uuid import uuid4

from tests.s3.bodies import checked_body, checksum_headers
from tests.s3.markup import element, url, xml
from tests.s3.objects import Bucket, Stored, Upload
from tests.s3.profiles import Profile
from tests.s3.refusal import Refused
from tests.s3.wire import Request, Response

_KEPT = ("content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires")

Operation = Callable[[Bucket, Request, Profile], Response]


def name_of(request: Request) -> str:
    """S3's name for what is asked."""
    query, method = request.query, request.method
    if not request.key:
        if "cors" in query:
            return {"GET": "GetBucketCors", "PUT": "PutBucketCors", "DELETE": "DeleteBucketCors"}.get(method, "")
        if method == "POST" and "delete" in query:
            return "DeleteObjects"
        if method == "GET":
            return "ListObjectsV2" if query.get("list-type") == "2" else ""
        return {"PUT": "CreateBucket", "HEAD": "HeadBucket"}.get(method, "")
    if "uploadId" in query:
        return {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}.get(
            method, ""
        )
    if method == "POST":
        return "CreateMultipartUpload" if "uploads" in query else ""
    if method == "PUT" and "x-amz-copy-source" in request.headers:
        return "CopyObject"
    return {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}.get(method, "")


def store_key(request: Request, profile: Profile) -> str:
    """The key as the service keeps it."""
    key = request.key
    if len(key.encode()) > profile.longest_key:
        raise Refused("KeyTooLongError", "Your key is too long")
    return unicodedata.normalize(profile.normalise, key) if profile.normalise else key


# --- reading ---------------------------------------------------------------------------------------------------------


def get_object(bucket: Bucket, request: Request, profile: Profile) -> Response:
    """Also for HEAD: the server leaves the body out."""
    stored = bucket.get(store_key(request, profile))
    if stored is None:
        raise Refused("NoSuchKey", "The specified key does not exist.", f"<Key>{xml(request.key)}</Key>")
    if request.method == "GET":
        _check_class(stored)
    headers = _object_headers(stored)
    wanted, unwanted = request.headers.get("if-match"), request.headers.get("if-none-match")
    if wanted is not None and not _names(wanted, stored.etag):
        raise Refused("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
    if unwanted is not None and _names(unwanted, stored.etag):
        return Response(304, headers=headers)
    span = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    if not span or span[0] == "bytes=-":
        return Response(200, stored.body, headers)
    return _part_of(stored.body, span[1], span[2], headers)


def _part_of(body: bytes, first: str, last: str, headers: dict[str, str]) -> Response:
    size = len(body)
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last), size - 1) if first and last else size - 1
    if start >= size or (first and last and int(last) < start):
        raise Refused("InvalidRange", "The requested range is not satisfiable")
    return Response(206, body[start : end + 1], {**headers, "Content-Range": f"bytes {start}-{end}/{size}"})


def list_objects(bucket: Bucket, request: Request, profile: Profile) -> Response:
    """ListObjectsV2."""
    query = request.query
    prefix, delimiter, token = query.get("prefix", ""), query.get("delimiter", ""), query.get("continuation-token")
    most = min(int(query.get("max-keys", 1000)), profile.page)
    after = bytes.fromhex(token).decode() if token else query.get("start-after", "")
    encode = url if query.get("encoding-type") == "url" else xml
    keys, objects = bucket.listed(first_page=token is None)
    lines: list[str] = []
    folders: dict[str, None] = {}
    last, truncated = "", False
    for key in keys:
        if not key.startswith(prefix) or key.encode() <= after.encode() or (after and folder_of(after, key, delimiter)):
            continue
        if len(lines) + len(folders) >= most and not (delimiter and _folder(key, prefix, delimiter) in folders):
            truncated = True
            break
        last = key
        if folder := _folder(key, prefix, delimiter):
            folders[folder] = None
            continue
        stored = objects[key]
        lines.append(
            f"<Contents><Key>{encode(key)}</Key><LastModified>{stored.modified:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>&quot;{stored.etag}&quot;</ETag><Size>{len(stored.body)}</Size>"
            f"<StorageClass>{stored.storage_class}</StorageClass></Contents>"
        )
    more = f"<NextContinuationToken>{last.encode().hex()}</NextContinuationToken>" if truncated else ""
    count = len(lines) + len(folders)
    encoding = "<EncodingType>url</EncodingType>" if encode is url else ""
    common = "".join(f"<CommonPrefixes><Prefix>{encode(name)}</Prefix></CommonPrefixes>" for name in folders)
    return _document(
        "ListBucketResult",
        f"<Name>{request.bucket}</Name><Prefix>{encode(prefix)}</Prefix><KeyCount>{count}</KeyCount>"
        f"<MaxKeys>{most}</MaxKeys><IsTruncated>{str(truncated).lower()}</IsTruncated>{encoding}{more}"
        + "".join(lines)
        + common,
    )


def _folder(key: str, prefix: str, delimiter: str) -> str:
    head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
    return prefix + head + found if found else ""


def folder_of(after: str, key: str, delimiter: str) -> bool:
    """Whether ``key`` lies in the common prefix that an earlier page ended with."""
    return bool(delimiter) and after.endswith(delimiter) and key.startswith(after)


# --- writing ---------------------------------------------------------------------------------------------------------


def put_object(bucket: Bucket, request: Request, profile: Profile) -> Response:
    """PutObject with conditions."""
    body = checked_body(request, profile)
    _check_acl(request, profile)
    key = store_key(request, profile)
    _check_condition(bucket.get(key), request, profile)
    stored = Stored.of(body, _kept_headers(request, profile), md5_etag=profile.md5_etags)
    bucket[key] = stored
    echo = checksum_headers(request) if profile.checks_checksums else {}
    return Response(200, headers={"ETag": f'"{stored.etag}"', **echo})


def copy_object(bucket: Bucket, request: Request, profile: Profile) -> Response:
    """CopyObject, from the bucket itself or another of the same server."""
    if not profile.copies:
        raise Refused("NotImplemented", "Copying failed")
    name, _, source = unquote(request.headers["x-amz-copy-source"]).lstrip("/").partition("/")
    stored = bucket.neighbours.get(name, {}).get(source)
    if stored is None:
        raise Refused("NoSuchKey", "The specified key does not exist.")
    _check_class(stored)
    _check_acl(request, profile)
    key = store_key(request, profile)
    replace = request.headers.get("x-amz-metadata-directive", "COPY").upper() == "REPLACE"
    if (name, key) == (request.bucket, source) and not replace:
        raise Refused("InvalidRequest", "This copy request is illegal: it copies an object to itself unchanged.")
    _check_condition(bucket.get(key), request, profile)
    wanted = request.headers.get("x-amz-copy-source-if-match")
    if wanted is not None and not _names(wanted, stored.etag):
        raise Refused("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
    headers = _kept_headers(request, profile) if replace else stored.headers
    copied = Stored.of(stored.body, headers, md5_etag=profile.md5_etags)
    bucket[key] = copied
    stamp = f"{copied.modified:%Y-%m-%dT%H:%M:%S.000Z}"
    return _document("CopyObjectResult", f"<LastModified>{stamp}</LastModified><ETag>&quot;{copied.etag}&quot;</ETag>")


def delete_object(bucket: Bucket, request: Request, profile: Profile) -> Response:
    """DeleteObject; what is absent counts as deleted."""
    key = store_key(request, profile)
    _check_condition(bucket.get(key), request, profile)
    bucket.pop(key, None)
    return Response(204)


def delete_objects(bucket: Bucket, request: Request, profile: Profile) -> Response:
    """DeleteObjects, at most 1,000, each possibly with the ETag it must have."""
    if profile.batch_delete == "no":
        raise Refused("NotImplemented", "Multi-object delete is not implemented")
    sums = [name for name in request.headers if name.startswith("x-amz-checksum-")]
    if profile.batch_delete == "md5" and "content-md5" not in request.headers:
        raise Refused("InvalidRequest", "Missing required header for this request: Content-MD5")
    if "content-md5" not in request.headers and not sums:
        raise Refused("InvalidRequest", "Missing required header for this request: Content-MD5 or a checksum")
    text = checked_body(request, profile).decode()
    items = re.findall(r"<Object>(.*?)</Object>", text, re.DOTALL)
    if not 1 <= len(items) <= 1000:
        raise Refused("MalformedXML", "The XML you provided was not well-formed or did not validate")
    quiet = "<Quiet>true</Quiet>" in text
    results = []
    for item in items:
        name, etag = element(item, "Key"), element(item, "ETag")
        key = unicodedata.normalize(profile.normalise, name) if profile.normalise else name
        if etag and key in bucket and not _names(etag, bucket[key].etag):
            results.append(f"<Error><Key>{xml(name)}</Key><Code>PreconditionFailed</Code></Error>")
            continue
        bucket.pop(key, None)
        results.append("" if quiet else f"<Deleted><Key>{xml(name)}</Key></Deleted>")
    return _document("DeleteResult", "".join(results))


def _check_condition(present: Stored | None, request: Request, profile: Profile) -> None:
    """If-Match and If-None-Match of a write (…/AmazonS3/latest/userguide/conditional-writes.html)."""
    wanted, absent = request.headers.get("if-match"), request.headers.get("if-none-match")
    if (wanted is None and absent is None) or profile.conditions == "ignored":
        return
    if profile.conditions == "refused" or (absent is not None and absent != "*"):
        raise Refused("NotImplemented", "A header you provided implies functionality that is not implemented.")
    if absent is not None and present is not None:
        raise Refused("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
    if wanted is None:
        return
    if present is None:
        raise Refused("PreconditionFailed") if profile.unquoted_if_match else Refused("NoSuchKey", "No such key.")
    matches = wanted == present.etag if profile.unquoted_if_match else _names(wanted, present.etag)
    if not matches:
        raise Refused("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")


def _check_class(stored: Stored) -> None:
    if stored.storage_class in ("GLACIER", "DEEP_ARCHIVE"):
        raise Refused("InvalidObjectState", "The operation is not valid for the object's storage class")


def _check_acl(request: Request, profile: Profile) -> None:
    if "x-amz-acl" in request.headers and not profile.acl:
        raise Refused("NotImplemented", "ACLs are not implemented")


def _kept_headers(request: Request, profile: Profile) -> dict[str, str]:
    own = {name: value for name, value in request.headers.items() if name.startswith("x-amz-meta-")}
    if sum(len(name) - len("x-amz-meta-") + len(value) for name, value in own.items()) > profile.largest_metadata:
        raise Refused("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
    kept = {name: request.headers[name] for name in _KEPT if name in request.headers}
    if profile.chunked != "stored" and "content-encoding" in kept:
        codings = [coding.strip() for coding in kept["content-encoding"].split(",")]
        kept["content-encoding"] = ",".join(coding for coding in codings if coding != "aws-chunked")
    return {name: value for name, value in {**kept, **own}.items() if value}


# --- multipart -------------------------------------------------------------------------------------------------------


def create_upload(bucket: Bucket, request: Request, profile: Profile) -> Response:
    """CreateMultipartUpload."""
    number = uuid4().hex
    bucket.uploads[number] = Upload(store_key(request, profile), _kept_headers(request, profile))
    names = f"<Bucket>{request.bucket}</Bucket><Key>{xml(request.key)}</Key>"
    return _document("InitiateMultipartUploadResult", f"{names}<UploadId>{number}</UploadId>")


def upload_part(bucket: Bucket, request: Request, profile: Profile) -> Response:
    """UploadPart."""
    upload = _upload(bucket, request)
    part = Stored.of(checked_body(request, profile))
    upload.parts[int(request.query["partNumber"])] = part
    return Response(200, headers={"ETag": f'"{part.etag}"', **checksum_headers(request)})


def complete_upload(bucket: Bucket, request: Request, profile: Profile) -> Response:
    """CompleteMultipartUpload: the named parts, in order, with their ETags."""
    upload = _upload(bucket, request)
    named = [
        (int(element(part, "PartNumber")), element(part, "ETag").strip('"'))
        for part in re.findall(r"<Part>(.*?)</Part>", request.body.decode(), re.DOTALL)
    ]
    numbers = [number for number, _ in named]
    if not named or numbers != sorted(set(numbers)):
        raise Refused("InvalidRequest", "The list of parts was not in ascending order.")
    parts = [upload.parts.get(number) for number in numbers]
    if any(part is None or part.etag != etag for part, (_, etag) in zip(parts, named, strict=True)):
        raise Refused("InvalidPart", "One or more of the specified parts could not be found.")
    _check_condition(bucket.get(upload.key), request, profile)
    body = b"".join(part.body for part in parts if part)
    whole = Stored.of(b"".join(bytes.fromhex(etag) for _, etag in named))
    stored = Stored(body, f"{whole.etag}-{len(named)}", {"content-type": "binary/octet-stream", **upload.headers})
    bucket[upload.key] = stored
    del bucket.uploads[request.query["uploadId"]]
    return _document("CompleteMultipartUploadResult", f"<ETag>&quot;{stored.etag}&quot;</ETag>")


def abort_upload(bucket: Bucket, request: Request, profile: Profile) -> Response:
    """AbortMultipartUpload."""
    _upload(bucket, request)
    del bucket.uploads[request.query["uploadId"]]
    return Response(204)


def _upload(bucket: Bucket, request: Request) -> Upload:
    upload = bucket.uploads.get(request.query["uploadId"])
    if upload is None:
        raise Refused("NoSuchUpload", "The specified upload does not exist.")
    return upload


# --- the bucket's CORS rules -----------------------------------------------------------------------------------------


def bucket_cors(bucket: Bucket, request: Request, profile: Profile) -> Response:
    """GetBucketCors, PutBucketCors, DeleteBucketCors."""
    if not profile.cors:
        raise Refused("NotImplemented", "CORS rules of buckets are not implemented")
    if request.method == "PUT":
        bucket.cors = checked_body(request, profile)
        return Response(200)
    if request.method == "DELETE":
        bucket.cors = None
        return Response(204)
    if bucket.cors is None:
        raise Refused("NoSuchCORSConfiguration", "The CORS configuration does not exist")
    return Response(200, bucket.cors, {"Content-Type": "application/xml"})


OPERATIONS: Mapping[str, Operation] = {
    "GetObject": get_object,
    "HeadObject": get_object,
    "ListObjectsV2": list_objects,
    "PutObject": put_object,
    "CopyObject": copy_object,
    "DeleteObject": delete_object,
    "DeleteObjects": delete_objects,
    "CreateMultipartUpload": create_upload,
    "UploadPart": upload_part,
    "CompleteMultipartUpload": complete_upload,
    "AbortMultipartUpload": abort_upload,
    "GetBucketCors": bucket_cors,
    "PutBucketCors": bucket_cors,
    "DeleteBucketCors": bucket_cors,
    "HeadBucket": lambda bucket, request, profile: Response(200),
}


# --- shared ----------------------------------------------------------------------------------------------------------


def _object_headers(stored: Stored) -> dict[str, str]:
    stamp = format_datetime(stored.modified, usegmt=True)
    return {"ETag": f'"{stored.etag}"', "Last-Modified": stamp, "Accept-Ranges": "bytes", **stored.headers}


def _names(condition: str, etag: str) -> bool:
    return condition == "*" or etag in [part.strip().strip('"') for part in condition.split(",")]


def _document(name: str, content: str) -> Response:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name}>{content}</{name}>'
    return Response(200, text.encode(), {"Content-Type": "application/xml"})
