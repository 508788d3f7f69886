"""The floors of a party, told by the names of its modules, as two types of import contract.

Law: a module whose name stands on no floor below is a rule, and rules may do the least. So a new module is held to
the strictest contract until somebody names the floor that it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

FLOORS: dict[str, tuple[str, ...]] = {
    "command lines": ("cli", "match_tool"),
    "wiring": ("wiring",),
    "drivers": (
        "settings",
        "grpc_*",
        "store",
        "*_store",
        "migrations",
        # Each is an adaptor of one port, or reads and writes the party's own files.
        "accounts",
        "audit",
        "desk",
        "evaluator",
        "importer",
        "kept_state",
        "record",
        "sealing",
        "source_file",
        "tag_workers",
        "vault",
        # The authority works on a folder of files, and signs them.
        "bundles",
        "ceremony",
        "certificates",
        "charter",
        "code_lists",
        "draft",
        "founding",
        "imports",
        "inbox",
        "online",
        "publishing",
        "repository",
        "roles",
    ),
    "services": (
        "service",
        "client",
        "answer_line",
        "index",
        "lookup",
        "staging",
        "report",
        "tagging",
        "upkeep",
    ),
    "rules": ("*",),
}
"""From the top floor to the lowest. A room's name counts for all that is in it."""
_ORDER = tuple(FLOORS)


def floor_of(module: str) -> str:
    """The highest floor that any part of the dotted name stands on."""
    parts = module.split(".")[1:]
    return next(
        floor
        for floor, patterns in FLOORS.items()
        if floor == "rules" or any(fnmatch(part, name) for part in parts for name in patterns)
    )


def _modules(graph: ImportGraph, parties: list[str]) -> Iterator[str]:
    """All modules of the parties but the parties' own ``__init__``, which say what the package offers."""
    for party in parties:
        yield from sorted(graph.find_descendants(party))


class _Floored(Contract):
    """What both types share: the parties, and how a broken contract is told."""

    parties = fields.ListField(subfield=fields.StringField())

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["broken"]:
            output.print_error(line)


class FloorsContract(_Floored):
    """A module imports from its own floor of its party and from the floors below."""

    type_name = "floors"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        broken = []
        for module in _modules(graph, self.parties):  # type: ignore[arg-type]
            floor = _ORDER.index(floor_of(module))
            for imported in sorted(graph.find_modules_directly_imported_by(module)):
                same_party = imported.split(".")[0] == module.split(".")[0]
                if same_party and "." in imported and _ORDER.index(floor_of(imported)) < floor:
                    broken.append(f"{module} imports {imported}, which is on a higher floor")
        return ContractCheck(kept=not broken, metadata={"broken": broken})


class FloorAvoidsContract(_Floored):
    """No module of one floor, nor of a floor below it, imports one of the named modules directly."""

    type_name = "floor_avoids"
    floor = fields.StringField()
    forbidden_modules = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        lowest = _ORDER.index(self.floor)
        forbidden: tuple[str, ...] = tuple(self.forbidden_modules)  # type: ignore[arg-type]
        broken: list[str] = []
        for module in _modules(graph, self.parties):  # type: ignore[arg-type]
            if _ORDER.index(floor_of(module)) < lowest:
                continue
            broken.extend(
                f"{module} imports {imported}"
                for imported in sorted(graph.find_modules_directly_imported_by(module))
                if any(imported == name or imported.startswith(f"{name}.") for name in forbidden)
            )
        return ContractCheck(kept=not broken, metadata={"broken": broken})
