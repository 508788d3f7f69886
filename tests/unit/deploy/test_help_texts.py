"""Every command and every option says what it is, in words that can be read on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from unit.deploy.command_lines import programs


def commands() -> Iterator[tuple[str, Any]]:
    def below(path: str, command: Any) -> Iterator[tuple[str, Any]]:
        yield path, command
        for name, one in getattr(command, "commands", {}).items():
            yield from below(f"{path} {name}", one)

    for program, command in programs().items():
        yield from below(program, command)


each_command = pytest.mark.parametrize(
    ("path", "command"), [pytest.param(*each, id=each[0]) for each in commands()]
)


@each_command
def test_a_command_and_all_that_it_takes_is_described(path: str, command: Any) -> None:
    texts = {path: command.help}
    for each in command.params:
        if each.name != "help":
            texts[f"{path} {'/'.join(each.opts)}"] = each.help
    for what, text in texts.items():
        assert text, f"{what}: no help"
        assert "``" not in text or path == "fingerpost-match", f"{what}: marks of the source"
        assert text.strip()[-1] in ".):", f"{what}: no sentence: {text}"


@each_command
def test_a_list_of_commands_shows_the_purpose_on_one_line_of_the_source(
    path: str, command: Any
) -> None:
    """Typer keeps a line break of the first paragraph in the list, in the middle of a sentence."""
    purpose, *_ = command.help.strip().partition("\n\n")
    assert "\n" not in purpose, f"{path}: {purpose}"


@each_command
def test_no_default_is_shown_that_says_nothing(path: str, command: Any) -> None:
    """A bound that stands for "all" is a number with a dozen digits."""
    for each in command.params:
        if isinstance(each.default, int) and abs(each.default) > 10**6:
            assert isinstance(each.show_default, str), f"{path} {each.opts[0]}: {each.default}"
