"""What a report says of a plan: its numbers, everything that it writes or deletes, and why.

One row for each photo where there is room, else one for each folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from galleria_action.deployment.model import Copy, Delete, Plan, Reason, Upload, strongest
from galleria_action.quantities import count, human_size
from galleria_action.report.document import Cell, Column, Details, Name, Part, Phrase, Row, Section, Series, Size
from galleria_action.report.wording import REASONS
from galleria_action.values import dataclass

_TOO_MANY = "Too many to list one by one here; the plan file has every file."


@dataclass(frozen=True, slots=True)
class Tense:
    """How uploads and deletes are spoken of."""

    upload: str
    delete: str
    when: str = ""


AHEAD = Tense("to upload", "to delete", ", after the commit")
DONE = Tense("uploaded", "deleted")


@dataclass(frozen=True, slots=True)
class PlanSections:
    """Everything that a plan writes or deletes, each kind in one section or none."""

    uploads: tuple[Section, ...]
    deletes: tuple[Section, ...]
    site_uploads: tuple[Section, ...]
    site_deletes: tuple[Section, ...]
    orphans: tuple[Section, ...]
    copies: tuple[Section, ...] = ()

    def all(self) -> tuple[Section, ...]:
        """In reading order."""
        return self.copies + self.uploads + self.deletes + self.site_uploads + self.site_deletes + self.orphans


def plan_sections(plan: Plan, tense: Tense = AHEAD) -> PlanSections:
    """What ``plan`` does; ``tense`` is ``DONE`` when all of it has happened."""
    return PlanSections(
        uploads=(_uploads(plan.photo_uploads, tense),) if plan.photo_uploads else (),
        deletes=(_deletes(plan, tense),) if plan.photo_deletes else (),
        site_uploads=(_site_uploads(plan.site_uploads, tense),) if plan.site_uploads else (),
        site_deletes=(_site_deletes(plan.site_deletes, tense),) if plan.site_deletes else (),
        orphans=(_orphans(plan.orphan_deletes, tense),) if plan.orphan_deletes else (),
        copies=(_copies(plan.copies, tense),) if plan.copies else (),
    )


def listing(part: Part, title: str, lead: str, items: Sequence[Row], total: int | None = None) -> Section:
    """A section with a list of ``items``, of which there may be more in ``total``; ``lead`` has to give the number."""
    details = Details(lambda: items, len(items), total or len(items), f"All {len(items):,}")
    return Section(part, title, lead, (details,))


def _uploads(photos: Mapping[str, Sequence[Upload]], tense: Tense) -> Section:
    reasons = Counter(strongest(uploads) for uploads in photos.values())
    size = human_size(sum(up.size for uploads in photos.values() for up in uploads))
    folders = _by_folder(photos)
    return Section(
        Part.UPLOADS,
        f"Photos {tense.upload}",
        f"{count(len(photos), 'photo')}, {size}: {_reasons(reasons)}.",
        (
            Details(
                lambda: map(_upload, photos.items()),
                len(photos),
                len(photos),
                f"All {count(len(photos), 'photo')}",
                (Column("Photo"), Column("Why"), Column("Files"), Column("Size", numeric=True)),
            ),
            Details(
                lambda: _folder_rows(folders),
                len(folders),
                len(folders),
                "By folder",
                (
                    Column("Folder"), Column("Photos", numeric=True), Column("Why"), Column("Files", numeric=True),
                    Column("Size", numeric=True),
                ),
            ),
        ),
        _TOO_MANY,
    )  # fmt: skip


def _upload(photo: tuple[str, Sequence[Upload]]) -> Row:
    name, uploads = photo
    files: Cell = Series(tuple(Phrase((up.file.variant or "file", Size(up.size))) for up in uploads))
    if len(uploads) == 1 and uploads[0].file.variant is None:
        files = "1 file"  # its size stands beside it
    return Name(name), REASONS[strongest(uploads)], files, Size(sum(up.size for up in uploads))


@dataclass
class _Folder:
    photos: int
    files: int
    size: int
    reasons: Counter[Reason]


def _by_folder(photos: Mapping[str, Sequence[Upload]]) -> dict[str, _Folder]:
    """Photos by the folder of their first file, which is the full one where there is one to upload."""
    folders: dict[str, _Folder] = {}
    for uploads in photos.values():
        folder = folders.setdefault(_folder_of(uploads[0].key), _Folder(0, 0, 0, Counter()))
        folder.photos += 1
        folder.files += len(uploads)
        folder.size += sum(up.size for up in uploads)
        folder.reasons[strongest(uploads)] += 1
    return dict(sorted(folders.items()))


def _folder_rows(folders: Mapping[str, _Folder]) -> Iterator[Row]:
    for name, folder in folders.items():
        yield _folder_name(name), folder.photos, _reasons(folder.reasons), folder.files, Size(folder.size)


def _reasons(reasons: Counter[Reason]) -> str:
    return ", ".join(f"{number:,} {REASONS[reason]}" for reason, number in sorted(reasons.items(), key=_by_number))


def _by_number(item: tuple[Reason, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _folder_of(key: str) -> str:
    return key.rpartition("/")[0]


def _folder_name(folder: str) -> Name | str:
    return Name(f"{folder}/") if folder else "the root"


def _deletes(plan: Plan, tense: Tense) -> Section:
    photos = plan.photo_deletes
    objects = sum(map(len, photos.values()))
    folders = Counter(_folder_of(gone.key) for gones in photos.values() for gone in gones)
    return Section(
        Part.DELETES,
        f"Photos {tense.delete}",
        f"{count(objects, 'object')} of {count(len(photos), 'photo')}{tense.when}.",
        (
            Details(
                lambda: _delete_rows(plan),
                len(photos),
                len(photos),
                f"All {count(len(photos), 'photo')}",
                (Column("Photo"), Column("Why"), Column("Objects")),
            ),
            Details(
                lambda: ((_folder_name(name), number) for name, number in sorted(folders.items())),
                len(folders),
                len(folders),
                "By folder",
                (Column("Folder"), Column("Objects", numeric=True)),
            ),
        ),
        _TOO_MANY,
    )


def _delete_rows(plan: Plan) -> Iterator[Row]:
    removed = set(plan.removed_photos)
    for photo, gone in plan.photo_deletes.items():
        keys: Cell = "1 object" if [it.key for it in gone] == [photo] else _keys(gone)
        yield Name(photo), "removed" if photo in removed else "keys changed", keys


def _keys(deletes: Iterable[Delete]) -> Series:
    return Series(tuple(Name(gone.key) for gone in deletes), below=True)


def _site_uploads(uploads: Sequence[Upload], tense: Tense) -> Section:
    lead = f"{count(len(uploads), 'file')}, {human_size(sum(up.size for up in uploads))}."
    rows = [(Name(up.key), REASONS[up.reason], Size(up.size)) for up in uploads]
    return listing(Part.SITE, f"Site files {tense.upload}", lead, rows)


def _site_deletes(deletes: Sequence[Delete], tense: Tense) -> Section:
    lead = f"{count(len(deletes), 'file')} that the site does not have any more."
    return listing(Part.DELETES, f"Site files {tense.delete}", lead, [(Name(gone.key),) for gone in deletes])


def _copies(copies: Sequence[Copy], tense: Tense) -> Section:
    lead = f"{count(len(copies), 'object')}, {human_size(sum(copy.size for copy in copies))} inside the service."
    rows = [(Name(copy.key), REASONS[copy.reason], Size(copy.size)) for copy in copies]
    return listing(Part.UPLOADS, "Brought back" if tense is DONE else "To bring back", lead, rows)


def _orphans(orphans: Sequence[Delete], tense: Tense) -> Section:
    lead = f"{count(len(orphans), 'object')} in the gallery's folders that nothing names."
    return listing(Part.DELETES, f"Orphans {tense.delete}", lead, [(Name(gone.key),) for gone in orphans])
