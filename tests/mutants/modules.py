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
        "tests/simulation/test_watching.py",
    ),
    "agency_node/reading/ticks.py": (f"{_NODE}test_node_ticks.py", f"{_NODE}test_gate.py"),
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
        f"{_NODE}test_node_agreements.py",
        f"{_NODE}test_places.py",
        f"{_NODE}test_node_reticence.py",
        f"{_NODE}test_node_answers.py",
    ),
    "agency_node/inbox/exceptions.py": (f"{_NODE}test_inbox_exceptions.py",),
    "agency_node/inbox/challenging.py": (f"{_NODE}test_inbox_challenges.py",),
    "agency_node/desks/calendar.py": (f"{_NODE}test_desks_on_duty.py",),
    "agency_node/desks/duty.py": (f"{_NODE}test_desks_on_duty.py",),
    "agency_node/policy/agreement.py": (
        f"{_NODE}test_agreement.py",
        f"{_NODE}test_agreement_matrix.py",
        f"{_NODE}test_agreement_store.py",
    ),
    "agency_node/policy/places.py": (f"{_NODE}test_places.py",),
    "agency_node/policy/refused.py": (f"{_NODE}test_agreement.py",),
    "agency_node/policy/vocabulary.py": (
        f"{_NODE}test_agreement.py",
        f"{_NODE}test_agreement_matrix.py",
    ),
    "agency_node/policy/words.py": (f"{_NODE}test_agreement_words.py",),
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
    "fingerpost/protocol/feed_age.py": (
        f"{_PROTOCOL}test_feed_age.py",
        f"{_PROTOCOL}test_federation.py",
    ),
    "practitioner/asking/belief.py": (
        "tests/unit/practitioner/test_generations.py",
        "tests/simulation/test_records_put_back.py",
        "tests/simulation/test_old_records.py",
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
    "fingerpost/private/passport.py": (
        f"{_PRIVATE}test_passport.py",
        f"{_PRIVATE}test_query_sealing.py",
    ),
    "fingerpost/private/query_sealing.py": _SEALING,
    "fingerpost/private/justification.py": (
        f"{_PRIVATE}test_private_facts.py",
        f"{_PRIVATE}test_purpose_rules.py",
    ),
    "fingerpost/private/purpose_rules.py": (f"{_PRIVATE}test_purpose_rules.py",),
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
    "practitioner/asking/concluding.py": (
        "tests/unit/practitioner/test_outcome.py",
        "tests/unit/practitioner/test_client.py",
        "tests/unit/practitioner/test_present_terminal.py",
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

_A_SECOND: Final = "a window counts in steps of a minute, and a second is within its rounding"
_ROOM: Final = "a bound of memory: one key more or less changes nothing that anybody relies on"
_UNREAD: Final = "of bulk, where it is not stated, nobody reads it: its bounds are in `bulk`"
_UNSTATED: Final = "who makes one states it; where nothing is known, the rule does not read it"
_MIDNIGHT: Final = "an end is the midnight after a day"
_JOINED: Final = "spans that meet are joined below, whichever the first is"
_NEVER_EQUAL: Final = "a change is between two details, of which one is none or they differ"
_ANY_ONE: Final = "lookups have no rules of blocking: any one number stands for that"

REVIEWED: Final[Mapping[str, Mapping[str, str]]] = {
    "broker/admission.py": {
        "3600 -> 3599 | HOUR: Final = 3599": _A_SECOND,
        "500_000 -> 499999 | MOST_HANDLES: Final = 499999": _ROOM,
        "500_000 -> 500001 | MOST_HANDLES: Final = 500001": _ROOM,
        "100_000 -> 99999 | MOST_AGENCIES: Final = 99999": _ROOM,
        "100_000 -> 100001 | MOST_AGENCIES: Final = 100001": _ROOM,
        "100_000 -> 99999 | MOST_GATEWAYS: Final = 99999": _ROOM,
        "100_000 -> 100001 | MOST_GATEWAYS: Final = 100001": _ROOM,
    },
    "agency_node/desks/duty.py": {
        "max -> min | end = min((ends for begins, ends in spans if begins <= now < ends), "
        "default=None)": _JOINED,
        "> -> >= | return None, min((begins for begins, _ in spans if begins >= now), "
        "default=None)": "a span that begins now holds now, and then there is an end",
        "1 -> 2 | for ahead in range(-2, SHOWN_DAYS + 1):": "no span is longer than a day",
        "1 -> 2 | return datetime.fromtimestamp(end - 2, UTC).date()": _MIDNIGHT,
        "False -> True | school: bool = True": _UNSTATED,
    },
    "agency_node/policy/words.py": {
        "> -> >= | return (self.after or 0) >= (self.before or 0)": _NEVER_EQUAL,
        "0 -> -1 | return (self.after or -1) > (self.before or 0)": _NEVER_EQUAL,
        "0 -> -1 | return (self.after or 0) > (self.before or -1)": _NEVER_EQUAL,
        "0 -> 1 | return (self.after or 1) > (self.before or 0)": _NEVER_EQUAL,
    },
    "key_holder/quota.py": {
        "0 -> -1 | day: int = -1": _UNREAD,
        "0 -> 1 | day: int = 1": _UNREAD,
        "0 -> -1 | period = Period(workload, day_of(now), -1, week)": _ANY_ONE,
        "0 -> 1 | period = Period(workload, day_of(now), 1, week)": _ANY_ONE,
    },
}
"""By module, mutants that survive and change nothing that matters: ``Mutant.place`` and why. Each
was read by a person."""
