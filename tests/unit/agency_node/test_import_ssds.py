"""The Standard Safeguarding Dataset: what its tables mean, what is missing, and who is told of."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.cli.import_ import read_accepted
from agency_node.importing.first_import import doubts_about
from agency_node.importing.misread import findings
from agency_node.importing.sources.children import Export
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.fields import Flag
from agency_node.importing.sources.reading import Reading, read_export
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.ssds import KINDS
from agency_node.importing.sources.ssds_tables import TABLES, Tables, Texts, read_texts
from agency_node.importing.staging import Options, Readied, make_ready
from fakes.council import Council
from fakes.import_world import AS_OF, left_by
from fingerpost.private.demographics import Demographics, ExpectedDate
from fingerpost.protocol.codes import InvolvementStatus, Kind


def read(council: Council, columns: Columns | None = None) -> Export:
    return read_export(
        council.tables(), as_of=AS_OF, columns=columns or Columns(), reading=Reading()
    )


def refused(council: Council) -> RefusedFile:
    with pytest.raises(RefusedFile) as why:
        read(council)
    assert "Quillfeather" not in str(why.value)
    return why.value


def test_a_child_with_a_worker_is_read_with_all_that_finds_her() -> None:
    council = (
        Council()
        .worker()
        .child("P1", pers_single_unique_id="9434765919", pers_upn="A950000178301")
        .involved("P1")
    )
    [child] = read(council).children
    who, [row] = child.demographics, child.involvements
    assert (child.local_id, who.forename, who.surname) == ("P1", "Theodora", "Quillfeather")
    assert (who.dob, who.postcode) == (date(2014, 5, 6), "WX1 3QD")
    assert (who.health_number, who.upn) == ("9434765919", "A950000178301")
    assert (row.kind, row.status) == (Kind.CSC_FRONT_DOOR, InvolvementStatus.OPEN)
    assert (row.worker_name, row.worker_role) == ("Ms Ottoline Vance", "Social worker")


OF_TABLES = {
    "ssd_cla_episodes": ("clae_person_id", Kind.CSC_CLA),
    "ssd_cp_plans": ("cppl_person_id", Kind.CSC_CP),
    "ssd_cin_plans": ("cinp_person_id", Kind.CSC_CIN),
    "ssd_cin_episodes": ("cine_person_id", Kind.CSC_CIN),
    "ssd_care_leavers": ("clea_person_id", Kind.CSC_LEAVING_CARE),
    "ssd_cin_assessments": ("cina_person_id", Kind.CSC_ASSESSMENT),
    "ssd_early_help_episodes": ("earl_person_id", Kind.EARLY_HELP),
}


@pytest.mark.parametrize("table", OF_TABLES)
def test_a_table_says_the_kind_and_an_involvement_takes_the_gravest(table: str) -> None:
    person, kind = OF_TABLES[table]
    council = Council().worker().child("P1").involved("P1").add(table, **{person: "P1"})
    [child] = read(council).children
    assert [row.kind for row in child.involvements] == [kind, kind]
    assert {row.worker_name for row in child.involvements} == {"Ms Ottoline Vance"}


def test_every_table_with_involvements_has_one_kind() -> None:
    assert {of.table for of in KINDS} == {*OF_TABLES, "ssd_involvements"}
    for of in KINDS:
        named = {of.person, of.start, of.end, of.team, of.worker} - {""}
        assert named <= {*TABLES[of.table]}


def test_an_involvement_is_not_of_a_plan_that_is_over() -> None:
    council = Council().worker().child("P1").involved("P1")
    council.add("ssd_cp_plans", cppl_person_id="P1", cppl_cp_plan_end_date="2026-10-01")
    [child] = read(council).children
    assert [(row.kind, row.status) for row in child.involvements] == [
        (Kind.CSC_FRONT_DOOR, InvolvementStatus.OPEN),
        (Kind.CSC_CP, InvolvementStatus.RECENT),
    ]


def test_the_newest_open_involvement_names_the_worker_of_a_plan() -> None:
    council = Council().worker().worker("W2", "Mr Idris Okafor").child("P1")
    council.involved("P1", start="2026-06-01", end="2026-07-01").involved("P1", start="2026-01-01")
    council.rows["ssd_involvements"][1] |= {"invo_professional_id": "W2"}
    council.add("ssd_cp_plans", cppl_person_id="P1", cppl_cp_plan_start_date="2026-05-01")
    [child] = read(council).children
    plan = child.involvements[0]
    assert (plan.kind, plan.worker_name) == (Kind.CSC_CP, "Mr Idris Okafor")


def test_former_homes_are_former_postcodes_the_latest_first() -> None:
    council = Council().worker().child("P1", postcode="WX9 1AA").involved("P1")
    for end, code in (("2020-01-01", "WX1 1AA"), ("2024-01-01", "WX2 1AA"), ("", "WX9 1AA")):
        council.add(
            "ssd_address",
            addr_person_id="P1",
            addr_address_postcode=code,
            addr_address_end_date=end,
        )
    [child] = read(council).children
    assert child.demographics.postcode == "WX9 1AA"
    assert child.demographics.former_postcodes == ("WX2 1AA", "WX1 1AA")


def test_a_home_that_she_left_is_not_where_she_lives() -> None:
    council = Council().worker().child("P1").involved("P1")
    council.rows["ssd_address"][0]["addr_address_end_date"] = "2026-01-01"
    [child] = read(council).children
    assert (child.demographics.postcode, child.demographics.former_postcodes) == ("", ("WX1 3QD",))


@pytest.mark.parametrize(
    ("links", "upn", "number"),
    [
        ([("Unique Pupil Number", "A950000178301", "")], "A950000178301", ""),
        ([("NHS Number", "9434765919", "")], "", "9434765919"),
        ([("Former Unique Pupil Number", "A950000178301", "")], "A950000178301", ""),
        (
            [("Former UPN", "B950000178301", ""), ("UPN", "A950000178301", "")],
            "A950000178301",
            "",
        ),
        (
            [("UPN", "B950000178301", "2024-01-01"), ("UPN", "A950000178301", "")],
            "A950000178301",
            "",
        ),
        ([("Home Office Registration", "A950000178301", "")], "", ""),
    ],
)
def test_linked_identifiers_are_read_by_their_type(
    links: list[tuple[str, str, str]], upn: str, number: str
) -> None:
    council = Council().worker().child("P1").involved("P1")
    for type_, value, until in links:
        council.add(
            "ssd_linked_identifiers",
            link_person_id="P1",
            link_identifier_type=type_,
            link_identifier_value=value,
            link_valid_to_date=until,
        )
    [child] = read(council).children
    assert (child.demographics.upn, child.demographics.health_number) == (upn, number)


@pytest.mark.parametrize(
    ("table", "cells"),
    [
        ("ssd_cin_episodes", {"cine_person_id": "P1", "cine_close_reason": "RC1"}),
        ("ssd_cla_episodes", {"clae_person_id": "P1", "clae_cla_episode_ceased_reason": "E11"}),
        ("ssd_cla_episodes", {"clae_person_id": "P1", "clae_cla_episode_ceased_reason": "e12"}),
    ],
)
def test_a_record_from_before_an_adoption_is_hidden(table: str, cells: dict[str, str]) -> None:
    found = read(Council().worker().child("P1").involved("P1").add(table, **cells))
    assert {row.flag for row in found.flagged} == {Flag.HIDDEN}
    assert any("adoption" in remark for remark in found.about)


def test_a_view_may_mark_restricted_records() -> None:
    council = Council(leave_out=frozenset()).worker().child("P1", shield="yes").involved("P1")
    [child] = read(council).children
    assert all(row.shielded for row in child.involvements)


def test_the_shield_of_a_child_whom_nobody_works_with_is_kept() -> None:
    council = Council(leave_out=frozenset()).worker().child("P1", shield="yes")
    council.child("P2", pers_forename="Oswin").involved("P2")
    found = read(council)
    [flagged] = found.flagged
    assert (flagged.local_id, flagged.flag) == ("P1", Flag.YES)
    assert flagged.demographics is not None
    assert [child.local_id for child in found.children] == ["P2"]


def test_who_is_left_out_is_counted_and_told() -> None:
    council = Council().worker().child("P1").involved("P1")
    council.child("P2", pers_forename="Oswin").child("P3", pers_forename="Peregrine")
    council.add(
        "ssd_care_leavers",
        clea_person_id="P3",
        clea_care_leaver_eligibility="No Current Eligibility",
    )
    about = read(council).about
    assert "2 persons have no plan, episode or involvement; not imported" in about
    assert "1 care leaver needs no services any more; no involvement" in about


def test_a_plan_of_a_person_who_is_not_there_is_a_row_that_is_named() -> None:
    council = Council().worker().child("P1").involved("P1").involved("P9")
    found = read(council)
    assert [child.local_id for child in found.children] == ["P1", "P9"]
    assert found.children[1].demographics == Demographics()  # too weak to be found: refused later
    assert any("no row in ssd_person" in remark for remark in found.about)


def test_two_records_under_one_number_are_not_made_one() -> None:
    council = Council().worker().child("P1").child("P1", pers_forename="Oswin").involved("P1")
    found = read(council)
    assert {fault.reason for fault in found.refused} == {Reason.DIFFERENT_CHILD}


def test_one_record_written_twice_is_one() -> None:
    council = Council().worker().child("P1").involved("P1")
    council.rows["ssd_person"] *= 2
    [child] = read(council).children
    assert len(child.involvements) == 1


def test_what_stands_for_nothing_is_nothing_and_null_is_a_surname() -> None:
    council = (
        Council()
        .worker()
        .child(
            "P1",
            pers_surname="Null",
            pers_single_unique_id="SSD_PH",
            pers_expected_dob="NULL",
            pers_upn="PLACEHOLDER_DATA",
        )
    )
    [child] = read(council.involved("P1", end="NULL")).children
    assert child.demographics.surname == "Null"
    assert (child.demographics.health_number, child.demographics.upn) == ("", "")
    assert child.involvements[0].status is InvolvementStatus.OPEN


def test_a_dataset_whose_names_are_fillers_is_refused() -> None:
    council = Council().worker().child("P1", pers_forename="SSD_PH", pers_surname="SSD_PH")
    assert refused(council.involved("P1")).reason is Reason.NO_NAMES


def test_an_unborn_child_has_an_expected_date() -> None:
    due = AS_OF + timedelta(days=60)
    council = (
        Council()
        .worker()
        .child("P1", pers_dob="", pers_sex="", pers_forename="", pers_expected_dob=due.isoformat())
    )
    [child] = read(council.involved("P1")).children
    assert child.demographics.dob == ExpectedDate(due)


def test_who_has_died_is_recent_for_a_year_and_then_no_longer_current() -> None:
    council = Council().worker()
    council.child("P1", pers_death_date="2026-11-03").involved("P1")
    council.child("P2", pers_death_date="2025-01-03").involved("P2", start="2024-01-05")
    found = read(council)
    [child] = found.children
    assert child.local_id == "P1"
    assert child.involvements[0].status is InvolvementStatus.RECENT
    assert found.not_current == (2, 3)


def test_the_line_of_a_row_is_that_of_the_person() -> None:
    council = Council().worker().child("P1").involved("P1").child("P2", pers_dob="2014-99-06")
    council.add("ssd_cp_plans", cppl_person_id="P2", cppl_cp_plan_start_date="someday")
    [fault] = read(council).refused
    assert (fault.line, fault.column) == (3, "start")


def test_all_that_is_missing_is_said_at_once() -> None:
    council = Council(leave_out=frozenset({"pers_forename", "pers_surname", "cppl_person_id"}))
    texts = council.worker().child("P1").texts()
    del texts["ssd_cla_episodes"], texts["ssd_address"]
    with pytest.raises(RefusedFile) as why:
        read_texts(Texts(texts))
    assert {(fault.reason, fault.column) for fault in why.value.faults} == {
        (Reason.TABLE_MISSING, "ssd_cla_episodes"),
        (Reason.TABLE_MISSING, "ssd_address"),
        (Reason.COLUMN_MISSING, "ssd_person.pers_forename"),
        (Reason.COLUMN_MISSING, "ssd_person.pers_surname"),
        (Reason.COLUMN_MISSING, "ssd_cp_plans.cppl_person_id"),
    }


def test_the_earlier_name_of_a_column_is_known_and_others_are_not_read() -> None:
    council = Council(more=("pers_ethnicity", "notes")).worker().child("P1").involved("P1")
    texts = council.texts()
    texts["ssd_person"] = texts["ssd_person"].replace(
        b"pers_single_unique_id", b"PERS_COMMON_CHILD_ID"
    )
    [child] = read_export(Texts(texts), as_of=AS_OF, columns=Columns()).children
    assert child.local_id == "P1"


def test_a_line_that_cannot_be_read_refuses_all_with_its_table() -> None:
    texts = Council().worker().child("P1").involved("P1").texts()
    texts["ssd_cp_plans"] += b'P1,2026-01-01\n"P2,2026\n'
    with pytest.raises(RefusedFile) as why:
        read_texts(Texts(texts))
    assert [fault.column for fault in why.value.faults] == [
        "ssd_cp_plans, line 2",
        "ssd_cp_plans, line 3",
    ]


@pytest.mark.parametrize("table", ["ssd_person", "ssd_involvements"])
def test_a_table_with_fewer_rows_than_the_line_below_it_counts_refuses_all(table: str) -> None:
    council = Council().worker().child("P1").involved("P1").child("P2").involved("P2")
    texts = council.texts()
    texts[table] += b"(2 rows)\r\n"
    read_texts(Texts(texts))
    texts[table] = texts[table].replace(b"(2 rows)", b"(3 rows)")
    with pytest.raises(RefusedFile) as why:
        read_texts(Texts(texts))
    assert (why.value.reason, why.value.column) == (Reason.TABLE_NOT_READ, f"{table}, 2 of 3 rows")


def test_lines_below_the_tables_that_count_the_header_are_stated_once() -> None:
    texts = Council().worker().child("P1").involved("P1").texts()
    texts["ssd_person"] += b"(2 rows)\r\n"
    stated = Reading(foot_counts_header=True)
    assert read_export(Texts(texts), as_of=AS_OF, columns=Columns(), reading=stated).children
    texts["ssd_person"] = texts["ssd_person"].replace(b"(2 rows)", b"(3 rows)")
    with pytest.raises(RefusedFile):
        read_export(Texts(texts), as_of=AS_OF, columns=Columns(), reading=stated)


def test_a_table_that_was_cut_off_in_its_last_cell_does_not_end_a_line() -> None:
    texts = Council().worker().child("P1").involved("P1").texts()
    assert read_export(Texts(texts), as_of=AS_OF, columns=Columns()).ended
    texts["ssd_involvements"] = texts["ssd_involvements"].rstrip()[:-1]
    assert not read_export(Texts(texts), as_of=AS_OF, columns=Columns()).ended


@pytest.mark.parametrize(
    "table", ["ssd_person", "ssd_address", "ssd_involvements", "ssd_cin_episodes"]
)
def test_a_table_that_is_never_empty_and_is_refuses_all(table: str) -> None:
    """Accident: it is being made anew at this moment."""
    council = Council().worker().child("P1").involved("P1")
    council.rows[table] = []
    why = refused(council)
    assert (why.reason, why.column) == (Reason.TABLE_EMPTY, table)


def test_the_digest_is_of_the_content_and_not_of_its_order() -> None:
    council = Council().worker().child("P1").child("P2", pers_forename="Oswin").involved("P1")
    before = council.tables().digest()
    council.rows["ssd_person"].reverse()
    assert council.tables().digest() == before
    council.involved("P2")
    assert council.tables().digest() != before


DAYS = st.sampled_from(
    ["", "2026-01-05", "2025-02-01", "2020-03-04", "9999-12-31", "NULL", "2027-09-01", "soon"]
)


@st.composite
def a_council(draw: st.DrawFn) -> Council:
    """Some persons, and some plans, episodes and involvements, each of one of them or of nobody."""
    council = Council(leave_out=frozenset()).worker()
    count = draw(st.integers(1, 6))
    council.involved("P0")
    for n in range(count):
        council.child(
            f"P{n}",
            pers_forename=f"Oswin{'abcdefg'[n]}",
            pers_dob=draw(st.sampled_from(["2014-05-06", "", "1900-01-01", "2014-99-99"])),
            pers_death_date=draw(st.sampled_from(["", "", "", "2026-12-01"])),
            shield=draw(st.sampled_from(["", "", "yes", "hidden", "maybe"])),
        )
    for table, (person, _) in (*OF_TABLES.items(), ("ssd_involvements", ("invo_person_id", None))):
        kinds = next(of for of in KINDS if of.table == table)
        for _ in range(draw(st.integers(0, 2))):
            cells = {person: f"P{draw(st.integers(0, count))}"}
            for column in filter(None, (kinds.start, kinds.end)):
                cells[column] = draw(DAYS)
            council.add(table, **cells)
    return council


@given(a_council())
def test_each_person_is_in_one_place(council: Council) -> None:
    """A child, refused rows, no longer current, or counted as nobody's; and no flag is lost."""
    try:
        found = read(council)
    except RefusedFile as why:  # of the columns of dates, or of a flag: the whole file
        assert why.faults
        return
    named = Counter(fault.line for fault in found.refused) + Counter(found.not_current)
    children = {child.local_id: child for child in found.children}
    lines = {row["pers_person_id"]: n for n, row in enumerate(council.rows["ssd_person"], 2)}
    idle = 0
    for number, line in lines.items():
        rows = sum(
            row.get(of.person) == number
            for of in KINDS
            for row in council.rows[of.table]
            if of.kind is not Kind.CSC_LEAVING_CARE or row
        )
        kept = len(children[number].lines) if number in children else 0
        flagged = bool(council.rows["ssd_person"][line - 2]["shield"])
        assert kept + named[line] == (rows or flagged)
        idle += not rows and not flagged
    said = [remark for remark in found.about if "not imported" in remark]
    assert [remark.split()[0] for remark in said] == ([str(idle)] if idle else [])
    flags = {row["pers_person_id"] for row in council.rows["ssd_person"] if row["shield"]}
    assert {row.local_id for row in found.flagged} == flags


def ready(tables: Tables) -> Readied:
    return make_ready(b"\0".join, tables, Options(AS_OF, Columns(), upn=False))


def test_a_table_that_was_cut_off_between_two_lines_stops_the_second_import() -> None:
    """Its children stand in other tables, too, and are found without whom to ring."""
    council = Council().worker()
    for n in range(30):
        council.child(f"P{n}").involved(f"P{n}")
    tables = read_texts(Texts(council.texts()))
    last = left_by(ready(tables))
    involvements = "ssd_involvements"
    for left, stops in ((30, False), (24, False), (23, True), (1, True)):
        rows = {**tables.rows, involvements: tables.rows[involvements][:left]}
        found = findings(ready(replace(tables, rows=rows)).facts, last)
        named = f"table_fell:{involvements}"
        assert (named in {each.name for each in found}) is stops
        assert not stops or read_accepted([named]) == {named}


def test_the_rows_that_a_council_can_count_are_those_of_its_tables() -> None:
    """Accident: the involvements that are made from them are counted, and no system has a number to
    hold that beside, so that a table which was cut off passes a first import.
    """
    texts = Texts(Council().worker().child("P1").involved("P1").child("P2").texts())
    options = Options(AS_OF, Columns(), upn=False)
    facts = make_ready(b"\0".join, texts, options).facts
    (unbounded,) = (each for each in doubts_about(facts, None) if each.name == "no_end")
    tables = read_texts(texts)
    of_tables = {table: len(rows) for table, rows in tables.rows.items()}
    assert unbounded.rows == sum(of_tables.values())
    assert dict(unbounded.forms) == of_tables
    cut = replace(tables, rows={**tables.rows, "ssd_address": tables.rows["ssd_address"][:1]})
    stated = replace(options, rows=unbounded.rows)
    (found,) = findings(make_ready(b"\0".join, cut, stated).facts, None)
    assert (found.name, found.rows, found.of) == (
        "stated_rows",
        unbounded.rows - 1,
        unbounded.rows,
    )
