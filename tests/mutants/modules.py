"""The modules that decide trust, and the tests that answer for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_NODE = "tests/unit/agency_node/"
_PRIVATE = "tests/unit/fingerpost/private/"
_PROTOCOL = "tests/unit/fingerpost/protocol/"
_ATTACKS = (
    "tests/simulation/test_dishonest_requesters.py",
    "tests/simulation/test_wrong_footing.py",
)
_SEALING = (
    f"{_PRIVATE}test_query_sealing.py",
    f"{_PRIVATE}test_second_round_sealing.py",
    f"{_PRIVATE}test_key_commitment.py",
    f"{_PRIVATE}test_vectors_private.py",
)

TESTS: Final[Mapping[str, tuple[str, ...]]] = {
    "broker/admission.py": (
        "tests/unit/broker/test_broker_admission.py",
        "tests/unit/broker/test_broker_quota.py",
        "tests/unit/broker/test_broker_replay.py",
        "tests/unit/broker/test_broker_forgets.py",
        "tests/unit/broker/test_broker_lookups.py",
    ),
    "key_holder/quota.py": (
        "tests/unit/key_holder/test_key_holder_rules.py",
        "tests/unit/key_holder/test_key_holder_service.py",
    ),
    "agency_node/answering/admission.py": (
        f"{_NODE}test_node_admission.py",
        f"{_NODE}test_node_answers.py",
        f"{_NODE}test_node_lists.py",
        *_ATTACKS,
    ),
    "agency_node/answering/matching.py": (
        f"{_NODE}test_node_answers.py",
        f"{_NODE}test_node_reticence.py",
        *_ATTACKS,
    ),
    "agency_node/answering/disclosure.py": (
        f"{_NODE}test_node_disclosure.py",
        f"{_NODE}test_node_reticence.py",
        f"{_NODE}test_node_answers.py",
    ),
    "fingerpost/protocol/envelope.py": (
        f"{_PROTOCOL}test_codec_queries.py",
        *_SEALING,
    ),
    "fingerpost/protocol/terms.py": (
        f"{_PROTOCOL}test_terms.py",
        f"{_PRIVATE}test_purpose_rules.py",
        f"{_NODE}test_node_disclosure.py",
        "tests/architecture/test_docs.py",
    ),
    "fingerpost/protocol/federation.py": (
        f"{_PROTOCOL}test_federation.py",
        f"{_PROTOCOL}test_schedule.py",
        f"{_PROTOCOL}test_fetchable_files.py",
        "tests/unit/broker/test_broker_admission.py",
        f"{_NODE}test_node_answers.py",
        "tests/unit/practitioner/test_outcome.py",
        "tests/unit/practitioner/test_plan.py",
        *_ATTACKS,
    ),
    "fingerpost/private/passport.py": (f"{_PRIVATE}test_passport.py",),
    "fingerpost/private/query_sealing.py": _SEALING,
    "fingerpost/private/purpose_rules.py": (
        f"{_PRIVATE}test_purpose_rules.py",
        f"{_PRIVATE}test_private_facts.py",
    ),
    "fingerpost/private/sealing.py": (
        f"{_PRIVATE}test_sealing.py",
        f"{_PRIVATE}test_answer_sealing.py",
        f"{_PRIVATE}test_pepper_sealing.py",
        *_SEALING,
    ),
    "fingerpost/private/locators.py": (
        f"{_PRIVATE}test_locators.py",
        f"{_PRIVATE}test_blinding.py",
        f"{_PRIVATE}test_oprf.py",
        f"{_PRIVATE}test_vectors_private.py",
    ),
    "practitioner/asking/outcome.py": (
        "tests/unit/practitioner/test_outcome.py",
        "tests/unit/practitioner/test_client.py",
        "tests/unit/practitioner/test_present_terminal.py",
    ),
    "practitioner/asking/query.py": (
        "tests/unit/practitioner/test_query.py",
        "tests/simulation/test_hostile_broker.py",
    ),
    "practitioner/sign_in/rules.py": (
        "tests/unit/practitioner/test_sign_in_rules.py",
        "tests/unit/practitioner/test_accounts.py",
    ),
    "authority/checks.py": (
        "tests/unit/authority/test_authority_rules.py",
        "tests/unit/authority/test_authority_tampering.py",
    ),
    "authority/issuer/rules.py": (
        "tests/unit/authority/test_issuer_service.py",
        "tests/unit/authority/test_issuer_online.py",
    ),
    "fingerpost/membership/member_list.py": (
        "tests/unit/fingerpost/membership/test_member_list.py",
        "tests/unit/fingerpost/membership/test_member_list_attacks.py",
        "tests/unit/fingerpost/membership/test_member_list_mirror.py",
        "tests/unit/fingerpost/membership/test_member_list_poll.py",
    ),
    "fingerpost/membership/trusted_files.py": (
        "tests/unit/fingerpost/membership/test_member_list.py",
        "tests/unit/fingerpost/membership/test_member_list_attacks.py",
    ),
    "fingerpost/protocol/limits.py": (
        "tests/architecture/test_docs.py",
        f"{_PROTOCOL}test_schedule.py",
        f"{_PROTOCOL}test_codec_queries.py",
        f"{_PRIVATE}test_vectors_private.py",
        f"{_PRIVATE}test_private_codec.py",
        "tests/unit/broker/test_broker_quota.py",
        "tests/unit/broker/test_broker_admission.py",
        f"{_NODE}test_node_admission.py",
    ),
}
"""Each module with its tests, those that notice most first: the first failure ends a try."""

REVIEWED: Final[Mapping[str, Mapping[str, str]]] = {}
"""By module, mutants that survive and change nothing that matters: ``Mutant.place`` and why. Each
was read by a person."""
