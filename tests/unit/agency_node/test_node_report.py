"""What a node reports of a week: counts of rows and of lookups, signed, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from agency_node import cli
from agency_node.answering import planted
from agency_node.answering.audit import AgencyLogs
from agency_node.answering.planted import Tally
from agency_node.answering.self_test import SelfTested
from agency_node.answering.wiring import audit_folder
from agency_node.importing.wiring import open_store
from agency_node.records.ports import Child
from agency_node.records.records import Doubt, Origin
from agency_node.records.store.imports import SqlImports
from agency_node.settings import NodeSettings
from fakes.federations import NOW
from fakes.node_records import LONG_KNOWN, an_involvement
from fakes.node_world import NODE, SCHOOL, SURGERY, KnownChildren, a_child
from fakes.party_folder import KEY, addresses_of, hand_bundle, node_settings_file
from fakes.refusals import refused
from fakes.repository import listed
from fakes.witnesses import witness_in
from fingerpost.membership.credentials import MemberKeys, make_member_keys
from fingerpost.protocol import limits
from fingerpost.protocol.codec.reports import (
    REPORT_BYTES,
    CountedAgency,
    NodeReport,
    SelfTests,
    read_node_report,
    write_node_report,
)
from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.codec.strict import write_envelope
from fingerpost.protocol.envelope import PayloadType, sign
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.settings import load
from fingerpost.wire.v1 import reports_pb2
from unit.agency_node.test_planted_rows import YOUNG, entries, run

FEDERATION = FederationId("test")


def counted(**changes: Any) -> CountedAgency:
    usual = {"records": 9, "young": 1, "typed": 2, "unusual": 3, "opened": 4, "hidden": 1}
    return CountedAgency(SCHOOL, **{**usual, "revealed": 1, **changes})


def test_rows_are_counted_by_what_is_unusual_about_them() -> None:
    both = Origin(0, Doubt.AGE | Doubt.AREA)
    origins = [LONG_KNOWN, YOUNG, Origin(int(NOW), Doubt.TYPED), both]
    assert planted.tally(origins, NOW) == Tally(records=4, young=2, typed=1, unusual=1)
    assert planted.tally([], NOW) == Tally(0, 0, 0, 0)


def test_a_report_is_believed_by_its_signature_alone() -> None:
    key = Ed25519PrivateKey.generate()
    made = NodeReport(FEDERATION, NODE, 2976, int(NOW), (counted(),))
    envelope, node = claimed_signer(write_node_report(made, key), most=REPORT_BYTES)
    assert node == NODE
    assert read_node_report(envelope, key.public_key()) == made
    with refused(Code.BAD_SIGNATURE):
        read_node_report(envelope, Ed25519PrivateKey.generate().public_key())
    renamed = sign(PayloadType.NODE_REPORT, envelope.payload, "other", key)
    forged, _ = claimed_signer(write_envelope(renamed), most=REPORT_BYTES)
    with refused(Code.BAD_SIGNATURE, "NodeReport.node"):
        read_node_report(forged, key.public_key())


@pytest.mark.parametrize(
    "changes", [{"young": 10}, {"typed": 10}, {"unusual": 10}, {"hidden": 5}], ids=str
)
def test_counts_that_cannot_be_are_refused(changes: dict[str, int]) -> None:
    with refused(Code.MALFORMED):
        counted(**changes)


def test_self_tests_are_in_the_report_and_a_report_without_any_is_what_it_was() -> None:
    key = Ed25519PrivateKey.generate()
    written = []
    for tests in (SelfTests(), SelfTests(7, 2, 2, 1, 2, 0)):
        made = NodeReport(FEDERATION, NODE, 2976, int(NOW), (counted(self_tests=tests),))
        envelope, _ = claimed_signer(write_node_report(made, key), most=REPORT_BYTES)
        assert read_node_report(envelope, key.public_key()) == made
        written.append(reports_pb2.NodeReport.FromString(envelope.payload).agencies[0])
    assert [each.HasField("self_tests") for each in written] == [False, True]


@pytest.mark.parametrize(
    "counts", [(1, 2, 2, 2, 2, 2), (1, 0, 2, 3, 2, 2), (1, 0, 2, 2, 2, 3), (0, 0, 2, 2, 2, 2)]
)
def test_self_tests_that_cannot_be_are_refused(counts: tuple[int, ...]) -> None:
    with refused(Code.MALFORMED):
        SelfTests(*counts)


def test_an_agency_that_stands_twice_is_refused() -> None:
    with refused(Code.MALFORMED):
        NodeReport(FEDERATION, NODE, 1, 1, (counted(), counted()))


def test_the_command_counts_records_openings_and_what_was_revealed(tmp_path: Path) -> None:
    settings_file = node_settings_file(tmp_path, (SCHOOL, SURGERY))
    parameters = listed().parameters
    me = Identity(parameters.federation, MemberId("node"), Party.NODE)
    hand_bundle(tmp_path, me, addresses_of(parameters))
    make_member_keys(tmp_path / "credentials")
    settings = load(settings_file, NodeSettings)
    store(settings)
    folder = audit_folder(settings)
    logs = AgencyLogs(folder, KEY, witness_in(settings_file.parent), KnownChildren())
    logs.opened([*entries(YOUNG), *entries(LONG_KNOWN)])
    for at, found in ((NOW - 8 * limits.DAY, 0), (NOW, 1), (NOW + 1, 2)):
        assert logs.tested(SelfTested(SCHOOL, 1, int(at), 2, found, 2, 2))
    logs.close()
    revealed = ("open", "1", "--reveal", "--agency", str(SCHOOL), "--by", "dpo", "--why", "x")
    assert run(settings_file, *revealed).exit_code == 0

    out = tmp_path / "node.report"
    day = datetime.fromtimestamp(NOW, UTC).date().isoformat()
    words = ["report", "--settings", str(settings_file), "--out", str(out), "--day", day]
    done = CliRunner().invoke(cli.app, words)
    assert done.exit_code == 0, done.output
    envelope, _ = claimed_signer(out.read_bytes(), most=REPORT_BYTES)
    public = MemberKeys.load(settings.places.credentials).signing_key.public_key()
    report = read_node_report(envelope, public)
    assert (report.federation, report.node) == (parameters.federation, me.member)
    school, surgery = report.agencies
    assert (school.agency, school.records, school.typed) == (SCHOOL, 2, 1)
    assert (school.opened, school.hidden) == (2, 1)
    assert school.self_tests == SelfTests(
        tests=2, missed=1, asked=2, found=2, slipped=2, slipped_found=2
    )
    assert surgery == CountedAgency(SURGERY, 0, 0, 0, 0, 0, 0, 0)
    assert report.week == int(NOW) // limits.WEEK_SECONDS
    for secret in (b"Marigold", b"Si\xc3\xa2n"):
        assert secret not in out.read_bytes()


def store(settings: NodeSettings) -> None:
    """The school has two records, of which one was typed by hand."""
    records = open_store(settings)
    imports = SqlImports(records)
    made = imports.begin(SCHOOL, bytes(32), as_of=1, normalisation_version=2, upn=False, now=1000)
    children = [
        Child(a_child(), (an_involvement(),), bytes([n]) * 16, bytes([n + 9]) * 16, origin)
        for n, origin in enumerate((LONG_KNOWN, Origin(0, Doubt.TYPED)))
    ]
    imports.add(SCHOOL, made.number, 0, children)
    imports.close_staging(SCHOOL, made.number)
    imports.complete(SCHOOL, made.number, 1000)
    records.close()
