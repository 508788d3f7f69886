"""How badly records are kept: the knobs, three settings of them, and reading others from a file.

Law: a knob is the share of RECORDS (not of pairs) that something happens to, of those it can happen
to; two records of one child are spoiled independently, so that a pair disagrees about twice as
often. No knob names a group of children: a group differs only by what its names are made of (see
``customs``). Pure, but for ``ErrorModel.read``.

``TYPICAL`` is set so that pairs of records disagree as linkage studies of administrative health,
school and birth data report: a few per cent in each name, one to two per cent in the date of birth,
a tenth to a seventh in the postcode by moves. The shares are of that order, not of any one study:
records that are both checked against a national register agree far better in the date (hospital
records and the Personal Demographics Service differ in 0.1 % of dates and sexes; Harron and others
2017, doi:10.1186/s12874-017-0306-8), notes of police and charities worse. ``BAD`` is about three
times worse.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import Enum, unique
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any


@unique
class Holder(Enum):
    """Who keeps the record: it decides which numbers are in it, nothing else but newborns'
    names.
    """

    SCHOOL = "school"
    HEALTH = "health"
    COUNCIL = "council"
    OTHER = "other"  # police, charities: no number as a rule


class Kinds:
    """Kinds of error of which at most one happens to a field; where rates add to more than 1, the
    earlier go first.
    """

    def __init__(self, model: ErrorModel, names: str) -> None:
        self.names = names.split()
        self._edges = list(accumulate(getattr(model, name) for name in self.names))

    def drawn(self, chance: Random) -> str:
        """Return the kind that happens, or empty text; one number is drawn."""
        roll = chance.random()
        return self.names[bisect_right(self._edges, roll)] if roll < self._edges[-1] else ""


@dataclass(frozen=True)
class ErrorModel:
    """Each knob is a probability, 0 to 1; raises ``ValueError`` otherwise. All zero is a true
    record.
    """

    # -- a name as written: typing and hearing; the same for every child --------------------------
    typing: float = 0.0  # of a forename, or of a surname: one slip of the keyboard
    # of either: spelt as it sounds (Stephen, Steven), from the lists or by rules
    heard: float = 0.0
    # the record is in capital letters: no error, but a form that must not matter
    capitals: float = 0.0
    # -- names brought from other scripts: each list of romanised spellings gives those names this m
    # Mohammed, Muhammad; Oleksandr, Aleksandr: taken from another document
    transliteration: float = 0.0
    # -- forenames ---------------------------------------------------------------------------------
    known_as: float = 0.0  # the name used daily is the forename, where there is one
    known_as_listed: float = 0.0  # it (or the official one) is among the other names
    nickname: float = 0.0  # a short form that is not listed for the child, where the name has one
    initial: float = 0.0  # one letter for the forename
    middle_as_forename: float = 0.0  # the middle name comes first, where there is one
    forename_missing: float = 0.0
    forename_unknown: float = 0.0  # FNU, Unknown, Not Known
    newborn_placeholder: float = 0.0  # Baby Smith, Twin 1 Smith: health records of infants
    middle_missing: float = 0.0  # many forms have no box, many people leave it empty
    middle_initial: float = 0.0
    middle_in_forename: float = 0.0  # all forenames in the one field
    # -- surnames ----------------------------------------------------------------------------------
    former_surname: float = 0.0  # the record is older than the change, where there was one
    former_surname_listed: float = 0.0  # the other one is among the other names
    other_parent: float = 0.0  # the name of the parent who came to the desk
    surname_missing: float = 0.0
    # -- the parts of a name: only names that have such parts --------------------------------------
    # one half of a double-barrelled name, one of two surnames, one of two forenames
    part_dropped: float = 0.0
    parts_joined: float = 0.0  # Smith Jones, SmithJones for Smith-Jones
    parts_turned: float = 0.0  # Jones-Smith
    mark_dropped: float = 0.0  # apostrophe, particle: OBrien, O Brien, Mc Donald, Alhassan, Souza
    diacritics_dropped: float = 0.0  # most systems keep none
    diacritics_garbled: float = 0.0  # read in another encoding: JosÃ©, Jos?
    # Kaur, Singh, Begum, Bibi, Muhammad before the call name: left out
    honorific_dropped: float = 0.0
    # Kaur, Singh, Begum … as the surname, the family name as a middle name, or back
    honorific_moved: float = 0.0
    honorific_short: float = 0.0  # Md, Mohd for Muhammad
    patronymic_moved: float = 0.0  # the father's name as the surname, the grandfather's left out
    # Kowalski for Kowalska, Ivanov for Ivanova: as her father's, or as hers for him
    gendered_ending: float = 0.0
    # family name first as at home (Chinese, Vietnamese), so the fields are exchanged
    family_first: float = 0.0
    # -- the whole name ----------------------------------------------------------------------------
    swapped: float = 0.0  # forename and surname in each other's field
    one_field: float = 0.0  # the whole name in one of the two
    # -- date of birth -----------------------------------------------------------------------------
    date_digit: float = 0.0  # one digit of it is another
    date_turned: float = 0.0  # day and month exchanged, where both can be either
    date_day: float = 0.0  # a day early or late
    date_month: float = 0.0  # a month early or late
    date_year: float = 0.0  # a year early or late: at the turn of the year, and age for year
    date_century: float = 0.0  # 1915 for 2015
    date_first: float = 0.0  # 1 January of the year, for "not known"
    date_missing: float = 0.0
    # -- postcode ----------------------------------------------------------------------------------
    former_postcode: float = 0.0  # the record is older than the move, where there was one
    second_home: float = 0.0  # the other parent's or a grandparent's address near by
    postcode_typing: float = 0.0
    postcode_look_alike: float = 0.0  # O for 0, I for 1, 5 for S and back, where there is one
    postcode_turned: float = 0.0  # two neighbouring characters exchanged
    postcode_missing: float = 0.0
    postcode_pseudo: float = 0.0  # ZZ99 …: no fixed abode, not known, abroad
    postcode_outcode: float = 0.0  # only the first half
    postcode_form: float = 0.0  # without space or in small letters: no error
    # -- sex ---------------------------------------------------------------------------------------
    sex_wrong: float = 0.0  # mis-keyed or changed
    sex_missing: float = 0.0
    # -- numbers -----------------------------------------------------------------------------------
    nhs_missing_health: float = 0.0  # babies before registration, visitors, records made in haste
    nhs_missing_council: float = 0.0
    nhs_missing_elsewhere: float = 0.0  # schools, police, charities
    nhs_digit: float = 0.0  # a wrong digit; the check digit reveals most of them
    nhs_sibling: float = 0.0  # a brother's or sister's number, where there is one
    upn_missing_school: float = 0.0
    upn_missing_council: float = 0.0
    upn_wrong: float = 0.0
    # -- no rate -----------------------------------------------------------------------------------
    # when the records are read: no date of birth is later; who is an infant then
    until: date = date(2026, 9, 1)

    def __post_init__(self) -> None:
        for name in RATES:
            rate = getattr(self, name)
            if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
                raise ValueError(f"{name} must be between 0 and 1")

    @cached_property
    def of(self) -> Mapping[str, Kinds]:
        """The kinds of error of each field, or part of a record, of which at most one happens."""
        return {
            "forename": Kinds(
                self, "typing heard nickname initial forename_missing forename_unknown"
            ),
            "surname": Kinds(self, "typing heard surname_missing other_parent"),
            "middle": Kinds(
                self,
                "typing heard middle_missing middle_initial middle_in_forename middle_as_forename",
            ),
            "parts": Kinds(self, "part_dropped parts_joined parts_turned"),
            "honorific": Kinds(self, "honorific_dropped honorific_moved honorific_short"),
            "whole": Kinds(self, "swapped one_field"),
            "date": Kinds(
                self,
                "date_digit date_turned date_day date_month date_year date_century date_first "
                "date_missing",
            ),
            "postcode": Kinds(
                self,
                "postcode_typing postcode_look_alike postcode_turned postcode_missing "
                "postcode_pseudo postcode_outcode",
            ),
        }

    def worse(self, times: int) -> ErrorModel:
        """Return the model as if each error had ``times`` occasions to happen.

        Small rates grow ``times``-fold, none above 1. ``FORMS`` stay as they are: they are no
        errors.
        """
        worse = {
            name: 1 - (1 - getattr(self, name)) ** times for name in RATES if name not in FORMS
        }
        return replace(self, **worse)

    @classmethod
    def read(cls, path: Path) -> ErrorModel:
        """Return the model of a JSON file.

        The file has an object of the knobs that differ from ``TYPICAL``, or from the preset that
        ``"like"`` names.

        Raises:
            ValueError: A knob or a preset does not exist, or a rate is out of bounds.
        """
        said: Any = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(said, dict):
            raise ValueError("a JSON object of knobs is expected")
        model = PRESETS.get(said.pop("like", "typical"))
        unknown = sorted(set(said) - {field.name for field in fields(cls)})
        if model is None or unknown:
            raise ValueError(f"no such preset or knob: {', '.join(unknown) or 'like'}")
        if "until" in said:
            said["until"] = date.fromisoformat(said["until"])
        return replace(model, **said)

    @classmethod
    def named(cls, preset_or_path: str) -> ErrorModel:
        """Return the model of a command line: ``clean``, ``typical``, ``bad`` or a file."""
        return PRESETS.get(preset_or_path) or cls.read(Path(preset_or_path))


FORMS = ("capitals", "diacritics_dropped", "postcode_form")
RATES = tuple(field.name for field in fields(ErrorModel) if field.name != "until")

# Nothing is wrong. Numbers are where they are in TYPICAL: a number in every record would hide what
# names do.
CLEAN = ErrorModel(nhs_missing_council=0.4, nhs_missing_elsewhere=0.95, upn_missing_council=0.25)

TYPICAL = ErrorModel(
    typing=0.006, heard=0.004, capitals=0.08, transliteration=0.02,
    known_as=0.3, known_as_listed=0.35, nickname=0.006, initial=0.0005, middle_as_forename=0.004,
    forename_missing=0.001, forename_unknown=0.0005, newborn_placeholder=0.04,
    middle_missing=0.35, middle_initial=0.05, middle_in_forename=0.008,
    former_surname=0.25, former_surname_listed=0.35, other_parent=0.004, surname_missing=0.001,
    part_dropped=0.05, parts_joined=0.06, parts_turned=0.008, mark_dropped=0.08,
    diacritics_dropped=0.9,
    diacritics_garbled=0.02, honorific_dropped=0.05, honorific_moved=0.03, honorific_short=0.02,
    patronymic_moved=0.05,
    gendered_ending=0.03, family_first=0.02, swapped=0.002, one_field=0.001,
    date_digit=0.0025, date_turned=0.002, date_day=0.0015, date_month=0.001, date_year=0.001,
    date_century=0.0002,
    date_first=0.0005, date_missing=0.002,
    former_postcode=0.22, second_home=0.015, postcode_typing=0.005, postcode_look_alike=0.003,
    postcode_turned=0.002,
    postcode_missing=0.01, postcode_pseudo=0.003, postcode_outcode=0.002, postcode_form=0.08,
    sex_wrong=0.002, sex_missing=0.008,
    nhs_missing_health=0.01, nhs_missing_council=0.4, nhs_missing_elsewhere=0.95, nhs_digit=0.001,
    nhs_sibling=0.0003,
    upn_missing_school=0.01, upn_missing_council=0.25, upn_wrong=0.001,
)  # fmt: skip

BAD = TYPICAL.worse(3)

PRESETS = {"clean": CLEAN, "typical": TYPICAL, "bad": BAD}
