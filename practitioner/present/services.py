"""What may be said of the services that children of an age have. Pure.

Law: no sentence stands without its counts. That none named itself is said only where all that are
connected answered and most are connected, with the date of the records that it rests on.
"""

from __future__ import annotations

from rich.console import RenderableType

from fingerpost.runtime.screen_text import counted
from practitioner.asking.document import LookupDocument, ServiceShown
from practitioner.present import words
from practitioner.present.lines import heading, indented
from practitioner.present.next_steps import widen


def services(shown: LookupDocument) -> list[RenderableType]:
    """Return what may be said of each, and how to ask again more widely."""
    if not shown.services:
        return []
    lines = [indented(service_sentence(service)) for service in shown.services]
    return [heading("Services that children of this age have"), *lines, *widen(shown)]


def service_sentence(service: ServiceShown) -> str:
    """Return what may be said of a service, and never without its counts."""
    one, several = words.UNIVERSAL.get(
        service.kind, (words.SERVICES.get(service.kind, service.kind),) * 2
    )
    are = "is" if service.connected == 1 else "are"
    gave = f"{service.answered} answered" if service.answered else "none answered"
    counts = f"{service.connected} of {counted(service.of, one, several)} here {are} connected"
    both = f"{counts} and {gave}"
    silent = service.connected - service.answered
    missing = f"{counted(silent, one, several)} gave no answer"
    if service.named:
        have = "has named itself" if service.named == 1 else "have named themselves"
        more = f" {missing}." if silent else ""
        return f"{counted(service.named, one, several)} {have}. {both}.{more}"
    if not service.of:
        return f"No {one} is listed in this reach: nothing can be said about {several}."
    if not service.connected:
        return f"No {one} here is connected: nothing can be said about {several}."
    if silent:
        return f"{missing}. {both}. We cannot say whether a {one} would have named itself."
    if not service.enough_connected:
        return f"{both}. Too few are connected to say whether a {one} would name itself."
    elsewhere = words.ELSEWHERE.get(service.kind, words.ELSEWHERE_OF_ANY.format(one))
    dated = f", with records of {words.day(service.as_of)} or later" if service.as_of else ""
    return (
        f"No {one} has named itself. {both}{dated}. {elsewhere} Do not start looking for the "
        "family yourself."
    )
