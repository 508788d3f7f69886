"""What a mutation is, and the files and tests that many of them are about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Mutation:
    """``test`` must fail in a tree where ``before``, in the file ``path``, reads ``after``.

    ``also``: further texts of the file and what they read then, where the code stops an attack more
    than once, and one check is enough.
    """

    test: str
    path: str
    before: str
    after: str = "pass"
    also: tuple[tuple[str, str], ...] = ()

    @property
    def changes(self) -> tuple[tuple[str, str], ...]:
        return ((self.before, self.after), *self.also)

    def mutated(self, tree: Path) -> str:
        text = (tree / self.path).read_text("utf-8")
        for before, after in self.changes:
            text = text.replace(before, after)
        return text


NOTES: Final = "tests/simulation/test_notes.py::"
SEEN: Final = "tests/privacy/test_what_each_party_saw.py::"
HOSTILE: Final = "tests/simulation/test_hostile_broker.py::"
DISHONEST: Final = "tests/simulation/test_dishonest_requesters.py::"
FOOTING: Final = "tests/simulation/test_wrong_footing.py::"
SECOND: Final = "tests/simulation/test_second_rounds.py::"
NODE: Final = "tests/unit/agency_node/"
BROKER: Final = "tests/unit/broker/"
GATEWAY: Final = "tests/unit/practitioner/"
PRIVATE: Final = "tests/unit/fingerpost/private/"
LISTS: Final = "tests/unit/fingerpost/membership/test_member_list_attacks.py::TestAttacks::"

CLIENT: Final = "practitioner/asking/client.py"
SENDING: Final = "practitioner/asking/sending.py"
NOTED: Final = "agency_node/notes/service.py"
EXCHANGED: Final = "practitioner/asking/exchanging.py"
CARRIED_PACKETS: Final = "broker/exchanges.py"
SEALED_NOTES: Final = "fingerpost/private/notes.py"
THREADS: Final = "agency_node/answering/threads.py"
OUTCOME: Final = "practitioner/asking/outcome.py"
CONCLUDED: Final = "practitioner/asking/concluding.py"
PLAN: Final = "practitioner/asking/plan.py"
QUERY: Final = "practitioner/asking/query.py"
OUTCOMES: Final = "practitioner/asking/outcomes_store.py"
ANSWERS: Final = "agency_node/answering/service.py"
JUDGED: Final = "agency_node/answering/admission.py"
TOLD: Final = "agency_node/answering/disclosure.py"
MATCHED: Final = "agency_node/answering/matching.py"
CARRIED: Final = "broker/service.py"
ADMITTED: Final = "broker/admission.py"
SEALED: Final = "fingerpost/private/query_sealing.py"
SEALS: Final = "fingerpost/private/sealing.py"
APPROVED: Final = "fingerpost/private/approvals.py"
DECIDED: Final = "practitioner/asking/second_persons.py"
RULES: Final = "fingerpost/private/purpose_rules.py"
PASSPORT: Final = "fingerpost/private/passport.py"
LOCATORS: Final = "fingerpost/private/locators.py"
FEDERATION: Final = "fingerpost/protocol/federation.py"
WITNESS: Final = "fingerpost/runtime/witness.py"

GAPS_AS_NO: Final = (
    (
        "class QueryOnItsWay:\n",
        "from fingerpost.protocol.codes import Status\n"
        "_NO = Answered(Status.NOTHING_TO_DISCLOSE)\n\n\nclass QueryOnItsWay:\n",
    ),
)
"""The answer that nobody gave, for mutations that show it."""
