"""Measure how well an agency's own files match, with the code that a node runs.

Nothing leaves this machine: the tool opens no connection.
Exit status 2: a file or a command cannot be used.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from enum import Enum, unique
from pathlib import Path
from typing import Annotated, Final

import typer

from agency_node.match_tool.duplicates import (
    find_duplicates,
    show_duplicates,
    write_csv,
    write_json,
)
from agency_node.match_tool.evaluation import Slip, evaluate, write_slips
from agency_node.match_tool.evaluation_report import Inputs, show_evaluation, write_evaluation
from agency_node.match_tool.explanation import (
    MOST_TYPED,
    explain,
    show_explanation,
    typed_table,
)
from agency_node.match_tool.reports import (
    plain_console,
    require_new,
    require_writable,
    show_notes,
)
from agency_node.match_tool.tables import (
    COLUMNS,
    BadInput,
    Row,
    Table,
    read_table,
    read_truth,
    short_list,
)
from fingerpost.private.linkage import Scope
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import create_file, replace_file
from fingerpost.runtime.listing import a_progress

_STANDARD_INPUT: Final = Path("-")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help=__doc__,
    pretty_exceptions_enable=False,  # accident: a traceback that shows the values of variables
)


@unique
class Keys(Enum):
    """Which blocking keys the left records ask with."""

    WIDE = "wide"
    NARROW = "narrow"


UpnOption = Annotated[
    bool, typer.Option("--upn", help="Use the pupil number, if the agreement allows it.")
]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", help="NAME=COLUMN: the name of a column in a file."),
]


@app.command("evaluate")
def evaluate_(
    left: Annotated[Path, typer.Option(help="The records that ask (CSV).")],
    right: Annotated[Path, typer.Option(help="The records that are recorded (CSV).")],
    truth: Annotated[Path, typer.Option(help="left_id,right_id of each true pair (CSV).")],
    json: Annotated[Path | None, typer.Option(help="Write the figures here as well.")] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(help="Write the pairs that went wrong here: a new file, mode 0600."),
    ] = None,
    keys: Annotated[
        Keys, typer.Option(help="What the left records ask with: near (wide) or far (narrow).")
    ] = Keys.WIDE,
    upn: UpnOption = False,
    map_: MapOption = None,
) -> None:
    """Measure how well two files match where it is known who is who."""
    if json is not None:
        require_writable(json, left, right, truth)
    if pairs is not None:
        require_new(pairs)
        if pairs == json:
            raise BadInput("--json and --pairs name one file")
    rename = _read_names(map_)
    one = read_table(left, rename)
    other = one if left == right else read_table(right, rename)
    _require_used(rename, one, other)
    lines = read_truth(truth, one.rows, other.rows)
    true, scope = set(lines), Scope[keys.name]
    slips: list[Slip] | None = None if pairs is None else []
    with a_progress() as watch:
        found = evaluate(one.rows, other.rows, true, scope=scope, upn=upn, watch=watch, slips=slips)
    repeated = len(lines) - found.counts.true_pairs
    inputs = Inputs(one, other, truth.name, len(lines), repeated)
    if pairs is not None and slips is not None:
        create_file(pairs, write_slips(slips, one.rows, other.rows))
    if json is not None:
        # Figures hold no person, so everybody who may use the folder can read them.
        replace_file(json, write_evaluation(found, inputs), mode=0o644)
    show_evaluation(plain_console(), found, inputs)


@app.command("explain")
def explain_(
    left: Annotated[
        tuple[Path, str] | None, typer.Option(help="FILE ID: the record that asks.")
    ] = None,
    right: Annotated[
        tuple[Path, str] | None, typer.Option(help="FILE ID: the record that is recorded.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="One file that has both records.")] = None,
    ids: Annotated[
        tuple[str, str] | None, typer.Option(help="ID ID: two records of --file.")
    ] = None,
    typed: Annotated[
        Path | None,
        typer.Option(help="Two records as CSV or JSON from this file; - for what you type."),
    ] = None,
    upn: UpnOption = False,
    show_values: Annotated[
        bool,
        typer.Option("--show-values", help="Show the records and their keys: personal data."),
    ] = False,
    every_kind: Annotated[
        bool,
        typer.Option(
            "--every-kind", help="Show blocking rules too of which one record alone has keys."
        ),
    ] = False,
    map_: MapOption = None,
) -> None:
    """Explain what a node would make of two records, and why."""
    console = plain_console()
    rename = _read_names(map_)
    match left, right, file, ids, typed:
        case None, None, None, None, Path():
            tables = [typed_table(_content(typed))]
            one, other = tables[0].rows
        case None, None, Path(), (one_id, other_id), None:
            tables = [read_table(file, rename)]
            one, other = _row(tables[0], one_id), _row(tables[0], other_id)
        case (one_file, one_id), (other_file, other_id), None, None, None:
            tables = [read_table(one_file, rename), read_table(other_file, rename)]
            one, other = _row(tables[0], one_id), _row(tables[1], other_id)
        case _:
            raise BadInput("give --left with --right, or --file with --ids, or --typed")
    _require_used(rename, *tables)
    show_notes(console, tables)
    found = explain(one.demographics, other.demographics, upn=upn)
    show_explanation(console, found, one, other, values=show_values, every_kind=every_kind)


@app.command()
def dedupe(
    file: Annotated[Path, typer.Option(help="The records (CSV).")],
    json: Annotated[
        Path | None, typer.Option(help="Write groups and pairs here: a new file, mode 0600.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="The same as CSV, a line a pair: a new file, mode 0600.")
    ] = None,
    upn: UpnOption = False,
    map_: MapOption = None,
) -> None:
    """Find children who are in one file more than once."""
    for path in (json, csv):
        if path is not None:
            require_new(path)
    if json is not None and json == csv:
        raise BadInput("--json and --csv name one file")
    rename = _read_names(map_)
    table = read_table(file, rename)
    _require_used(rename, table)
    with a_progress() as watch:
        found = find_duplicates(table.rows, upn=upn, watch=watch)
    if json is not None:
        create_file(json, write_json(found, table, upn=upn))
    if csv is not None:
        create_file(csv, write_csv(found, table))
    show_duplicates(plain_console(), found, table)


def main() -> None:
    """Run a command. A fault in a file ends it with one plain line, and exit status 2."""
    try:
        app()
    except (BadInput, Defect) as bad:
        typer.echo(f"fingerpost-match: {bad}", err=True)
        sys.exit(2)


def _read_names(maps: Sequence[str] | None) -> Mapping[str, str]:
    """Return our name of a column by the file's, in lower case. Raises ``BadInput``."""
    rename = {}
    for text in maps or ():
        name, found, ours = text.lower().rpartition("=")
        if not found or ours.strip() not in COLUMNS:
            raise BadInput("--map NAME=COLUMN: the column is one of " + ", ".join(COLUMNS))
        rename[name.strip()] = ours.strip()
    return rename


def _require_used(rename: Mapping[str, str], *tables: Table) -> None:
    """Refuse a mapping that no file uses. Accident: the name of an important column is mistyped."""
    unused = [name for name in rename if not any(name in table.renamed for table in tables)]
    if unused:
        others = list(dict.fromkeys(name for table in tables for name in table.passed_over))
        beside = f"; what was passed over: {short_list(others)}" if others else ""
        raise BadInput(f"--map: no file has a column {short_list(unused)}{beside}")


def _row(table: Table, row_id: str) -> Row:
    for row in table.rows:
        if row.id == row_id:
            return row
    raise BadInput(f"{table.name}: no record has the id that was given")


def _content(path: Path) -> bytes:
    """Return at most one byte more than two typed records may have. Raises ``BadInput``."""
    if path != _STANDARD_INPUT:
        try:
            with path.open("rb") as file:
                return file.read(MOST_TYPED + 1)
        except OSError as error:
            raise BadInput(f"{path}: cannot be read ({type(error).__name__})") from None
    if sys.stdin.isatty():
        typer.echo("Two records, as CSV with a first line or as JSON; then Ctrl-D:", err=True)
    return sys.stdin.buffer.read(MOST_TYPED + 1)
