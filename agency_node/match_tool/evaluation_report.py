"""An evaluation as JSON, for programs, and as a table, for people. Figures only: no id, no value of a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table as Screen
from rich.text import Text

from agency_node.answering.ruling import MOST_CANDIDATES
from agency_node.match_tool.cells import told, where
from agency_node.match_tool.evaluation import Counts, Evaluation, Quality
from agency_node.match_tool.tables import Table
from agency_node.match_tool.wording import NOTES, number
from fingerpost.private.linkage import (
    BLOCKING_RULES_VERSION,
    COMPARISON_VERSION,
    NORMALISATION_VERSION,
)

EVALUATION_SCHEMA: Final = "fingerpost-match/evaluate/1"


@dataclass(frozen=True, slots=True)
class Inputs:
    """``repeated``: true pairs that stand in the truth more than once."""

    left: Table
    right: Table
    truth: str
    true_lines: int
    repeated: int


def write_evaluation(found: Evaluation, inputs: Inputs) -> bytes:
    """JSON; shares from 0 to 1, null where there is nothing to be a share of."""
    counts = asdict(found.counts)
    body = {
        "schema": EVALUATION_SCHEMA,
        "keys": found.scope.name.lower(),
        "upn": found.upn,
        "versions": versions(),
        "same_file": found.same_file,
        "unlock_recall": found.unlock_recall,
        "opened_without_partner": found.opened_without_partner,
        "wrong_pairs_opened": found.wrong_pairs_opened,
        "wrong_pairs_opened_per_left_record": found.wrong_pairs_per_left_record,
        "decision": asdict(found.decision),
        "answered": asdict(found.answered),
        "possible": {
            "true_pairs": found.possible_share,
            "wrong_pairs": found.wrong_pairs_possible,
        },
        "best_candidate": asdict(found.best_candidate),
        "keys_per_record": found.keys_per_record,
        "keys_per_query": found.keys_per_query,
        "seconds": found.timing.seconds,
        "ms_per_child": found.timing.ms_per_child,
        "ms_per_comparison": found.timing.ms_per_comparison,
        "counts": counts,
        "input": {
            "left": about(inputs.left),
            "right": about(inputs.right),
            "truth": {"lines": inputs.true_lines, "repeated": inputs.repeated},
        },
    }
    return as_json(body)


def versions() -> dict[str, int]:
    """Of the rules that a figure holds for."""
    return {
        "normalisation": NORMALISATION_VERSION,
        "combinations": BLOCKING_RULES_VERSION,
        "comparison": COMPARISON_VERSION,
    }


def about(table: Table) -> dict[str, object]:
    """What was read of a file, as counts."""
    return {
        "rows": len(table.rows),
        "columns": list(table.columns),
        "notes": [
            {"column": column, "note": note.value, "fields": table.notes.fields[column, note]}
            for column, note in table.notes.in_order()
        ],
    }


def as_json(body: Mapping[str, object]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def show_notes(console: Console, tables: Sequence[Table]) -> None:
    """What was passed over, mended or left out, by file and column: counts and lines."""
    for table in tables:
        for text in _notes(table):
            console.print(Text(text))


def _notes(table: Table) -> Iterator[str]:
    if table.passed_over:
        yield f"{table.name}: Passed over: {told(table.passed_over)}"
    notes = table.notes
    for column, note in notes.in_order():
        fields, lines = notes.fields[column, note], notes.lines[column, note]
        place = f" ({where(lines, fields)})" if lines else ""
        yield f"{table.name}: {column}: {fields:,} × {NOTES[note]}{place}"
    if notes.is_month_first_likely:
        yield (
            f"{table.name}: dob: more than one date in ten was put right; if the month stands first, "
            "others are misread"
        )


def show_evaluation(console: Console, found: Evaluation, inputs: Inputs) -> None:
    counts = found.counts
    keys = found.scope.name.lower()
    pupil = ", pupil numbers used" if found.upn else ""
    for text in (
        f"Left:  {inputs.left.name}, {number(counts.left, 'record')}; they ask, with {keys} keys{pupil}",
        f"Right: {inputs.right.name}, {number(counts.right, 'record')}; they are recorded",
        f"Truth: {inputs.truth}, {number(counts.true_pairs, 'pair')}; "
        f"{counts.left_with_partner:,} left records have a partner",
    ):
        console.print(Text(text))
    if found.same_file:
        console.print(
            "Both files hold the same records: a record is not held against itself, and of two "
            "records the earlier one asks, so that each pair counts once."
        )
    show_notes(console, (inputs.left,) if found.same_file else (inputs.left, inputs.right))
    _warnings(console, inputs, found)
    console.print()
    screen = Screen(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    screen.add_column()
    screen.add_column(justify="right")
    screen.add_column(style="dim")
    _opened(screen, found, counts)
    _decided(screen, found, counts)
    _best(screen, found.best_candidate, counts)
    _effort(screen, found)
    console.print(screen)
    console.print()


def _warnings(console: Console, inputs: Inputs, found: Evaluation) -> None:
    counts = found.counts
    if inputs.repeated:
        console.print(
            Text(
                f"{inputs.truth}: {number(inputs.repeated, 'line')} with a pair that stood there before"
            )
        )
    for side, lacking in (("Left", counts.left_without_keys), ("Right", counts.right_without_keys)):
        if lacking and not (found.same_file and side == "Right"):
            console.print(
                f"{side}: {number(lacking, 'record')} without any key: too little is known, "
                "nobody can find them"
            )
    if counts.pairs_beyond_limit:
        console.print(
            f"{number(counts.pairs_beyond_limit, 'opened pair')} not compared "
            f"({counts.true_pairs_beyond_limit:,} of them true): a node compares the "
            f"{MOST_CANDIDATES} records that share most keys with a question"
        )


def _opened(screen: Screen, found: Evaluation, counts: Counts) -> None:
    _heading(screen, "Which records open")
    lonely = counts.left - counts.left_with_partner
    screen.add_row(
        "True pairs that share a key (unlock recall)",
        share(found.unlock_recall),
        _of(counts.true_pairs_opened, counts.true_pairs),
    )
    screen.add_row(
        "Left records without partner that open any",
        share(found.opened_without_partner),
        _of(counts.left_without_partner_opened, lonely),
    )
    each = found.wrong_pairs_per_left_record
    screen.add_row(
        "Wrong pairs opened",
        f"{found.wrong_pairs_opened:,}",
        "" if each is None else f"{each:.3f} a left record",
    )


def _decided(screen: Screen, found: Evaluation, counts: Counts) -> None:
    _heading(screen, "What reaches the threshold: answered, or for a desk")
    _quality(
        screen,
        "the decision",
        found.decision,
        counts.true_match_pairs + counts.true_possible_pairs,
        counts.match_pairs + counts.possible_pairs,
        counts.true_pairs,
    )
    _heading(screen, "What a node answers with a pointer: MATCH")
    _quality(
        screen,
        "what is answered",
        found.answered,
        counts.true_match_pairs,
        counts.match_pairs,
        counts.true_pairs,
    )
    _heading(screen, "What a node records for its desk only: POSSIBLE")
    screen.add_row(
        "True pairs",
        share(found.possible_share),
        _of(counts.true_possible_pairs, counts.true_pairs),
    )
    screen.add_row("Wrong pairs", f"{found.wrong_pairs_possible:,}", "")


def _best(screen: Screen, quality: Quality, counts: Counts) -> None:
    _heading(screen, "Best candidate of each left record")
    _quality(
        screen,
        "best candidates (POSSIBLE too)",
        quality,
        counts.left_with_true_best,
        counts.left_with_best,
        counts.left_with_partner,
    )


def _quality(screen: Screen, name: str, quality: Quality, right: int, said: int, true: int) -> None:
    screen.add_row(f"Precision of {name}", share(quality.precision), _of(right, said))
    screen.add_row(f"Recall of {name}", share(quality.recall), _of(right, true))
    screen.add_row("F1", share(quality.f1), "")


def _effort(screen: Screen, found: Evaluation) -> None:
    _heading(screen, "Keys and time")
    screen.add_row("Keys of a record (right)", _mean(found.keys_per_record, 1), "")
    screen.add_row(
        f"Keys asked ({found.scope.name.lower()}, left)", _mean(found.keys_per_query, 1), ""
    )
    screen.add_row("Seconds", f"{found.timing.seconds:,.1f}", "")
    screen.add_row("ms for a child's normal form and keys", _mean(found.timing.ms_per_child, 3), "")
    screen.add_row("ms for a comparison", _mean(found.timing.ms_per_comparison, 3), "")


def _heading(screen: Screen, text: str) -> None:
    if screen.row_count:
        screen.add_row("", "", "")
    screen.add_row(Text(text, style="bold"), "", "")


def share(value: float | None) -> str:
    """In per cent; what is not quite all is never shown as all, nor what is not quite nothing as nothing."""
    if value is None:
        return "–"
    shown = f"{100 * value:.2f} %"
    if shown == "100.00 %" and value < 1:
        return "> 99.99 %"
    return "< 0.01 %" if shown == "0.00 %" and value > 0 else shown


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}"


def _mean(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
