"""For each claim of ``docs/threat-model.md``, a change that breaks it and the test that then fails.

A claim is covered by any of the tests that it names. ``tests/architecture/test_mutants.py`` checks
that each claim has an entry and that each text to be replaced stands in its file exactly once;
``make mutants`` makes each change in a copy of the tree and runs the test. Whoever changes the code
under an entry changes the entry: in ``guarantees``, ``moments``, ``exports``, ``statements``,
``attacks``, ``thefts``, ``faults``, ``marked``, ``agreements``, ``knocks`` or ``talking``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mutants.agreements import AGREEMENTS
from mutants.attacks import ATTACKS
from mutants.exports import EXPORTS
from mutants.faults import FAULTS
from mutants.guarantees import GUARANTEES
from mutants.knocks import KNOCKS
from mutants.marked import MARKED
from mutants.moments import MOMENTS
from mutants.mutation import Mutation
from mutants.shields import SHIELDS
from mutants.statements import STATEMENTS
from mutants.talking import TALKING
from mutants.thefts import THEFTS

CLAIMS: Final[tuple[Mutation, ...]] = (
    *GUARANTEES,
    *MOMENTS,
    *MARKED,
    *AGREEMENTS,
    *KNOCKS,
    *EXPORTS,
    *STATEMENTS,
    *ATTACKS,
    *SHIELDS,
    *THEFTS,
    *FAULTS,
    *TALKING,
)
NO_MUTATION: Final[Mapping[str, str]] = {}
"""By a test that a claim names, why no change of the code can break the claim."""
