"""What the issuer answers, and whom it refuses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import NoReturn

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from authority import changes
from authority.epochs import Times
from authority.issuer import certificates, rules, wiring
from authority.issuer.certificates import CertificateAuthority, load_authority
from authority.issuer.online import Online
from authority.issuer.service import Issuer
from fakes.refusals import refused
from fingerpost.audit.log import AuditEvent, AuditLog, Entry
from fingerpost.protocol import federation_files as files
from fingerpost.protocol import limits
from fingerpost.protocol.codec.statements import (
    CertifyStatement,
    EpochKeyStatement,
    HeadsStatement,
    ReadHeadsStatement,
    ReadStatement,
    write_certify,
    write_epoch_key,
    write_heads,
    write_read,
    write_read_heads,
)
from fingerpost.protocol.codec.strict import read_envelope, write_envelope
from fingerpost.protocol.envelope import PayloadType, sign
from fingerpost.protocol.errors import Code, Defect, NoRoom, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.federation_files import require_fetchable
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId
from fingerpost.runtime import tls
from fingerpost.runtime.identity import Identity, subject_names
from fingerpost.runtime.tls import ServerTls
from unit.authority.conftest import (
    BROKER,
    DAY,
    EPOCH,
    FEDERATION,
    GATEWAY,
    HOLDERS,
    ISSUER,
    NODE,
    SCHOOL,
    World,
)

NODE_IDENTITY = Identity(FEDERATION, NODE, Party.NODE)
USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
"""Of a key, as RFC 5280 names them."""


@dataclass
class Desk:
    """An issuer with its own audit log, and a member that asks it."""

    world: World
    issuer: Issuer
    audit: AuditLog
    key: bytes = field(default_factory=tls.make_key)

    @property
    def now(self) -> float:
        return self.world.now

    def request(self, **changed: object) -> bytes:
        facts: dict[str, object] = {
            "federation": FEDERATION,
            "member": NODE,
            "issued_at": int(self.now),
            "nonce": os.urandom(32),
            "certificate_request": tls.make_csr(self.key, NODE_IDENTITY),
        }
        statement = CertifyStatement(**{**facts, **changed})  # type: ignore[arg-type]
        return write_certify(statement, self.world.keys[NODE])

    def certify(self, **changed: object) -> bytes:
        return self.issuer.certify(self.request(**changed), self.now)

    def entries(self, kind: str) -> list[Entry]:
        return [e for e in self.audit.show(0, 2**40, decrypt=False) if e.kind == kind]


@pytest.fixture
def desk(published: World) -> Iterator[Desk]:
    with published.issuer() as (issuer, audit):
        issuer.refresh(published.now)
        yield Desk(published, issuer, audit)


def _uses(certificate: x509.Certificate) -> set[str]:
    """What the key of a certificate may be used for."""
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    return {name for name in USES if getattr(usage, name)}


def test_a_member_gets_a_certificate_for_its_names_and_no_other(desk: Desk) -> None:
    pem = desk.certify()
    leaf, authority = x509.load_pem_x509_certificates(pem)
    leaf.verify_directly_issued_by(authority)
    found = leaf.extensions.get_extension_for_class
    assert found(x509.SubjectAlternativeName).value == subject_names(NODE_IDENTITY)
    assert not len(leaf.subject)
    basic = found(x509.BasicConstraints)
    assert basic.critical
    assert not basic.value.ca
    assert _uses(leaf) == {"digital_signature"}
    assert _uses(authority) == {"key_cert_sign", "crl_sign"}
    # RFC 5280, 4.2.1.1 and 4.2.1.2, which strict verifiers demand: which key signed.
    signed_by = found(x509.AuthorityKeyIdentifier).value
    own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert signed_by.key_identifier == own.key_identifier
    both = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    assert set(found(x509.ExtendedKeyUsage).value) == both
    start, end = tls.certificate_lifetime(pem)
    assert start == int(desk.now) - 60
    assert end == int(desk.now) + 7 * DAY
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)


def test_serials_are_random(desk: Desk) -> None:
    serials = {x509.load_pem_x509_certificate(desk.certify()).serial_number for _ in range(5)}
    assert len(serials) == 5
    assert min(serials) > 2**100


def test_each_certificate_is_recorded_before_it_leaves(desk: Desk) -> None:
    pem = desk.certify()
    (entry,) = desk.entries("certificate.issued")
    assert entry.actor.value == str(NODE)
    assert entry.fields["serial"] == f"{x509.load_pem_x509_certificate(pem).serial_number:x}"
    assert entry.at == int(desk.now)


def authority_of(world: World) -> CertificateAuthority:
    online = world.folder / "online"
    return load_authority(online / "ca.pem", online / "ca-certificate.pem")


def test_an_authority_whose_key_and_certificate_differ_is_refused(published: World) -> None:
    online = published.folder / "online"
    (online / "ca.pem").write_bytes(tls.make_key())
    with pytest.raises(Defect, match="not the certificate of the key in"):
        authority_of(published)


class FullDisk:
    def append(self, event: AuditEvent) -> object:
        raise Defect("the disk is full")


def test_what_cannot_be_recorded_is_not_issued(published: World) -> None:
    own, inbox = Identity(FEDERATION, ISSUER, Party.ISSUER), published.ceremony.inbox
    heads = wiring.open_heads(published.issuer_settings)
    issuer = Issuer(own, published.online, inbox, authority_of(published), heads, FullDisk())
    issuer.refresh(published.now)
    desk = Desk(published, issuer, None)  # type: ignore[arg-type]
    with pytest.raises(Defect, match="full"):
        issuer.certify(desk.request(), published.now)
    assert published.ceremony.inbox.epochs() == ()


def test_who_is_not_listed_is_refused(desk: Desk) -> None:
    with refused(Code.NOT_A_MEMBER):
        desk.certify(member=MemberId("stranger"))


def test_who_is_suspended_is_refused_like_who_is_not_listed(desk: Desk) -> None:
    desk.world.suspend(NODE)
    desk.issuer.refresh(desk.now)
    with refused(Code.NOT_A_MEMBER) as caught:
        desk.certify()
    assert caught.value.what == "member"
    desk.world.suspend()
    desk.issuer.refresh(desk.now)
    assert desk.certify()


def test_a_suspension_acts_though_the_list_is_broken(desk: Desk) -> None:
    (desk.world.metadata / "bin-00.json").write_bytes(b"rubbish")
    desk.world.suspend(NODE)
    assert desk.issuer.refresh(desk.now).refused is not None
    with refused(Code.NOT_A_MEMBER):
        desk.certify()


@pytest.mark.parametrize("by_another", [True, False])
def test_a_list_is_read_whoever_signed_its_snapshot(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, by_another: bool
) -> None:
    """A command line that suspends signs what was published a moment before; or the disk is full
    between the snapshot and the timestamp."""
    world, later = desk.world, MemberId("gateway-2")
    world.enrol(later, Party.GATEWAY, lookups_per_day=1)
    world.ceremony.change(
        lambda draft: changes.stop_asking(draft, SCHOOL, GATEWAY),
        lambda draft: changes.remove_member(draft, GATEWAY),
    )
    world.ceremony.publish(world.now)
    if by_another:
        world.refresh()
    else:
        with monkeypatch.context() as disk, pytest.raises(NoRoom):
            disk.setattr(Online, "_timestamp_of", _full)
            desk.issuer.refresh(world.now)
    desk.issuer.refresh(world.now)
    request = tls.make_csr(desk.key, Identity(FEDERATION, later, Party.GATEWAY))
    asked = {"issued_at": int(world.now), "nonce": os.urandom(32), "certificate_request": request}
    statement = CertifyStatement(FEDERATION, later, **asked)  # type: ignore[arg-type]
    assert desk.issuer.certify(write_certify(statement, world.keys[later]), world.now)
    gone = replace(statement, member=GATEWAY, nonce=os.urandom(32))
    with refused(Code.NOT_A_MEMBER):
        desk.issuer.certify(write_certify(gone, world.keys[GATEWAY]), world.now)


def _full(*_: object) -> NoReturn:
    raise NoRoom("the disk is full")


def test_another_members_signature_is_refused(desk: Desk) -> None:
    envelope = read_envelope(desk.request())
    for key in (desk.world.keys[GATEWAY], ed25519.Ed25519PrivateKey.generate()):
        forged = sign(PayloadType.CERTIFY, envelope.payload, str(NODE), key)
        with refused(Code.BAD_SIGNATURE):
            desk.issuer.certify(write_envelope(forged), desk.now)


def test_a_member_cannot_speak_for_another(desk: Desk) -> None:
    """Attack: a member signs, as itself, a statement that names another member."""
    envelope = read_envelope(desk.request())
    mine = sign(PayloadType.CERTIFY, envelope.payload, str(GATEWAY), desk.world.keys[GATEWAY])
    with refused(Code.BAD_SIGNATURE):
        desk.issuer.certify(write_envelope(mine), desk.now)


def test_another_federations_statement_is_refused(desk: Desk) -> None:
    with refused(Code.NOT_ALLOWED):
        desk.certify(federation=FederationId("other"))


@pytest.mark.parametrize("age", [181, 3600, -61])
def test_a_stale_or_early_request_is_refused(desk: Desk, age: int) -> None:
    with refused(Code.NOT_FRESH):
        desk.issuer.certify(desk.request(issued_at=int(desk.now) - age), int(desk.now))


@pytest.mark.parametrize("age", [0, 120, 180, -60])
def test_a_request_within_its_time_is_answered(desk: Desk, age: int) -> None:
    assert desk.issuer.certify(desk.request(issued_at=int(desk.now) - age), int(desk.now))


def test_a_replay_is_refused_for_as_long_as_it_would_be_fresh(desk: Desk) -> None:
    request = desk.request()
    desk.issuer.certify(request, desk.now)
    for later in (0, 60, 179):
        with refused(Code.REPLAYED):
            desk.issuer.certify(request, desk.now + later)
    with refused(Code.NOT_FRESH):
        desk.issuer.certify(request, desk.now + 240)
    assert len(desk.entries("certificate.issued")) == 1


def test_a_member_that_renews_without_end_is_stopped(desk: Desk) -> None:
    for _ in range(rules.CERTIFICATES_PER_HOUR):
        desk.certify()
    with refused(Code.QUOTA):
        desk.certify()
    later = desk.now + 3601
    assert desk.issuer.certify(desk.request(issued_at=int(later)), later)


def csr(
    identity: Identity = NODE_IDENTITY,
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | None = None,
    *,
    names: list[x509.GeneralName] | None = None,
    authority: bool = False,
    subject: str = "",
) -> bytes:
    key = key or ec.generate_private_key(ec.SECP256R1())
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, subject)] if subject else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(parts))
    wanted = x509.SubjectAlternativeName(names) if names else subject_names(identity)
    builder = builder.add_extension(wanted, critical=True)
    if authority:
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = builder.add_extension(constraints, critical=True)
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(Encoding.DER)


OTHERS = {
    "another member": csr(Identity(FEDERATION, GATEWAY, Party.NODE)),
    "another service": csr(Identity(FEDERATION, NODE, Party.BROKER)),
    "another federation": csr(Identity(FederationId("other"), NODE, Party.NODE)),
    "a second name": csr(names=[*subject_names(NODE_IDENTITY), x509.DNSName("example.org")]),
    "one name too few": csr(names=[x509.DNSName(NODE_IDENTITY.server_name)]),
    "a subject": csr(subject="broker"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_request_for_other_names_is_refused_and_recorded(desk: Desk, case: str) -> None:
    with refused(Code.NOT_ALLOWED):
        desk.certify(certificate_request=OTHERS[case])
    assert len(desk.entries("certificate.refused")) == 1


WRONG = {
    "an authority": (csr(authority=True), Code.MALFORMED),
    "another curve": (csr(key=ec.generate_private_key(ec.SECP384R1())), Code.MALFORMED),
    "no elliptic curve of ours": (csr(key=ed25519.Ed25519PrivateKey.generate()), Code.MALFORMED),
    "no request": (b"\x30\x03\x02\x01\x01", Code.MALFORMED),
    "rubbish": (bytes(100), Code.MALFORMED),
    "signature that does not hold": (csr()[:-2] + b"\x01\x01", Code.BAD_SIGNATURE),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_request_is_refused(desk: Desk, case: str) -> None:
    data, code = WRONG[case]
    with pytest.raises(Refused) as caught:
        desk.certify(certificate_request=data)
    assert caught.value.code in (code, Code.MALFORMED)  # a broken signature may not even parse


def test_a_recorded_refusal_cannot_be_played_back_to_fill_the_log(desk: Desk) -> None:
    request = desk.request(certificate_request=OTHERS["another member"])
    with refused(Code.NOT_ALLOWED):
        desk.issuer.certify(request, desk.now)
    with refused(Code.REPLAYED):
        desk.issuer.certify(request, desk.now)
    assert len(desk.entries("certificate.refused")) == 1


def test_before_a_list_is_there_nothing_is_decided(world: World) -> None:
    with world.issuer() as (issuer, _), refused(Code.NOT_READY):
        issuer.certify(b"anything", world.now)


def test_another_federations_list_is_a_defect(published: World) -> None:
    published.change_issuer_settings('"pilot"', '"other"')
    with published.issuer() as (issuer, _), pytest.raises(Defect):
        issuer.refresh(published.now)


def test_a_certificate_never_lives_longer_than_a_week(desk: Desk) -> None:
    authority = authority_of(desk.world)
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(Defect):
        certificates.issue(authority, key, NODE_IDENTITY, desk.now, timedelta(days=8))
    last = authority.certificate.not_valid_after_utc.timestamp()
    assert certificates.issue(authority, key, NODE_IDENTITY, last - DAY).not_after == last


# ---- deposits --------------------------------------------------------------------------------


def deposit(
    desk: Desk,
    member: MemberId = NODE,
    size: int = 1216,
    epoch: int = 1,
    at: int = 0,
    fill: int = 7,
) -> bytes:
    key, at = bytes([fill]) * size, int(desk.now) + at
    statement = EpochKeyStatement(FEDERATION, member, EpochNumber(epoch), key, at)
    return write_epoch_key(statement, desk.world.keys[member])


def test_a_deposit_lies_in_the_inbox_for_the_next_publication(desk: Desk) -> None:
    envelope = deposit(desk)
    desk.issuer.deposit(envelope, desk.now)
    desk.issuer.deposit(envelope, desk.now)
    assert desk.world.ceremony.inbox.envelope(EPOCH, NODE) == envelope
    assert len(desk.entries("deposit.accepted")) == 1


def test_the_later_deposit_counts(desk: Desk) -> None:
    """Attack: the deposit of an old receiving key, which was stolen since, is sent again."""
    old, new = deposit(desk, fill=1), deposit(desk, at=30, fill=2)
    desk.issuer.deposit(old, desk.now)
    desk.issuer.deposit(new, desk.now)
    with refused(Code.REPLAYED):
        desk.issuer.deposit(old, desk.now)
    assert desk.world.ceremony.inbox.envelope(EPOCH, NODE) == new


@pytest.mark.parametrize(
    ("member", "size", "epoch", "at", "code"),
    [
        (BROKER, 32, 1, 0, Code.NOT_ALLOWED),
        (HOLDERS[0], 1216, 1, 0, Code.NOT_ALLOWED),
        (NODE, 32, 1, 0, Code.NOT_ALLOWED),
        (NODE, 1216, 3, 0, Code.UNSUPPORTED),
        (NODE, 1216, 4_000_000_000, 0, Code.UNSUPPORTED),
        (NODE, 1216, 1, -181, Code.NOT_FRESH),
        (NODE, 1216, 1, 62, Code.NOT_FRESH),
    ],
)
def test_a_deposit_that_is_not_one_to_make_is_refused(
    desk: Desk, member: MemberId, size: int, epoch: int, at: int, code: Code
) -> None:
    with refused(code):
        desk.issuer.deposit(deposit(desk, member, size, epoch, at), desk.now)
    assert desk.world.ceremony.inbox.epochs() == ()


def test_a_member_that_deposits_without_end_is_stopped(desk: Desk) -> None:
    for n in range(rules.DEPOSITS_PER_HOUR):
        desk.issuer.deposit(deposit(desk, at=n - 60), desk.now)
    with refused(Code.QUOTA):
        desk.issuer.deposit(deposit(desk, at=1), desk.now)
    desk.issuer.deposit(deposit(desk, HOLDERS[0], 32), desk.now)


def test_deposits_for_epochs_long_past_are_forgotten(desk: Desk) -> None:
    third = EpochNumber(3)
    for n, holder in enumerate(HOLDERS):
        desk.world.deposit(holder, bytes([n]) * 32, epoch=third)
    desk.issuer.deposit(deposit(desk, epoch=1), desk.now)
    now = int(desk.now)
    desk.world.ceremony.open_epoch(third, Times(now, now, now + DAY), now)
    desk.world.publish()
    desk.issuer.refresh(desk.now)
    assert desk.world.ceremony.inbox.epochs() == (third,)


def test_the_next_two_epochs_may_be_deposited_for(desk: Desk) -> None:
    for epoch in (1, 2):
        desk.issuer.deposit(deposit(desk, epoch=epoch), desk.now)
    assert [e.value for e in desk.world.ceremony.inbox.epochs()] == [1, 2]


def test_what_was_deposited_here_opens_an_epoch_offline(desk: Desk) -> None:
    for n, holder in enumerate(HOLDERS):
        desk.issuer.deposit(deposit(desk, holder, 32, fill=n + 1), desk.now)
    now = int(desk.now)
    desk.world.ceremony.open_epoch(EPOCH, Times(now, now, now + DAY), now)
    desk.world.publish()
    done = desk.issuer.refresh(now)
    assert done.refused is None


# ---- fetching --------------------------------------------------------------------------------


def test_every_file_of_the_repository_is_served(desk: Desk) -> None:
    repository = desk.world.folder / "repository"
    paths = list(repository.rglob("*.json"))
    assert len(paths) > 30
    for path in paths:
        assert desk.issuer.fetch(path.relative_to(repository).as_posix()) == path.read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "..",
        ".lock",
        "metadata",
        "metadata/",
        "metadata/../.lock",
        "metadata/..json",
        "targets/../../online/ca.pem",
        "targets/members/../../../online/deny-list.json",
        "/etc/passwd",
        "metadata/root.json/",
        "metadata//root.json",
        "metadata/root.json\n",
        "metadata/0.root.json",
        "metadata/bin-0.json",
        "metadata/bin-gg.json",
        "Metadata/root.json",
        "targets/members/Node-1.json",
        "targets/members/nobody.json",
        "targets/areas/e08000025.json.json",
        "targets/peppers/0/node-1.json",
        "targets/peppers/1/../node-1.json",
        "targets/members/" + "a" * 200 + ".json",
        "metadata/ｒoot.json",
        "targets\\members\\node-1.json",
    ],
)
def test_no_other_path_is_served(desk: Desk, path: str) -> None:
    with refused(Code.NOT_ALLOWED):
        desk.issuer.fetch(path)


@given(st.text(alphabet="./\\abcemtrgs-_0123456789jonpx\0\n%", max_size=60))
def test_what_may_be_fetched_never_climbs(path: str) -> None:
    try:
        require_fetchable(path)
    except Refused as error:
        assert error.code is Code.NOT_ALLOWED
        return
    assert path.startswith(("metadata/", "targets/"))
    assert ".." not in path
    assert "\\" not in path
    assert path.endswith(".json")


def read_as(desk: Desk, member: MemberId, path: str, **changed: object) -> bytes:
    facts = {"federation": FEDERATION, "member": member, "path": path, "issued_at": int(desk.now)}
    statement = ReadStatement(**{**facts, **changed})  # type: ignore[arg-type]
    return desk.issuer.read(write_read(statement, desk.world.keys[member]), desk.now)


def test_a_sealed_pepper_is_shown_to_its_member_and_to_the_broker_alone(desk: Desk) -> None:
    mine = f"targets/{files.pepper_path(EPOCH, NODE)}"
    content = b"sealed"
    kept = desk.world.folder / "repository" / mine
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    assert read_as(desk, NODE, mine) == content
    assert read_as(desk, BROKER, mine) == content
    for other in (GATEWAY, HOLDERS[0]):
        with refused(Code.NOT_ALLOWED):
            read_as(desk, other, mine)


def test_who_is_denied_is_shown_no_file(desk: Desk) -> None:
    desk.world.suspend(NODE)
    desk.issuer.refresh(desk.now)
    with refused(Code.NOT_A_MEMBER):
        read_as(desk, NODE, "metadata/timestamp.json")


@pytest.mark.parametrize("hours", [-23, 23])
def test_a_member_whose_clock_is_hours_off_still_sees_the_timestamp(desk: Desk, hours: int) -> None:
    assert read_as(desk, NODE, "metadata/timestamp.json", issued_at=int(desk.now) + hours * 3600)


def test_a_request_for_a_file_does_not_live_for_ever(desk: Desk) -> None:
    with refused(Code.NOT_FRESH):
        read_as(desk, NODE, "metadata/timestamp.json", issued_at=int(desk.now) - DAY - 1)
    with refused(Code.NOT_ALLOWED):
        read_as(desk, NODE, "metadata/timestamp.json", federation=FederationId("another"))


def test_a_link_out_of_the_repository_is_not_followed(desk: Desk) -> None:
    target = desk.world.folder / "repository" / "targets" / files.member_path(NODE)
    target.unlink()
    target.symlink_to(desk.world.folder / "online" / "ca.pem")
    with pytest.raises(Defect):
        desk.issuer.fetch(f"targets/{files.member_path(NODE)}")


def test_the_issuers_own_certificate_is_renewed_at_half_life(desk: Desk) -> None:
    state = desk.world.folder / "online" / "state"
    files = ServerTls(state / "tls.pem", state / "tls.key", state.parent / "ca-certificate.pem")
    own = wiring.OwnCertificate(files, desk.issuer)
    first = own.renew(desk.now)
    assert first == int(desk.now) + 7 * DAY
    assert own.renew(desk.now + 3 * DAY) is None
    assert own.renew(desk.now + 4 * DAY) == int(desk.now) + 11 * DAY
    (leaf, _) = x509.load_pem_x509_certificates(files.certificate.read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names == subject_names(Identity(FEDERATION, ISSUER, Party.ISSUER))


# ---- heads that members leave --------------------------------------------------------------------


def leave(desk: Desk, at: float, member: MemberId = NODE, **changed: object) -> bytes:
    facts = {"issued_at": int(at), "part": 0, "sealed": os.urandom(84), **changed}
    statement = HeadsStatement(FEDERATION, member, **facts)  # type: ignore[arg-type]
    envelope = write_heads(statement, desk.world.keys[member])
    desk.issuer.deposit_heads(envelope, at)
    return envelope


def left(desk: Desk, at: float, before: int, member: MemberId = NODE) -> tuple[bytes, ...]:
    asked = ReadHeadsStatement(FEDERATION, member, int(at), 0, before)
    return desk.issuer.heads(write_read_heads(asked, desk.world.keys[member]), at)


def test_a_member_gets_the_heads_that_it_left_and_no_others(desk: Desk) -> None:
    one, two = leave(desk, desk.now), leave(desk, desk.now + 3600)
    other = leave(desk, desk.now, GATEWAY)
    later = desk.now + 7200
    assert left(desk, later, 2**40) == (two, one)
    assert left(desk, later, int(desk.now) + 3600) == (one,)
    assert left(desk, later, int(desk.now)) == ()
    assert left(desk, later, 2**40, GATEWAY) == (other,)


def test_heads_are_left_in_the_order_of_their_time(desk: Desk) -> None:
    envelope = leave(desk, desk.now)
    with refused(Code.REPLAYED):
        desk.issuer.deposit_heads(envelope, desk.now)
    with refused(Code.REPLAYED):
        leave(desk, desk.now, issued_at=int(desk.now) - 60)
    with refused(Code.NOT_FRESH):
        desk.issuer.deposit_heads(envelope, desk.now + 3600)
    with refused(Code.MALFORMED):
        leave(desk, desk.now + 1, part=64)
    assert len(left(desk, desk.now, 2**40)) == 1


def test_who_leaves_heads_without_end_is_stopped(desk: Desk) -> None:
    for second in range(rules.HEADS_PER_HOUR):
        leave(desk, desk.now + second)
    with refused(Code.QUOTA):
        leave(desk, desk.now + rules.HEADS_PER_HOUR)


def test_what_was_left_while_a_clock_was_ahead_stops_nobody(desk: Desk) -> None:
    """The issuer's clock and the member's were both a day ahead."""
    leave(desk, desk.now + DAY)
    deposit = EpochKeyStatement(FEDERATION, NODE, EPOCH, bytes(1216), int(desk.now + DAY))
    desk.issuer.deposit(write_epoch_key(deposit, desk.world.keys[NODE]), desk.now + DAY)
    leave(desk, desk.now)
    newer = write_epoch_key(replace(deposit, issued_at=int(desk.now)), desk.world.keys[NODE])
    desk.issuer.deposit(newer, desk.now)
    assert desk.world.ceremony.inbox.envelope(EPOCH, NODE) == newer


@given(
    start=st.integers(0, 10**9),
    gaps=st.lists(st.integers(60, 2 * limits.DAY), min_size=1, max_size=120),
)
def test_heads_of_two_days_are_whole_and_of_a_year_one_a_day(start: int, gaps: list[int]) -> None:
    kept: tuple[int, ...] = ()
    at = start
    days = {start // limits.DAY}
    for gap in (0, *gaps):
        at += gap
        days.add(at // limits.DAY)
        outdated = rules.outdated_heads((*kept, at))
        assert len(outdated) <= 2
        kept = tuple(each for each in (*kept, at) if each not in outdated)
        assert at in kept
    whole = [each for each in kept if at - each <= rules.HEADS_WHOLE_SECONDS]
    assert len(kept) <= len(whole) + rules.HEADS_KEPT_SECONDS // limits.DAY + 120
    of_days = {each // limits.DAY for each in kept}
    assert of_days >= {day for day in days if day * limits.DAY > at - rules.HEADS_KEPT_SECONDS}


def test_heads_are_bounded_however_long_a_member_runs() -> None:
    kept: tuple[int, ...] = ()
    for step in range(3 * 500):  # one every eight hours
        times = (*kept, step * 8 * 3600)
        outdated = rules.outdated_heads(times)
        kept = tuple(each for each in times if each not in outdated)
    assert len(kept) <= 2 * 3 + 1 + 400 + 2
