"""The desk directory: joined to rows of any source, and never the loss of a child."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.importing.source_file import sheets_of
from agency_node.importing.sources.children import Export
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.proposing import propose
from agency_node.importing.sources.reading import DeskDirectory, Reading, read_export
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.staging import Options
from agency_node.records.records import Involvement
from deploy.invented.workbooks import xlsx
from effort import examples
from fakes.import_world import AS_OF, HEADER, row
from fakes.transfer_files import CONSTANTS, ctf, pupils
from fingerpost.protocol.codes import DeskKind

CONTACT = ("worker_name", "worker_role", "desk_phone", "desk_email", "ooh_phone")
DESKS = (
    "team,desk_phone,desk_email,ooh_phone,hours,desk,worker_name,worker_role,address\n"
    "North,01632 960110,north@council.example,01632 960199,Mon-Fri 08:30-17:00,team,,,1 High St\n"
    "south  team,01632 960120,,,,duty,Ms Quill,Team manager,2 High St\n"
    "Unallocated,,,,,,,,\n"
)
BARE = {**dict.fromkeys(CONTACT, "")}


def directory(text: str = DESKS) -> DeskDirectory:
    content = text.encode()
    return DeskDirectory(content, hashlib.sha256(content).digest())


def export(*rows: tuple[str, dict[str, str]]) -> bytes:
    """Rows with a team, which say nothing of a desk but what is given."""
    lines = [row(n, **(BARE | fields)) + f",{team}" for n, (team, fields) in enumerate(rows, 1)]
    return "\n".join([f"{HEADER},team", *lines]).encode()


def read(
    content: bytes,
    desks: DeskDirectory | None = None,
    *,
    columns: Columns | None = None,
    key: str = "",
) -> Export:
    return read_export(
        content,
        as_of=AS_OF,
        columns=columns or Columns(),
        reading=Reading(desk_key=key),
        directory=desks or directory(),
    )


def refused(content: bytes, desks: DeskDirectory | None = None, key: str = "") -> RefusedFile:
    with pytest.raises(RefusedFile) as whole:
        read(content, desks, key=key)
    assert "desk directory" in str(whole.value)
    for secret in ("North", "south", "960110", "High St"):
        assert secret not in str(whole.value)
    return whole.value


def involvements(found: Export) -> list[Involvement]:
    return [line for child in found.children for line in child.involvements]


def remarks(found: Export) -> list[tuple[int, Reason]]:
    return [(fault.line, fault.reason) for fault in found.remarks]


# ---- joined --------------------------------------------------------------------------------------


def test_a_row_gets_the_desk_of_its_team() -> None:
    found = read(export(("North", {}), (" SOUTH TEAM ", {})))
    north, south = involvements(found)
    assert (north.desk_phone, north.desk_email) == ("01632 960110", "north@council.example")
    assert (north.ooh_phone, north.desk, bool(north.hours)) == ("01632 960199", DeskKind.TEAM, True)
    assert (south.desk_phone, south.hours, south.desk) == ("01632 960120", (), DeskKind.DUTY)
    assert (south.worker_name, south.worker_role) == ("Ms Quill", "Team manager")
    assert found.remarks == ()
    assert found.about[-1] == "desk directory with 3 desks, 2 of 2 met"


def test_a_number_of_the_row_wins_with_its_own_hours() -> None:
    """The hours of one desk beside the number of another lead to a telephone nobody answers."""
    [own] = involvements(read(export(("North", {"desk_phone": "01632 960777"}))))
    assert (own.desk_phone, own.desk_email, own.hours, own.desk) == ("01632 960777", "", (), None)
    assert own.ooh_phone == "01632 960199", "of that the row says nothing"


def test_a_number_that_cannot_be_used_is_none() -> None:
    found = read(export(("North", {"desk_phone": "ext 12"}), ("Unallocated", {"desk_phone": "12"})))
    north, nobody = involvements(found)
    assert north.desk_phone == "01632 960110"
    assert nobody.desk_phone == ""
    assert [n for n, reason in remarks(found) if reason is Reason.NOT_A_TELEPHONE] == [3]


def test_a_practitioner_and_her_role_stay_together() -> None:
    [line] = involvements(read(export(("south team", {"worker_name": "Mr Fenwick"}))))
    assert (line.worker_name, line.worker_role) == ("Mr Fenwick", "")
    assert line.desk_phone == "01632 960120"


def test_a_row_without_a_desk_is_taken_with_a_remark() -> None:
    west = ("west", {"desk_email": "w@council.example"})
    found = read(export(("North", {}), ("east", {}), ("", {}), west, ("south team", {})))
    assert len(found.children) == 5
    assert found.refused == ()
    assert [line for line, reason in remarks(found) if reason is Reason.NO_DESK] == [3, 4]


def test_a_row_that_is_refused_is_refused_as_before() -> None:
    content = export(("North", {}), ("south team", {"kind": "?"})) + b'\n"L1,North'
    found = read(content)
    assert [(fault.line, fault.reason) for fault in found.refused] == [
        (3, Reason.UNKNOWN_KIND),
        (4, Reason.ROW_NOT_CSV),
    ]


def test_the_column_that_joins_may_be_one_of_ours() -> None:
    desks = directory("Kind,desk_phone\nEDU_SCHOOL,01632 960130\n")
    [line] = involvements(
        read(export(("x", {})), desks, columns=Columns(ignore=frozenset({"team"})))
    )
    assert line.desk_phone == "01632 960130"
    columns = Columns({"team": "worker_name"}, frozenset({"worker_name"}))
    [line] = involvements(read(export(("North", {})), columns=columns))
    assert (line.worker_name, line.desk_phone) == ("North", "01632 960110")


def test_a_transfer_file_is_joined_by_what_is_stated_of_all_its_rows() -> None:
    desks = directory(
        "kind,desk_phone,desk_email,worker_name,worker_role\n"
        "EDU_SCHOOL,01632 960130,,Mr Quill,Designated safeguarding lead\n"
    )
    columns = Columns(constants={"kind": CONSTANTS["kind"]})
    found = read(ctf(pupils(Random(1), 5)), desks, columns=columns)
    assert {line.desk_phone for line in involvements(found)} == {"01632 960130"}
    assert len(found.children) == 5


def test_workbooks_are_joined_alike() -> None:
    content = export(("North", {}), ("south team", {}))
    sheets = sheets_of(xlsx({"Desks": [line.split(",") for line in DESKS.splitlines()]}))
    assert read(content, DeskDirectory(sheets, bytes(32))).children == read(content).children
    table = xlsx({"Rows": [line.split(",") for line in content.decode().splitlines()]})
    same = read_export(sheets_of(table), as_of=AS_OF, columns=Columns(), directory=directory())
    assert same.children == read(content).children


def test_the_days_of_a_directory_are_judged_as_all_others() -> None:
    desks = "team,desk_phone,staffed_until\nNorth,01632 960110,{}\nsouth team,01632 960120,\n"
    content = export(("North", {}), ("south team", {}))
    line, _ = involvements(read(content, directory(desks.format("31/07/2027"))))
    assert datetime.fromtimestamp(line.staffed_until - 1, UTC).date() == date(2027, 7, 31)
    with pytest.raises(RefusedFile) as whole:
        read(content, directory(desks.format("03/04/2027")))
    assert whole.value.reason is Reason.DATE_ORDER_NOT_SHOWN


# ---- which column --------------------------------------------------------------------------------


def test_the_column_that_joins_is_found_or_stated() -> None:
    desks = directory("team,school,desk_phone\nNorth,Oak,01632 960110\n")
    content = export(("North", {})).replace(b"by_hand", b"school", 1)
    assert refused(content, desks).reason is Reason.DESK_KEY_NOT_SHOWN
    assert "--desk-key" in str(refused(content, desks))
    assert refused(content, desks, key="area").reason is Reason.DESK_KEY_NOT_SHOWN
    [line] = involvements(
        read(content, desks, key="TEAM", columns=Columns(ignore=frozenset({"school"})))
    )
    assert line.desk_phone == "01632 960110"
    nowhere = directory("district,desk_phone\nNorth,01632 960110\n")
    assert refused(export(("North", {})), nowhere).reason is Reason.DESK_KEY_NOT_SHOWN


def test_a_practitioner_may_be_the_key_if_it_is_stated() -> None:
    desks = directory("worker_name,desk_phone\nMs Ottoline Vance,01632 960140\n")
    content = f"{HEADER}\n{row(1, desk_phone='', desk_email='')}".encode()
    assert refused(content, desks).reason is Reason.DESK_KEY_NOT_SHOWN
    [line] = involvements(read(content, desks, key="worker_name"))
    assert (line.worker_name, line.desk_phone) == ("Ms Ottoline Vance", "01632 960140")


def test_a_column_that_joins_is_no_unknown_column_and_all_others_are() -> None:
    content = export(("North", {}))
    with pytest.raises(RefusedFile) as whole:
        read_export(content, as_of=AS_OF, columns=Columns())
    assert whole.value.reason is Reason.COLUMN_UNKNOWN
    more = content.replace(b",team", b",team,notes", 1).replace(b",North", b",North,x", 1)
    with pytest.raises(RefusedFile) as whole:
        read(more)
    assert whole.value.reason is Reason.COLUMN_UNKNOWN


def test_what_neither_says_is_missing_as_before() -> None:
    desks = directory("team,desk_phone\nNorth,01632 960110\n")
    header = "local_id,forename,surname,dob,kind,status,start,team"
    content = f"{header}\nA1,Quillon,Quill,2015-04-03,EDU_SCHOOL,OPEN,,North\n".encode()
    with pytest.raises(RefusedFile) as whole:
        read(content, desks)
    assert [fault.column for fault in whole.value.faults] == [
        "worker_name",
        "worker_role",
        "desk_email",
    ]


# ---- a wrong directory ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("teams", "is_refused"),
    [
        (["North", "south team", "east"], False),
        (["North", "east"], False),
        (["North", "east", "west"], True),
        (["east"], True),
        (["", ""], True),
        (["North", "", "", ""], False),
        (["North", "east", "east", "east", "east"], False),
    ],
)
def test_a_directory_that_most_teams_are_not_in_stops(teams: list[str], is_refused: bool) -> None:
    content = export(*((team, {}) for team in teams))
    if is_refused:
        assert refused(content).reason is Reason.DESKS_NOT_MET
    else:
        assert len(read(content).children) == len(teams)


def test_a_team_without_a_desk_stands_there_by_its_name() -> None:
    found = read(export(("Unallocated", {})))
    assert remarks(found) == [(2, Reason.NO_CONTACT)]


def test_two_desks_of_one_team_refuse_the_directory_by_their_lines() -> None:
    twice = DESKS + "NORTH,01632 960111,,,,,,,\nnorth,01632 960112,,,,,,,\n"
    whole = refused(export(("North", {})), directory(twice))
    assert [(f.reason, f.column) for f in whole.faults] == [
        (Reason.DESK_TWICE, "desk directory, line 5"),
        (Reason.DESK_TWICE, "desk directory, line 6"),
    ]
    [alike] = DESKS.splitlines()[1:2]
    assert len(read(export(("North", {})), directory(DESKS + alike)).children) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (DESKS + ",01632 960111,,,,,,,\n", Reason.DESK_ROW_NOT_READ),
        (DESKS + 'East,"01632 960111,,,,,,,\n', Reason.DESK_ROW_NOT_READ),
        (DESKS + "East,01632 960111\n", Reason.DESK_ROW_NOT_READ),
        ("team,desk_phone,Desk Phone\nNorth,1,2\n", Reason.COLUMN_TWICE),
        ("team,phone\nNorth,1\n", Reason.NO_HEADER),
        ("", Reason.EMPTY_FILE),
    ],
)
def test_a_directory_that_is_not_read_whole_is_refused(text: str, reason: Reason) -> None:
    assert refused(export(("North", {})), directory(text)).reason is reason


def test_faults_of_a_directory_are_not_without_end() -> None:
    text = "team,desk_phone\n" + ",1\n" * 1000
    assert len(refused(export(("North", {})), directory(text)).faults) == 20


# ---- an import with a directory ------------------------------------------------------------------


def test_an_import_is_known_by_its_directory_too() -> None:
    without = Options(AS_OF, Columns(), upn=False)
    desks = replace(without, desks=directory())
    others = [
        replace(desks, desks=directory(DESKS.replace("960110", "960119"))),
        replace(desks, reading=Reading(desk_key="team")),
    ]
    keys = [each.key(bytes(32)) for each in (without, desks, *others)]
    assert len({*keys}) == 4
    assert desks.key(bytes(32)) == replace(without, desks=directory()).key(bytes(32))


def test_a_proposal_asks_for_nothing_that_the_directory_says() -> None:
    header = "local_id,forename,surname,dob,team"
    content = f"{header}\nA1,Quillon,Quill,2015-04-03,North\n".encode()
    text = propose(content, Reading(desk_key="team"), AS_OF, directory())
    assert 'desk_key = "team"' in text
    assert "desk_phone" not in text
    assert '"kind" = ""' in text
    assert "North" not in text


teams = st.sampled_from(["North", "south team", "Unallocated", "east", ""])
told = st.fixed_dictionaries(
    {
        "desk_phone": st.sampled_from(["", "01632 960777", "ext 12"]),
        "ooh_phone": st.sampled_from(["", "01632 960778"]),
        "worker_name": st.sampled_from(["", "Ms Vance"]),
    }
)


@examples(20)
@given(st.lists(st.tuples(teams, told), min_size=1, max_size=12))
def test_a_directory_never_loses_a_child_nor_overrules_a_row(
    rows: Sequence[tuple[str, dict[str, str]]],
) -> None:
    content = export(*rows)
    try:
        found = read(content)
    except RefusedFile as whole:
        assert whole.reason is Reason.DESKS_NOT_MET
        return
    ignoring = Columns(ignore=frozenset({"team"}))
    plain = read_export(content, as_of=AS_OF, columns=ignoring)
    assert [child.local_id for child in found.children] == [c.local_id for c in plain.children]
    for line, before in zip(involvements(found), involvements(plain), strict=True):
        for field in ("desk_phone", "ooh_phone", "worker_name"):
            said = getattr(before, field)
            assert not said or getattr(line, field) == said


# ---- duty desks, and who has left ----------------------------------------------------------------

STAFF = (
    "worker_name,worker_phone,worker_hours,worker_from,worker_until,duty_phone,duty_hours\n"
    "Ms Quill,01632 960141,Mon-Wed 09:00-17:00,2020-01-31,2026-06-30,01632 960150,daily 8am-8pm\n"
    "Mr Fenwick,,,,,01632 960150,\n"
)


def test_a_directory_of_practitioners_says_who_has_left_and_which_desk_is_on_duty() -> None:
    content = export(("x", {"worker_name": "ms  quill"}), ("x", {"worker_name": "Mr Fenwick"}))
    ignored = Columns(ignore=frozenset({"team"}))
    found = read(content, directory(STAFF), key="worker_name", columns=ignored)
    quill, fenwick = involvements(found)
    assert (quill.worker_phone, quill.worker_until) == ("01632 960141", date(2026, 6, 30))
    assert (quill.worker_from, bool(quill.worker_hours)) == (date(2020, 1, 31), True)
    assert (quill.duty_phone, len(quill.duty_hours)) == ("01632 960150", 1)
    assert (fenwick.worker_phone, fenwick.worker_until) == ("", None)
    assert (fenwick.duty_phone, fenwick.duty_hours) == ("01632 960150", ())


def test_one_practitioners_days_never_stand_beside_anothers_name() -> None:
    desks = directory(
        "team,worker_name,worker_phone,worker_until\nNorth,Ms Quill,01632 960141,2026-06-30\n"
    )
    rows: list[tuple[str, dict[str, str]]] = [
        ("North", {"worker_name": "Mr Fenwick"}),
        ("North", {}),
        ("", {}),
    ]
    found = read(export(*rows), desks)
    other, nobody, no_team = involvements(found)
    assert (other.worker_name, other.worker_phone, other.worker_until) == ("Mr Fenwick", "", None)
    assert (nobody.worker_name, nobody.worker_until) == ("Ms Quill", date(2026, 6, 30))
    assert (no_team.worker_name, no_team.worker_until) == ("", None)
    assert [n for n, reason in remarks(found) if reason is Reason.ANOTHER_WORKER] == [2]


def test_a_practitioners_days_without_her_name_refuse_the_directory() -> None:
    desks = directory("team,worker_until\nNorth,\nsouth team,2026-06-30\n")
    whole = refused(export(("North", {})), desks)
    assert [(fault.reason, fault.column) for fault in whole.faults] == [
        (Reason.WORKER_NOT_NAMED, "desk directory, line 3")
    ]


@pytest.mark.parametrize(
    ("until", "day", "remarked"),
    [
        ("", None, False),
        ("NULL", None, False),
        ("9999-12-31", None, False),
        ("2026-06-30", date(2026, 6, 30), False),
        ("after Easter", date(1970, 1, 1), True),
    ],
)
def test_a_last_day_that_cannot_be_read_counts_as_over(
    until: str, day: date | None, remarked: bool
) -> None:
    desks = directory(
        f"team,worker_name,worker_until\nNorth,Ms Quill,{until}\nsouth team,Mr Fenwick,2026-01-31\n"
    )
    found = read(export(("North", {}), ("south team", {})), desks)
    assert involvements(found)[0].worker_until == day
    unread = [line for line, reason in remarks(found) if reason is Reason.WORKER_DAY_NOT_READ]
    assert unread == ([2] if remarked else [])
