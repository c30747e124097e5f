"""Asks S3 for listings: complete, or an error."""

from __future__ import annotations

from collections.abc import Iterator

from galleria_action.storage.faults import Call, Fault, failure
from galleria_action.storage.interface import ObjectInfo, Part
from galleria_action.storage.persistence import Persistence
from galleria_action.storage.s3.listing import BadListing, Page, every_object
from galleria_action.storage.s3.listing_page import MAX_BYTES, read_page
from galleria_action.storage.s3.server import LINE_FAILURES, BucketServer, Refused, fault_of
from galleria_action.storage.s3.signature import canonical_query


def listed(server: BucketServer, call: Call, part: Part, persist: Persistence) -> Iterator[ObjectInfo]:
    """Every object of ``part`` that ``call``, a listing, asks for.

    Raises the errors of ``ReadStore.list``.
    """
    wanted = {"list-type": "2", "encoding-type": "url", "prefix": call.target.prefix + (call.key or "")}
    begin = {"start-after": call.target.prefix + part.after} if part.after else {}

    def fetch(token: str | None) -> Page:
        query = canonical_query(wanted | ({"continuation-token": token} if token else begin))
        try:
            body = server.ask("GET", query=query, most=MAX_BYTES).body
            if len(body) > MAX_BYTES:
                raise BadListing("an answer that is far too long")
            return read_page(body)
        except BadListing as error:
            raise failure(Fault("malformed", message=str(error)), call) from None
        except Refused as refused:
            raise failure(refused.fault, call) from None
        except LINE_FAILURES as error:
            raise failure(fault_of(error), call) from error

    return every_object(lambda token: persist(lambda: fetch(token)), call, part)
