"""A strict fake of S3 for tests: profiles of services, faults on demand, a record of every request."""

from tests.s3.fake import ACCESS_KEY, BUCKET, SECRET_KEY, FakeS3, flipped
from tests.s3.objects import Bucket, Stored
from tests.s3.profiles import PROFILES, Profile, profile_of
from tests.s3.server import Reset
from tests.s3.wire import MUTATING, Request

__all__ = (
    "ACCESS_KEY", "BUCKET", "MUTATING", "PROFILES", "SECRET_KEY",
    "Bucket", "FakeS3", "Profile", "Request", "Reset", "Stored", "flipped", "profile_of",
)  # fmt: skip
