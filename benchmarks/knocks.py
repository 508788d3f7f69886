"""How many lookups and knocks a day come to a school, a practice, a council and a mental-health
trust, by lane.

    python -m benchmarks.knocks

Each lookup has a purpose and a child; each agency knows the child or does not. What is disclosed
follows from the signed terms, and the lane from the rules of the product. Beside the figures stand
those for which the lanes were designed.

Law: all shares are stated here and made up, except the number of lookups a year that the design
takes. The figures show what the rules make of such a load; they are no forecast for a real area.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Final

from agency_node.answering.matching import Finding
from agency_node.notices.lanes import Earlier, Lane, lane_of
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Kind, Purpose, Status
from fingerpost.protocol.table_of_terms import TERMS

LOOKUPS_A_YEAR: Final = 3_000_000
AREAS: Final = 152
WORKING_DAYS: Final = 253
PURPOSES: Final = {
    Purpose.SAFEGUARDING_CONCERN: 30,
    Purpose.REFERRAL_TRIAGE: 25,
    Purpose.S17_ASSESSMENT: 12,
    Purpose.S47_ENQUIRY: 10,
    Purpose.EARLY_HELP: 8,
    Purpose.URGENT_CARE: 6,
    Purpose.TRANSFER_IN: 4,
    Purpose.CLA_CARE: 3,
    Purpose.MISSING_CHILD: 1,
    Purpose.EMERGENCY_PROTECTION: 1,
}
"""Of 100 lookups."""
POSSIBLE: Final = 0.02
"""Of the children whom an agency knows, whose record only possibly is hers."""
SHIELDED: Final = 0.01
ELSEWHERE: Final = 0.1
"""Of the lookups, those from another area."""
HARM: Final = 0.2
"""Of the lookups, those that state likely significant harm."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A kind of agency: how many of them share the lookups of how many areas, what they record, how
    many of the children who are asked about they know, and the figure of the design."""

    name: str
    agencies: int
    areas: int
    kind: Kind
    known: float
    designed: str


DESKS: Final = (
    Desk("school", 160, 1, Kind.EDU_SCHOOL, 0.75, "a lookup every other school day"),
    Desk("GP practice", 42, 1, Kind.GP, 0.97, "2 lookups a working day"),
    Desk("council", 1, 1, Kind.CSC_CIN, 0.7, "54 lookups a day"),
    Desk("mental-health trust", 1, 3, Kind.MENTAL_HEALTH, 0.14, "33 knocks a day"),
)


@dataclass(frozen=True, slots=True)
class Load:
    """Of one agency, a working day on the average: lookups that opened, by lane."""

    desk: Desk
    lanes: dict[Lane, float]

    @property
    def opened(self) -> float:
        return sum(self.lanes.values())


def measure(desk: Desk, days: int, seed: int) -> Load:
    """Count the lookups of some working days at all agencies of a kind."""
    random = Random(seed)
    a_day = LOOKUPS_A_YEAR / AREAS / WORKING_DAYS * desk.areas
    purposes, weights = list(PURPOSES), list(PURPOSES.values())
    children = int(79_000 * desk.areas * 0.06)  # those who are asked about at all in a year
    earlier: dict[int, list[Earlier]] = {}
    counted: Counter[Lane] = Counter()
    for day in range(days):
        for _ in range(int(a_day) + (random.random() < a_day % 1)):
            purpose = random.choices(purposes, weights)[0]
            child, home = random.randrange(children), random.random() >= ELSEWHERE
            if Random(child * 7 + seed).random() >= desk.known:
                continue  # the same children are known all the time
            area = "e99000001" if home else f"e9900000{random.randrange(2, 9)}"
            at = day * limits.DAY + random.randrange(limits.DAY)
            before = earlier.setdefault(child, [])
            counted[_lane(desk, purpose, random, before, at, home=home)] += 1
            before.append(Earlier(at, area))
    return Load(desk, {lane: counted[lane] / days / desk.agencies for lane in Lane})


def _lane(
    desk: Desk, purpose: Purpose, random: Random, before: list[Earlier], at: int, *, home: bool
) -> Lane:
    finding = Finding.POSSIBLE if random.random() < POSSIBLE else Finding.MATCH
    terms = next(row for row in TERMS if row.purpose is purpose)
    harm = random.random() < HARM
    told = (
        finding is Finding.MATCH
        and random.random() >= SHIELDED
        and not desk.kind.sensitive
        and (home or not terms.home_only)
        and terms.allows(desk.kind, lead=False, significant_harm=harm)
    )
    answer = Status.INVOLVED if told else Status.NOTHING_TO_DISCLOSE
    return lane_of(finding.value, answer.name, purpose, own=False, earlier=before, at=at)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=WORKING_DAYS)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"{given.days} working days; each agency, a working day on the average:")
    print(f"{'':<22}{'opened':>8}{'ring now':>10}{'today':>8}{'log only':>10}  designed for")
    for desk in DESKS:
        load = measure(desk, given.days, given.seed)
        now, today, log = (load.lanes[lane] for lane in Lane)
        figures = f"{load.opened:8.2f}{now:10.3f}{today:8.2f}{log:10.2f}"
        print(f"{desk.name:<22}{figures}  {desk.designed}")


if __name__ == "__main__":
    main()
