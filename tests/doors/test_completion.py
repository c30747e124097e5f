"""Completion, as the shells do it: bash is asked itself, zsh and fish where they are installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from galleria_action.cli.arguments import SHELLS, read_arguments
from galleria_action.cli.commands import COMMANDS
from galleria_action.cli.completion import script
from galleria_action.cli.parse import parse
from galleria_action.options import OPTIONS

BASH = """
{script}
COMP_WORDS=("$@") COMP_CWORD=$(( $# - 1 ))
_galleria_action
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
#: what zsh's own functions would be handed
ZSH = """
compdef() {{ : }}
_arguments() {{ print -rl -- "$words[1]" "$@" }}
_describe() {{ print -rl -- ${{(P)2}} }}
{script}
words=("$@") CURRENT=$#
_galleria_action
"""


def shell(program: str, text: str, *arguments: str) -> list[str]:
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    switches = {"zsh": ["-f"], "fish": ["--no-config"], "bash": ["--norc"]}[program]
    line = [program, *switches, "-c", text, *(["x"] if program != "fish" else []), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def in_bash(*words: str) -> list[str]:
    found = shell("bash", BASH.format(script=script("bash")), "galleria-action", *words)
    return [] if found == [""] else found


class TestBash:
    def test_commands(self) -> None:
        assert in_bash("") == [*COMMANDS, "--help", "--version"]
        assert in_bash("ver") == ["verify"]

    @pytest.mark.parametrize("command", COMMANDS)
    def test_the_options_of_a_command_are_those_that_it_shows(self, command: str) -> None:
        shown = {f"--{it.name}" for it in OPTIONS if COMMANDS[command].shows(it) and not it.only_in_config}
        assert set(in_bash(command, "--")) == shown | {"--json", "--quiet", "--help"}

    @pytest.mark.parametrize(
        ("words", "found"),
        [(["plan", "--orp"], ["--orphans"]), (["plan", "--orphans", ""], ["fail", "warn", "ignore", "delete"]),
         (["plan", "--orphans", "f"], ["fail"]), (["plan", "--orphans", "="], ["fail", "warn", "ignore", "delete"]),
         (["plan", "--orphans", "=", "wa"], ["warn"]), (["deploy", "--force", "t"], ["true"]),
         (["validate", "--orp"], []), (["nothing", "--orp"], []), (["plan", "--bucket", "x"], [])],
    )  # fmt: skip
    def test_options_and_their_values(self, words: list[str], found: list[str]) -> None:
        assert in_bash(*words) == found


class TestZsh:
    def ask(self, *words: str) -> list[str]:
        return shell("zsh", ZSH.format(script=script("zsh")), "galleria-action", *words)

    def test_commands_with_what_they_do(self) -> None:
        assert self.ask("") == [
            *(f"{it.name}:{it.help}" for it in COMMANDS.values()),
            "--help:show all commands",
            "--version:show the version",
        ]

    def test_options_and_their_values(self) -> None:
        command, *specs = self.ask("deploy", "--")
        assert command == "deploy"
        assert "--orphans=[what objects that no metadata names do]:orphans:(fail warn ignore delete)" in specs
        assert "--site=[folder of the static site" in "\n".join(specs)
        assert any(spec.startswith("-s+[") and spec.endswith(":source:_files") for spec in specs)
        assert any(spec.startswith("--force=[") and spec.endswith("::force:(true false)") for spec in specs)

    def test_the_argument_is_a_folder(self) -> None:
        assert "1:folder:_files -/" in self.ask("init", "p")


class TestFish:
    def ask(self, line: str) -> list[str]:
        return shell("fish", script("fish") + f"complete -C '{line}'")

    def test_commands_with_what_they_do(self) -> None:
        assert sorted(self.ask("galleria-action ")) == sorted(f"{it.name}\t{it.help}" for it in COMMANDS.values())

    def test_options_and_their_values(self) -> None:
        assert self.ask("galleria-action plan --orp") == ["--orphans\twhat objects that no metadata names do"]
        values = [line.partition("\t")[0] for line in self.ask("galleria-action plan --orphans ")]
        assert values == ["delete", "fail", "ignore", "warn"]
        assert self.ask("galleria-action validate --orp") == []


class TestAsked:
    @pytest.mark.parametrize("name", SHELLS)
    def test_every_shell_has_its_script(self, name: str, tmp_path: Path) -> None:
        asked = parse(["--completion", name], {}, tmp_path)
        assert (asked.exit_code, asked.text) == (0, script(name))
        assert parse([f"--completion={name}"], {}, tmp_path).text == script(name)

    @pytest.mark.parametrize(
        ("words", "text"),
        [(["--completion"], "needs the name of a shell"), (["--completion", "tcsh"], "'tcsh' is not a shell")],
    )
    def test_a_shell_that_is_not_known(self, words: list[str], text: str) -> None:
        (mistake,) = read_arguments(words).mistakes
        assert text in str(mistake) and "bash, zsh, fish" in str(mistake)
