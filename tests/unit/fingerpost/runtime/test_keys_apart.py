"""Keys lie apart from the data that they open, unless it is a trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from fingerpost.protocol.errors import Defect
from fingerpost.runtime import keys_apart
from fingerpost.runtime.keys_apart import require_apart


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("node/audit.secret", "node/state"),
        ("node/state/audit.secret", "node/state"),
        ("keys/audit.secret", "node/state/records.sqlite"),
    ],
)
def test_under_one_top_folder_they_are_not_apart(tmp_path: Path, key: str, data: str) -> None:
    with pytest.raises(Defect, match=r"audit_key: .*lies beside"):
        require_apart({"audit_key": tmp_path / key}, [tmp_path / data], trial=False)
    require_apart({"audit_key": tmp_path / key}, [tmp_path / data], trial=True)


def test_under_another_top_folder_or_on_another_disk_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Path("/var/lib/fingerpost-node/state")
    require_apart({"audit_key": Path("/etc/fingerpost/keys/audit")}, [data], trial=False)
    disks = {tmp_path / "keys" / "audit": 1, tmp_path / "state": 2}
    monkeypatch.setattr(keys_apart, "_device", disks.__getitem__)
    (key, state) = disks
    require_apart({"audit_key": key}, [state], trial=False)


def test_a_link_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "elsewhere").symlink_to("/etc")
    with pytest.raises(Defect):
        linked = tmp_path / "elsewhere" / ".." / tmp_path.relative_to("/") / "state" / "key"
        require_apart({"audit_key": linked}, [tmp_path / "state"], trial=False)


def test_every_key_and_every_place_of_data_is_looked_at(tmp_path: Path) -> None:
    keys = {"one": Path("/etc/fingerpost/one"), "other": tmp_path / "other"}
    with pytest.raises(Defect, match=r"^other: "):
        require_apart(keys, [Path("/srv/data"), tmp_path / "state"], trial=False)
