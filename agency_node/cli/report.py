"""``fingerpost-node report``: what was counted in a week, signed, for the authority."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import closing

import typer

from agency_node.answering import planted
from agency_node.answering.audit import TESTED, count_week
from agency_node.cli.run import PROGRAM
from agency_node.importing.wiring import open_store
from agency_node.records.records import Origin, RecordId
from agency_node.records.store.records import SqlRecords
from agency_node.settings import NodeSettings
from agency_node.wiring import open_audit
from fingerpost.audit.log import Entry
from fingerpost.membership import commands
from fingerpost.membership.commands import ReportOption, SettingsFile, WeekOption
from fingerpost.membership.credentials import MemberKeys
from fingerpost.membership.membership import check_places
from fingerpost.protocol import limits
from fingerpost.protocol.codec.reports import (
    CountedAgency,
    NodeReport,
    SelfTests,
    write_node_report,
)
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.files import replace_file


def register(app: typer.Typer) -> None:
    """Add the command to the node's command line."""
    app.command()(report)


def report(settings_file: SettingsFile, out: ReportOption, day: WeekOption = None) -> None:
    """Write what was counted in a week, signed, for the authority: counts only."""
    week = commands.week_of(day)
    replace_file(out, written_report(PROGRAM.load(settings_file), week, time.time()), mode=0o644)
    commands.report_written(out, week)


def written_report(settings: NodeSettings, week: int, now: float) -> bytes:
    """Return the signed report of a week (in weeks since 1970) for the authority. The node may be
    running.

    Raises:
        Defect: the bundle, the keys, the records or a log cannot be read.
    """
    bundle = check_places(settings.places, Party.NODE)
    key = MemberKeys.load(settings.places.credentials).signing_key
    with closing(open_store(settings)) as records:
        counted = [_count(settings, records, each.id, week, now) for each in settings.agencies]
    agencies = tuple(sorted(counted, key=lambda each: each.agency))
    made = NodeReport(bundle.federation, bundle.member, week, int(now), agencies)
    return write_node_report(made, key)


def _count(
    settings: NodeSettings, records: SqlRecords, agency: AgencyId, week: int, now: float
) -> CountedAgency:
    tally = planted.tally(_origins(records, agency), now)
    with closing(open_audit(settings, agency)) as log:
        since = week * limits.WEEK_SECONDS
        opened, hidden, revealed = count_week(log, since, since + limits.WEEK_SECONDS)
        tests = self_tests(log.show(since, since + limits.WEEK_SECONDS, decrypt=False))
    return CountedAgency(
        agency,
        tally.records,
        tally.young,
        tally.typed,
        tally.unusual,
        opened,
        hidden,
        revealed,
        tests,
    )


def self_tests(entries: Iterable[Entry]) -> SelfTests:
    """Count the self-tests among the entries of a week, in the order of the log."""
    names = ("asked", "found", "slipped", "slipped_found")
    tested = [
        [int(entry.fields[name]) for name in names] for entry in entries if entry.kind == TESTED
    ]
    missed = sum(asked != found or slipped != also for asked, found, slipped, also in tested)
    return SelfTests(len(tested), missed, *tested[-1]) if tested else SelfTests()


def _origins(records: SqlRecords, agency: AgencyId) -> Iterator[Origin]:
    """Yield where each record comes from of the import that the agency answers from."""
    generation = records.generation(agency)
    if generation is not None:
        for number in range(generation.children):
            yield records.child(agency, generation.number, RecordId(number)).origin
