"""The images: what runs, as whom, with which code in them; and the small federation that compose
starts.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from unit.deploy.command_lines import TREE, require_taken

FOLDER = TREE / "deploy" / "container"
LIBRARY = "/usr/local/lib/fingerpost"
TARGETS = ("issuer", "broker", "key-holder", "node", "gateway")
targets = pytest.mark.parametrize("target", TARGETS)

INSTRUCTIONS = {
    "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "HEALTHCHECK", "RUN", "STOPSIGNAL", "USER",
    "WORKDIR",
}  # fmt: skip


def instructions() -> list[tuple[str, str]]:
    """The Containerfile, whole: no instruction is passed over."""
    text = (FOLDER / "Containerfile").read_text("utf-8").replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            assert name in INSTRUCTIONS, line
            found.append((name, " ".join(rest.split())))
    return found


def stages() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    current = found.setdefault("", [])
    for name, rest in instructions():
        if name == "FROM":
            base, _, alias = rest.partition(" AS ")
            assert alias not in found
            current = found.setdefault(alias, [("FROM", base)])
        else:
            current.append((name, rest))
    return found


def value(stage: list[tuple[str, str]], name: str) -> str:
    (found,) = [rest for given, rest in stage if given == name]
    return found


def words(stage: list[tuple[str, str]], name: str) -> list[str]:
    """Of an instruction in its exec form: no shell is there, none is needed."""
    text = value(stage, name)
    parsed = json.loads(text[text.index("[") :])
    assert all(isinstance(word, str) for word in parsed)
    return list(parsed)


def test_there_is_a_target_for_each_party_that_runs() -> None:
    assert [name for name, stage in stages().items() if stage[0] == ("FROM", "bare")] == [*TARGETS]


@targets
def test_an_image_starts_and_asks_for_health_by_commands_that_exist(target: str) -> None:
    stage = stages()[target]
    for line in (words(stage, "ENTRYPOINT") + words(stage, "CMD"), words(stage, "HEALTHCHECK")):
        program = Path(line[0])
        assert program.parent == Path(LIBRARY, "bin")
        require_taken([program.name, *line[1:]])
        assert (TREE / "deploy" / "settings" / Path(line[-1]).name).is_file()


@targets
def test_an_image_gets_its_own_partys_code_and_nothing_of_the_build(target: str) -> None:
    found = stages()
    assert value(found[target], "COPY") == f"--from=only-{target} {LIBRARY} {LIBRARY}"
    only = found[f"only-{target}"]
    assert only[0] == ("FROM", "installed")
    assert words(only, "RUN") == ["python", "keep_only.py", target, LIBRARY]


def test_nobody_runs_as_root() -> None:
    found = stages()
    assert re.fullmatch(r"[1-9][0-9]{3,}:[1-9][0-9]{3,}", value(found["bare"], "USER"))
    assert not [name for target in TARGETS for name, _ in found[target] if name in {"USER", "RUN"}]


def test_packages_come_by_hash_or_from_this_tree() -> None:
    installs = [json.loads(rest) for name, rest in stages()["installed"] if name == "RUN"]
    installs = [line for line in installs if "install" in line]
    assert len(installs) == 3
    for line in installs:
        assert "--require-hashes" in line or "--no-index" in line
        assert ("--only-binary" in line) == ("--require-hashes" in line)


def test_a_node_that_reads_a_database_is_a_node_with_the_driver_alone() -> None:
    """The driver is under another licence (LGPL-3.0), so no other image has it."""
    found = stages()
    only, node = found["only-node-database"], found["node-database"]
    assert only[0] == ("FROM", "only-node")
    assert node == [("FROM", "node"), ("COPY", f"--from=only-node-database {LIBRARY} {LIBRARY}")]
    install = words(only, "RUN")
    assert install[:5] == ["python", "-m", "pip", "--python", LIBRARY]
    assert {"--require-hashes", "--only-binary"} < set(install)
    locked = install[install.index("-r") + 1]
    assert value(only, "COPY").split()[0] == locked
    pins = {pin.partition("==")[0] for pin in pinned(locked)}
    assert {"psycopg", "psycopg-binary"} < pins
    assert pinned("requirements/runtime.txt") < pinned(locked), "the same versions of the rest"
    others = {name: rest for name, rest in found.items() if "database" not in name}
    assert "database" not in str(others)


def pinned(path: str) -> set[str]:
    """What a lock pins, as name==version."""
    lines = (TREE / path).read_text("utf-8").splitlines()
    return {line.split()[0] for line in lines if re.match(r"[a-z0-9]", line)}


def test_what_is_copied_into_the_build_exists() -> None:
    for name, rest in stages()["installed"]:
        if name == "COPY":
            for source in rest.split()[:-1]:
                assert (TREE / source).exists(), source


# ---- what is left in an image -------------------------------------------------------------------


def keep_only() -> ModuleType:
    spec = importlib.util.spec_from_file_location("keep_only", FOLDER / "keep_only.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["keep_only"] = module
    spec.loader.exec_module(module)
    return module


KEEP_ONLY = keep_only()
START = """
import importlib, json, pkgutil, sys
root, kept = sys.argv[1], sys.argv[2]
sys.path.insert(0, root)
package = importlib.import_module(kept)
for found in pkgutil.walk_packages(package.__path__, kept + "."):
    importlib.import_module(found.name)
roots = ("fingerpost", "authority", "broker", "agency_node", "key_holder", "practitioner")
loaded = {n: m.__file__ for n, m in sys.modules.items() if n.split(".")[0] in roots}
print(json.dumps(loaded))
"""


def stripped(folder: Path, target: str) -> Path:
    """Return the packages that are left of all in the image of this target."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyi")
    for name in ("fingerpost", *KEEP_ONLY.PARTIES):
        shutil.copytree(TREE / name, folder / name, ignore=ignored)
    KEEP_ONLY.strip_packages(folder, target)
    return folder


@targets
def test_a_party_starts_with_what_is_left_and_loads_no_more(target: str, tmp_path: Path) -> None:
    packages = stripped(tmp_path, target)
    kept = KEEP_ONLY.KEPT[target]
    assert sorted(p.name for p in packages.iterdir()) == sorted(["fingerpost", kept.folder])
    module = "authority.issuer" if target == "issuer" else kept.folder
    done = subprocess.run(
        [sys.executable, "-B", "-I", "-c", START, str(packages), module],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    # The tree itself is importable here, too: none of it may have filled a gap.
    assert not [n for n, file in loaded.items() if file and not file.startswith(str(packages))]
    assert f"{kept.folder}.{'issuer.' if target == 'issuer' else ''}wiring" in loaded


@pytest.mark.parametrize("target", ["issuer", "broker", "key-holder"])
def test_who_may_read_nobody_has_no_code_to_read_with(target: str, tmp_path: Path) -> None:
    packages = stripped(tmp_path, target)
    left = sorted(p.name for p in (packages / "fingerpost" / "private").glob("**/*") if p.is_file())
    assert left == (["__init__.py", "oprf.py"] if target == "key-holder" else [])
    assert not list(packages.rglob("private_pb2*"))


def test_the_issuers_image_cannot_admit_anybody(tmp_path: Path) -> None:
    packages = stripped(tmp_path, "issuer")
    linter = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (forbidden,) = [
        contract["forbidden_modules"]
        for contract in linter["contracts"]
        if contract["name"] == "The issuer can admit nobody"
    ]
    assert "authority.ceremony" in forbidden
    for module in forbidden:
        assert not list(packages.glob(module.replace(".", "/") + "*")), module


@pytest.mark.parametrize(
    ("target", "left"),
    [("gateway", ["fingerpost"]), ("node", ["fingerpost-match", "fingerpost-node"])],
)
def test_commands_of_others_go(target: str, left: list[str], tmp_path: Path) -> None:
    """A node can try the matching on its own files."""
    commands = ("fingerpost", "fingerpost-broker", "fingerpost-match", "fingerpost-node", "python")
    for name in commands:
        (tmp_path / name).touch()
    KEEP_ONLY.strip_commands(tmp_path, target)
    assert sorted(p.name for p in tmp_path.iterdir()) == [*left, "python"]


@targets
def test_a_command_that_is_kept_is_one_of_the_kept_party(target: str) -> None:
    project = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))["project"]
    kept = KEEP_ONLY.KEPT[target]
    for command in kept.commands:
        assert project["scripts"][command].partition(".")[0] == kept.folder


def test_a_folder_without_an_installation_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        KEEP_ONLY.strip_packages(tmp_path, "broker")


# ---- the small federation -----------------------------------------------------------------------


class Strict(yaml.SafeLoader):  # type: ignore[misc]
    """Refuses a name that stands twice in one mapping, of which others would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        names = [name.value for name, _ in node.value]
        assert len(set(names)) == len(names), f"{node.start_mark}: a name stands twice"
        return super().construct_mapping(node, deep)


COMPOSE = yaml.load((FOLDER / "compose.yaml").read_text("utf-8"), Strict)  # noqa: S506 (it is safe)
SERVICES: dict[str, Any] = COMPOSE["services"]
services = pytest.mark.parametrize("name", sorted(SERVICES))


def test_compose_starts_one_of_each_and_two_key_holders() -> None:
    built = sorted(service["build"]["target"] for service in SERVICES.values())
    assert built == sorted([*TARGETS, "key-holder"])


@services
def test_a_service_of_compose_can_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["image"] == f"fingerpost-{service['build']['target']}"
    assert service["read_only"] is True
    assert service["user"] == value(stages()["bare"], "USER")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["ulimits"]["core"] == 0
    assert "command" not in service
    assert "ports" not in service


@services
def test_a_service_of_compose_has_folders_where_its_settings_look(name: str) -> None:
    service = SERVICES[name]
    target, mounts, own = service["build"]["target"], service["volumes"], f"./{name}/"
    assert all(mount.startswith(own) for mount in mounts), "no two parties share a folder"
    assert f"{own}lib:/var/lib/fingerpost-{target}" in mounts
    assert (f"{own}etc:/etc/fingerpost:ro" in mounts) == (target != "issuer")
    (temporary,) = service["tmpfs"]
    settings = tomllib.loads((TREE / "deploy/settings" / f"{target}.toml").read_text("utf-8"))
    folder = temporary.partition(":")[0]
    assert settings["health"].startswith(f"{folder}/") or settings["health"] == "state/health"


def test_compose_is_closed_to_the_outside() -> None:
    assert COMPOSE["networks"] == {"federation": {"internal": True}}


def test_a_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(AssertionError):
        yaml.load("a: b\na: c\n", Strict)  # noqa: S506 (it is safe)
