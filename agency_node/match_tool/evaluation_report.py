"""An evaluation as JSON, for programs, and as a table, for people.

It holds figures only: no id and no value of a record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

from rich.console import Console
from rich.table import Table as Screen
from rich.text import Text

from agency_node.match_tool.evaluation import Evaluation, Quality
from agency_node.match_tool.reports import about, as_json, show_notes, versions
from agency_node.match_tool.tables import Table
from fingerpost.private.linkage.comparison import MOST_CANDIDATES
from fingerpost.runtime.screen_text import counted

EVALUATION_SCHEMA: Final = "fingerpost-match/evaluate/1"

_Line = tuple[str, str, str]
"""What a figure is called, the figure, and what it is a share of."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """``true_lines``: of the file of truth. ``repeated``: those whose pair came before."""

    left: Table
    right: Table
    truth: str
    true_lines: int
    repeated: int


def write_evaluation(found: Evaluation, inputs: Inputs) -> bytes:
    """Write JSON; shares are from 0 to 1, and null where there is nothing to be a share of."""
    return as_json(
        {
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
            "counts": asdict(found.counts),
            "input": {
                "left": about(inputs.left),
                "right": about(inputs.right),
                "truth": {"lines": inputs.true_lines, "repeated": inputs.repeated},
            },
        }
    )


def show_evaluation(console: Console, found: Evaluation, inputs: Inputs) -> None:
    for sentence in _about(found, inputs):
        console.print(sentence)
    show_notes(console, (inputs.left,) if found.same_file else (inputs.left, inputs.right))
    for sentence in _warnings(found, inputs):
        console.print(sentence)
    console.print()
    screen = Screen(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    screen.add_column()
    screen.add_column(justify="right")
    screen.add_column(style="dim")
    for title, lines in _sections(found):
        if screen.row_count:
            screen.add_row("", "", "")
        screen.add_row(Text(title, style="bold"), "", "")
        for line in lines:
            screen.add_row(*line)
    console.print(screen)
    console.print()


def _about(found: Evaluation, inputs: Inputs) -> Iterator[str]:
    counts, keys = found.counts, found.scope.name.lower()
    pupil = ", pupil numbers used" if found.upn else ""
    left, right = counted(counts.left, "record"), counted(counts.right, "record")
    yield f"Left:  {inputs.left.name}, {left}; they ask, with {keys} keys{pupil}"
    yield f"Right: {inputs.right.name}, {right}; they are recorded"
    yield (
        f"Truth: {inputs.truth}, {counted(counts.true_pairs, 'pair')}; "
        f"{counted(counts.left_with_partner, 'left record has', 'left records have')} a partner"
    )
    if found.same_file:
        yield (
            "Both files hold the same records: a record is not held against itself, and of two "
            "records the earlier one asks, so that each pair counts once."
        )


def _warnings(found: Evaluation, inputs: Inputs) -> Iterator[str]:
    counts = found.counts
    if inputs.repeated:
        lines = counted(inputs.repeated, "line")
        yield f"{inputs.truth}: {lines} with a pair that an earlier line has"
    for side, lacking in (("Left", counts.left_without_keys), ("Right", counts.right_without_keys)):
        if lacking and not (found.same_file and side == "Right"):
            yield (
                f"{side}: {counted(lacking, 'record')} without any key: too little is known, "
                "nobody can find them"
            )
    if counts.pairs_beyond_limit:
        yield (
            f"{counted(counts.pairs_beyond_limit, 'opened pair')} not compared "
            f"({counts.true_pairs_beyond_limit:,} of them true): a node compares the "
            f"{MOST_CANDIDATES} records that share most keys with a question"
        )


def _sections(found: Evaluation) -> Iterator[tuple[str, list[_Line]]]:
    yield "Which records open", _opened(found)
    counts = found.counts
    right = counts.true_match_pairs + counts.true_possible_pairs
    yield (
        "What reaches the threshold: answered, or for a desk",
        _quality(
            "the decision",
            found.decision,
            _of(right, counts.match_pairs + counts.possible_pairs),
            _of(right, counts.true_pairs),
        ),
    )
    yield (
        "What a node answers with a pointer: MATCH",
        _quality(
            "what is answered",
            found.answered,
            _of(counts.true_match_pairs, counts.match_pairs),
            _of(counts.true_match_pairs, counts.true_pairs),
        ),
    )
    true_possible = _of(counts.true_possible_pairs, counts.true_pairs)
    yield (
        "What a node records for its desk only: POSSIBLE",
        [
            ("True pairs", share(found.possible_share), true_possible),
            ("Wrong pairs", f"{found.wrong_pairs_possible:,}", ""),
        ],
    )
    yield (
        "Best candidate of each left record",
        _quality(
            "best candidates (POSSIBLE too)",
            found.best_candidate,
            _of(counts.left_with_true_best, counts.left_with_best),
            _of(counts.left_with_true_best, counts.left_with_partner),
        ),
    )
    yield "Keys and time", _effort(found)


def _opened(found: Evaluation) -> list[_Line]:
    counts, each = found.counts, found.wrong_pairs_per_left_record
    lonely = counts.left - counts.left_with_partner
    return [
        (
            "True pairs that share a key (unlock recall)",
            share(found.unlock_recall),
            _of(counts.true_pairs_opened, counts.true_pairs),
        ),
        (
            "Left records without partner that open any",
            share(found.opened_without_partner),
            _of(counts.left_without_partner_opened, lonely),
        ),
        (
            "Wrong pairs opened",
            f"{found.wrong_pairs_opened:,}",
            "" if each is None else f"{each:.3f} a left record",
        ),
    ]


def _quality(name: str, quality: Quality, of_said: str, of_true: str) -> list[_Line]:
    return [
        (f"Precision of {name}", share(quality.precision), of_said),
        (f"Recall of {name}", share(quality.recall), of_true),
        ("F1", share(quality.f1), ""),
    ]


def _effort(found: Evaluation) -> list[_Line]:
    scope, timing = found.scope.name.lower(), found.timing
    return [
        ("Keys of a record (right)", _mean(found.keys_per_record, 1), ""),
        (f"Keys asked ({scope}, left)", _mean(found.keys_per_query, 1), ""),
        ("Seconds", f"{timing.seconds:,.1f}", ""),
        ("ms for a child's normal form and keys", _mean(timing.ms_per_child, 3), ""),
        ("ms for a comparison", _mean(timing.ms_per_comparison, 3), ""),
    ]


def share(value: float | None) -> str:
    """Return per cent. Only what is exactly all, or nothing, is shown as 100 % or 0 %."""
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
