"""What uploads have come to. Of it runs know that send nothing, for whom what sends files would be much to load."""

from __future__ import annotations

from galleria_action.deployment.events import Uploaded
from galleria_action.deployment.state.manifest import ManifestEntry
from galleria_action.values import dataclass, field


@dataclass
class UploadsDone:
    """What the uploads of one deploy did so far. ``entries`` are the manifest entries by key of what lies in its place,
    ``staged`` those of what waits in the pool for its publication (with the ETag it has there)."""

    entries: dict[str, ManifestEntry] = field(default_factory=dict)
    staged: dict[str, ManifestEntry] = field(default_factory=dict)
    sent: int = 0
    skipped: int = 0
    bytes_sent: int = 0
    sent_photos: set[str] = field(default_factory=set)
    exif_warnings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    other_hashes: int = 0

    def summary(self) -> Uploaded:
        """What it comes to."""
        return Uploaded(
            photos=len(self.sent_photos),
            files=self.sent,
            skipped=self.skipped,
            size=self.bytes_sent,
            exif_warnings=dict(self.exif_warnings),
            other_hashes=self.other_hashes,
        )


@dataclass
class Idle:
    """Stands for an uploader where nothing is to be sent."""

    concurrency: int
    done: UploadsDone = field(default_factory=UploadsDone)
    checkpoint: None = None
