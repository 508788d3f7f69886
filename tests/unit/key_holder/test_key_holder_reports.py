"""What a key holder reports of a week: counts, signed, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes import federations
from fakes.federations import HOLDERS
from fakes.refusals import refused
from fingerpost.membership.credentials import MemberKeys
from fingerpost.protocol import limits
from fingerpost.protocol.codec.reports import (
    REPORT_BYTES,
    MeteredEpoch,
    MeteredMember,
    MeterReport,
    read_meter_report,
    write_meter_report,
)
from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.codec.strict import write_envelope
from fingerpost.protocol.envelope import PayloadType, sign
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import Workload
from fingerpost.runtime.settings import load
from fingerpost.runtime.witness import WitnessFolder
from key_holder.quota import Allowance, Count, Period, week_of
from key_holder.reports import report
from key_holder.settings import KeyHolderSettings
from key_holder.store import SqlMeter
from unit.key_holder.test_key_holder_check import enrolled, run

FEDERATION = FederationId("test")
NODE, GATEWAY, IDLE = (MemberId(name) for name in ("node", "gateway", "idle"))
NOW = federations.NOW
WEEK = week_of(NOW)
ONE, TWO = EpochNumber(1), EpochNumber(2)


def bulk(epoch: int, week: int, elements: int, growth: int = 0, *, refused: bool = False) -> Count:
    return Count(Period(Workload.BULK, epoch, 2, week), elements, growth, refused)


def lookups(week: int, day: int, elements: int) -> Count:
    return Count(Period(Workload.LOOKUP, day, 0, week), elements)


COUNTED = {
    NODE: (
        bulk(1, WEEK - 9, 500),
        bulk(2, WEEK - 1, 600, 100),
        bulk(2, WEEK, 50, 50, refused=True),
        bulk(2, WEEK + 1, 9),
    ),
    GATEWAY: (lookups(WEEK, 7, 64), lookups(WEEK, 8, 32), lookups(WEEK - 1, 1, 320)),
    IDLE: (lookups(WEEK - 1, 1, 32),),
}


def test_a_week_is_reported_with_what_came_before_and_without_what_came_after() -> None:
    made = report(FEDERATION, HOLDERS[0], COUNTED, WEEK, NOW)
    assert made == MeterReport(
        FEDERATION,
        HOLDERS[0],
        WEEK,
        int(NOW),
        (
            MeteredMember(GATEWAY, 96, False, ()),
            MeteredMember(
                NODE, 0, True, (MeteredEpoch(ONE, 2, 500, 0, 0), MeteredEpoch(TWO, 2, 650, 50, 50))
            ),
        ),
    )


def test_a_report_is_believed_by_its_signature_alone() -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    made = report(FEDERATION, HOLDERS[0], COUNTED, WEEK, NOW)
    data = write_meter_report(made, key)
    envelope, holder = claimed_signer(data, most=REPORT_BYTES)
    assert holder == HOLDERS[0]
    assert read_meter_report(envelope, key.public_key()) == made
    with refused(Code.BAD_SIGNATURE):
        read_meter_report(envelope, other.public_key())
    # Attack: one holder signs counts in the other's name.
    renamed = sign(PayloadType.METER_REPORT, envelope.payload, HOLDERS[1].value, key)
    forged, _ = claimed_signer(write_envelope(renamed), most=REPORT_BYTES)
    with refused(Code.BAD_SIGNATURE, "MeterReport.holder"):
        read_meter_report(forged, key.public_key())


@pytest.mark.parametrize(
    "make",
    [
        lambda: MeteredEpoch(ONE, 2, 5, 6, 0),
        lambda: MeteredEpoch(ONE, 2, 6, 5, 6),
        lambda: MeteredMember(NODE, 0, False, (MeteredEpoch(ONE, 2, 1, 0, 0),) * 2),
        lambda: MeterReport(FEDERATION, NODE, 1, 1, (MeteredMember(NODE, 0, False, ()),) * 2),
    ],
    ids=["more in the week", "more growth", "an epoch twice", "a member twice"],
)
def test_counts_that_cannot_be_are_refused(make: object) -> None:
    with refused(Code.MALFORMED):
        make()  # type: ignore[operator]


def test_the_command_writes_what_the_meter_counted(tmp_path: Path) -> None:
    settings_file, out = enrolled(tmp_path), tmp_path / "week.report"
    settings = load(settings_file, KeyHolderSettings)
    no_meter = run(settings_file, "report", "--out", str(out)).exception
    assert isinstance(no_meter, Defect)
    assert not out.exists()
    with SqlMeter.open(settings.meter, WitnessFolder(settings.places.witness)) as meter:
        meter.charge(GATEWAY, Allowance(lookups(WEEK, 7, 0).period, day=64), 32)
    day = datetime.fromtimestamp(WEEK * limits.WEEK_SECONDS + 3 * limits.DAY, UTC).date()
    done = run(settings_file, "report", "--out", str(out), "--day", day.isoformat())
    assert done.exit_code == 0, done.output
    envelope, _ = claimed_signer(out.read_bytes(), most=REPORT_BYTES)
    public = MemberKeys.load(settings.places.credentials).signing_key.public_key()
    assert read_meter_report(envelope, public).members == (MeteredMember(GATEWAY, 32, False, ()),)
