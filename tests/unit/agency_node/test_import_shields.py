"""A shield survives a feed: the register of shields, what imports make of it, and what it withholds
from then on.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agency_node.importing.importer import rehearse
from agency_node.importing.report import ImportReport, report_document
from agency_node.importing.shielding import Coming, plan, set_by_hand
from agency_node.importing.sources.children import FlaggedRow
from agency_node.importing.sources.fields import Flag
from agency_node.importing.staging import Unconfirmed, make_ready
from agency_node.records.meeting import sought
from agency_node.records.ports import Shields
from agency_node.records.records import ChildRecord, RecordId
from agency_node.records.shields import REVIEW_SECONDS, Register, SetBy
from agency_node.records.store.shields import FileShields
from agency_node.records.tagging import record_inputs
from benchmarks.population.child import Child
from benchmarks.population.errors import TYPICAL, Holder
from benchmarks.population.names import Names
from benchmarks.population.population import build
from benchmarks.population.spoiling import write_record
from fakes.federations import NOW
from fakes.import_world import ELM, ELSEWHERE, OAK, World, data_keys, export, options, row
from fakes.refusals import refused
from fingerpost.private.linkage import normalise
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.files import replace_file
from fingerpost.runtime.screen_text import json_lines
from fingerpost.runtime.witness import Fault, PutBack, WitnessFolder

NUMBER, OTHER_NUMBER = "9434765919", "9434765870"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def all_stored(world: World, agency: AgencyId = OAK) -> list[ChildRecord]:
    newest = world.records.generation(agency)
    assert newest is not None
    return [world.records.child(agency, newest.number, RecordId(n)) for n in range(newest.children)]


def stored(world: World, agency: AgencyId = OAK) -> list[ChildRecord]:
    """The children of the file, without the forms of shields."""
    return [each for each in all_stored(world, agency) if each.involvements[0].worker_name]


def shielded(world: World) -> list[bool]:
    """Of each child that is stored, in the order of the file, whether she is shielded."""
    found = [{row.shielded for row in child.involvements} for child in stored(world)]
    assert all(len(each) == 1 for each in found)
    return [each.pop() for each in found]


async def accepted(world: World, lines: Sequence[str]) -> ImportReport:
    """Import a file though it looks misread: somebody has looked at it."""
    try:
        return await world.import_(lines)
    except Unconfirmed as why:
        names = [finding.name for finding in why.found]
        return await world.import_(lines, how=options(*names))


def register(world: World) -> Register:
    return world.shields.read(OAK)


# ---- the three ways -----------------------------------------------------------------------------

SHE = {"health_number": NUMBER, "local_id": "A1"}
MOVED = {"surname": "Wintersmith", "forename": "Isolde", "postcode": "B1 1AA", "dob": "2013-03-03"}
WAYS = {
    "the same health number": row(1, local_id="B2", health_number=NUMBER, **MOVED),
    "the same own number": row(1, local_id="A1", **MOVED),
    "alike": row(1, local_id="C3"),
}


@pytest.mark.parametrize("unflagged", WAYS.values(), ids=WAYS)
async def test_a_shield_survives_the_next_import(world: World, unflagged: str) -> None:
    await world.import_([row(1, **SHE, shield="yes"), row(2)])
    report = await accepted(world, [row(2), unflagged])
    assert shielded(world) == [False, True]
    assert (report.shielded, report.shields.unsaid, report.shields.new) == (1, 1, 0)


@pytest.mark.parametrize("unflagged", [WAYS["the same health number"], WAYS["alike"]])
@pytest.mark.parametrize("first", [True, False])
async def test_one_row_with_the_flag_shields_all_of_her_records(
    world: World, unflagged: str, first: bool
) -> None:
    """Also a record that comes before the row in the file."""
    flagged = row(1, **SHE, shield="yes")
    await world.import_([row(2), *((flagged, unflagged) if first else (unflagged, flagged))])
    assert shielded(world) == [False, True, True]


async def test_a_row_that_only_others_lead_to_is_met(world: World) -> None:
    """The number leads from the flag to a record, and that record's names to another."""
    renamed = row(1, local_id="B2", health_number=NUMBER, **MOVED)
    alike = row(1, local_id="C3", **MOVED)
    await world.import_([alike, row(2), renamed, row(1, **SHE, shield="yes")])
    assert shielded(world) == [True, False, True, True]


async def test_numbers_name_and_home_may_change_one_after_the_other(world: World) -> None:
    await accepted(world, [row(1, **SHE, shield="yes")])
    await accepted(world, [row(1, local_id="B2", health_number=NUMBER, **MOVED)])
    await accepted(world, [row(1, local_id="B2", **MOVED)])
    await accepted(world, [row(1, local_id="D4", **MOVED)])
    assert shielded(world) == [True]
    [shield] = register(world).shields
    assert (len(shield.own), len(shield.forms)) == (3, 3)


@pytest.mark.parametrize(
    "line",
    [
        row(1, **SHE, shield="yes", kind="KNOWN_TO_US"),
        row(1, **SHE, shield="yes", end="2020-01-01", start=""),
        row(1, **SHE, shield="maybe"),
        row(1, **SHE, shield="yes", forename="x" * 101),
    ],
    ids=["refused", "over", "flag not read", "name not read"],
)
async def test_a_flag_holds_whatever_becomes_of_its_row(world: World, line: str) -> None:
    await world.import_([row(2), line])
    await accepted(world, [row(2), row(1, **SHE)])
    assert shielded(world) == [False, True]


async def test_others_are_not_shielded_but_a_twin_until_people_say_so(world: World) -> None:
    twin = row(1, local_id="T", forename="Barnaby", sex="M")
    await world.import_([row(1, **SHE, shield="yes"), twin, *(row(n) for n in range(2, 40))])
    assert shielded(world) == [True, True, *[False] * 38]
    [likely] = register(world).likely
    world.shields.change(OAK, lambda held: held.decided(likely.number, same=False))
    await accepted(world, [row(1, **SHE), twin, *(row(n) for n in range(2, 40))])
    assert shielded(world) == [True, *[False] * 39]
    assert len(register(world).shields) == 1


def as_written(children: Sequence[Child], seed: str) -> list[Coming]:
    """The children as somebody wrote them down, with the errors of a health service, and without
    any number."""
    chance = Random(seed)
    found = []
    for place, child in enumerate(children):
        who = write_record(child, TYPICAL, chance, holder=Holder.HEALTH)
        who = replace(who, health_number="", number_scheme=None, upn="")
        form = normalise(who)
        own = f"{seed} {place}".encode()
        by = sought(form, record_inputs(form, upn=False), own=own, upn=False)
        found.append(Coming(who, by, 1, said=False))
    return found


def test_by_likeness_alone_most_are_met_and_hardly_anybody_else() -> None:
    """Written down twice, by two persons, with other own numbers: nothing but the comparison leads
    from one record to the other."""
    children = build(1200, 1, Names.builtin(), of_area=1200).children
    she = set(range(0, len(children), 8))
    first, second = (as_written(children, seed) for seed in ("first", "second"))
    flagged = [FlaggedRow(f"first {n}", Flag.YES, first[n].demographics) for n in she]
    planned = partial(plan, earlier=(), own=str.encode, rows=len(children), upn=False, now=0)
    held = planned(Register(), first, flagged)
    assert she <= held.shielded
    again = planned(held.after, second, [])
    assert len(again.shielded & she) >= 0.93 * len(she)
    family = {children[n].family for n in she}
    others = {n for n in again.shielded - she if children[n].family not in family}
    # One for each four shields at most, in two files: who was likely in the first is so in the
    # second, too. Most are neighbours, since all live in one small area.
    assert len(others) <= 0.25 * len(she)


# ---- who is likely to be shielded ---------------------------------------------------------------

FLED = {"local_id": "N1", "surname": "Wintersmith", "postcode": "B1 1AA"}


async def test_who_took_another_name_and_home_is_withheld_until_people_decide(world: World) -> None:
    await world.import_([row(1, **SHE, shield="yes"), row(2)])
    report = await accepted(world, [row(1, **FLED), row(2)])
    assert (report.shields.likely, report.shields.overdue) == (1, 0)
    assert "1 child is likely to be shielded" in " ".join(report.shields.words())
    assert shielded(world)[:2] == [True, False]
    [likely] = register(world).likely
    assert [form.surname for form in likely.forms] == ["Wintersmith"]
    assert register(world).shields[0].forms[-1].surname == "Fenwickson"


async def test_whoever_is_the_same_as_a_likely_child_is_likely_too(world: World) -> None:
    """She waits for people's word, under details that lead to the shield no more."""
    await world.import_([row(1, **SHE, shield="yes"), row(2)])
    await accepted(world, [row(1, **FLED), row(2)])
    await accepted(world, [row(2)])
    last = row(1, **{**FLED, **MOVED, "local_id": "Q9"})
    changed = row(1, **{**FLED, **MOVED, "local_id": "N1"})
    await accepted(world, [changed, row(2)])
    assert shielded(world)[:2] == [True, False]
    await accepted(world, [row(2), last])
    assert shielded(world)[:2] == [False, True]


async def test_people_have_two_working_days(world: World) -> None:
    await world.import_([row(1, **SHE, shield="yes"), row(1, **FLED)])
    [likely] = register(world).likely
    now = likely.since
    assert [likely.is_overdue(now + n * 86_400) for n in (0, 1, 2, 5, 40)] == [
        False, False, False, True, True,
    ]  # fmt: skip
    world.clock.advance(8 * 86_400)
    report = await accepted(world, [row(1, **FLED), row(2)])
    assert report.shields.overdue == 1
    assert "more than 2 working days" in " ".join(report.shields.words())


async def test_a_shielded_child_who_is_in_no_file_still_opens(world: World) -> None:
    """Her form is stored as a record, which is shielded and counts as no child of the file."""
    await world.import_([row(1, **SHE, shield="yes"), row(2)])
    report = await accepted(world, [row(2)])
    assert (report.children, report.before) == (1, 2)
    everybody = all_stored(world)
    assert [child.demographics.surname for child in everybody] == ["Tarrowby", "Fenwickson"]
    assert [child.involvements[0].shielded for child in everybody] == [False, True]
    report = await accepted(world, [row(2), row(3)])
    assert (report.children, report.before) == (2, 1)


# ---- any sequence of imports --------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A row about one of three children. ``form``: under which names, at which home; she has two
    that nobody would take for one child.
    """

    child: int
    own: int
    form: int
    number: bool
    flag: bool

    @property
    def facts(self) -> frozenset[tuple[int, str, int]]:
        found = {(self.child, "own", self.own), (self.child, "form", self.form)}
        return frozenset(found | ({(self.child, "number", 0)} if self.number else set()))

    def written(self) -> str:
        names = (("Quillon", "Tarrowby"), ("Isolde", "Wintersmith"), ("Oswin", "Umberleigh"))
        others = (("Thessaly", "Mapplebeck"), ("Peregrine", "Ossulton"), ("Zelda", "Kettlewick"))
        forename, surname = (names, others)[self.form][self.child]
        place = 7 * self.child + 3 * self.form
        return row(
            place,
            local_id=f"{self.child}-{self.own}",
            forename=forename,
            surname=surname,
            health_number=(NUMBER, OTHER_NUMBER, "9990000018")[self.child] if self.number else "",
            shield="yes" if self.flag else "",
        )


lines = st.builds(
    Line, st.integers(0, 2), st.integers(0, 2), st.integers(0, 1), st.booleans(), st.booleans()
)


def known_of(held: set[object], imported: Sequence[Line]) -> None:
    """Add to what is known of shielded children, as the law of the register has it."""
    held.update(fact for line in imported if line.flag for fact in line.facts)
    while True:
        more = {f for line in imported if held & line.facts for f in line.facts} - held
        if not more:
            return
        held |= more


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(lines, min_size=1, max_size=6), min_size=1, max_size=4))
def test_nobody_once_shielded_is_unshielded_by_any_imports(imports: list[list[Line]]) -> None:
    """And nobody else is shielded: the register does not flood."""

    async def run(folder: Path) -> None:
        world = World(folder)
        held: set[object] = set()
        for imported in imports:
            await accepted(world, [line.written() for line in imported])
            # A second row that says something else under one own number is refused; its flag
            # counts all the same.
            by_own: dict[tuple[int, int], Line] = {}
            for line in imported:
                by_own.setdefault((line.child, line.own), line)
            flagged = [line for line in imported if line.flag]
            known_of(held, [*by_own.values(), *flagged])
            expected = [bool(held & line.facts) for line in by_own.values()]
            assert shielded(world) == expected
        world.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


# ---- what the import does -----------------------------------------------------------------------


async def test_the_report_counts_and_names_nobody(world: World) -> None:
    report = await world.import_([row(1, **SHE, shield="yes"), row(2)])
    assert (report.shields.shields, report.shields.new, report.shields.unsaid) == (1, 1, 0)
    report = await accepted(world, [row(1, **SHE), row(2)])
    assert "1 child is shielded by the register though the file does not say so" in " ".join(
        report.shields.words()
    )
    written = json_lines(report_document(report)).decode()
    assert '"unsaid": 1' in written
    assert "Tarrowby" not in written
    assert NUMBER not in written


async def test_people_are_asked_after_ninety_days_and_nothing_ends_by_itself(world: World) -> None:
    await world.import_([row(1, **SHE, shield="yes"), row(2)])
    world.clock.advance(REVIEW_SECONDS + 1)
    report = await accepted(world, [row(1, **SHE), row(2), row(3)])
    assert report.shields.due == 1
    assert shielded(world) == [True, False, False]


async def test_the_same_file_again_changes_nothing(world: World) -> None:
    lines = [row(1, **SHE, shield="yes"), row(2)]
    await world.import_(lines)
    before = register(world)
    report = await world.import_(lines)
    assert report.already
    assert register(world) == before


async def test_a_file_that_is_not_taken_sets_no_shield(world: World) -> None:
    """A misread column must not fill the register."""
    await world.import_([row(n) for n in range(8)])
    with pytest.raises(Unconfirmed):
        await world.import_([row(n, shield="yes") for n in range(3)])
    assert register(world).shields == ()


async def test_flags_that_mostly_cannot_be_read_hold_for_this_import_alone(world: World) -> None:
    lines = [row(n, shield="lvl 2") for n in range(10)]
    with pytest.raises(Unconfirmed):
        await world.import_(lines)
    report = await accepted(world, lines)
    assert shielded(world) == [True] * 10
    assert (report.shields.unread, register(world).shields) == (10, ())
    report = await accepted(world, [row(n, shield="lvl 2" if n < 3 else "no") for n in range(10)])
    assert report.shields.unread == 0
    assert [shield.set_by for shield in register(world).shields] == [SetBy.UNREAD_FLAG] * 3


async def test_a_lifted_shield_ends_with_the_next_import_of_the_same_file(world: World) -> None:
    await world.import_([row(1, **SHE, shield="yes"), row(2)])
    lines = [row(1, **SHE), row(2)]
    await accepted(world, lines)
    [shield] = register(world).shields
    world.shields.change(OAK, lambda held: held.without(shield.number))
    report = await accepted(world, lines)
    assert not report.already
    assert shielded(world) == [False, False]
    await accepted(world, [row(1, **SHE, shield="yes"), row(2)])
    assert [each.number for each in register(world).shields] == [shield.number + 1]


async def test_a_shield_is_of_one_agency_alone(world: World) -> None:
    await world.import_([row(1, **SHE, shield="yes")])
    await world.import_([row(1, **SHE)], ELM)
    assert [child.involvements[0].shielded for child in stored(world, ELM)] == [False]


async def test_what_is_learned_of_a_child_is_in_every_shield_with_her_number(world: World) -> None:
    """Her number was typed on another child's row, whose shield is lifted when she has moved."""
    await world.import_([row(3, local_id="X", health_number=NUMBER, shield="yes"), row(2)])
    [wrong] = register(world).shields
    [child] = make_ready(lambda _: b"", export([row(1, **SHE)]).content, options()).children
    who = child.source.demographics
    by_hand = partial(set_by_hand, person="ann", why="w", upn=False, now=int(NOW))
    world.shields.change(OAK, lambda held: by_hand(held, b"", who)[0])
    await accepted(world, [row(2), row(1, local_id="B2", health_number=NUMBER, **MOVED)])
    world.shields.change(OAK, lambda held: held.without(wrong.number))
    await world.import_([row(2), row(1, local_id="C3", **MOVED), row(3, local_id="X")])
    assert shielded(world) == [False, True, False]


# ---- the hidden ---------------------------------------------------------------------------------


async def test_nothing_of_a_hidden_child_is_stored(world: World) -> None:
    hidden = row(1, **SHE, shield="hidden")
    report = await world.import_([row(2), hidden, row(1, **SHE, kind="GP"), row(3)])
    assert [child.demographics.surname for child in stored(world)] == ["Tarrowby", "Hollingshade"]
    assert (report.children, report.shields.hidden, report.rows_taken) == (2, 2, 2)
    held = register(world)
    assert (held.shields, len(held.hidden)) == ((), 1)
    report = await accepted(world, [row(2), row(1, **SHE), row(3)])
    assert (report.children, report.shields.hidden) == (2, 1)


def test_a_dry_run_leaves_the_hidden_out_and_writes_no_register(world: World) -> None:
    lines = [row(2), row(1, **SHE, shield="hidden"), row(1, **SHE, kind="GP"), row(3, shield="yes")]
    report = rehearse(OAK, export(lines), options(), None, NOW)
    assert (report.children, report.shielded, report.shields.hidden) == (2, 1, 2)
    assert register(world) == Register()


async def test_a_hidden_child_is_linked_to_nobody(world: World) -> None:
    """Her new identity, even with all of her details, is another child here."""
    await world.import_([row(2), row(1, **SHE, shield="hidden")])
    await accepted(world, [row(2), row(1, local_id="NEW")])
    assert shielded(world) == [False, False]


async def test_a_flag_on_a_hidden_child_sets_no_shield(world: World) -> None:
    await world.import_([row(2), row(1, **SHE, shield="hidden"), row(1, **SHE, shield="yes")])
    assert register(world).shields == ()


# ---- where the register comes from, and what it needs --------------------------------------------


async def test_records_of_an_earlier_release_keep_their_shields(world: World) -> None:
    """They were imported when there was no register."""
    await world.import_([row(1, **SHE, shield="yes"), row(2)])
    world.shields.path(OAK).unlink()
    (world.folder / "witness" / f"shields.{OAK}.mark").unlink()
    await accepted(world, [row(2), row(1, local_id="B2", health_number=NUMBER)])
    assert shielded(world) == [False, True]
    assert [shield.set_by for shield in register(world).shields] == [SetBy.RECORDS]


@pytest.mark.parametrize("how", ["gone", "older", "changed"])
async def test_without_its_register_nothing_is_imported(world: World, how: str) -> None:
    await world.import_([row(1, **SHE, shield="yes"), row(2)])
    path = world.shields.path(OAK)
    older = path.read_bytes()
    world.shields.change(OAK, lambda held: msgspec.structs.replace(held, last=9))
    before = world.records.generation(OAK)
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(older if how == "older" else path.read_bytes()[:-1] + b"!")
    with pytest.raises(PutBack) as put_back:
        await world.import_([row(1, **SHE), row(2), row(3)])
    faults = {"gone": Fault.GONE, "older": Fault.OLDER, "changed": Fault.CHANGED}
    assert put_back.value.fault is faults[how]
    assert world.records.generation(OAK) == before


@pytest.mark.parametrize("gone", [True, False])
async def test_an_adopted_register_is_filled_from_the_records(world: World, gone: bool) -> None:
    await world.import_([row(2)])
    older = world.shields.path(OAK).read_bytes()
    await accepted(world, [row(1, **SHE, shield="yes"), row(2)])
    world.shields.path(OAK).unlink()
    if not gone:
        world.shields.path(OAK).write_bytes(older)
        world.shields.path(OAK).chmod(0o600)
    adopted = world.shields.adopt(OAK)
    assert adopted.sound
    assert register(world) == Register()
    await accepted(world, [row(1, local_id="B2", health_number=NUMBER), row(2)])
    assert shielded(world) == [True, False]
    assert register(world).whole


async def test_an_adoption_that_is_killed_leaves_no_earlier_copy_that_counts_as_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before each write of a file: of the register, and of its witness."""
    await world.import_([row(2)])
    older = world.shields.path(OAK).read_bytes()
    await world.import_([row(1, **SHE, shield="yes"), row(2)])
    for last in range(3):
        world.shields.path(OAK).write_bytes(older)
        writes = 0

        def killed(path: Path, content: bytes, *, durable: bool = True, last: int = last) -> None:
            nonlocal writes
            if writes == last:
                raise KeyboardInterrupt
            writes += 1
            replace_file(path, content, durable=durable)

        with monkeypatch.context() as patch:
            patch.setattr("fingerpost.runtime.witness.replace_file", killed)
            with suppress(KeyboardInterrupt):
                world.shields.adopt(OAK)
        with suppress(PutBack):
            assert not register(world).whole
    await accepted(world, [row(1, local_id="B2", health_number=NUMBER), row(2)])
    assert shielded(world) == [True, False]


async def test_a_register_that_cannot_be_written_stops_the_import(world: World) -> None:
    """The file is read, and the disk fails before anything is stored."""

    class Full(FileShields):
        def change(self, *_: object) -> Register:
            raise Defect("the disk is full")

    await world.import_([row(2)])
    before = world.records.generation(OAK)
    keys, witness = data_keys(), WitnessFolder(world.folder / "witness")
    world.importer = replace(world.importer, shields=Full(world.folder / "shields", keys, witness))
    with pytest.raises(Defect, match="full"):
        await world.import_([row(2), row(1, **SHE, shield="yes")])
    assert world.records.generation(OAK) == before


async def test_what_a_person_sets_during_an_import_is_kept(world: World) -> None:
    """Between the reading of the register and its writing."""
    person = {"last": 7, "hidden": (b"h" * 16,)}

    class Interrupted(FileShields):
        def read(self, agency: AgencyId) -> Register:
            found = super().read(agency)
            world.shields.change(agency, lambda held: msgspec.structs.replace(held, **person))
            return found

    await world.import_([row(2)])
    keys, witness = data_keys(), WitnessFolder(world.folder / "witness")
    between: Shields = Interrupted(world.folder / "shields", keys, witness)
    world.importer = replace(world.importer, shields=between)
    report = await world.import_([row(2), row(1, **SHE, shield="yes")])
    held = register(world)
    assert ([shield.number for shield in held.shields], held.hidden) == ([8], person["hidden"])
    assert report.shields.new == 1


# ---- on the disk --------------------------------------------------------------------------------


async def test_the_file_shows_no_name_and_not_how_many(world: World) -> None:
    await world.import_([row(2)])
    empty = world.shields.path(OAK).read_bytes()
    await accepted(world, [row(n, shield="yes") for n in range(20)])
    full = world.shields.path(OAK).read_bytes()
    # The first line has the number of the state, which has one digit in both.
    assert len(full) == len(empty) > 64 * 1024
    for path in sorted(world.folder.rglob("*")):
        if path.is_file():
            assert b"Tarrowby" not in path.read_bytes(), path.name


def test_a_register_opens_with_its_own_agencys_key_alone(world: World) -> None:
    world.shields.change(OAK, lambda held: held)
    world.shields.change(ELM, lambda held: held)
    world.shields.path(ELM).write_bytes(world.shields.path(OAK).read_bytes())
    with pytest.raises(PutBack):
        world.shields.read(ELM)
    with refused(Code.NOT_ALLOWED):
        world.shields.read(ELSEWHERE)
    keys, witness = data_keys(5), WitnessFolder(world.folder / "witness")
    with pytest.raises(Defect, match="does not open"):
        FileShields(world.folder / "shields", keys, witness).read(OAK)
