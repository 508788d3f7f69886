"""Command lines in pages and deployment files, held against the programs' own: commands, options,
arguments, values.

A file that is named need not exist; everything else must be as the program would take it.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, get_args

import typer.main
from typer._click.exceptions import UsageError

from fingerpost.protocol.codes import AgencyKind, CoarseKind, Purpose, Reach, Role

TREE: Final = Path(__file__).resolve().parents[3]
CHOICES: Final[Mapping[str, type[Enum]]] = MappingProxyType(
    {"purpose": Purpose, "reach": Reach, "role": Role, "kind": AgencyKind, "service": CoarseKind}
)
"""Options whose text the programs read themselves."""


class WrongCommandLine(AssertionError):
    """The program would not take it."""


@cache
def programs() -> Mapping[str, Any]:
    """The commands that the distribution installs, each with its tree of commands."""
    project = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))["project"]
    found = {}
    for name, entry in project["scripts"].items():
        module = importlib.import_module(entry.partition(":")[0])
        found[name] = typer.main.get_command(module.app)
    return found


def require_taken(words: Sequence[str], *, whole: bool = True) -> None:
    """Raises ``WrongCommandLine``. ``whole``: with all that the command needs; else as far as it
    goes (a mention).
    """
    program, *rest = words
    command = programs().get(program)
    if command is None:
        raise WrongCommandLine(f"no program {program}")
    path = [program]
    while hasattr(command, "commands"):
        if not rest:
            if whole:
                raise WrongCommandLine(f"{' '.join(path)}: a command is missing")
            return
        name, *rest = rest
        if name == "--help":
            return
        if name not in command.commands:
            raise WrongCommandLine(f"{' '.join(path)}: no command {name}")
        command = command.commands[name]
        path.append(name)
    _require_arguments(command, " ".join(path), rest, whole=whole)


def _require_arguments(command: Any, path: str, rest: Sequence[str], *, whole: bool) -> None:
    context = command.context_class(command, info_name=path)
    try:
        values, left, _ = command.make_parser(context).parse_args(args=list(rest))
    except UsageError as error:
        raise WrongCommandLine(f"{path}: {error.format_message()}") from None
    if left:
        raise WrongCommandLine(f"{path}: too much: {left}")
    for parameter in command.params:
        value = values.get(parameter.name)
        if value is None or value == ():
            if whole and parameter.required:
                raise WrongCommandLine(f"{path}: {parameter.name} is missing")
            continue
        _require_value(parameter, value, context, path)


def _require_value(parameter: Any, value: object, context: Any, path: str) -> None:
    choices = CHOICES.get(parameter.name)
    for each in value if isinstance(value, (list, tuple)) else (value,):
        if choices is not None and each not in choices.__members__:
            raise WrongCommandLine(f"{path}: {each} is no {parameter.name}")
    annotation = parameter.type_descriptor.annotation
    if annotation is Path or Path in get_args(annotation):
        return
    try:
        parameter.process_value(context, value)
    except UsageError as error:
        raise WrongCommandLine(f"{path}: {error.format_message()}") from None
