"""One row of a table: its cells become a child's details and an involvement. Pure.

Law: a cell that cannot be read refuses the row, or leaves its field empty with a remark; every cell
that was read is counted (``shapes.Tally``). No child is lost because of what a row says about her
practitioner.
"""

from __future__ import annotations

from calendar import timegm
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from agency_node.importing.sources import fields as read
from agency_node.importing.sources.dates import Dates
from agency_node.importing.sources.faults import RowFault
from agency_node.importing.sources.fields import BadField, Flag
from agency_node.importing.sources.judging import Stated
from agency_node.importing.sources.opening_hours import read_hours
from agency_node.importing.sources.person_names import split
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.shapes import Tally
from agency_node.records.records import Involvement
from fingerpost.private.demographics import (
    Birth,
    Demographics,
    ExpectedDate,
    OtherName,
    Scheme,
    read_health_number,
)
from fingerpost.private.linkage.normal_form import read_postcode, read_upn
from fingerpost.private.messages import OpeningHours
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Refused

LONG_GONE: Final = date(1970, 1, 1)

_T = TypeVar("_T")


class BadColumn(Exception):
    """The row cannot be taken, because of one column."""

    def __init__(self, column: str, reason: Reason) -> None:
        super().__init__(column)
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class How:
    """How the rows of a file are read. ``dates``: by column."""

    dates: Mapping[str, Dates]
    stated: Stated
    as_of: date


@dataclass(frozen=True, slots=True, repr=False)
class ChildRow:
    """One row. A fault that does not refuse it is added to ``remarks``."""

    number: int
    cells: Mapping[str, str]
    how: How
    remarks: list[RowFault]
    tally: Tally

    def needed(self, column: str, reader: Callable[[str], _T]) -> _T:
        """Raises ``BadColumn`` for a cell that cannot be read."""
        try:
            return self._read(column, reader)
        except BadField as bad:
            raise BadColumn(column, bad.reason) from None

    def wished(self, column: str, reader: Callable[[str], _T], otherwise: _T) -> _T:
        """Return ``otherwise``, with a remark, for a cell that cannot be read."""
        try:
            return self._read(column, reader)
        except BadField as bad:
            self.remark(column, bad.reason)
            return otherwise

    def withheld(self, column: str) -> bool:
        """Read a flag against disclosure: what is neither yes nor no is read as yes."""
        try:
            return self._read(column, read.read_flag)
        except BadField:
            self.remark(column, Reason.FLAG_READ_AS_YES)
            return True

    def checked(
        self, column: str, reader: Callable[[str], str], check: Callable[[str], object | None]
    ) -> str:
        """Return the text of a cell whose meaning the normal form reads: a text of which ``check``
        makes nothing counts as not read. Raises ``BadColumn``.
        """
        text = self.cells.get(column, "")
        try:
            taken = reader(text)
        except BadField as bad:
            self.tally.note(column, text, read=False)
            raise BadColumn(column, bad.reason) from None
        self.tally.note(column, text, read=check(taken) is not None)
        return taken

    def _read(self, column: str, reader: Callable[[str], _T]) -> _T:
        """Raises ``BadField``."""
        text = self.cells.get(column, "")
        try:
            found = reader(text)
        except BadField as bad:
            if bad.reason is Reason.DATE_STANDS_FOR_NONE:
                self.tally.unknown(column)
            else:
                self.tally.note(column, text, read=False)
            raise
        self.tally.note(column, text, read=True)
        return found

    def shield(self) -> Flag:
        """Read the column ``shield``; what is no answer is remarked."""
        try:
            return self._read("shield", read.read_shield)
        except BadField:
            self.remark("shield", Reason.FLAG_READ_AS_YES)
            return Flag.UNREAD

    def remark(self, column: str, reason: Reason) -> None:
        self.remarks.append(RowFault(self.number, column, reason))

    def demographics(self) -> Demographics:
        """Raises ``BadColumn``.

        A date that cannot be right is left out, so that the child is still found by name and place;
        that of an adult refuses the row, which is about another person.
        """
        sex = self.wished("sex", read.read_sex, None)
        dob = self._birth()
        number, scheme = self._health_number(dob)
        upn = self._number("upn", str, read_upn)
        if dob is not None and read.is_adult(dob, self.how.as_of):
            raise BadColumn("dob", Reason.DATE_OUT_OF_RANGE)
        if isinstance(dob, ExpectedDate) and dob.day <= self.how.as_of and (number or upn):
            self.remark("due", Reason.DUE_LEFT_OUT)
            dob = None
        elif isinstance(dob, ExpectedDate) and (number or upn or sex):
            self.remark("due", Reason.UNBORN_LEFT_OUT)
            sex, number, scheme, upn = None, "", None, ""
        try:
            forename, surname = self._names()
            return Demographics(
                forename=forename,
                middle_names=self._name("middle_names"),
                surname=surname,
                other_names=self._other_names(forename, surname),
                dob=dob,
                sex=sex,
                postcode=self.checked("postcode", read.read_postcode, read_postcode),
                health_number=number,
                number_scheme=scheme,
                upn=upn,
                former_postcodes=self._former_postcodes(),
            )
        except Refused as refused:  # a bound that was not met above: it names the field only
            raise BadColumn(refused.what, Reason.TOO_LONG) from None

    def _names(self) -> tuple[str, str]:
        """Return forename and surname. Raises ``BadColumn``."""
        if "name" not in self.cells:
            return self._name("forename"), self._name("surname")
        parts = split(self.cells["name"], self.how.stated.names)
        self.tally.note("name", self.cells["name"], read=not isinstance(parts, Reason))
        if isinstance(parts, Reason):
            raise BadColumn("name", Reason.NAME_NOT_SPLIT)
        forename, surname = parts
        try:
            return read.read_name(forename), read.read_name(surname)
        except BadField as bad:
            raise BadColumn("name", bad.reason) from None

    def _name(self, column: str) -> str:
        """Raises ``BadColumn``."""
        return self.needed(column, read.read_name)

    def _other_names(self, forename: str, surname: str) -> tuple[OtherName, ...]:
        """Return preferred, former and other names, each once. Raises ``BadColumn``."""
        found = []
        for kind in ("preferred", "former"):
            first, last = self._name(f"{kind}_forename"), self._name(f"{kind}_surname")
            if first or last:
                found.append(OtherName(first or forename, last or surname))
        found += self.needed("aliases", read.read_aliases)
        names = tuple(dict.fromkeys(name for name in found if name != OtherName(forename, surname)))
        if len(names) > limits.OTHER_NAMES:
            raise BadColumn("aliases", Reason.TOO_MANY_NAMES)
        return names

    def _birth(self) -> Birth | None:
        """Return the date of birth, or else the day on which the child is expected.

        A date whose precision cannot be read is left out: taken as a whole date, it could speak
        against the child.
        """
        dates, as_of = self.how.dates, self.how.as_of
        precision = self.wished("dob_precision", read.read_precision, None)
        if precision is not None:
            dob = self.wished(
                "dob", lambda text: read.read_birth(text, precision, as_of, dates["dob"]), None
            )
            if dob is not None:
                return dob
        if "due" not in dates:
            return None
        return self.wished("due", lambda text: read.read_due(text, as_of, dates["due"]), None)

    def _day(self, column: str) -> date | None:
        """Return None, with a remark, for a day that stands for none. Raises ``BadColumn``."""
        if column not in self.how.dates:
            return None
        try:
            return self._read(column, lambda text: read.read_day(text, self.how.dates[column]))
        except BadField as bad:
            if bad.reason is not Reason.DATE_STANDS_FOR_NONE:
                raise BadColumn(column, bad.reason) from None
            self.remark(column, bad.reason)
            return None

    def _number(
        self,
        column: str,
        mended: Callable[[str], str],
        check: Callable[[str], object | None],
    ) -> str:
        """Return a number of the child, with a remark and empty where a spreadsheet shortened it.
        Raises ``BadColumn``.
        """
        try:
            return self.checked(column, lambda text: mended(read.read_number(text)), check)
        except BadColumn as bad:
            if bad.reason is not Reason.NUMBER_LEFT_OUT:
                raise
            self.remark(column, bad.reason)
            return ""

    def _former_postcodes(self) -> tuple[str, ...]:
        """Return none of them where one is too long: that never loses the child."""
        none: tuple[str, ...] = ()
        found = self.wished("former_postcodes", read.read_former_postcodes, none)
        if len(found) > limits.FORMER_POSTCODES:
            self.remark("former_postcodes", Reason.TOO_MANY_POSTCODES)
        return found[: limits.FORMER_POSTCODES]

    def _health_number(self, born: Birth | None) -> tuple[str, Scheme | None]:
        """Return the number with its scheme, and neither where one cannot be of the other: the
        number is from a wrong column, and may be another person's. Raises ``BadColumn``.
        """
        text = self._number(
            "health_number", lambda text: read.with_zero(text, born), read_health_number
        )
        scheme = self.wished("number_scheme", read.read_scheme, None)
        number = read_health_number(text)
        if number is not None and scheme is not None and number.contradicts(scheme):
            self.remark("health_number", Reason.NUMBER_OF_OTHER_SCHEME)
            return "", None
        return text, scheme if text else None

    def _staffed_until(self) -> int:
        dates = self.how.dates.get("staffed_until")
        if dates is None:
            return 0
        return self.wished("staffed_until", lambda text: read.read_last_day(text, dates), 0)

    def _worker_days(self) -> tuple[date | None, date | None]:
        """Return the practitioner's first and last day.

        A last day that cannot be read counts as over: who has left is never shown, and the row
        keeps its other desks.
        """
        first = self._wished_day("worker_from", None)
        return first, self._wished_day("worker_until", LONG_GONE)

    def _wished_day(self, column: str, otherwise: date | None) -> date | None:
        dates = self.how.dates.get(column)
        if dates is None:
            return None
        try:
            return self._read(column, lambda text: read.read_day(text, dates))
        except BadField as bad:
            if bad.reason is Reason.DATE_STANDS_FOR_NONE:
                return None
            self.remark(column, Reason.WORKER_DAY_NOT_READ)
            return otherwise

    def hours(self, column: str = "hours") -> tuple[OpeningHours, ...]:
        """Read what of the hours can be read, with a remark where that is not all."""
        text = self.cells.get(column, "")
        found, all_ = read_hours(text)
        self.tally.note(column, text, read=all_)
        if not all_:
            self.remark(column, Reason.HOURS_NOT_READ)
        return found

    def involvement(self, born: Birth | None, *, shielded: bool) -> tuple[Involvement, date | None]:
        """Return the involvement, and the day on which it began where that is known.

        Raises:
            BadColumn: a cell cannot be read.
            NoLongerCurrent: it ended too long ago.
        """
        kind = self.needed("kind", read.read_kind)
        start, end = self._day("start"), self._day("end")
        if born is not None and start is not None and read.is_before_birth(start, born):
            self.remark("start", Reason.BEFORE_BIRTH)
        status, ended_on = self.needed(
            "status", lambda text: read.standing(text, start, end, self.how.as_of)
        )
        worker_from, worker_until = self._worker_days()
        found = Involvement(
            kind=kind,
            status=status,
            worker_name=self.wished("worker_name", read.read_worker_name, ""),
            worker_role=self.wished("worker_role", read.read_worker_role, ""),
            desk_phone=self.wished("desk_phone", read.read_telephone, ""),
            desk_email=self.wished("desk_email", read.read_email, ""),
            ooh_phone=self.wished("ooh_phone", read.read_telephone, ""),
            hours=self.hours(),
            as_of=timegm(self.how.as_of.timetuple()),
            lead=self.needed("lead", read.read_flag),
            early_help=self.needed("early_help", read.read_flag),
            sensitive=self.withheld("sensitive") or kind.sensitive,
            shielded=shielded,
            ended_on=ended_on,
            desk=self.wished("desk", read.read_desk, None),
            staffed_until=self._staffed_until(),
            worker_phone=self.wished("worker_phone", read.read_telephone, ""),
            worker_hours=self.hours("worker_hours"),
            worker_from=worker_from,
            worker_until=worker_until,
            duty_phone=self.wished("duty_phone", read.read_telephone, ""),
            duty_hours=self.hours("duty_hours"),
        )
        numbers = (found.desk_phone, found.ooh_phone, found.worker_phone, found.duty_phone)
        if not (any(numbers) or found.desk_email):
            self.remark("desk_phone", Reason.NO_CONTACT)
        return found, start
