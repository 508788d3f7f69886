"""The systemd units: programs that exist, one hardening for all, and nothing that a party could do
without.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from unit.deploy.command_lines import TREE, WrongCommandLine, programs, require_taken

UNITS = TREE / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
PROGRAMS = "/usr/local/lib/fingerpost/bin/"
MARK = "# --- what this process can never do; the same in every unit"
services = pytest.mark.parametrize("unit", SERVICES, ids=lambda path: str(path.stem))

Sections = dict[str, list[tuple[str, str]]]

DEMANDED = {
    "CapabilityBoundingSet": "",
    "Environment": "MALLOC_ARENA_MAX=1",
    "LimitCORE": "0",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "ProtectHome": "yes",
    "ProtectSystem": "strict",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces": "yes",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
}


def read(path: Path) -> Sections:
    """A unit as systemd reads it: sections, then ``Name=value``. No line is passed over."""
    sections: Sections = {}
    current: list[tuple[str, str]] | None = None
    for line in path.read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        header = re.fullmatch(r"\[([A-Z][a-z]+)\]", line)
        if header:
            current = sections.setdefault(header[1], [])
            continue
        found = re.fullmatch(r"([A-Z][A-Za-z]+)=(.*)", line)
        assert found, line
        assert current is not None, line
        current.append((found[1], found[2]))
    return sections


def of(path: Path, section: str) -> dict[str, str]:
    return dict(read(path)[section])


NOT_RUNNING = {"fingerpost-authority", "fingerpost-match"}
"""Commands that a person gives and that end."""


def test_every_party_that_runs_has_a_unit() -> None:
    started = {shlex.split(of(unit, "Service")["ExecStart"])[0] for unit in SERVICES}
    assert {Path(program).name for program in started} == set(programs()) - NOT_RUNNING


@services
def test_a_unit_starts_a_command_that_exists(unit: Path) -> None:
    line = of(unit, "Service")["ExecStart"]
    assert line.startswith(PROGRAMS)
    words = shlex.split(line.removeprefix(PROGRAMS))
    if words[-1] == "$IMPORTS":
        words[-1:] = ["--agency", "e99000001.oak-primary=oak.csv"]
    require_taken(words)


def test_the_sample_of_imports_is_taken_too() -> None:
    text = (UNITS / "fingerpost-node-import.service").read_text("utf-8")
    found = re.search(r"IMPORTS=(--agency \S+)", text)
    assert found
    require_taken(["fingerpost-node", "import", "--settings", "node.toml", *shlex.split(found[1])])


@services
def test_a_unit_names_a_sample_or_the_file_that_a_founding_writes(unit: Path) -> None:
    line = of(unit, "Service")["ExecStart"]
    settings = Path(shlex.split(line)[shlex.split(line).index("--settings") + 1])
    assert (TREE / "deploy" / "settings" / settings.name).is_file()


@services
def test_hardening_is_one_and_the_same(unit: Path) -> None:
    def hardening(path: Path) -> str:
        text = path.read_text("utf-8")
        assert text.count(MARK) == 1
        return text.partition(MARK)[2].partition("\n[")[0].rstrip("\n")

    assert hardening(unit) == hardening(SERVICES[0])
    given = of(unit, "Service")
    assert {name: given.get(name) for name in DEMANDED} == DEMANDED
    filters = [value for name, value in read(unit)["Service"] if name == "SystemCallFilter"]
    assert filters == ["@system-service", "~@privileged @resources", "setpriority"]


@services
def test_a_party_has_a_user_and_a_folder_of_its_own(unit: Path) -> None:
    given = of(unit, "Service")
    user = given["User"]
    assert user == given["Group"] != "root"
    assert given["StateDirectory"] == user
    assert given["StateDirectoryMode"] == "0700"
    assert given["ReadWritePaths"] == f"/var/lib/{user}"
    users = (UNITS / "fingerpost.sysusers.conf").read_text("utf-8")
    assert re.search(rf'^u {user} +- "[^"]+" +/var/lib/{user}$', users, re.MULTILINE)


@services
def test_a_defect_is_not_tried_again(unit: Path) -> None:
    """Exit status 2: a failed disk or a wrong setting does not heal by starting anew."""
    given = of(unit, "Service")
    if given["Type"] == "oneshot":
        assert "Restart" not in given
    else:
        assert (given["Restart"], given["RestartPreventExitStatus"]) == ("on-failure", "2")


def test_the_samples_keep_state_and_socket_where_the_units_allow_it() -> None:
    for unit in SERVICES:
        given = of(unit, "Service")
        name = shlex.split(given["ExecStart"])[-1] if "$" not in given["ExecStart"] else "node.toml"
        text = (TREE / "deploy" / "settings" / Path(name).name).read_text("utf-8")
        for path in re.findall(r'= "(/[^"]+)"', text):
            roots = (f"/var/lib/{given['User']}/", f"/run/{given['User']}/", "/etc/fingerpost/")
            assert path.startswith(roots), path


@pytest.mark.parametrize("party", ["broker", "gateway", "key-holder", "node", "node-import"])
def test_a_unit_hands_over_the_keys_that_its_sample_names(party: str) -> None:
    given = read(UNITS / f"fingerpost-{party}.service")["Service"]
    loaded = [value.partition(":") for name, value in given if name == "LoadCredentialEncrypted"]
    owner = party.removesuffix("-import")
    assert all(path == f"/etc/fingerpost/{owner}-keys/{name}" for name, _, path in loaded)
    text = (TREE / "deploy" / "settings" / f"{owner}.toml").read_text("utf-8")
    named = re.findall(r'(?m)^(# )?\w+ = "\$\{CREDENTIALS_DIRECTORY\}/([^"]+)"', text)
    needed = [name for mark, name in named if not mark]
    assert sorted(name for name, _, _ in loaded) == sorted(needed) != []
    if party == owner:  # what stands behind a # in the sample stands behind one in the unit
        unit = (UNITS / f"fingerpost-{party}.service").read_text("utf-8")
        behind = re.findall(r"(?m)^# LoadCredentialEncrypted=([^:]+):", unit)
        assert sorted(behind) == sorted(name for mark, name in named if mark)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_systemd_takes_every_unit(tmp_path: Path) -> None:
    """It verifies copies that start a program which is there."""
    for unit in (*SERVICES, *UNITS.glob("*.timer")):
        text = re.sub(rf"{PROGRAMS}\S+", "/bin/true", unit.read_text("utf-8"))
        (tmp_path / unit.name).write_text(text, "utf-8")
    units = sorted(map(str, tmp_path.iterdir()))
    command = ["systemd-analyze", "--man=no", "verify", *units]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def test_who_listens_has_a_bound_of_memory() -> None:
    bounded = {unit.stem for unit in SERVICES if "MemoryMax" in of(unit, "Service")}
    assert bounded == {f"fingerpost-{name}" for name in ("broker", "issuer", "key-holder")}


def test_the_timer_belongs_to_the_import() -> None:
    (timer,) = UNITS.glob("*.timer")
    assert timer.with_suffix(".service").is_file()
    assert "OnCalendar" in of(timer, "Timer")


@pytest.mark.parametrize(
    "words",
    [
        ["fingerpost-broker", "run", "--setting", "x"],
        ["fingerpost-broker", "run"],
        ["fingerpost-broker", "runn", "--settings", "x"],
        ["fingerpost-broken", "run"],
        ["fingerpost-node", "audit"],
        ["fingerpost-authority", "epoch", "open", "ceremony", "two", "--starts", "2026-01-01"],
        ["fingerpost-authority", "epoch", "open", "ceremony", "2", "--starts", "tomorrow"],
        ["fingerpost", "lookup", "--settings", "x", "--purpose", "CURIOSITY"],
        ["fingerpost", "sign-out", "--settings", "x", "too-much"],
    ],
)
def test_a_wrong_command_line_is_noticed(words: list[str]) -> None:
    with pytest.raises(WrongCommandLine):
        require_taken(words)
