"""Two types of import contract, for which the name of a module says its floor in its party.

Law: a module that no floor below lists is a rule, and rules may do the least. So a new module is
held to the strictest contract until somebody lists it on its floor.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import accumulate
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

FLOORS: dict[str, tuple[str, ...]] = {
    "command lines": ("*.cli", "agency_node.match_tool"),
    "wiring": ("*.wiring",),
    "drivers": (
        "*.settings",
        "*.grpc_*",
        "*.store",
        "*.*_store",
        # Each is an adaptor of one port, or reads and writes the party's own files.
        "agency_node.answering.audit",
        "agency_node.notices.smtp_mail",
        "agency_node.notices.webhook",
        "agency_node.importing.database",
        "agency_node.importing.quality.kept",
        "agency_node.importing.source_file",
        "agency_node.reading.channel",
        "agency_node.reading.gate",
        "agency_node.records.tag_workers",
        "key_holder.evaluator",
        "key_holder.record",
        "key_holder.vault",
        "practitioner.asking.account_counts",
        "practitioner.asking.audit",
        "practitioner.asking.desk",
        "practitioner.asking.kept_state",
        "practitioner.sign_in.accounts",
        # The authority works on a folder of files, and signs them.
        "authority.bundles",
        "authority.ceremony",
        "authority.charter",
        "authority.code_lists",
        "authority.draft",
        "authority.founding",
        "authority.imports",
        "authority.inbox",
        "authority.issuer.certificates",
        "authority.issuer.online",
        "authority.publishing",
        "authority.repository",
        "authority.roles",
        "authority.vault",
    ),
    "schemas": ("*.migrations",),
    "services": (
        "*.service",
        "agency_node.answering.answer_line",
        "agency_node.answering.journal",
        "agency_node.answering.self_test",
        "agency_node.answering.threads",
        "agency_node.importing.importer",
        "agency_node.importing.report",
        "agency_node.importing.staging",
        "agency_node.notices.sending",
        "agency_node.records.ageing",
        "agency_node.records.index",
        "agency_node.records.shield_tables",
        "agency_node.records.tagging",
        "agency_node.reading.feed",
        "agency_node.reading.line",
        "agency_node.records.upkeep",
        "broker.exchanges",
        "broker.lookup",
        "practitioner.asking.approving",
        "practitioner.asking.client",
        "practitioner.asking.exchanging",
        "practitioner.asking.sending",
    ),
    "rules": (),
}
"""From the top floor to the lowest. A package is listed with all that is in it. Only names that say
by themselves what a module may do (``store``) hold in every party."""
_ORDER = tuple(FLOORS)
FILE = "tests/architecture/floors.py"


def floor_of(module: str) -> str:
    """The highest floor that lists the module or a package around it."""
    return _listed(module)[0]


def _listed(module: str) -> tuple[str, str]:
    """The floor of a module, and what is listed there: the module, or a package around it."""
    if "." not in module:  # a party's own package offers what other programs may use of the party
        return _ORDER[0], module
    around = list(accumulate(module.split("."), "{}.{}".format))
    for floor, patterns in FLOORS.items():
        for name in around:
            if any(fnmatchcase(name, pattern) for pattern in patterns):
                return floor, name
    return "rules", module


class _Floored(Contract):
    """What both types share: the imports of the parties, and how a broken contract is reported."""

    parties = fields.ListField(subfield=fields.StringField())

    def fault(self, importer: str, imported: str) -> str:
        """What is wrong when a module of the parties imports another module; empty for nothing."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it forbids")

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        broken = [
            f"{importer} imports {imported}, {fault}{_why_a_rule(importer)}"
            for importer in sorted(graph.modules)
            if _party(importer) in _names(self.parties)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if (fault := self.fault(importer, imported))
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["broken"]:
            output.print_error(line)


def _party(module: str) -> str:
    return module.partition(".")[0]


def _names(field: Any) -> tuple[str, ...]:
    return tuple(field or ())


def _why_a_rule(module: str) -> str:
    if floor_of(module) != "rules":
        return ""
    where = f"no floor lists it in {FILE}: list it there if it is no rule"
    return f" ({module} counts as a rule, since {where})"


class FloorsContract(_Floored):
    """A module imports from its own floor of its party and from the floors below, but a driver
    imports no other driver.
    """

    type_name = "floors"

    def fault(self, importer: str, imported: str) -> str:
        if _party(importer) != _party(imported):
            return ""
        (own, here), (other, there) = _listed(importer), _listed(imported)
        if _ORDER.index(other) < _ORDER.index(own):
            return "which is on a higher floor"
        return "another driver" if own == other == "drivers" and here != there else ""


class FloorAvoidsContract(_Floored):
    """No module of one floor, nor of a floor below it, imports one of the named modules directly,
    or what is in them; ``allowed_modules`` are exceptions, each by its whole name.
    """

    type_name = "floor_avoids"
    floor = fields.StringField()
    forbidden_modules = fields.ListField(subfield=fields.StringField())
    allowed_modules = fields.ListField(subfield=fields.StringField(), required=False)

    def fault(self, importer: str, imported: str) -> str:
        if _ORDER.index(floor_of(importer)) < _ORDER.index(str(self.floor)):
            return ""
        if imported in _names(self.allowed_modules):
            return ""
        within = (f"{imported}.".startswith(f"{name}.") for name in _names(self.forbidden_modules))
        return "which is not for its floor" if any(within) else ""
