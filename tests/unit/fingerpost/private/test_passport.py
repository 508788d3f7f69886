"""Passports: what an agency issued is read, and nothing that a library would merely tolerate."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from fakes.refusals import refused
from fingerpost.private.passport import (
    GRACE_SECONDS,
    TYPE,
    Entitlement,
    HandleKeys,
    HandleProof,
    Passport,
    issue,
    key_id,
    read,
)
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Acr, Role
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, FederationId, Handle
from unit.fingerpost.private.a_lookup import ASKING, FEDERATION, NOW, a_passport, key_of, public_of

KEY = key_of("passports")
PUBLIC = public_of("passports")
TOKEN = issue(a_passport(), FEDERATION, KEY)


def _read(token: str, now: float = NOW, **expected: Any) -> Passport:
    ours: dict[str, Any] = {"federation": FEDERATION, "agency": ASKING, "passport_key": PUBLIC}
    return read(token, **ours | expected, now=now)


def _code(token: str, now: float = NOW) -> str:
    """What it was refused for; fails where it was not refused."""
    with refused(Code.BAD_PASSPORT) as caught:
        _read(token, now)
    return caught.value.what


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


HEADER, PAYLOAD = (json.loads(base64.urlsafe_b64decode(p + "==")) for p in TOKEN.split(".")[:2])


def _sign_text(header: str, payload: str, key: Ed25519PrivateKey = KEY) -> str:
    signed = f"{_b64(header.encode())}.{_b64(payload.encode())}"
    return f"{signed}.{_b64(key.sign(signed.encode()))}"


def _sign(header: dict[str, Any], payload: Any, key: Ed25519PrivateKey = KEY) -> str:
    return _sign_text(json.dumps(header), json.dumps(payload), key)


def _with_claims(**changes: Any) -> str:
    return _sign(HEADER, PAYLOAD | changes)


def _with_header(**changes: Any) -> str:
    return _sign(HEADER | changes, PAYLOAD)


def _without(part: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key != name}


def test_what_was_issued_is_read() -> None:
    assert _read(TOKEN) == a_passport()


def test_its_claims_are_these() -> None:
    assert {
        "alg": "EdDSA",
        "kid": hashlib.sha256(PUBLIC).hexdigest()[:16],
        "typ": "fingerpost-passport+jwt",
    } == HEADER
    assert {
        "iss": "e08000001.council",
        "aud": "fingerpost:pilot",
        "sub": "account-17",
        "name": "Siân O’Neill-Brontë",
        "role": "SOCIAL_WORKER",
        "acr": "urn:fingerpost:acr:password-totp",
        "auth_time": NOW - 600,
        "iat": NOW - 60,
        "exp": NOW + 540,
        "jti": "0123456789abcdef0123456789abcdef",
        "cnf": {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": _b64(public_of("practitioner"))}},
        "training_until": NOW + 86_400,
        "vetting_until": NOW + 86_400,
        "training_grace_by": "",
    } == PAYLOAD


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "subject": st.from_regex(r"[A-Za-z0-9._\-]{1,64}", fullmatch=True),
    "name": st.text(alphabet="aZ ’-é ž ễ", min_size=1, max_size=80),
    "role": st.sampled_from(Role),
    "acr": st.sampled_from(Acr),
    "auth_time": st.integers(NOW - 12 * 3600, NOW),
    "expires_at": st.integers(NOW + 1, NOW + 600),
    "jti": st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
    "cnf": st.binary(min_size=32, max_size=32),
}


@given(st.fixed_dictionaries(FIELDS))
def test_every_passport_survives_the_journey(fields: dict[str, Any]) -> None:
    until = Entitlement(fields["expires_at"] + 61, NOW + 10_000)
    try:
        passport = replace(a_passport(), issued_at=NOW, entitlement=until, **fields)
    except Refused:
        assert not fields["name"].strip() or len(fields["name"].encode()) > 160
        return
    assert _read(issue(passport, FEDERATION, KEY)) == passport


def test_the_largest_passport_fits() -> None:
    agency = AgencyId("e08000001." + "a" * 40)
    federation = FederationId("f" * 40)
    largest = replace(
        a_passport(),
        agency=agency,
        subject="s" * 64,
        name="é" * 80,
        role=max(Role, key=lambda role: len(role.name)),
        entitlement=Entitlement(LAST - GRACE_SECONDS, LAST, "m" * 64),
    )
    token = issue(largest, federation, KEY)
    assert len(token) <= limits.PASSPORT_BYTES
    assert _read(token, federation=federation, agency=agency) == largest


ENDS = NOW + 540
LAST = limits.LATEST - 1
GOOD = Entitlement(NOW + 86_400, NOW + 86_400)


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        ({"name": "a" * 80}, {"name": "a" * 81}),
        ({"name": "é" * 80}, {"name": "é" * 79 + "ễ"}),
        ({"auth_time": NOW - 60 - 12 * 3600}, {"auth_time": NOW - 61 - 12 * 3600}),
        ({"auth_time": NOW - 60}, {"auth_time": NOW - 59}),
        ({"expires_at": NOW - 59}, {"expires_at": NOW - 60}),
        ({"expires_at": NOW + 540}, {"expires_at": NOW + 541}),
        (
            {"entitlement": Entitlement(ENDS + 61, GOOD.vetting_until)},
            {"entitlement": Entitlement(ENDS + 60, GOOD.vetting_until)},
        ),
        (
            {"entitlement": Entitlement(LAST, GOOD.vetting_until)},
            {"entitlement": Entitlement(LAST + 1, GOOD.vetting_until)},
        ),
        (
            {"entitlement": Entitlement(LAST - GRACE_SECONDS, GOOD.vetting_until, "m")},
            {"entitlement": Entitlement(LAST - GRACE_SECONDS + 1, GOOD.vetting_until, "m")},
        ),
        (
            {"entitlement": Entitlement(GOOD.training_until, LAST)},
            {"entitlement": Entitlement(GOOD.training_until, LAST + 1)},
        ),
        (
            {"auth_time": 0, "issued_at": 60, "expires_at": 660},
            {"auth_time": -1, "issued_at": 60, "expires_at": 660},
        ),
    ],
    ids=str,
)
def test_what_is_just_within_a_bound_and_just_beyond(
    within: dict[str, Any], beyond: dict[str, Any]
) -> None:
    replace(a_passport(), **within)
    with refused(Code.MALFORMED):
        replace(a_passport(), **beyond)


# ---- signature, algorithm, key -------------------------------------------------------------------


def test_no_algorithm_at_all() -> None:
    unsigned = _with_header(alg="none").rsplit(".", 1)[0]
    assert _code(unsigned + ".") == "passport.form"
    assert _code(unsigned + ".AAAA") == "passport.alg"


@pytest.mark.parametrize("form", ["raw", "pem"])
def test_the_public_key_as_a_shared_secret(form: str) -> None:
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    secret = PUBLIC if form == "raw" else pem
    signed = _with_header(alg="HS256").rsplit(".", 1)[0]
    mac = hmac.digest(secret, signed.encode(), "sha256")
    assert _code(f"{signed}.{_b64(mac)}") == "passport.alg"


@pytest.mark.parametrize("alg", ["Ed25519", "eddsa", "ES256", "", None, ["EdDSA"]])
def test_another_algorithm(alg: object) -> None:
    assert _code(_with_header(alg=alg)) == "passport.alg"


def test_another_key() -> None:
    """Signed by somebody else, who states our key id."""
    assert _code(_sign(HEADER, PAYLOAD, key_of("somebody"))) == "passport.signature"


def test_an_agency_whose_key_in_the_list_is_none() -> None:
    for passport_key in (b"", bytes(31)):
        with refused(Code.BAD_PASSPORT):
            _read(TOKEN, passport_key=passport_key)


@pytest.mark.parametrize(
    "change",
    [
        {"typ": "JWT"},
        {"typ": TYPE.upper()},
        {"typ": None},
        {"kid": key_id(public_of("somebody"))},
        {"kid": ""},
        {"jku": "https://keys.example"},
        {"x5u": "https://keys.example"},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": _b64(PUBLIC)}},
        {"crit": ["exp"], "exp": 1},
        {"b64": True},
        {"cty": "JWT"},
    ],
    ids=str,
)
def test_another_header(change: dict[str, Any]) -> None:
    assert _code(_with_header(**change)) in {"passport.header", "passport.signature"}


@pytest.mark.parametrize("missing", ["typ", "kid", "alg"])
def test_a_header_without(missing: str) -> None:
    assert _code(_sign(_without(HEADER, missing), PAYLOAD)) in {"passport.header", "passport.alg"}


@pytest.mark.parametrize("position", range(0, len(TOKEN), 7))
def test_every_character_counts(position: int) -> None:
    other = "A" if TOKEN[position] != "A" else "B"
    _code(TOKEN[:position] + other + TOKEN[position + 1 :])


def test_one_spelling_only() -> None:
    """The last character of a segment holds bits that decoders drop."""
    signature = TOKEN.rsplit(".", 1)[1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(signature[-1])
    for bits in range(1, 16):
        _code(TOKEN[:-1] + alphabet[last ^ bits])
    for before, after in (("", "="), ("", "=="), ("", "\n"), (" ", ""), ("", "."), (".", "")):
        assert _code(before + TOKEN + after) == "passport.form"


# ---- size and JSON -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b", "a.b.c.d", "é.é.é", "a" * 1_000_000, TOKEN + "A" * 1_000_000]
)
def test_what_is_no_token(token: str) -> None:
    _code(token)


def test_a_megabyte_is_refused_for_its_length_alone() -> None:
    big = _with_claims(name="a" * 1_000_000)
    assert _code(big) == "passport.form"


def _twice(text: str, name: str, value: str) -> str:
    return text[:-1] + f',"{name}":{value}}}'


@pytest.mark.parametrize("name", ["exp", "role", "aud", "cnf"])
def test_a_claim_stated_twice(name: str) -> None:
    text = _twice(json.dumps(PAYLOAD), name, json.dumps(PAYLOAD[name]))
    assert _code(_sign_text(json.dumps(HEADER), text)) == "passport.claims"


def test_a_name_stated_twice_deeper_down() -> None:
    jwk = json.dumps(PAYLOAD["cnf"]["jwk"])
    text = json.dumps(PAYLOAD).replace(jwk, _twice(jwk, "x", '"AA"'))
    assert _code(_sign_text(json.dumps(HEADER), text)) == "passport.claims"


def test_a_header_field_stated_twice() -> None:
    text = _twice(json.dumps(HEADER), "alg", '"EdDSA"')
    assert _code(_sign_text(text, json.dumps(PAYLOAD))) == "passport.header"


@pytest.mark.parametrize(
    "payload", [" ", "{", "[]", "null", "1", '"x"', "[" * 700, "\ufeff{}", "{}"]
)
def test_a_payload_that_is_no_object_of_claims(payload: str) -> None:
    assert _code(_sign_text(json.dumps(HEADER), payload)) == "passport.claims"


# ---- claims --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PAYLOAD))
def test_each_claim_is_required(name: str) -> None:
    assert _code(_sign(HEADER, _without(PAYLOAD, name))) == "passport.claims"


@pytest.mark.parametrize("name", ["nbf", "scope", "email", "upn", ""])
def test_no_other_claim(name: str) -> None:
    assert _code(_with_claims(**{name: NOW})) == "passport.claims"


@pytest.mark.parametrize("name", sorted(PAYLOAD))
@pytest.mark.parametrize(
    "value", [None, True, 1.5, [], {}, ["a"], "", -1, 2**70, "\ud800"], ids=repr
)
def test_each_claim_has_its_type_and_bounds(name: str, value: object) -> None:
    if (name, value) == ("training_grace_by", ""):
        return  # nobody granted one
    _code(_with_claims(**{name: value}))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"aud": ["fingerpost:pilot"]}, "passport.a text"),
        ({"aud": "fingerpost:other"}, "passport.aud"),
        ({"aud": "pilot"}, "passport.aud"),
        ({"iss": "e08000001.oak-primary"}, "passport.iss"),
        ({"role": "HEAD_OF_EVERYTHING"}, "passport.role or acr"),
        ({"role": "1"}, "passport.role or acr"),
        ({"acr": "urn:fingerpost:acr:password"}, "passport.role or acr"),
        ({"jti": "0" * 31}, "passport.jti"),
        ({"jti": "A" * 32}, "passport.jti"),
        ({"sub": "anna bell"}, "passport.subject"),
        ({"name": " "}, "passport.name"),
        ({"name": "x\u202ey"}, "passport.name"),
        ({"exp": NOW + 10 * 365 * 86_400}, "passport.expires_at"),
        ({"exp": NOW - 60 + 601}, "passport.expires_at"),
        ({"exp": NOW - 60}, "passport.expires_at"),
        ({"exp": float(NOW + 540)}, "passport.a time"),
        ({"auth_time": NOW - 59}, "passport.auth_time"),
        ({"auth_time": NOW - 61 - 12 * 3600}, "passport.auth_time"),
        ({"training_until": NOW - 1}, "passport.training_until or vetting_until"),
        ({"vetting_until": NOW - 1}, "passport.training_until or vetting_until"),
        ({"training_until": NOW + 600}, "passport.training_until or vetting_until"),
        ({"vetting_until": NOW + 600}, "passport.training_until or vetting_until"),
        ({"training_grace_by": "anna bell"}, "passport.training_grace_by"),
        ({"training_grace_by": "ACCOUNT-17"}, "passport.training_grace_by"),
    ],
    ids=str,
)
def test_claims_out_of_bounds(change: dict[str, Any], what: str) -> None:
    assert _code(_with_claims(**change)) == what


@pytest.mark.parametrize(
    "cnf",
    [
        {"kid": "x"},
        {"jwk": {"kty": "OKP", "crv": "X25519", "x": _b64(PUBLIC)}},
        {"jwk": {"kty": "EC", "crv": "Ed25519", "x": _b64(PUBLIC)}},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": _b64(PUBLIC[:31])}},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": _b64(PUBLIC) + "="}},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 42 + "B"}},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "é" * 43}},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": _b64(PUBLIC), "d": "AA"}},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": _b64(PUBLIC)}, "jku": "x"},
        {"jwk": []},
        {"jwk": {"kty": ["OKP"], "crv": "Ed25519", "x": _b64(PUBLIC)}},
    ],
    ids=str,
)
def test_a_key_that_is_none(cnf: object) -> None:
    _code(_with_claims(cnf=cnf))


@pytest.mark.parametrize(
    ("expected", "claim"),
    [
        ({"agency": AgencyId("e08000002.police")}, "iss"),
        ({"federation": FederationId("pilot-2")}, "aud"),
    ],
    ids=["agency", "federation"],
)
def test_a_passport_of_another(expected: dict[str, Any], claim: str) -> None:
    """With the same key: issuer and federation are checked, and not only the signature."""
    with refused(Code.BAD_PASSPORT, f"passport.{claim}"):
        _read(TOKEN, **expected)


# ---- time: the caller's, with the skew at both ends ----------------------------------------------


@pytest.mark.parametrize("now", [NOW - 120, NOW, NOW + 540, NOW + 600])
def test_within_its_time(now: float) -> None:
    assert _read(TOKEN, now) == a_passport()


@pytest.mark.parametrize(
    ("now", "what"),
    [(NOW - 120.1, "iat"), (0, "iat"), (NOW + 600.1, "exp"), (NOW + 10**9, "exp")],
)
def test_outside_its_time(now: float, what: str) -> None:
    assert _code(TOKEN, now) == f"passport.{what}"


@pytest.mark.parametrize("name", ["training_until", "vetting_until"])
def test_training_and_vetting_hold_wherever_the_passport_does(name: str) -> None:
    """No clock within the skew may meet an ended training: it would be a silent "no" at one node
    and not at another."""
    token = _with_claims(**{name: NOW + 601})
    assert getattr(_read(token, NOW + 600).entitlement, name) > NOW + 600
    assert _code(token, NOW + 600.1) == "passport.exp"


@given(
    training=st.integers(min_value=-20 * limits.DAY, max_value=limits.DAY),
    vetting=st.integers(min_value=-20 * limits.DAY, max_value=limits.DAY),
    manager=st.sampled_from(["", "manager-1"]),
)
def test_a_grace_is_of_training_alone_and_of_14_days(
    training: int, vetting: int, manager: str
) -> None:
    """Whoever signs the dates, the reader holds the passport to them."""
    token = _with_claims(
        training_until=NOW + training, vetting_until=NOW + vetting, training_grace_by=manager
    )
    days = 14 if manager else 0
    if training + days * limits.DAY > 600 and vetting > 600:
        assert _read(token).entitlement.training_grace_by == manager
    else:
        assert _code(token) == "passport.training_until or vetting_until"


def test_no_refusal_quotes_a_claim() -> None:
    for token in (
        _with_claims(name="Anna\u202eBell"),
        _with_claims(sub="anna bell"),
        _with_claims(role="anna bell"),
        _sign_text('{"anna bell', "{}"),
        _sign_text(json.dumps(HEADER), '{"anna bell'),
    ):
        with pytest.raises(Refused) as caught:
            _read(token)
        assert "bell" not in str(caught.value).lower()
        assert caught.value.__cause__ is None
    assert repr(a_passport()) == "Passport(e08000001.council, SOCIAL_WORKER)"


# ---- the pseudonym of a day ----------------------------------------------------------------------


def _sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _handle_by_hand(subject: str, day: int) -> tuple[str, bytes, list[bytes], bytes]:
    """The pseudonym, the key of the day, its path and the root, as the module's law says."""
    info, seed = b"fingerpost/v1 handles" + ASKING.value.encode(), KEY.private_bytes_raw()
    extracted = hmac.digest(bytes(32), seed, "sha256")
    secret = hmac.digest(extracted, info + b"\x01", "sha256")
    keys = [hmac.digest(secret, b"day" + n.to_bytes(2, "big"), "sha256") for n in range(1024)]
    level, place, path = [_sha(b"\0", key) for key in keys], day % 1024, []
    while len(level) > 1:
        path.append(level[place ^ 1])
        level = [_sha(b"\x01", *level[n : n + 2]) for n in range(0, len(level), 2)]
        place //= 2
    key = keys[day % 1024]
    message = day.to_bytes(8, "big") + subject.lower().encode()
    return hmac.digest(key, message, "sha256")[:16].hex(), key, path, level[0]


@pytest.mark.parametrize("day", [0, 1, 1023, 1024, 20_833])
def test_the_pseudonym_of_a_day_is_as_the_law_says(day: int) -> None:
    handle, key, path, root = _handle_by_hand("Account-17", day)
    keys = HandleKeys(KEY, ASKING)
    assert keys.root == root
    assert keys.proof(day) == HandleProof(key, tuple(path))
    assert keys.proof(day).handle(root, "account-17", day) == Handle(handle)
    with refused(Code.BAD_COMMITMENT):
        keys.proof(day).handle(root, "account-17", day + 1)
    with refused(Code.BAD_COMMITMENT):
        keys.proof(day).handle(bytes(32), "account-17", day)


@pytest.mark.parametrize(
    ("key", "path"),
    [(31, [32] * 10), (33, [32] * 10), (32, [32] * 9), (32, [32] * 11), (32, [32] * 9 + [31])],
)
def test_a_proof_of_another_size_is_none(key: int, path: list[int]) -> None:
    with refused(Code.MALFORMED):
        HandleProof(bytes(key), tuple(bytes(size) for size in path))
