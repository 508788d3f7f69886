"""An import from end to end with real OPRF keys: staged, tagged, complete; killed anywhere, it goes
on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agency_node.answering.planted import reasons, tally
from agency_node.cli.report import _origins
from agency_node.importing.finding import Rule
from agency_node.importing.report import ImportReport, refusal_document, report_document
from agency_node.importing.shielding import ShieldCounts
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.staging import Unconfirmed
from agency_node.records.ports import TAG_BLOCK, Imports
from agency_node.records.records import Generation, RecordId
from agency_node.records.tagging import Tagger, record_inputs
from fakes.evaluations import LocalKeyHolders, LocalTags
from fakes.federations import HOLDERS, NOW
from fakes.import_world import (
    AS_OF,
    DAY,
    ELM,
    ELSEWHERE,
    FIRST,
    OAK,
    Seen,
    World,
    a_federation,
    export,
    options,
    row,
)
from fakes.refusals import refused
from fingerpost.private.linkage import normalise
from fingerpost.private.linkage.marked import marked_records
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Quality
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import AgencyId, EpochNumber, MemberId
from fingerpost.runtime.screen_text import json_lines

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def rows(first: int, last: int, **fields: str) -> list[str]:
    return [row(n, **fields) for n in range(first, last)]


def newest(world: World) -> Generation:
    found = world.records.generation(OAK)
    assert found is not None
    return found


def tags(world: World) -> list[tuple[RecordId, bytes]]:
    return list(world.records.tags(OAK, newest(world).number, FIRST))


async def expected_tags(
    world: World, epoch: Epoch, *, upn: bool = False
) -> list[tuple[RecordId, bytes]]:
    """Computed straight from what is stored, one child at a time."""
    found = []
    for n in range(newest(world).records):
        child = world.records.child(OAK, newest(world).number, RecordId(n))
        marked = n >= newest(world).children
        inputs = record_inputs(normalise(child.demographics), upn=upn, marked=marked)
        found += [(RecordId(n), t) for t in await world.tags.tags(inputs, epoch, HOLDERS)]
    return found


@pytest.mark.parametrize("real", [True, False])
async def test_an_import_answers_for_every_child(tmp_path: Path, real: bool) -> None:
    holders = LocalKeyHolders()
    world = World(tmp_path, holders, LocalTags(holders) if real else None)
    epoch = world.open_epoch()
    watch = Seen()
    report = await world.import_([*rows(0, 4), row(1, kind="GP")], watch=watch)
    assert (report.rows, report.children, report.involvements) == (5, 4, 5)
    assert (report.before, report.already, report.refused) == (None, False, ())
    assert (watch.staged, watch.tagged) == (4, {FIRST: 4})
    assert world.records.ready(OAK, FIRST) == newest(world)
    assert (newest(world).children, newest(world).completed_at) == (4, int(NOW))
    assert tags(world) == await expected_tags(world, epoch)
    world.close()


async def test_marked_records_count_nowhere_as_children(world: World) -> None:
    world.open_epoch()
    report = await world.import_(rows(0, 4))
    made = newest(world)
    assert (made.children, made.marked) == (4, limits.MARKED_RECORDS)
    assert report.children == 4
    assert report.tagged[0].children == 4
    marked = marked_records(world.members.current.parameters.federation)
    for n, each in enumerate(marked, 4):
        record = world.records.child(OAK, made.number, RecordId(n))
        assert record.demographics == each.held
        assert not list(reasons(record.origin, NOW))
    assert tally(_origins(world.records, OAK), NOW).records == 4
    again = await world.import_(rows(0, 5))
    assert (again.before, again.tagged[0].taken_over) == (4, 4)


async def test_refused_rows_do_not_stop_the_good_ones(world: World) -> None:
    world.open_epoch()
    weak = row(9, surname="", dob="", postcode="", health_number="1234567890")
    report = await world.import_([row(1), row(2, kind="?"), weak, row(3, postcode="nowhere")])
    assert report.children == 2
    refused = [(r.line, r.reason) for r in report.refused]
    assert refused == [(3, Reason.UNKNOWN_KIND), (4, Reason.TOO_WEAK)]
    assert {(r.line, r.column) for r in report.remarks} == {(4, "health_number"), (5, "postcode")}
    assert report.rows_taken == 2
    written = json_lines(report_document(report)).decode()
    assert '"too_weak"' in written
    assert "Tarrowby" not in written


@pytest.mark.parametrize(
    ("lacking", "quality"), [(0, Quality.GOOD), (3, Quality.FAIR), (5, Quality.POOR)]
)
async def test_an_import_states_how_well_its_children_can_be_found(
    world: World, lacking: int, quality: Quality
) -> None:
    world.open_epoch()
    lines = [*rows(0, 20 - lacking), *rows(20 - lacking, 20, dob="", health_number="")]
    report = await world.import_(lines)
    assert (newest(world).children, newest(world).quality) == (20, quality)
    assert report.quality is quality
    assert report_document(report)["quality"] == quality.name


async def test_the_pupil_number_is_used_only_where_agreed(world: World) -> None:
    epoch = world.open_epoch()
    lines = [row(1, upn="A950000178301")]
    await world.import_(lines)
    without_number = tags(world)
    assert without_number == await expected_tags(world, epoch)
    await world.import_(lines, how=options(upn=True))
    assert tags(world) == await expected_tags(world, epoch, upn=True)
    assert len(tags(world)) > len(without_number)


async def test_every_epoch_that_is_due_is_tagged(world: World) -> None:
    world.open_epoch(1)
    world.open_epoch(2, starts_in=3 * DAY)
    world.open_epoch(3, starts_in=90 * DAY)
    report = await world.import_(rows(0, 2))
    assert [t.epoch for t in report.tagged] == [FIRST, EpochNumber(2)]
    one, two = (dict(world.records.tags(OAK, 1, EpochNumber(n))) for n in (1, 2))
    assert set(one.values()).isdisjoint(two.values())


async def test_without_an_epoch_the_records_wait_for_one(world: World) -> None:
    report = await world.import_(rows(0, 2))
    assert report.tagged == ()
    assert world.records.generation(OAK) is not None
    assert world.records.ready(OAK, FIRST) is None


# ---- the quota is spared ------------------------------------------------------------------------


async def test_a_nightly_import_asks_only_for_what_changed(world: World) -> None:
    world.open_epoch()
    await world.import_(rows(0, 20))
    asked = world.quick.evaluated
    lines = [row(3, surname="Wintersmith"), *rows(4, 20), row(77)]
    report = await world.import_(lines)
    [tagged] = report.tagged
    assert (tagged.children, tagged.taken_over) == (18, 16)
    assert world.quick.evaluated - asked == tagged.evaluated < asked / 4
    assert report.before == 20


async def test_tags_that_are_taken_over_are_the_right_children_s(world: World) -> None:
    epoch = world.open_epoch()
    children = TAG_BLOCK + 10
    await world.import_(rows(0, children))
    await world.import_([*rows(200, children), *rows(0, 200), *rows(900, 905)])
    assert tags(world) == await expected_tags(world, epoch)


async def test_equal_inputs_of_one_agency_are_asked_for_once(world: World) -> None:
    world.open_epoch()
    await world.import_([row(1)])
    once = world.quick.evaluated
    await world.import_([row(1, local_id="A"), row(1, local_id="B")], ELM)
    assert world.quick.evaluated == 2 * once
    assert dict(world.records.tags(ELM, 1, FIRST)).keys() == {*map(RecordId, range(2 + 4))}


async def test_tags_never_pass_from_one_agency_to_another(world: World) -> None:
    world.open_epoch()
    await world.import_(rows(0, 3))
    asked = world.quick.evaluated
    report = await world.import_(rows(0, 3), ELM)
    assert report.tagged[0].taken_over == 0
    assert world.quick.evaluated == 2 * asked


# ---- killed at any point ------------------------------------------------------------------------


class Killed(BaseException):
    """The process ends here."""


class Mortal:
    """Imports that end the process at the ``last``-th write, before or after it is durable."""

    def __init__(self, imports: Imports, last: int, *, after: bool) -> None:
        self._imports = imports
        self._left = last
        self._after = after

    def __getattr__(self, name: str) -> Any:
        method: Callable[..., Any] = getattr(self._imports, name)
        if name not in {"begin", "add", "close_staging", "put_tags", "complete", "delete_before"}:
            return method

        def write(*args: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Killed
            done = method(*args, **named)
            if self._left == 0:
                raise Killed
            return done

        return write


LINES = [*rows(0, TAG_BLOCK + 20), *rows(0, 2, kind="GP")]


def stored(world: World) -> tuple[object, ...]:
    count, number = newest(world).children, newest(world).number
    some = [world.records.child(OAK, number, RecordId(n)) for n in range(0, count, 37)]
    return count, [(c.demographics, c.involvements) for c in some], tags(world)


async def killed_import(world: World, last: int, *, after: bool) -> bool:
    """Whether the import was over before its end came."""
    mortal: Any = Mortal(world.imports, last, after=after)
    world.importer = replace(world.importer, imports=mortal, tagger=Tagger(mortal, world.tags))
    try:
        await world.import_(LINES)
    except Killed:
        return False
    except BaseExceptionGroup as group:
        assert group.subgroup(Killed) is not None
        return False
    return True


@pytest.mark.parametrize("after", [False, True])
async def test_an_import_killed_at_any_write_goes_on(tmp_path: Path, after: bool) -> None:
    whole = World(tmp_path)
    epoch = whole.open_epoch()
    (unbroken,) = (await whole.import_(LINES)).tagged
    expected, asked = stored(whole), whole.quick.evaluated
    assert (unbroken.children, unbroken.evaluated) == (TAG_BLOCK + 20, asked)
    whole.close()
    for last in range(1, 20):
        folder = tmp_path / str(last)
        folder.mkdir()
        first = World(folder)
        first.members.current = a_federation([epoch])
        over = await killed_import(first, last, after=after)
        if not over and first.records.generation(OAK) is None:
            with refused(Code.NOT_READY):
                first.records.child(OAK, 1, RecordId(0))
        first.close()
        again = World(folder)
        again.members.current = a_federation([epoch])
        report = await again.import_(LINES)
        assert stored(again) == expected
        assert report.generation == 1
        if again.imports.untagged(OAK, 1, FIRST) == () and report.already:
            assert again.quick.evaluated == 0
        for tagged in report.tagged:  # of the whole import, however much of it the first run did
            assert (tagged.children, tagged.taken_over) == (TAG_BLOCK + 20, 0)
            assert 0.9 * asked <= tagged.evaluated <= 1.1 * asked
        assert report.tagged or report.already
        # Two blocks are under way at once, and may both ask for what they share.
        assert again.quick.evaluated <= 1.1 * asked
        again.close()
        if over:
            break
    else:
        pytest.fail("the import never ended by itself")


async def test_tags_from_before_a_refusal_are_not_asked_again(world: World, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = World(tmp_path / "whole")
    whole.open_epoch()
    await whole.import_(LINES)
    unbroken, batches = whole.quick.evaluated, whole.quick.batches
    whole.close()
    world.open_epoch()
    world.quick.refuse = Refused(Code.QUOTA, "evaluations")
    world.quick.refuse_after = batches - 2  # one of the two blocks has its tags by then
    with refused(Code.QUOTA):
        await world.import_(LINES)
    assert world.records.generation(OAK) is None
    asked = world.quick.evaluated
    world.quick.refuse = None
    await world.import_(LINES)
    fresh = world.quick.evaluated - asked
    assert world.records.ready(OAK, FIRST) is not None
    assert 0 < fresh < unbroken


async def test_the_old_generation_answers_until_the_new_one_is_complete(world: World) -> None:
    world.open_epoch()
    await world.import_(rows(0, 5))
    before = newest(world)
    world.quick.refuse = Refused(Code.UNAVAILABLE, "holder")
    with refused(Code.UNAVAILABLE):
        await world.import_(rows(0, 8))
    assert world.records.generation(OAK) == world.records.ready(OAK, FIRST) == before
    assert world.records.child(OAK, before.number, RecordId(4)).id == RecordId(4)
    world.quick.refuse = None
    await world.import_(rows(0, 8))
    assert newest(world).children == 8
    # A running node may still answer from any of those before, and it alone knows.
    for count in (9, 10):
        await world.import_(rows(0, count))
    assert world.records.child(OAK, before.number, RecordId(4)).id == RecordId(4)


async def test_the_same_file_again_does_nothing(world: World) -> None:
    world.open_epoch()
    first = await world.import_(rows(0, 5))
    asked = world.quick.evaluated
    again = await world.import_(rows(0, 5))
    assert (again.generation, again.already, again.children) == (first.generation, True, 5)
    assert world.quick.evaluated == asked


# ---- what is not imported -----------------------------------------------------------------------


@pytest.mark.parametrize("lines", [[], rows(0, 4)])
async def test_an_export_of_under_half_is_not_taken(world: World, lines: Sequence[str]) -> None:
    world.open_epoch()
    await world.import_(rows(0, 10))
    before = newest(world)
    with pytest.raises(Unconfirmed) as shrunk:
        await world.import_(lines)
    [found] = shrunk.value.found
    assert (found.rule, found.before, found.rows) == (Rule.SHRUNK, 10, len(lines))
    assert newest(world) == before
    report = await world.import_(lines, how=options("shrunk"))
    assert report.accepted == ("shrunk",)
    assert report.children == len(lines)


@pytest.mark.parametrize(
    ("refused", "rows_in_all", "taken"),
    [
        (4, 9, True),
        (5, 19, False),
        (5, 20, True),
        (6, 39, False),
        (24, 400, True),
        (25, 400, False),
    ],
)
async def test_an_export_of_which_many_rows_are_refused_is_not_taken(
    world: World, refused: int, rows_in_all: int, taken: bool
) -> None:
    lines = [*rows(0, refused, kind="?"), *rows(refused, rows_in_all)]
    if not taken:
        with pytest.raises(Unconfirmed) as many:
            await world.import_(lines)
        assert [found.rule for found in many.value.found] == [Rule.MANY_REFUSED]
        assert [r.line for r in many.value.readied.refused] == list(range(2, 2 + refused))
        assert world.records.generation(OAK) is None
        written = json_lines(refusal_document(OAK, many.value, rehearsed=False)).decode()
        assert '"unknown_kind"' in written
        assert "Tarrowby" not in written
    report = await world.import_(lines, how=options(*["refused_rows"] * (not taken)))
    assert (report.children, len(report.refused)) == (rows_in_all - refused, refused)


async def test_extensions_behind_every_number_lose_no_child(world: World) -> None:
    lines = rows(0, 100, desk_phone="01632 960001 ext 12")
    with pytest.raises(Unconfirmed) as lost:
        await world.import_(lines)
    assert [found.name for found in lost.value.found] == ["unread:desk_phone"]
    report = await world.import_(lines, how=options("unread:desk_phone"))
    assert (report.children, report.refused) == (100, ())


async def test_an_export_that_is_older_than_the_last_is_not_taken(world: World) -> None:
    world.open_epoch()
    await world.import_(rows(0, 5))
    older = replace(options(), as_of=AS_OF - timedelta(days=1))
    with pytest.raises(Unconfirmed) as stopped:
        await world.import_(rows(0, 6), how=older)
    [found] = stopped.value.found
    assert (found.rule, found.days) == (Rule.OLDER, (AS_OF - timedelta(days=1), AS_OF))
    assert newest(world).number == 1
    report = await world.import_(rows(0, 6), how=replace(older, accepted=frozenset({"older"})))
    assert report.generation == 2


async def test_a_first_import_without_children_is_refused(world: World) -> None:
    with pytest.raises(RefusedFile):
        await world.import_([])
    with pytest.raises(Unconfirmed) as gone:
        await world.import_([row(1, kind="?")])
    assert [found.rule for found in gone.value.found] == [Rule.UNREAD, Rule.NO_CHILDREN]
    assert world.records.generation(OAK) is None


@pytest.mark.parametrize(
    ("agency", "code"),
    [(ELSEWHERE, Code.NOT_ALLOWED), (AgencyId("e99000001.nobody"), Code.NOT_A_MEMBER)],
)
async def test_an_agency_elsewhere_is_refused(world: World, agency: AgencyId, code: Code) -> None:
    with refused(code):
        await world.import_(rows(0, 2), agency)


async def test_a_federation_of_another_normalisation_is_not_imported_for(world: World) -> None:
    world.members.current = a_federation((), version=99)
    with refused(Code.UNSUPPORTED):
        await world.import_(rows(0, 2))


async def test_a_false_answer_of_a_holder_is_not_stored(tmp_path: Path) -> None:
    holders = LocalKeyHolders()
    world = World(tmp_path, holders, LocalTags(holders))
    honest = world.open_epoch()
    other = world.holders.epoch(
        1, index_from=honest.index_from, starts_at=honest.starts_at, ends_at=honest.ends_at
    )
    assert other.holder_keys != honest.holder_keys
    with refused(Code.BAD_PROOF):
        await world.import_(rows(0, 2))
    assert world.imports.untagged(OAK, 1, FIRST) == (0,)
    world.close()


async def test_a_member_list_that_has_expired_stops_the_import(world: World) -> None:
    await world.clock.run_for(200 * DAY)
    with refused(Code.UNTRUSTED_METADATA):
        await world.import_(rows(0, 2))


def test_a_report_is_json_without_persons() -> None:
    counts = ShieldCounts()
    report = ImportReport(OAK, 1, 0, 0, 0, 0, 0, (), (), (), None, (), False, {}, counts)
    assert b'"agency": "e99000001.oak"' in json_lines(report_document(report))
    assert export([]).digest != export([row(1)]).digest
    assert MemberId("x") not in HOLDERS
