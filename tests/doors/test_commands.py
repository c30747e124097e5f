"""Commands as values: what each says of itself."""

from __future__ import annotations

import pytest

from galleria_action.cli.commands import COMMANDS, Command
from galleria_action.options import BY_NAME, OPTIONS, Options
from galleria_action.options.checks import CheckOptions
from galleria_action.options.declaration import Topic
from galleria_action.policy import Writes


def test_a_command_that_says_nothing_writes():
    new = Command(name="new", help="something", topics=Topic.BUCKET, run=COMMANDS["plan"].run)
    assert new.would_write(Options(command="new"))


def test_what_the_commands_write():
    writing = {name for name, command in COMMANDS.items() if command.would_write(Options(command=name))}
    assert writing == {"deploy", "finalize", "rollback", "release-hold", "promote", "forget", "cleanup", "pipeline"}
    previews = {
        name
        for name, command in COMMANDS.items()
        if command.would_write(Options(command=name), preview=True) is Writes.PREVIEWS
    }
    assert previews == {"deploy", "cleanup"}
    asked = CheckOptions(setup_cors=True)
    assert COMMANDS["cors"].would_write(Options(command="cors", checks=asked))
    assert not COMMANDS["plan"].would_write(Options(command="plan", checks=asked))


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_dry_run_writes_nothing(command: Command):
    options = Options(command=command.name, dry_run=True, checks=CheckOptions(setup_cors=True))
    assert not command.would_write(options)


def test_what_stays_on_this_machine_needs_no_bucket():
    local = [name for name, command in COMMANDS.items() if not command.needs_bucket]
    assert local == ["validate", "init", "process", "duplicates", "environments"]


def test_every_option_is_shown_by_some_command():
    for option in OPTIONS:
        assert any(command.shows(option) for command in COMMANDS.values()), option.name
    shown = {name for name, command in COMMANDS.items() if command.shows(BY_NAME["shard"])}
    assert shown == {"deploy"}
    assert all(command.shows(BY_NAME["config"]) for command in COMMANDS.values())


def test_every_value_is_found_by_its_options_name():
    options = Options(command="plan", checks=CheckOptions(setup_cors=True), environment="live")
    assert options.value("setup-cors") is True
    assert options.value("environment") == "live"
    assert options.value("max-delete") == options.guards.max_delete
