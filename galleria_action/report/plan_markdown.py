"""The plan in Markdown: for the job summary, and by itself for other places with a smaller budget.

One row per photo where there is room, else one per folder, else only numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from galleria_action.deployment.model import Delete, Plan, Reason, Upload, strongest
from galleria_action.report.blocks import listing, section, sentence, table
from galleria_action.report.budget import Block, block, fit
from galleria_action.report.escape import code
from galleria_action.report.outcome import to_do
from galleria_action.report.wording import REASONS, count, human_size

_TOO_MANY = "Too many to list one by one here; the plan file has every file."

#: What goes first when there is little room (see ``budget``); the summary's other sections rank among these.
COUNTS, DELETES, UPLOADS, SITE = 30, 60, 80, 90


def render_plan(plan: Plan, budget: int) -> str:
    """``plan`` by itself as GitHub-flavoured Markdown of at most ``budget`` bytes (UTF-8)."""
    headline = f"## 📋 Plan: {to_do(plan)}"
    last = f"<sub>Plan id {code(plan.plan_id)}</sub>"
    return fit([block(0, lambda: [headline]), counts(plan), *plan_blocks(plan), block(20, lambda: [last])], budget)


def counts(plan: Plan, done: Mapping[str, str] | None = None) -> Block:
    """The table of numbers; ``done`` adds a column and has a text for some of the rows' names."""
    rows = {
        "Photos to upload": f"{len(plan.photo_uploads):,}",
        "Photos to delete": f"{len(plan.removed_photos):,}",
        "Photos unchanged": f"{len(plan.unchanged_photos):,}",
        "Files to upload": f"{len(plan.uploads):,}",
        "Files to delete": f"{len(plan.deletes):,}",
        "Size of the uploads": human_size(plan.bytes_to_upload),
    }
    if done is None:
        lines = table("  | Planned", "lr", (f"{name} | {text}" for name, text in rows.items()))
    else:
        lines = table("  | Planned | Done", "lrr", (f"{name} | {rows[name]} | {done.get(name, '')}" for name in rows))
    written = list(lines)
    return block(COUNTS, lambda: written)


@dataclass(frozen=True, slots=True)
class Tense:
    """How uploads and deletes are spoken of."""

    upload: str
    delete: str


AHEAD = Tense("to upload", "to delete")
DONE = Tense("uploaded", "deleted")


def plan_blocks(plan: Plan, tense: Tense = AHEAD) -> Iterator[Block]:
    """Everything that ``plan`` writes or deletes, and why; ``tense`` is ``DONE`` when all of it has happened."""
    if plan.photo_uploads:
        yield _uploads(f"Photos {tense.upload}", plan.photo_uploads)
    if plan.photo_deletes:
        yield _deletes(f"Objects {tense.delete}", plan)
    if plan.site_uploads or plan.site_deletes:
        yield _site(plan.site_uploads, plan.site_deletes, tense)
    if plan.orphan_deletes:
        orphans = plan.orphan_deletes
        lead = f"{count(len(orphans), 'object')} {tense.delete} that nothing names."
        yield listing(DELETES, "Orphans", lead, orphans, lambda gone: code(gone.key))


def _uploads(title: str, photos: Mapping[str, Sequence[Upload]]) -> Block:
    reasons = Counter(strongest(uploads) for uploads in photos.values())
    size = human_size(sum(up.size for uploads in photos.values() for up in uploads))
    lead = f"{count(len(photos), 'photo')}, {size}: {_reasons(reasons)}."
    folders = _by_folder(photos)
    return block(
        UPLOADS,
        section(title, lead, lambda: _photo_table(photos), len(photos), f"All {count(len(photos), 'photo')}"),
        section(title, f"{lead} {_TOO_MANY}", lambda: _folder_table(folders), len(folders), "By folder"),
        sentence(title, f"{lead} {_TOO_MANY}"),
    )


def _photo_table(photos: Mapping[str, Sequence[Upload]]) -> Iterator[str]:
    rows = (
        f"{code(photo)} | {REASONS[strongest(ups)]} | {_files(ups)} | {human_size(sum(up.size for up in ups))}"
        for photo, ups in photos.items()
    )
    return table("Photo | Why | Files | Size", "lllr", rows)


def _files(uploads: Sequence[Upload]) -> str:
    return " · ".join(f"{up.file.variant or 'file'} {human_size(up.size)}" for up in uploads)


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


def _folder_table(folders: Mapping[str, _Folder]) -> Iterator[str]:
    rows = (
        f"{_folder_name(name)} | {folder.photos:,} | {_reasons(folder.reasons)} | {folder.files:,} "
        f"| {human_size(folder.size)}"
        for name, folder in folders.items()
    )
    return table("Folder | Photos | Why | Files | Size", "lrlrr", rows)


def _reasons(reasons: Counter[Reason]) -> str:
    return ", ".join(f"{number:,} {REASONS[reason]}" for reason, number in sorted(reasons.items(), key=_by_number))


def _by_number(item: tuple[Reason, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _folder_of(key: str) -> str:
    return key.rpartition("/")[0]


def _folder_name(folder: str) -> str:
    return code(f"{folder}/") if folder else "the root"


def _deletes(title: str, plan: Plan) -> Block:
    photos = plan.photo_deletes
    objects = sum(map(len, photos.values()))
    lead = f"{count(objects, 'object')} of {count(len(photos), 'photo')}, only after the new metadata is committed."
    folders = Counter(_folder_of(gone.key) for gones in photos.values() for gone in gones)
    return block(
        DELETES,
        section(title, lead, lambda: _delete_table(plan), len(photos), f"All {count(len(photos), 'photo')}"),
        section(title, f"{lead} {_TOO_MANY}", lambda: _delete_folders(folders), len(folders), "By folder"),
        sentence(title, f"{lead} {_TOO_MANY}"),
    )


def _delete_table(plan: Plan) -> Iterator[str]:
    removed = set(plan.removed_photos)
    rows = (
        f"{code(photo)} | {'removed' if photo in removed else 'keys changed'} | {_keys(gone)}"
        for photo, gone in plan.photo_deletes.items()
    )
    return table("Photo | Why | Objects", "lll", rows)


def _delete_folders(folders: Counter[str]) -> Iterator[str]:
    rows = (f"{_folder_name(name)} | {number:,}" for name, number in sorted(folders.items()))
    return table("Folder | Objects", "lr", rows)


def _keys(deletes: Sequence[Delete]) -> str:
    return "<br>".join(code(gone.key) for gone in deletes)


def _site(uploads: Sequence[Upload], deletes: Sequence[Delete], tense: Tense) -> Block:
    parts = [f"{count(len(uploads), 'file')} {tense.upload} ({human_size(sum(up.size for up in uploads))})"]
    parts += [f"{count(len(deletes), 'file')} {tense.delete}"] if deletes else []
    actions: list[Upload | Delete] = [*deletes, *uploads]
    return listing(SITE, "Site", f"{', '.join(parts)}.", actions, _site_file)


def _site_file(action: Upload | Delete) -> str:
    if isinstance(action, Delete):
        return f"{code(action.key)}: **delete**"
    return f"{code(action.key)}: {REASONS[action.reason]}, {human_size(action.size)}"
