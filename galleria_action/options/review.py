"""What reviewers and visitors are shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from galleria_action.options.declaration import ALL, APPLYING, PLANNING, Group, option, optional
from galleria_action.options.kinds import ADDRESS, SECRET, TEXT, choice


class Comment(StrEnum):
    """When the pull request gets a comment."""

    CHANGES = "changes"
    ALWAYS = "always"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOptions(Group):
    """Comment, deployment and addresses."""

    comment: Comment = option(choice(Comment), "changes", "when to comment on the pull request", PLANNING)
    label: str | None = optional(TEXT, "tells several galleries of one repository apart", PLANNING)
    github_token: str | None = optional(
        SECRET, "token for comment and deployment", PLANNING, action_default="${{ github.token }}"
    )
    public_url: str | None = optional(ADDRESS, "where visitors see the gallery", ALL)
    environment_url: str | None = optional(
        ADDRESS, "address shown by a GitHub deployment; public-url if empty", APPLYING
    )
