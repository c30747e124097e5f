"""What desktops and network disks leave in folders, and consoles in buckets. It is never part of a gallery: a recycle
bin holds what somebody has thrown away, a cache of thumbnails pictures of it.
"""

from __future__ import annotations

#: in lower case, as they are compared
_FILES = frozenset({
    ".apdisk", ".directory", ".ds_store", ".localized", ".nomedia", ".picasa.ini", "desktop.ini", "ehthumbs.db",
    "ehthumbs_vista.db", "icon\r", "picasa.ini", "thumbs.db", "zbthumbnail.info",
})  # fmt: skip
_FOLDERS = frozenset({
    "#recycle", "#snapshot", "$recycle.bin", ".@__thumb", ".appledouble", ".documentrevisions-v100", ".dropbox.cache",
    ".fseventsd", ".picasaoriginals", ".recycle", ".snapshot", ".snapshots", ".spotlight-v100", ".stfolder",
    ".stversions", ".sync", ".temporaryitems", ".thumbnails", ".trash", ".trashes", ".zfs", "@eadir",
    "@recently-snapshot", "@recycle", "@sharebin", "@tmp", "__macosx", "lost+found", "network trash folder",
    "system volume information", "temporary items",
})  # fmt: skip


def is_leftover(name: str, *, folder: bool) -> bool:
    """Whether a file or ``folder`` of this name (its last part) is one. Letter case does not matter."""
    lowered = name.lower()
    if folder:
        return lowered in _FOLDERS or lowered.startswith(".trash-")
    return lowered in _FILES or lowered.startswith("._")


HELD_BACK = "stands for {}, which iCloud has not brought to this machine; download it before"


def held_back(name: str) -> str:
    """The name of the file that the placeholder ``name`` stands for; empty where it is not one. macOS leaves
    ``.a.jpg.icloud`` in the place of ``a.jpg`` when it wants room on the disk."""
    return name[1:].removesuffix(".icloud") if name.startswith(".") and name.endswith(".icloud") else ""


def is_folder_marker(key: str, size: int) -> bool:
    """Whether an object stands for a folder and nothing else, as consoles and other clients make them: empty, with a
    slash at the end (most), ``.bzEmpty`` (Backblaze), ``.emptyFolderPlaceholder`` (Supabase), ``_$folder$`` (EMR)."""
    name = key.rpartition("/")[2]
    return size == 0 and (name in ("", ".bzEmpty", ".emptyFolderPlaceholder") or name.endswith("_$folder$"))
