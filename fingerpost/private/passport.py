"""Who asks: a short-lived statement of the agency about its practitioner, after its own sign-in;
and the pseudonym of the day by which the broker counts her lookups.

Law of the pseudonym (the handle): for one account and one day there is exactly one, and who opened
a query can check that it is the account's. Attack: a gateway that gives a practitioner a new one
for each lookup asks without a limit. The agency's keys of 1,024 days are the leaves of a hash tree
(RFC 9162, section 2.1.1), whose root stands in the member list; a query shows the key of its day
and the path.

    secret = HKDF-SHA-256(seed of the passport key, no salt, info "fingerpost/v1 handles" | agency)
    key_n  = HMAC-SHA-256(secret, "day" | n as 2 bytes),   n = day mod 1,024
    handle = HMAC-SHA-256(key_n, day as 8 bytes | account in lower case), the first 16 bytes in
             hexadecimal digits

The secret follows from the passport key, so that all gateways of an agency have it.

Law of the passport: a JWT (RFC 7519) with exactly one algorithm, one key, one audience and a closed
set of claims; whatever a library would tolerate is refused here, because agencies that never met
the issuer believe a passport. The key comes from the member list, never from the token; the time is
the caller's, never the library's. Signature and encoding are PyJWT's JWS layer; the claims are
checked here, because its claim checks read the clock.

No claim ever reaches an error text.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt import PyJWS
from jwt.exceptions import PyJWTError

from fingerpost.private.plain_text import require_account, require_plain
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Acr, Role
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, FederationId, Handle
from fingerpost.protocol.messages import exactly

TYPE: Final = "fingerpost-passport+jwt"
ALGORITHM: Final = "EdDSA"
SIGN_IN_SECONDS: Final = 12 * 3600
"""A sign-in carries passports for one working day at most."""
NAME_CHARS: Final = 80
KEY_BYTES: Final = 32

GRACE_SECONDS: Final = 14 * limits.DAY
"""How long a manager may let somebody ask whose training is over. Vetting has no grace."""

_NAME_BYTES: Final = 2 * NAME_CHARS
_SKEW: Final = limits.CLOCK_SKEW_SECONDS
_JTI: Final = re.compile(r"[0-9a-f]{32}")
_COMPACT: Final = re.compile(r"[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+")
_TIMES: Final = ("auth_time", "iat", "exp", "training_until", "vetting_until")
_TEXTS: Final = ("iss", "aud", "sub", "name", "role", "acr", "jti", "training_grace_by")
_CLAIMS: Final = frozenset({*_TIMES, *_TEXTS, "cnf"})
_CNF_KEYS: Final = frozenset({"kty", "crv", "x"})


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Until when a practitioner's training and vetting hold: the first second after each, since
    1970 UTC.

    ``training_grace_by``: the account of the manager who granted days of grace after the training;
    empty where nobody did. Their end follows from the training and not from when they were granted
    (attack: a grant a fortnight, for ever).
    """

    training_until: int
    vetting_until: int
    training_grace_by: str = ""

    @property
    def training_ends(self) -> int:
        """When the training ends, with the days of grace where they were granted."""
        return self.training_until + (GRACE_SECONDS if self.training_grace_by else 0)

    @property
    def ends(self) -> int:
        """When the right to ask ends: the first of training and vetting. It is the one rule, at the
        gateway and at every node."""
        return min(self.training_ends, self.vetting_until)


@dataclass(frozen=True, slots=True, repr=False)
class Passport:
    """Who asks, as the agency states it; times are seconds since 1970 UTC.

    ``cnf`` is the practitioner's raw Ed25519 public key (RFC 7800), ``subject`` an opaque account
    of the agency. A passport lives ``limits.PASSPORT_SECONDS`` at most. Training and vetting
    outlast it by more than the clock skew, so that they hold wherever it does.

    Raises:
        Refused: MALFORMED, a value is out of its bounds.
    """

    agency: AgencyId
    subject: str
    name: str
    role: Role
    acr: Acr
    auth_time: int
    issued_at: int
    expires_at: int
    jti: str
    cnf: bytes
    entitlement: Entitlement

    def __post_init__(self) -> None:
        require_account(self.subject, "passport.subject")
        require_plain(self.name, chars=NAME_CHARS, size=_NAME_BYTES, what="passport.name")
        if not self.name.strip():
            raise Refused(Code.MALFORMED, "passport.name")
        if _JTI.fullmatch(self.jti) is None:
            raise Refused(Code.MALFORMED, "passport.jti")
        if len(self.cnf) != KEY_BYTES:
            raise Refused(Code.MALFORMED, "passport.cnf")
        if not 0 < self.expires_at - self.issued_at <= limits.PASSPORT_SECONDS:
            raise Refused(Code.MALFORMED, "passport.expires_at")
        if not 0 <= self.issued_at - self.auth_time <= SIGN_IN_SECONDS:
            raise Refused(Code.MALFORMED, "passport.auth_time")
        held = self.entitlement
        if held.ends <= self.expires_at + _SKEW:
            raise Refused(Code.MALFORMED, "passport.training_until or vetting_until")
        # Attack: a time that no calendar can show, at which whoever opens the query fails before it
        # is recorded.
        if self.auth_time < 0 or max(held.training_ends, held.vetting_until) >= limits.LATEST:
            raise Refused(Code.MALFORMED, "passport times")
        if manager := held.training_grace_by:
            require_account(manager, "passport.training_grace_by")
            if manager.lower() == self.subject.lower():
                raise Refused(Code.MALFORMED, "passport.training_grace_by")

    def __repr__(self) -> str:
        return f"Passport({self.agency}, {self.role.name})"


def key_id(passport_key: bytes) -> str:
    """Return ``kid``: the first 16 hexadecimal digits of SHA-256 of the raw public key."""
    return hashlib.sha256(passport_key).hexdigest()[:16]


def issue(passport: Passport, federation: FederationId, key: Ed25519PrivateKey) -> str:
    """Return the compact form, at most ``limits.PASSPORT_BYTES``, signed with the passport key."""
    claims = {
        "iss": passport.agency.value,
        "aud": _audience(federation),
        "sub": passport.subject,
        "name": passport.name,
        "role": passport.role.name,
        "acr": passport.acr.value,
        "auth_time": passport.auth_time,
        "iat": passport.issued_at,
        "exp": passport.expires_at,
        "jti": passport.jti,
        "cnf": {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": _encode(passport.cnf)}},
        "training_until": passport.entitlement.training_until,
        "vetting_until": passport.entitlement.vetting_until,
        "training_grace_by": passport.entitlement.training_grace_by,
    }
    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    headers = {"typ": TYPE, "kid": key_id(key.public_key().public_bytes_raw())}
    return PyJWS(algorithms=[ALGORITHM]).encode(payload, key, algorithm=ALGORITHM, headers=headers)


def read(
    token: str, *, federation: FederationId, agency: AgencyId, passport_key: bytes, now: float
) -> Passport:
    """Return the passport, if ``agency`` issued it with ``passport_key`` and it holds at ``now``.

    The clock skew is granted at both ends of its life, as for the query that carries it.

    Raises:
        Refused: BAD_PASSPORT, whatever is wrong; the claim is named.
    """
    header, payload = _verified(token, passport_key)
    if header != {"alg": ALGORITHM, "kid": key_id(passport_key), "typ": TYPE}:
        # No other field either: jku, x5u, jwk or crit would name a key or a rule of the token's
        # own.
        raise _bad("header")
    claims = _object(payload, "claims")
    _require_shape(claims)
    if claims["iss"] != agency.value:
        raise _bad("iss")
    if claims["aud"] != _audience(federation):
        raise _bad("aud")
    passport = _passport(claims, agency)
    if passport.issued_at > now + _SKEW:
        raise _bad("iat")
    if passport.expires_at + _SKEW < now:
        raise _bad("exp")
    # Training and vetting lie after now, because they outlast exp by more than the skew.
    return passport


def _verified(token: str, passport_key: bytes) -> tuple[dict[str, Any], bytes]:
    """Return header and payload bytes, once the signature holds. The caller checks the header."""
    if len(token) > limits.PASSPORT_BYTES or _COMPACT.fullmatch(token) is None:
        raise _bad("form")
    header = _object(_decode(token.split(".", 1)[0]), "header")
    if header.get("alg") != ALGORITHM:  # attack: "none", or HS256 with the public key as its secret
        raise _bad("alg")
    try:
        key = Ed25519PublicKey.from_public_bytes(passport_key)
        whole = PyJWS(algorithms=[ALGORITHM]).decode_complete(token, key, algorithms=[ALGORITHM])
    except (PyJWTError, ValueError):
        raise _bad("signature") from None
    payload: bytes = whole["payload"]
    return header, payload


def _passport(claims: dict[str, Any], agency: AgencyId) -> Passport:
    try:
        return Passport(
            agency=agency,
            subject=claims["sub"],
            name=claims["name"],
            role=Role[claims["role"]],
            acr=Acr(claims["acr"]),
            auth_time=claims["auth_time"],
            issued_at=claims["iat"],
            expires_at=claims["exp"],
            jti=claims["jti"],
            cnf=_decode(claims["cnf"]["jwk"]["x"]),
            entitlement=Entitlement(
                claims["training_until"], claims["vetting_until"], claims["training_grace_by"]
            ),
        )
    except (KeyError, ValueError):
        raise _bad("role or acr") from None
    except Refused as refused:
        raise Refused(Code.BAD_PASSPORT, refused.rule or refused.what) from None


def _require_shape(claims: dict[str, Any]) -> None:
    """Refuse other claims than those agreed, and other types.

    A list of audiences is no audience, and True is no number.
    """
    if claims.keys() != _CLAIMS:
        raise _bad("claims")
    if any(type(claims[name]) is not int for name in _TIMES):
        raise _bad("a time")
    if any(type(claims[name]) is not str for name in _TEXTS):
        raise _bad("a text")
    cnf = claims["cnf"]
    if type(cnf) is not dict or cnf.keys() != {"jwk"}:
        raise _bad("cnf")
    jwk = cnf["jwk"]
    if type(jwk) is not dict or jwk.keys() != _CNF_KEYS or type(jwk["x"]) is not str:
        raise _bad("cnf")
    if jwk["kty"] != "OKP" or jwk["crv"] != "Ed25519":
        raise _bad("cnf")


def _object(data: bytes, what: str) -> dict[str, Any]:
    """Read a JSON object in UTF-8 whose names all differ, at every depth.

    Attack: of two members of one name, two readers take different ones.
    """

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise _bad(what)
        return found

    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=distinct)
    except (ValueError, RecursionError):  # its text quotes the content
        raise _bad(what) from None
    if type(value) is not dict:
        raise _bad(what)
    return value


def _decode(text: str) -> bytes:
    """Read base64url without padding (RFC 7515), in its one canonical spelling."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise _bad("base64") from None
    if _encode(data) != text:
        raise _bad("base64")
    return data


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _audience(federation: FederationId) -> str:
    return f"fingerpost:{federation}"


def _bad(what: str) -> Refused:
    return Refused(Code.BAD_PASSPORT, f"passport.{what}")


@dataclass(frozen=True, slots=True, repr=False)
class HandleProof:
    """An agency's key of one day, 32 bytes, and the hashes from its leaf to the root, the lowest
    first.

    Raises:
        Refused: MALFORMED, another size.
    """

    day_key: bytes
    path: tuple[bytes, ...]

    def __post_init__(self) -> None:
        exactly(self.day_key, KEY_BYTES, "handle_proof.day_key")
        if [len(each) for each in self.path] != [limits.HASH_BYTES] * limits.HANDLE_PATH:
            raise Refused(Code.MALFORMED, "handle_proof.path")

    def __repr__(self) -> str:
        return "HandleProof(…)"

    def handle(self, root: bytes, subject: str, day: int) -> Handle:
        """Return the pseudonym of an account on a day (days since 1970 UTC).

        Args:
            root: the agency's, from the member list and from nowhere else.

        Raises:
            Refused: BAD_COMMITMENT, the root does not have this key for this day.
        """
        node, place = _leaf(self.day_key), day % limits.HANDLE_DAYS
        for beside in self.path:
            node = _above(beside, node) if place % 2 else _above(node, beside)
            place //= 2
        if not hmac.compare_digest(node, root):
            raise Refused(Code.BAD_COMMITMENT, "handle_proof")
        message = day.to_bytes(8, "big") + subject.lower().encode("ascii")
        return Handle(hmac.digest(self.day_key, message, "sha256")[:16].hex())


class HandleKeys:
    """An agency's keys for the pseudonyms of its practitioners."""

    __slots__ = ("_levels", "_secret")

    def __init__(self, passport_key: Ed25519PrivateKey, agency: AgencyId) -> None:
        info = b"fingerpost/v1 handles" + agency.value.encode("ascii")
        seed = passport_key.private_bytes_raw()
        self._secret = HKDF(SHA256(), KEY_BYTES, None, info).derive(seed)
        leaves = [_leaf(self._key(n)) for n in range(limits.HANDLE_DAYS)]
        self._levels: list[Sequence[bytes]] = [leaves]
        while len(below := self._levels[-1]) > 1:
            pairs = zip(below[::2], below[1::2], strict=True)
            self._levels.append([_above(left, right) for left, right in pairs])

    def __repr__(self) -> str:
        return "HandleKeys(…)"

    @property
    def root(self) -> bytes:
        """What stands in the member list, 32 bytes."""
        return self._levels[-1][0]

    def proof(self, day: int) -> HandleProof:
        """Return the key of a day (days since 1970 UTC), with its path."""
        place = day % limits.HANDLE_DAYS
        path = (level[(place >> up) ^ 1] for up, level in enumerate(self._levels[:-1]))
        return HandleProof(self._key(place), tuple(path))

    def _key(self, place: int) -> bytes:
        return hmac.digest(self._secret, b"day" + place.to_bytes(2, "big"), "sha256")


def _leaf(key: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + key).digest()


def _above(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
