"""The directory of desks on paper: whom to ring in an area when nothing else works. Pure.

It has the desks of the reader's own agency, if she gives them, and of all others the public number
of the duty desk, from the signed member list: members and agencies that are not connected. It is of
use before anybody else has joined.

Law: no child and no practitioner stands in it. An agency with a discreet name stands under that. It
says of which list it is, when that was signed, and from when on it is not to be relied on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Final

from fingerpost.protocol.desk_list import DeskList
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Agency, Area, Federation
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.protocol.terms import Tier
from fingerpost.runtime.screen_text import printable
from practitioner.present import words

GOOD_DAYS: Final = 28
"""So long a directory on paper may be relied on after its list was signed."""
OLD_SECONDS: Final = 2 * 86_400
"""A list that was signed longer ago is old: the issuer signs at least every ten minutes."""
DANGER: Final = "If a child is in danger now, ring 999."


@dataclass(frozen=True, slots=True)
class Line:
    """One desk: its number, its name, and what else is known of it."""

    number: str
    name: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Directory:
    """What is printed. ``old``: a warning, empty where the list is new."""

    title: str
    about: tuple[str, ...]
    old: str
    sections: tuple[Section, ...]


def directory(
    federation: Federation,
    reader: AgencyId,
    areas: Sequence[AreaCode],
    own: DeskList | None,
    now: float,
) -> Directory:
    """Return the directory of some areas.

    Args:
        federation: the signed list.
        reader: her agency.
        areas: in the order in which they are printed.
        own: the desks of her agency.
        now: in seconds since 1970 UTC.

    Raises:
        Refused: an area or the agency is not on the list.
        Defect: ``own`` is of another agency.
    """
    if own is not None and own.agency != str(reader):
        raise Defect("the list of desks is of another agency")
    mine = federation.agency(reader)
    signed = federation.signed_at
    good_until = datetime.fromtimestamp(signed, UTC) + timedelta(days=GOOD_DAYS)
    about = [
        f"Member list of {federation.parameters.federation}, version {federation.version}, signed "
        f"{_moment(signed)}.",
        f"Do not rely on it after {good_until:%d/%m/%Y}: print it anew.",
        "It names desks, and says nothing about any child.",
        DANGER,
    ]
    sections = [] if own is None else [_own(mine, own)]
    for code in areas:
        sections += _of_area(federation.area(code), federation, reader)
    late = now - signed
    old = f"This list is {int(late // 86_400)} days old." if late > OLD_SECONDS else ""
    return Directory("Desks to ring", tuple(about), old, tuple(sections))


def _own(mine: Agency, own: DeskList) -> Section:
    lines = []
    for desk in own.desks:
        more = [
            desk.hours,
            f"duty desk {desk.duty_desk}" if desk.duty_desk else "",
            f"out of hours {desk.out_of_hours}" if desk.out_of_hours else "",
            desk.email,
        ]
        lines.append(Line(desk.telephone, desk.name, "; ".join(filter(None, more))))
    return Section(f"{mine.name}: desks as of {own.as_of:%d/%m/%Y}", tuple(lines))


def _of_area(area: Area, federation: Federation, reader: AgencyId) -> Iterator[Section]:
    members = []
    for agency in _agencies(area, federation):
        shown = agency.named_for(reader, Tier.UNIVERSAL)
        members.append((words.AGENCY_KINDS[shown.kind.value][1], Line(shown.duty_desk, shown.name)))
    for gap in area.not_connected:
        kind = words.AGENCY_KINDS[gap.kind.value][1]
        members.append((kind, Line(gap.telephone, gap.name, "not connected")))
    for kind in dict.fromkeys(sorted(kind for kind, _ in members)):
        lines = sorted((line for each, line in members if each == kind), key=lambda at: at.name)
        yield Section(f"{area.name}: {kind}", tuple(lines))


def _agencies(area: Area, federation: Federation) -> Iterable[Agency]:
    """Return those of the area and those that serve it. One that is suspended still has a desk."""
    homes = [
        federation.areas[other.area] for other in area.serving if other.area in federation.areas
    ]
    serving = [a for home in homes for a in home.agencies if a.id in area.serving]
    return {agency.id: agency for agency in (*area.agencies, *serving)}.values()


def as_text(found: Directory) -> str:
    """Return it as plain text, for any printer."""
    lines = [found.title.upper(), *found.about, *([f"OLD: {found.old}"] if found.old else [])]
    for section in found.sections:
        lines += ["", section.title, "-" * len(section.title)]
        for line in section.lines:
            more = f" ({line.more})" if line.more else ""
            lines.append(f"{line.number or 'no number listed':<24}  {line.name}{more}")
    return "".join(f"{printable(line)}\n" for line in lines)


_STYLE: Final = (
    "body{font:16px/1.4 sans-serif;margin:2em auto;max-width:60em;padding:0 1em;color:#0b0c0c}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;"
    "padding:.3em .8em .3em 0;border-bottom:1px solid #b1b4b6}td.n{white-space:nowrap;"
    "font-weight:bold}.old{border:4px solid #d4351c;padding:.5em;font-weight:bold}"
    "h2{margin-top:1.6em;break-after:avoid}tr{break-inside:avoid}"
)


def as_html(found: Directory) -> str:
    """Return it as one page that loads nothing: no script, no picture, no address."""
    about = "".join(f"<p>{_safe(line)}</p>" for line in found.about)
    old = f'<p class="old">{_safe(found.old)}</p>' if found.old else ""
    sections = "".join(map(_section, found.sections))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{_safe(found.title)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{_safe(found.title)}</h1>{old}{about}{sections}</body></html>\n"
    )


def _section(section: Section) -> str:
    rows = "".join(
        f'<tr><td class="n">{_safe(line.number or "no number listed")}</td>'
        f"<td>{_safe(line.name)}</td><td>{_safe(line.more)}</td></tr>"
        for line in section.lines
    )
    return (
        f"<h2>{_safe(section.title)}</h2><table><thead><tr><th>Number</th><th>Desk</th>"
        f"<th>More</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _safe(text: str) -> str:
    """Escape what an agency or an export wrote (attack: a name that is a script)."""
    return escape(printable(text))


def _moment(at: float) -> str:
    return (
        f"{datetime.fromtimestamp(at, UTC):%d/%m/%Y at %H:%M} UTC" if at else "at an unknown time"
    )
