"""The golden vectors: what this release makes of every known trap, and the check that it still
does.

The cases stand in ``golden_cases``, the vectors in ``golden_vectors.json``. A node runs
``check_golden_vectors`` when it starts: another edition of a library, of Python or of a table that
changes one key would make it answer "nothing" to every lookup about the children concerned, and
nobody would notice. The check takes well under half a second.

    python -m fingerpost.private.linkage.golden              checks, exits with 1 where they differ
    python -m fingerpost.private.linkage.golden --write      writes them anew

Invariant: the vectors of a normalisation version never change after a release. Only a release that
raises the version may write vectors that change a key.
"""

from __future__ import annotations

import hashlib
import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from fingerpost.private.demographics import PartialDate, written_birth
from fingerpost.private.linkage.blocking_keys import blocking_keys, oprf_input
from fingerpost.private.linkage.blocking_rules import BLOCKING_RULES_VERSION, Scope, Side
from fingerpost.private.linkage.comparison import COMPARISON_VERSION, compare
from fingerpost.private.linkage.golden_cases import CASES, PAIRS
from fingerpost.private.linkage.name_tables import tables_digest
from fingerpost.private.linkage.normal_form import (
    NORMALISATION_VERSION,
    Born,
    NormalForm,
    normalise,
)
from fingerpost.private.linkage.strength import assess
from fingerpost.protocol.errors import Defect

FILE: Final = "golden_vectors.json"
_WEIGHT_DIGITS: Final = 3


def check_golden_vectors() -> None:
    """Compare the committed vectors with those of the running code.

    Raises:
        Defect: They differ; the message names the traps, never a value.
    """
    committed = json.loads((files(__package__) / FILE).read_text("utf-8"))
    running = make_vectors()
    if committed == running:
        return
    parts = [part for part in running if committed.get(part) != running[part]]
    for part in ("forms", "pairs"):
        if part in parts:
            before = committed.get(part, {})
            parts += [name for name in running[part] if before.get(name) != running[part][name]]
    raise Defect(
        f"golden vectors of normalisation version {NORMALISATION_VERSION} are not reproduced: "
        + ", ".join(parts[:12])
    )


def make_vectors() -> dict[str, Any]:
    """Return all vectors as the running code makes them, as JSON values."""
    forms = {trap: normalise(fields) for trap, fields in CASES.items()}
    return {
        "normalisation_version": NORMALISATION_VERSION,
        "combinations_version": BLOCKING_RULES_VERSION,
        "comparison_version": COMPARISON_VERSION,
        "tables": tables_digest(),
        "forms": {trap: _vector(form) for trap, form in forms.items()},
        "pairs": {
            f"{asked} / {record}": _decision(forms[asked], forms[record]) for asked, record in PAIRS
        },
    }


def _vector(form: NormalForm) -> dict[str, Any]:
    return {
        "form": _plain(form),
        "strength": assess(form).level.name,
        "narrow_query": _keys(form, Side.QUERY, Scope.NARROW),
        "wide_query": _keys(form, Side.QUERY, Scope.WIDE),
        "record": _keys(form, Side.RECORD, Scope.WIDE),
    }


def _keys(form: NormalForm, side: Side, scope: Scope) -> str:
    """Return count and SHA-256 of all OPRF inputs in their order."""
    inputs = [
        oprf_input(key, NORMALISATION_VERSION)
        for key in blocking_keys(form, side=side, scope=scope, upn=True)
    ]
    return f"{len(inputs)} {hashlib.sha256(b''.join(inputs)).hexdigest()}"


def _plain(form: NormalForm) -> dict[str, Any]:
    former = [[one.outcode, one.incode, one.typed] for one in form.former_postcodes]
    birth, place, number, upn = form.birth, form.postcode, form.health_number, form.upn
    return {
        "names": [
            [list(name.forenames), list(name.middles), list(name.surnames), name.surname]
            for name in form.names
        ],
        "newborn": form.newborn,
        "birth_order": form.birth_order,
        "birth": _birth(birth),
        "sex": form.sex.name if form.sex else None,
        "postcode": [place.outcode, place.incode, place.typed] if place else None,
        "health_number": [number.scheme.name, number.digits] if number else None,
        "upn": [upn.text, upn.temporary] if upn else None,
    } | ({"former_postcodes": former} if former else {})


def _birth(birth: Born | None) -> list[str] | None:
    if birth is None:
        return None
    if isinstance(birth, PartialDate):
        return [written_birth(birth), "PARTIAL"]
    return [birth.as_date().isoformat(), birth.certainty.name]


def _decision(asked: NormalForm, record: NormalForm) -> list[Any]:
    comparison = compare(asked, record)
    return [comparison.decision.name, round(comparison.weight, _WEIGHT_DIGITS)]


def main(arguments: list[str]) -> int:
    """Return exit code 0 where the vectors agree, 1 where they differ, 2 for a wrong call."""
    if arguments == ["--write"]:
        text = json.dumps(make_vectors(), indent=1, sort_keys=True) + "\n"
        Path(__file__).with_name(FILE).write_text(text, "utf-8")
        return 0
    if arguments:
        sys.stderr.write("usage: python -m fingerpost.private.linkage.golden [--write]\n")
        return 2
    try:
        check_golden_vectors()
    except Defect as defect:
        sys.stderr.write(f"{defect}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
