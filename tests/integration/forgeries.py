"""Passports that must not be believed, each wrong in one way and right in every other.

Most are signed with the agency's own passport key: what an agency (or whoever took its key's
machine over) might issue beyond what it may.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Claims = dict[str, Any]
Forge = Callable[["Original"], str]
TEN_YEARS: Final = 10 * 365 * 86_400


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Original:
    """A good passport, taken apart."""

    def __init__(self, token: str, key: Ed25519PrivateKey) -> None:
        header, claims, _ = token.split(".")
        self.token = token
        self.key = key
        self.header: Claims = json.loads(decode(header))
        self.claims: Claims = json.loads(decode(claims))

    def signed(
        self, header: Mapping[str, Any], claims: Mapping[str, Any] | str, key: Any = None
    ) -> str:
        """As text, since some claims cannot be said twice in a mapping."""
        text = claims if isinstance(claims, str) else json.dumps(claims, separators=(",", ":"))
        first = f"{encode(json.dumps(header).encode())}.{encode(text.encode())}"
        return f"{first}.{encode((key or self.key).sign(first.encode()))}"

    def with_claims(self, **changes: Any) -> str:
        claims = {k: v for k, v in {**self.claims, **changes}.items() if v is not MISSING}
        return self.signed(self.header, claims)

    def with_header(self, **changes: Any) -> str:
        header = {k: v for k, v in {**self.header, **changes}.items() if v is not MISSING}
        return self.signed(header, self.claims)


MISSING: Final = object()


def _none(signature: str) -> Forge:
    def forge(o: Original) -> str:
        header = encode(json.dumps({**o.header, "alg": "none"}).encode())
        return f"{header}.{o.token.split('.')[1]}.{signature}"

    return forge


def _hs256(form: str) -> Forge:
    """Attack: the public key, which everybody has, taken as the secret of a symmetric algorithm."""

    def forge(o: Original) -> str:
        public = o.key.public_key()
        secret = (
            public.public_bytes_raw()
            if form == "raw"
            else public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        header = encode(json.dumps({**o.header, "alg": "HS256"}).encode())
        first = f"{header}.{o.token.split('.')[1]}"
        return f"{first}.{encode(hmac.digest(secret, first.encode(), 'sha256'))}"

    return forge


def _twice(name: str, value: Any) -> Forge:
    def forge(o: Original) -> str:
        text = json.dumps(o.claims, separators=(",", ":"))
        return o.signed(o.header, f"{text[:-1]},{json.dumps(name)}:{json.dumps(value)}}}")

    return forge


def _other_cnf(o: Original) -> str:
    """Good in itself: another practitioner's."""
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    return o.with_claims(cnf={"jwk": {"kty": "OKP", "crv": "Ed25519", "x": encode(other)}})


def _other_key(o: Original) -> str:
    other = Ed25519PrivateKey.generate()
    kid = hashlib.sha256(other.public_key().public_bytes_raw()).hexdigest()[:16]
    return o.signed({**o.header, "kid": kid}, o.claims, other)


def _key_in_header(o: Original) -> str:
    other = Ed25519PrivateKey.generate()
    x = encode(other.public_key().public_bytes_raw())
    header = {**o.header, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": x}}
    return o.signed(header, o.claims, other)


FORGERIES: Final[Mapping[str, Forge]] = {
    "alg none, no signature": _none(""),
    "alg none, some signature": _none("eA"),
    "HS256 with the raw public key": _hs256("raw"),
    "HS256 with the public key in PEM": _hs256("pem"),
    "signed by nobody known": _other_key,
    "its own key in the header": _key_in_header,
    "another typ": lambda o: o.with_header(typ="JWT"),
    "no typ": lambda o: o.with_header(typ=MISSING),
    "a jku": lambda o: o.with_header(jku="https://localhost/keys"),
    "a crit": lambda o: o.with_header(crit=["b64"], b64=False),
    "another kid": lambda o: o.with_header(kid="0" * 16),
    "a list of audiences": lambda o: o.with_claims(aud=[o.claims["aud"]]),
    "two audiences": lambda o: o.with_claims(aud=[o.claims["aud"], "elsewhere"]),
    "another audience": lambda o: o.with_claims(aud="fingerpost:elsewhere"),
    "another issuer": lambda o: o.with_claims(iss="e99000001.oak"),
    "ten years to live": lambda o: o.with_claims(exp=o.claims["iat"] + TEN_YEARS),
    "over": lambda o: o.with_claims(exp=o.claims["iat"] - 1, iat=o.claims["iat"] - 600),
    "from tomorrow": lambda o: o.with_claims(iat=o.claims["iat"] + 86_400),
    "an exp as text": lambda o: o.with_claims(exp=str(o.claims["exp"])),
    "an exp that is not the query's": lambda o: o.with_claims(exp=o.claims["exp"] - 30),
    "a subject twice": _twice("sub", "manager-0001"),
    "a role twice": _twice("role", "TEAM_MANAGER"),
    "a claim more": lambda o: o.with_claims(admin=True),
    "no jti": lambda o: o.with_claims(jti=MISSING),
    "no acr": lambda o: o.with_claims(acr=MISSING),
    "a password alone": lambda o: o.with_claims(acr="urn:fingerpost:acr:password"),
    "a role that is none": lambda o: o.with_claims(role="ADMINISTRATOR"),
    "another's cnf": _other_cnf,
    "no cnf": lambda o: o.with_claims(cnf=MISSING),
    "training over": lambda o: o.with_claims(training_until=o.claims["iat"] - 1),
    "training over within the passport": lambda o: o.with_claims(training_until=o.claims["exp"]),
    "vetting over": lambda o: o.with_claims(vetting_until=o.claims["iat"] - 1),
    "grace over": lambda o: o.with_claims(
        training_until=o.claims["iat"] - 14 * 86_400, training_grace_by="manager-0001"
    ),
    "a grace of her own": lambda o: o.with_claims(training_grace_by=o.claims["sub"]),
    "no vetting": lambda o: o.with_claims(vetting_until=MISSING),
    "signed in yesterday": lambda o: o.with_claims(auth_time=o.claims["iat"] - 86_400),
    "no text at all": lambda _: "x",
    "three dots": lambda _: "a.b.c",
    "noise": lambda _: encode(secrets.token_bytes(300)),
}
