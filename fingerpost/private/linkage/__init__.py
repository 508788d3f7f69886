"""Who is the same child: normal form, blocking keys, comparison, strength of a question.

What lives here: pure rules over ``private.demographics``. What must not: I/O (other than reading
this package's own tables), clocks, cryptography. The four pieces are versioned apart and may be
replaced one by one: the normal form (``normal_form``), the keys (``blocking_keys``), the combinations
(``combinations``) and the comparison (``comparison``). The first three share
``NORMALISATION_VERSION``, because a key is equal on two nodes only if all three are.
"""

from fingerpost.private.linkage.blocking_keys import (
    MOST_KEYS,
    BlockingKey,
    blocking_keys,
    oprf_input,
)
from fingerpost.private.linkage.combinations import (
    BLOCKING_RULES_VERSION,
    RULE_DEFINITIONS,
    RuleDefinition,
)
from fingerpost.private.linkage.comparison import (
    COMPARISON_VERSION,
    Comparison,
    Decision,
    Rule,
    compare,
)
from fingerpost.private.linkage.golden_vectors import check_golden_vectors
from fingerpost.private.linkage.kinds import BlockingRule, Meets, Scope, Side
from fingerpost.private.linkage.levels import Level
from fingerpost.private.linkage.naming import Finding
from fingerpost.private.linkage.normal_form import NORMALISATION_VERSION, NormalForm, normalise
from fingerpost.private.linkage.strength import (
    Strength,
    StrengthLevel,
    assess,
    require_answerable,
)
from fingerpost.private.linkage.weights import Field

__all__ = [
    "BLOCKING_RULES_VERSION",
    "COMPARISON_VERSION",
    "MOST_KEYS",
    "NORMALISATION_VERSION",
    "RULE_DEFINITIONS",
    "BlockingKey",
    "BlockingRule",
    "Comparison",
    "Decision",
    "Field",
    "Finding",
    "Level",
    "Meets",
    "NormalForm",
    "Rule",
    "RuleDefinition",
    "Scope",
    "Side",
    "Strength",
    "StrengthLevel",
    "assess",
    "blocking_keys",
    "check_golden_vectors",
    "compare",
    "normalise",
    "oprf_input",
    "require_answerable",
]
