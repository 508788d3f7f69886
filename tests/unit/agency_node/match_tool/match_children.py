"""Invented children for the tests of the match tool: what becomes of each pair of them can be said
by hand.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import strategies as st

from agency_node.match_tool.tables import Row
from fingerpost.private.demographics import Demographics, OtherName, Sex

FEMALE, MALE = Sex.FEMALE, Sex.MALE


def child(
    forename: str,
    surname: str,
    dob: str = "",
    postcode: str = "",
    sex: Sex | None = None,
    health_number: str = "",
    upn: str = "",
) -> Demographics:
    return Demographics(
        forename=forename,
        surname=surname,
        dob=date.fromisoformat(dob) if dob else None,
        postcode=postcode,
        sex=sex,
        health_number=health_number,
        upn=upn,
    )


BARNABY = child("Barnaby", "Wetherington", "2015-03-14", "LS6 2AB", MALE)
THEODORA = child("Theodora", "Quillfeather", "2014-07-22", "BD3 8XY", FEMALE)
AGNES = child("Agnes", "Mottram", "2009-11-05", "YO1 7HH", FEMALE)
ROSALIND = child("Rosalind", "Ashcombe", "2016-05-09", "SK4 3QT", FEMALE)
GENEVIEVE = child("Genevieve", "Ashcombe", "2016-05-09", "SK4 3QT", FEMALE)  # Rosalind's twin
HENRIETTA = child("Henrietta", "Zimmerlein", "2013-02-17", "EX2 4PL", FEMALE)
CORDELIA = child("Cordelia", "Zimmerlein", "2013-02-17", "EX2 4PL", FEMALE)  # Henrietta's twin
MONTGOMERY = child("Montgomery", "Pemberwick", "2012-09-30", "NR3 1AA", MALE)
BOTH_TWINS = replace(ROSALIND, other_names=(OtherName("Genevieve", ""),))  # merged into one record
ISOLDE = child("Isolde", "Carrington", "2015-08-19", "DE1 2AB", FEMALE)
PHILIPPA = child("Philippa", "Carrington", "2015-08-19", "DE1 2AB", FEMALE)

LEFT = (
    Row("L1", BARNABY),
    Row("L2", THEODORA),
    Row("L3", ROSALIND),
    Row("L4", HENRIETTA),
    Row("L5", MONTGOMERY),
    Row("L6", ISOLDE),
)
RIGHT = (
    Row("R1", BARNABY),
    Row("R2", AGNES),  # Theodora under another name, at another place: no key finds her
    Row("R3", ROSALIND),
    Row("R4", GENEVIEVE),
    Row("R5", CORDELIA),
    Row("R6", PHILIPPA),  # Isolde under her second name: nothing distinguishes her from a twin
)
EVALUATION_NAMES = [
    "schema", "keys", "upn", "versions", "same_file", "unlock_recall", "opened_without_partner",
    "wrong_pairs_opened", "wrong_pairs_opened_per_left_record", "decision", "answered", "possible",
    "best_candidate", "keys_per_record", "keys_per_query", "seconds", "ms_per_child",
    "ms_per_comparison", "counts", "input",
]  # fmt: skip
"""The names in the JSON of an evaluation, in their order."""
TRUTH = (("L1", "R1"), ("L2", "R2"), ("L3", "R3"), ("L6", "R6"))


FORENAMES = (
    "", "Ella", "Bella", "Elle", "Daniel", "Danielle", "Thomas", "Tom", "E", "Twin 1", "Twin 2",
)  # fmt: skip
DAYS = ("2015-03-04", "2015-04-03", "2015-03-05", "2015-03-24", "2013-11-30", "2015-01-01")
OTHER_NAMES = ((), (), (), (OtherName("Bella", ""),), (OtherName("Thomas", "Smith"),))


def children() -> st.SearchStrategy[Demographics]:
    """Few names, days and places, so that pairs of every kind come up: twins, brothers, typing
    errors, doubles.
    """
    return st.builds(
        Demographics,
        forename=st.sampled_from(FORENAMES),
        middle_names=st.sampled_from(("", "", "Grace", "Thomas")),
        surname=st.sampled_from(("", "Smith", "Smyth", "Smith-Jones", "Wetherington", "Ella")),
        other_names=st.sampled_from(OTHER_NAMES),
        dob=st.sampled_from((None, *map(date.fromisoformat, DAYS))),
        sex=st.sampled_from((None, FEMALE, MALE)),
        postcode=st.sampled_from(("", "LS1 4AB", "LS1 4AD", "LS1 9ZZ", "YO1 7HH")),
        health_number=st.sampled_from(("", "", "9434765919", "4505577104")),
    )
