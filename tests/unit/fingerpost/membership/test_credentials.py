"""A member's keys are made once; a certificate and its key change as one."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes.certificates import FakeAuthority
from fingerpost.membership import credentials
from fingerpost.membership.credentials import MemberKeys, make_member_keys
from fingerpost.protocol.errors import Defect
from fingerpost.runtime import tls
from fingerpost.runtime.files import read_secret
from fingerpost.runtime.tls import ClientTls, certificate_lifetime, make_key
from unit.fingerpost.conftest import NODE


def pair(authority: FakeAuthority) -> tuple[bytes, bytes]:
    folder = authority.certify(NODE)
    return (folder / "tls.key").read_bytes(), (folder / "tls.pem").read_bytes()


@pytest.fixture
def keys(tmp_path: Path) -> MemberKeys:
    return make_member_keys(tmp_path / "keys")


class TestSigningKey:
    def test_is_made_for_its_owner_s_eyes_and_read_again(self, keys: MemberKeys) -> None:
        path = keys.folder / "signing.key"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700
        again = MemberKeys.load(keys.folder)
        assert again.public_key == keys.public_key
        assert len(keys.public_key) == 32

    def test_is_not_written_over(self, keys: MemberKeys) -> None:
        with pytest.raises(Defect, match="exists"):
            make_member_keys(keys.folder)
        assert MemberKeys.load(keys.folder).public_key == keys.public_key

    def test_must_be_there_and_be_one(self, keys: MemberKeys) -> None:
        path = keys.folder / "signing.key"
        path.write_bytes(make_key())
        with pytest.raises(Defect, match="not an Ed25519 key"):
            MemberKeys.load(keys.folder)
        path.write_bytes(b"none")
        with pytest.raises(Defect, match="not a private key"):
            MemberKeys.load(keys.folder)
        path.unlink()
        with pytest.raises(Defect, match="cannot be opened"):
            MemberKeys.load(keys.folder)

    def test_must_be_closed_to_others(self, keys: MemberKeys) -> None:
        (keys.folder / "signing.key").chmod(0o640)
        with pytest.raises(Defect, match="open to group or others"):
            MemberKeys.load(keys.folder)

    def test_does_not_show_itself(self, keys: MemberKeys) -> None:
        assert keys.signing_key.private_bytes_raw().hex()[:16] not in repr(keys)

    def test_is_another_for_each_member(self, keys: MemberKeys, tmp_path: Path) -> None:
        other = make_member_keys(tmp_path / "other")
        assert isinstance(other.signing_key, Ed25519PrivateKey)
        assert other.public_key != keys.public_key


class TestPair:
    def test_there_is_none_at_first(self, keys: MemberKeys, authority: FakeAuthority) -> None:
        assert keys.lifetime() is None
        with pytest.raises(Defect, match="no certificate yet"):
            keys.client_tls(authority.file).credentials()
        with pytest.raises(Defect):
            keys.server_tls(authority.file).credentials()

    def test_installed_serves_both_ends(self, keys: MemberKeys, authority: FakeAuthority) -> None:
        key, chain = pair(authority)
        keys.install(key, chain)
        assert keys.lifetime() == certificate_lifetime(chain)
        assert stat.S_IMODE(keys.key.stat().st_mode) == 0o600
        keys.client_tls(authority.file).credentials()
        keys.server_tls(authority.file).credentials()

    def test_the_newest_is_in_force_and_old_ones_go(
        self, keys: MemberKeys, authority: FakeAuthority
    ) -> None:
        for _ in range(12):
            key, chain = pair(authority)
            keys.install(key, chain)
            assert keys.key.read_bytes() == key
            assert keys.certificate.read_bytes() == chain
        left = sorted(path.name for path in (keys.folder / "tls").iterdir())
        assert left == ["000011", "000012", "current"]

    def test_a_client_never_mixes_two_pairs(
        self, keys: MemberKeys, authority: FakeAuthority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The pair is replaced between the reading of the certificate and that of the key."""
        keys.install(*pair(authority))

        def renewed_meanwhile(path: Path, **bounds: Any) -> bytes:
            keys.install(*pair(authority))
            return read_secret(path, **bounds)

        monkeypatch.setattr(tls, "read_secret", renewed_meanwhile)
        keys.client_tls(authority.file).credentials()
        with pytest.raises(Defect, match="not a certificate of the key"):
            ClientTls(keys.certificate, keys.key, authority.file).credentials()

    def test_a_failed_installation_leaves_the_pair_before(
        self, keys: MemberKeys, authority: FakeAuthority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key, chain = pair(authority)
        keys.install(key, chain)

        def full(path: Path, data: bytes) -> None:
            if path.name == "certificate.pem":
                raise Defect("disk full")
            path.write_bytes(data)

        with monkeypatch.context() as broken:
            broken.setattr(credentials, "create_file", full)
            with pytest.raises(Defect, match="disk full"):
                keys.install(*pair(authority))
        assert keys.key.read_bytes() == key
        keys.client_tls(authority.file).credentials()
        newer = pair(authority)
        keys.install(*newer)
        assert keys.key.read_bytes() == newer[0]
