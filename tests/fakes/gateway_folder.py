"""A gateway's folder with a settings file, as an operator writes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fingerpost.protocol.ids import AgencyId

COUNCIL = AgencyId("e99000001.council")


def write_settings(folder: Path, agencies: Sequence[AgencyId] = (COUNCIL,)) -> Path:
    """The settings' path; no key is made and no bundle is there."""
    folder.mkdir(mode=0o700, parents=True)
    text = """\
peppers = "peppers"
accounts = "accounts.sqlite"
account_key = "account.secret"
outcomes = "outcomes.sqlite"
outcome_key = "outcome.secret"
audit_key = "audit.secret"
handle_key = "handle.secret"
health = "health"

[places]
bundle = "bundle"
credentials = "credentials"
member_list = "member-list"
"""
    for agency in agencies:
        name = agency.value.split(".", 1)[1]
        text += f"""
[[agencies]]
id = "{agency}"
passport_key = "{name}.passport.secret"
audit = "{name}.audit.sqlite"
"""
    path = folder / "settings.toml"
    path.write_text(text)
    return path
