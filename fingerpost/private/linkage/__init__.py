"""Which records are about the same child: normal form, blocking keys, comparison, strength of a
question.

Pure rules over ``private.demographics``: no I/O (other than reading this package's own tables), no
clock, no cryptography. Read the modules in this order: ``name_tables``, ``names``, ``normal_form``,
``blocking_rules``, ``blocking_keys``, ``agreement``, ``name_agreement``, ``comparison``,
``strength``, ``misses``; ``golden`` holds them to what was released.

``NORMALISATION_VERSION`` covers the normal form, the tables, the blocking rules and the choice of
keys, because a key is equal on two nodes only if all of them are. The comparison has a version of
its own.
"""

from fingerpost.private.linkage.agreement import Field, Level
from fingerpost.private.linkage.blocking_keys import (
    BlockingKey,
    blocking_keys,
    oprf_input,
    oprf_inputs,
    wide_keys,
)
from fingerpost.private.linkage.blocking_rules import (
    BLOCKING_RULES_VERSION,
    RULE_DEFINITIONS,
    BlockingRule,
    Scope,
    Side,
)
from fingerpost.private.linkage.comparison import (
    COMPARISON_VERSION,
    Comparison,
    Decision,
    Rule,
    compare,
)
from fingerpost.private.linkage.misses import Misses, misses_of, shipped_rates
from fingerpost.private.linkage.normal_form import NORMALISATION_VERSION, NormalForm, normalise
from fingerpost.private.linkage.strength import (
    Strength,
    StrengthLevel,
    Unused,
    WeakRule,
    assess,
    is_found_twice,
    quality_of,
    require_answerable,
    unused,
)

__all__ = [
    "BLOCKING_RULES_VERSION",
    "COMPARISON_VERSION",
    "NORMALISATION_VERSION",
    "RULE_DEFINITIONS",
    "BlockingKey",
    "BlockingRule",
    "Comparison",
    "Decision",
    "Field",
    "Level",
    "Misses",
    "NormalForm",
    "Rule",
    "Scope",
    "Side",
    "Strength",
    "StrengthLevel",
    "Unused",
    "WeakRule",
    "assess",
    "blocking_keys",
    "compare",
    "is_found_twice",
    "misses_of",
    "normalise",
    "oprf_input",
    "oprf_inputs",
    "quality_of",
    "require_answerable",
    "shipped_rates",
    "unused",
    "wide_keys",
]
