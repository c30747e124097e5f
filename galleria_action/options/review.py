"""What reviewers and visitors are shown."""

from __future__ import annotations

from enum import StrEnum

from galleria_action.options.declaration import Group, Topic, option, optional
from galleria_action.options.kinds import ADDRESS, SECRET, TEXT, choice
from galleria_action.options.origin import tighten
from galleria_action.values import dataclass


class Comment(StrEnum):
    """When the pull request gets a comment."""

    CHANGES = "changes"
    ALWAYS = "always"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOptions(Group):
    """Comment, deployment and addresses."""

    comment: Comment = option(
        choice(Comment),
        "changes",
        "when to comment on the pull request",
        Topic.PLAN,
        config=tighten(Comment.OFF, Comment.CHANGES, Comment.ALWAYS),
    )
    label: str | None = optional(TEXT, "tells several galleries of one repository apart", Topic.PLAN)
    github_token: str | None = optional(
        SECRET, "token for comment and deployment", Topic.PLAN | Topic.PREVIEW, action_default="${{ github.token }}"
    )
    public_url: str | None = optional(ADDRESS, "where visitors see the gallery", Topic.ANY)
    environment_url: str | None = optional(
        ADDRESS, "address shown by a GitHub deployment; public-url if empty", Topic.APPLY
    )
