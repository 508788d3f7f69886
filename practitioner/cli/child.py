"""The child of a question: from a file, from standard input, or asked for on the terminal.

The details never come from options: every user of the machine sees a command line in the list of
processes, and the shell keeps it. A file has mode 0600.

Law: what was typed is read back where it could have been meant otherwise, and what finds nobody is
said before anything is sent; nothing that was typed has to be typed again. Where the purpose says
that the child may have moved, former names and postcodes are asked for first.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import typer

from fingerpost.private.demographics import (
    NAMES_OF_HEALTH_NUMBER,
    Birth,
    Demographics,
    ExpectedDate,
    OtherName,
    Scheme,
    Sex,
    as_code,
    read_birth,
)
from fingerpost.private.linkage import Unused, WeakRule, normalise, unused
from fingerpost.private.purpose_rules import PurposeRule
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose
from fingerpost.protocol.errors import Defect, Refused, Rule
from fingerpost.runtime.files import read_secret
from practitioner.asking.outcome import Former
from practitioner.asking.typed_dates import (
    birth_in_words,
    day_in_words,
    read_typed_birth,
)
from practitioner.cli.parsing import member_of, prompt, said_yes
from practitioner.present.refusals import advice
from practitioner.present.words import WHY_FORMER

CHILD_BYTES: Final = 16 * 1024
STDIN: Final = Path("-")
CLEAR: Final = "-"
"""What to type to empty a field that was filled."""


MAY_HAVE_MOVED: Final = frozenset(
    {
        Purpose.MISSING_CHILD,
        Purpose.MISSING_EDUCATION,
        Purpose.TRANSFER_IN,
        Purpose.CLA_CARE,
        Purpose.LEAVING_CARE,
    }
)
"""The purposes about a child who is missing, came from elsewhere, or was placed: records may have
another name and another home."""


class _Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    forename: str = ""
    surname: str = ""


class _Former(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``--former`` takes, as JSON."""

    other_names: tuple[_Name, ...] = ()
    former_postcodes: tuple[str, ...] = ()


class _Child(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``--child`` takes, as JSON."""

    forename: str = ""
    middle_names: str = ""
    surname: str = ""
    other_names: tuple[_Name, ...] | msgspec.UnsetType = msgspec.UNSET
    dob: str = ""
    sex: str | None = None
    postcode: str = ""
    former_postcodes: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    health_number: str = ""
    nhs_number: str = ""
    chi_number: str = ""
    hc_number: str = ""
    number_scheme: str | None = None
    upn: str = ""

    def number(self) -> str:
        """Return the health number, under whichever name it stands."""
        stated = [self.health_number, *(getattr(self, name) for name in NAMES_OF_HEALTH_NUMBER)]
        numbers = [number for number in stated if number]
        if len(numbers) > 1:
            raise Defect("--child: more than one health number; give one")
        return "".join(numbers)


def read_child(path: Path, *, may_have_moved: bool = False) -> Demographics:
    """Read a child's details from a file of mode 0600, or from standard input for ``-``.

    Args:
        path: the file.
        may_have_moved: whether to say on standard error where it states neither former names nor
            former postcodes, not even that there are none.

    Raises:
        Defect: names the field, never its content.
        Refused: MALFORMED, a field is out of its bounds.
    """
    child = _read(path, _Child, "--child")
    if may_have_moved and child.other_names is child.former_postcodes is msgspec.UNSET:
        typer.echo(f"No former name or postcode was given. {WHY_FORMER}", err=True)
    return Demographics(
        forename=child.forename,
        middle_names=child.middle_names,
        surname=child.surname,
        other_names=_other_names(child.other_names or ()),
        dob=_birth_of_file(child.dob) if child.dob else None,
        sex=member_of(Sex, child.sex, "sex") if child.sex else None,
        postcode=as_code(child.postcode, limits.POSTCODE_CHARS),
        former_postcodes=_postcodes(child.former_postcodes or ()),
        health_number=as_code(child.number(), limits.IDENTIFIER_CHARS),
        number_scheme=member_of(Scheme, child.number_scheme, "number_scheme")
        if child.number_scheme
        else None,
        upn=as_code(child.upn, limits.IDENTIFIER_CHARS),
    )


def read_former(path: Path) -> Former:
    """Read former names and postcodes; where from, and what it raises, as ``read_child``."""
    former = _read(path, _Former, "--former")
    return Former(_other_names(former.other_names), _postcodes(former.former_postcodes))


_Read = TypeVar("_Read", _Child, _Former)


def _read(path: Path, form: type[_Read], option: str) -> _Read:
    if path == STDIN:
        data = sys.stdin.buffer.read(CHILD_BYTES + 1)
    else:
        data = read_secret(path, most=CHILD_BYTES, setting=option)
    if len(data) > CHILD_BYTES:
        raise Defect(f"{option}: too long")
    try:
        return msgspec.json.decode(data, type=form)
    except msgspec.ValidationError as error:
        raise Defect(f"{option}: {_fault(str(error), form)}") from None
    except msgspec.DecodeError:
        raise Defect(f"{option}: not JSON") from None


def _other_names(names: Iterable[_Name]) -> tuple[OtherName, ...]:
    return tuple(OtherName(name.forename, name.surname) for name in names)


def _postcodes(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(as_code(each, limits.POSTCODE_CHARS) for each in texts)


_DATES: Final = (
    "dob: expected in quotation marks YYYY-MM-DD, YYYY-MM, YYYY, about YYYY, "
    "or of an unborn child due YYYY-MM-DD"
)


def _birth_of_file(text: str) -> Birth:
    try:
        return read_birth(text)
    except Refused:
        raise Defect(f"--child: {_DATES}") from None


def _fault(text: str, form: type[_Child] | type[_Former]) -> str:
    """Return the fault that the library found, in our words and without the child's details."""
    found = re.search(r"`\$\.?([a-z_.]*)(?:\[[0-9.]*\])?\.?([a-z_]*)`", text)
    where = ".".join(filter(None, found.groups())) if found else ""
    if "unknown field" in text:
        known = _Name if where else form
        names = ", ".join(known.__struct_fields__)
        return f"{where + ': ' if where else ''}a field that is not known; there are {names}"
    if where == "dob":
        return _DATES
    if where == "former_postcodes":
        return "former_postcodes: expected a list of texts in quotation marks"
    if where == "other_names":
        return 'other_names: expected a list of {"forename": …, "surname": …}'
    return f"{where}: expected text in quotation marks" if where else "expected one object, {…}"


# ---- on the terminal ---------------------------------------------------------------------------


@dataclass
class _Form:
    """What was typed, field by field."""

    texts: dict[str, str] = field(default_factory=dict)
    dob: Birth | None = None

    def former(self) -> Former:
        """Raises ``Refused``: a name is out of its bounds."""
        names = [each.partition(",") for each in self.texts.get("other_names", "").split(";")]
        homes = self.texts.get("former_postcodes", "").split(",")
        return Former(
            tuple(
                OtherName(first.strip(), last.strip())
                for first, _, last in names
                if first.strip() or last.strip()
            ),
            _postcodes(one.strip() for one in homes if one.strip()),
        )

    def child(self) -> Demographics:
        """Raises ``Refused``: a field is out of its bounds."""
        texts, former = self.texts, self.former()
        born = not isinstance(self.dob, ExpectedDate)
        return Demographics(
            forename=texts.get("forename", ""),
            middle_names=texts.get("middle_names", ""),
            surname=texts.get("surname", ""),
            other_names=former.names,
            dob=self.dob,
            sex=_sex(texts["sex"]) if born and texts.get("sex") else None,
            postcode=as_code(texts.get("postcode", ""), limits.POSTCODE_CHARS),
            health_number=as_code(texts.get("health_number", ""), limits.IDENTIFIER_CHARS)
            if born
            else "",
            upn=as_code(texts.get("upn", ""), limits.IDENTIFIER_CHARS) if born else "",
            former_postcodes=former.postcodes,
        )


_QUESTIONS: Final = {
    "forename": "Forename",
    "middle_names": "Middle names",
    "surname": "Surname",
    "dob": "Date of birth (such as 5/12/2013, 5 Dec 2013, 12/2013, 2013, about 7, due 5/12/2027)",
    "sex": "Sex (F, M)",
    "postcode": "Postcode",
    "former_postcodes": "Former postcodes, the latest first (at most three, with commas)",
    "health_number": "NHS, CHI or H&C number",
    "upn": "UPN",
    "other_names": "Former or other name (forename, surname)",
}
_CHILDS_SEX: Final = {"GIRL": Sex.FEMALE, "BOY": Sex.MALE}
_FORMER: Final = ("other_names", "former_postcodes")
_FORMER_FIRST: Final = (*_FORMER, *(name for name in _QUESTIONS if name not in _FORMER))
_OF_THE_BORN: Final = frozenset({"sex", "health_number", "upn"})
_FIELDS_OF: Final[dict[Rule, tuple[str, ...]]] = {
    PurposeRule.AGE: ("dob",),
    PurposeRule.CHILDHOOD: ("dob",),
    PurposeRule.BORN_LATER: ("dob",),
    PurposeRule.ARRIVAL: ("health_number",),
    WeakRule.NUMBER_ALONE: ("forename", "surname", "dob"),
}
"""What to ask for again, by the rule that refused; all fields for any other."""


_NOT_MENDED: Final = frozenset({Unused.UPN_NOT_AGREED, Unused.UPN_TEMPORARY})
"""What typing it again does not mend."""


def ask_child(
    today: date,
    require: Callable[[Demographics], None],
    *,
    upn: bool,
    may_have_moved: bool = False,
) -> Demographics:
    """Ask on the terminal; an empty answer means "not known".

    What the lookup would refuse, and what would not be used, is said at once and asked for again,
    with all other answers kept.

    Args:
        today: at the practitioner's.
        require: refuses a child about whom the lookup would be refused.
        upn: whether the agreement lets the pupil number be used.
        may_have_moved: whether former names and postcodes are asked for first, with the reason.

    Raises:
        Refused: as ``require``, where the practitioner changes nothing.
    """
    typer.echo(
        "Enter the child's details. Leave empty what you do not know. For an unborn child, give "
        "the mother's surname and postcode.",
        err=True,
    )
    fields = _FORMER_FIRST if may_have_moved else tuple(_QUESTIONS)
    if may_have_moved:
        typer.echo(WHY_FORMER, err=True)
    form = _Form()
    _fill(form, fields, today)
    told: set[Unused] = set()
    while True:
        try:
            child = form.child()
            require(child)
        except Refused as refused:
            typer.echo(advice(refused), err=True)
            wanted = _FIELDS_OF.get(refused.rule, ()) if refused.rule else ()
            if not _fill(form, wanted or fields, today):
                raise
            continue
        news = [each for each in unused_of(child, upn=upn) if each not in told]
        if not news:
            return child
        told.update(news)
        say_unused(news)
        mended = dict.fromkeys(each.field for each in news if each not in _NOT_MENDED)
        if not _fill(form, mended, today):
            return child


def ask_former(today: date) -> Former:
    """Ask on the terminal for former names and postcodes alone; an empty answer adds nothing.

    Raises:
        Refused: MALFORMED, more of them than a question may have, or one out of its bounds, where
            the practitioner changes nothing.
    """
    typer.echo(f"{WHY_FORMER} Leave empty what you do not know, or gave before.", err=True)
    form = _Form()
    _fill(form, _FORMER, today)
    while True:
        try:
            former = form.former()
            former.added_to(Demographics())
        except Refused as refused:
            typer.echo(advice(refused), err=True)
            if not _fill(form, _FORMER, today):
                raise
        else:
            return former


def unused_of(child: Demographics, *, upn: bool) -> tuple[Unused, ...]:
    return unused(child, normalise(child), upn=upn)


def say_unused(parts: Iterable[Unused]) -> None:
    """Say on standard error what of a question finds nobody."""
    for each in parts:
        typer.echo(each.words, err=True)


def _fill(form: _Form, fields: Iterable[str], today: date) -> bool:
    """Ask for fields. Return whether one of them changed."""
    before = (dict(form.texts), form.dob)
    for name in fields:
        if name in _OF_THE_BORN and isinstance(form.dob, ExpectedDate):
            continue
        if name == "dob":
            _ask_birth(form, today)
        elif name == "other_names":
            _ask_other_names(form)
        else:
            _ask_text(form, name)
    return before != (form.texts, form.dob)


def _ask_text(form: _Form, name: str) -> None:
    while True:
        answer = prompt(_question(name, form.texts.get(name, "")))
        if name == "sex" and answer not in ("", CLEAR):
            try:
                _sex(answer)
            except KeyError:
                typer.echo("This was not understood. Try again, or leave it empty.", err=True)
                continue
        break
    if answer == CLEAR:
        form.texts.pop(name, None)
    elif answer:
        form.texts[name] = answer


def _ask_other_names(form: _Form) -> None:
    known = form.texts.get("other_names", "")
    names = []
    while answer := prompt(_question("other_names", known)):
        if answer == CLEAR:
            form.texts.pop("other_names", None)
            return
        names.append(answer.replace(";", ","))
        known = ""
    if names:
        form.texts["other_names"] = ";".join(names)


def _ask_birth(form: _Form, today: date) -> None:
    known = birth_in_words(form.dob, today) if form.dob is not None else ""
    while answer := prompt(_question("dob", known)):
        if answer == CLEAR:
            form.dob = None
            return
        try:
            read = read_typed_birth(answer, today)
        except ValueError:
            typer.echo("This was not understood. Try again, or leave it empty.", err=True)
            continue
        birth = read.birth
        if isinstance(birth, date) and birth > today:
            when = day_in_words(birth)
            if said_yes(f"{when} is in the future. Is the child unborn, and due on that day?"):
                form.dob = ExpectedDate(birth)
                return
        elif not read.doubtful or said_yes(f"Is this {birth_in_words(birth, today)}?"):
            typer.echo(f"  {birth_in_words(birth, today)}", err=True)
            form.dob = birth
            return


def _question(name: str, known: str) -> str:
    text = _QUESTIONS[name]
    return (
        f"{text} [{known}; press Enter to keep it, or type {CLEAR} to empty it]" if known else text
    )


def _sex(text: str) -> Sex:
    for sex in Sex:
        if text and sex.name.startswith(text.upper()):
            return sex
    return _CHILDS_SEX[text.upper()]
