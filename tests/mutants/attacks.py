"""What lets in the attacks by the broker, on the network, by a key holder and by a member that
asks: see ``claims``.
"""

from __future__ import annotations

from typing import Final

from mutants.mutation import (
    ADMITTED,
    ANSWERS,
    BROKER,
    CARRIED,
    CARRIED_PACKETS,
    DISHONEST,
    FEDERATION,
    GAPS_AS_NO,
    GATEWAY,
    HOSTILE,
    JUDGED,
    LISTS,
    MATCHED,
    NODE,
    NOTED,
    NOTES,
    OUTCOMES,
    PASSPORT,
    PLAN,
    PRIVATE,
    QUERY,
    RULES,
    SEALED,
    SEALED_NOTES,
    SEALS,
    SECOND,
    TOLD,
    Mutation,
)

ATTACKS: Final[tuple[Mutation, ...]] = (
    # ---- Attacks by the broker, or on the network ------------------------------------------------
    Mutation(
        f"{HOSTILE}test_what_is_taken_or_spoilt_is_a_gap",
        QUERY,
        "{a.id: self._answers.get(a.id, GAP) for a in self._asked}",
        "{a.id: self._answers.get(a.id, _NO) for a in self._asked}",
        GAPS_AS_NO,
    ),
    Mutation(
        f"{HOSTILE}test_a_swapped_answer_speaks_for_nobody",
        QUERY,
        "            self.rejected += 1\n",
        "            self._answers.update((a.id, _NO) for a in self._asked)\n",
        GAPS_AS_NO,
    ),
    Mutation(
        f"{HOSTILE}test_one_part_of_an_answer_is_not_another",
        QUERY,
        "{a.id: self._answers.get(a.id, GAP) for a in self._asked}",
        "{a.id: self._answers.get(a.id, _NO) for a in self._asked}",
        GAPS_AS_NO,
    ),
    Mutation(
        f"{HOSTILE}test_an_answer_to_another_query_is_no_answer",
        SEALED,
        "reply_key = HybridKey.generate(random_bytes)",
        "reply_key = HybridKey(bytes(96))",
        (
            ("_info(query_hash, answer.node, answer.part)", 'b""'),
            ("_info(part.query_hash, part.node, part.part)", 'b""'),
            ("if part.query_hash != query_hash:", "if False:"),
        ),
    ),
    Mutation(
        f"{HOSTILE}test_junk_does_not_displace_the_true_answer",
        QUERY,
        "            self.rejected += 1\n",
        "            self._missing.discard((answer.node, answer.part))\n",
    ),
    Mutation(
        f"{HOSTILE}test_what_the_broker_claims_decides_nothing",
        QUERY,
        "    def receive(self, event: LookupEvent) -> None:\n",
        "    def receive(self, event: LookupEvent) -> None:\n"
        "        if isinstance(event, Accepted):\n"
        "            self._asked = tuple(a for a in self._asked if a.node in event.nodes)\n",
    ),
    Mutation(
        f"{HOSTILE}test_an_early_end_leaves_gaps",
        QUERY,
        "{a.id: self._answers.get(a.id, GAP) for a in self._asked}",
        "{a.id: self._answers.get(a.id, _NO) for a in self._asked}",
        GAPS_AS_NO,
    ),
    Mutation(
        "tests/unit/fingerpost/protocol/test_codec_queries.py::"
        "test_no_bit_of_a_query_can_be_changed",
        "fingerpost/protocol/envelope.py",
        "raise Refused(Code.BAD_SIGNATURE, type_.name.lower()) from None",
    ),
    Mutation(
        f"{HOSTILE}test_a_copy_sent_ahead_makes_a_node_say_try_again_and_never_no",
        JUDGED,
        "return Verdict.TRY_AGAIN if replayed else Verdict.LOOK",
        "return Verdict.LOOK",
    ),
    Mutation(
        f"{DISHONEST}test_an_old_query_gets_try_again_at_a_node_that_never_saw_it",
        JUDGED,
        "        require_fresh(core, now)\n",
        "",
    ),
    Mutation(
        f"{LISTS}test_a_frozen_list_runs_out",
        "fingerpost/membership/trusted_files.py",
        "        self._trusted_set.reference_time = datetime.fromtimestamp(now, UTC)\n",
        "        self._trusted_set.reference_time = datetime.fromtimestamp(0, UTC)\n",
    ),
    Mutation(
        f"{BROKER}test_broker_admission.py::"
        "test_a_query_that_is_not_signed_with_the_requesters_key_is_refused",
        "fingerpost/protocol/envelope.py",
        "raise Refused(Code.BAD_SIGNATURE, type_.name.lower()) from None",
    ),
    Mutation(
        f"{BROKER}test_broker_admission.py::test_a_query_from_before_the_replay_set_is_refused",
        ADMITTED,
        "    require_within_memory(core, complete_since)\n",
        "",
    ),
    Mutation(
        "tests/unit/fingerpost/protocol/test_codec_queries.py::"
        "test_a_query_is_named_by_what_was_signed_and_not_by_its_wrapping",
        "fingerpost/protocol/codec/queries.py",
        "        hash=query_hash(payload),\n",
        "        hash=query_hash(wire),\n",
    ),
    Mutation(
        f"{PRIVATE}test_notes.py::test_no_label_comes_twice",
        SEALED_NOTES,
        "    salt = random_bytes(limits.PACKET_SALT_BYTES)",
        "    salt = bytes(limits.PACKET_SALT_BYTES)",
    ),
    Mutation(
        f"{NOTES}test_a_packet_that_is_sent_again_is_refused_and_counted",
        NOTED,
        "for packet in fresh if packet.exchange in new))",
        "for packet in fresh))",
    ),
    Mutation(
        f"{NOTES}test_a_packet_of_another_hour_is_refused",
        NOTED,
        "require_hour(packet.hour, now)",
    ),
    Mutation(
        f"{NOTES}test_a_cell_that_was_altered_is_refused_and_counted",
        SEALED_NOTES,
        "            except (InvalidTag, Refused):\n                refused += 1",
        "            except (InvalidTag, Refused):\n                refused += 0",
    ),
    Mutation(
        f"{PRIVATE}test_notes.py::test_a_key_is_of_one_query_and_node_and_needs_both_secrets",
        SEALED_NOTES,
        "salt=secret, info=info)",
        "salt=None, info=info)",
    ),
    # ---- by a key holder -------------------------------------------------------------------------
    Mutation(
        f"{PRIVATE}test_blinding.py::test_a_holder_with_another_key_is_found_out",
        "fingerpost/private/oprf.py",
        "        except BaseException as error:\n",
        "        except BaseException as error:\n"
        "            return tuple(bytes(64) for _ in range(self._real))\n",
    ),
    Mutation(
        f"{PRIVATE}test_blinding.py::test_each_holder_sees_32_points_of_its_own",
        "fingerpost/private/oprf.py",
        "filler = limits.LOCATORS - len(inputs) if lookup else 0",
        "filler = 0",
    ),
    Mutation(
        f"{PRIVATE}test_oprf.py::test_a_holder_multiplies_nothing_but_points",
        "fingerpost/private/oprf.py",
        'raise Refused(Code.MALFORMED, "blinded.elements") from None',
        "return Evaluated(blinded.elements, bytes(_PROOF_BYTES))",
    ),
    Mutation(
        "tests/unit/key_holder/test_key_holder_service.py::test_a_quota_holds_across_a_restart",
        "key_holder/store.py",
        "                _put(change, member, count)\n",
        "                pass\n",
    ),
    # ---- by a member that asks -------------------------------------------------------------------
    Mutation(
        f"{DISHONEST}test_wraps_for_one_child_and_the_name_of_another_tell_nothing",
        MATCHED,
        "        if not asked_keys.isdisjoint(own):\n",
        "        if own:\n",
    ),
    Mutation(
        f"{PRIVATE}test_key_commitment.py::test_a_query_has_one_content_key",
        SEALS,
        'raise Refused(Code.BAD_COMMITMENT, "core.key_commitment")',
    ),
    Mutation(
        f"{DISHONEST}test_the_keys_of_two_children_in_one_query_tell_of_one_at_most",
        MATCHED,
        "        if not asked_keys.isdisjoint(own):\n",
        "        if own:\n",
        (("sure, possible = by_decision[Decision.MATCH], ", "sure, possible = found, "),),
    ),
    Mutation(
        f"{DISHONEST}test_one_good_wrap_is_enough_and_bad_ones_beside_it_do_no_harm",
        MATCHED,
        "            continue\n        opened = opened or this\n",
        "            return None\n        opened = opened or this\n",
    ),
    Mutation(
        f"{PRIVATE}linkage/test_blocking_keys.py::test_no_key_without_a_number_rests_on_one_part",
        "fingerpost/private/linkage/blocking_keys.py",
        '"|".join(texts).encode("ascii")',
        'texts[0].encode("ascii")',
    ),
    Mutation(
        f"{DISHONEST}test_a_passport_by_nobodys_key_is_refused",
        PASSPORT,
        'raise _bad("signature") from None',
        'return header, _decode(token.split(".")[1])',
        (('raise _bad("header")', "pass"),),
    ),
    Mutation(
        f"{DISHONEST}test_a_passport_that_outlives_training_is_refused",
        PASSPORT,
        'raise Refused(Code.MALFORMED, "passport.training_until or vetting_until")',
    ),
    Mutation(
        f"{DISHONEST}test_a_passport_that_outlives_the_grace_is_refused",
        PASSPORT,
        "GRACE_SECONDS: Final = 14 * limits.DAY",
        "GRACE_SECONDS: Final = 15 * limits.DAY",
    ),
    Mutation(
        f"{PRIVATE}test_passport.py::test_a_claim_stated_twice",
        PASSPORT,
        "raise _bad(what)\n        return found",
        "pass\n        return found",
    ),
    Mutation(
        f"{DISHONEST}test_a_purpose_or_role_that_is_not_in_force_is_refused_where_it_opens",
        RULES,
        "        raise Refused(Code.NOT_ALLOWED, PurposeRule.ROLE_OF_AGENCY)",
        "        pass",
    ),
    Mutation(
        f"{DISHONEST}test_a_wider_reach_than_the_purpose_has_is_refused_where_it_opens",
        RULES,
        "        raise Refused(Code.NOT_ALLOWED, PurposeRule.REACH)",
        "        pass",
    ),
    Mutation(
        f"{DISHONEST}test_wide_keys_in_the_national_ring_are_answered_alike_by_all",
        JUDGED,
        "    if core.key_set is KeySet.WIDE and core.reach not in WIDE_REACHES:\n",
        "    if False:\n",
    ),
    Mutation(
        f"{PRIVATE}test_purpose_rules.py::"
        "test_wide_keys_go_beyond_the_own_area_for_a_reason_and_a_reason_goes_with_nothing_else",
        RULES,
        "            raise Refused(Code.NOT_ALLOWED, PurposeRule.NOTHING_WIDENED)\n",
        "            pass\n",
    ),
    Mutation(
        f"{SECOND}test_about_the_same_child_alone",
        PLAN,
        "        raise Refused(Code.NOT_ALLOWED, LookupRule.ANOTHER_CHILD)",
        "        pass",
    ),
    Mutation(
        "tests/contracts/test_gateway_outcomes.py::test_a_lookup_has_one_second_round",
        OUTCOMES,
        "            if kept is None or kept.second != before:\n",
        "            if kept is None:\n",
    ),
    Mutation(
        f"{NODE}test_node_audit_shown.py::test_a_name_steers_no_screen_and_paints_nothing",
        "fingerpost/runtime/screen_text.py",
        'return "".join(c if c.isprintable() or c in keep else "\\ufffd" for c in text)',
        "return text",
    ),
    Mutation(
        f"{DISHONEST}test_a_replay_gets_try_again_and_opens_nothing",
        JUDGED,
        "return Verdict.TRY_AGAIN if replayed else Verdict.LOOK",
        "return Verdict.LOOK",
    ),
    Mutation(
        f"{DISHONEST}test_the_broker_carries_no_query_twice",
        CARRIED,
        "        self._replays.require_new(lookup.query.hash)\n",
        "",
    ),
    Mutation(
        f"{BROKER}test_broker_admission.py::"
        "test_only_an_agency_that_asks_through_the_gateway_that_calls_may_ask",
        FEDERATION,
        "if gateway not in found.gateways or not (found.passport_key and found.handle_root):",
        "if not (found.passport_key and found.handle_root):",
    ),
    Mutation(
        f"{BROKER}test_broker_admission.py::"
        "test_the_reach_is_counted_from_the_area_of_the_agency_that_asks",
        ADMITTED,
        'raise Refused(Code.NOT_ALLOWED, "core.area")',
    ),
    Mutation(
        f"{DISHONEST}test_a_reach_counted_from_another_area_is_refused_where_it_opens",
        SEALED,
        'raise Refused(Code.NOT_ALLOWED, "core.area")',
    ),
    Mutation(
        f"{BROKER}test_broker_quota.py::test_second_tries_are_few",
        ADMITTED,
        "            self._again.count(person, now)\n",
        "",
    ),
    Mutation(
        f"{BROKER}test_broker_quota.py::test_a_handle_counts_within_its_agency",
        ADMITTED,
        "person = (agency, submission.handle)",
        "person = (submission.handle,)",
    ),
    Mutation(
        "tests/simulation/test_revisions.py::"
        "test_a_field_of_the_second_in_a_query_of_the_first_is_refused_where_it_opens",
        "fingerpost/protocol/codec/strict.py",
        "        _refuse_later(message, revision, Code.MALFORMED)\n",
        "        pass\n",
    ),
    Mutation(
        f"{BROKER}test_broker_quota.py::test_key_sets_give_nobody_twice_the_limit",
        ADMITTED,
        "person = (agency, submission.handle)",
        "person = (agency, submission.handle, key_set)",
    ),
    Mutation(
        f"{PRIVATE}test_query_sealing.py::test_what_the_broker_counted_is_what_the_owner_finds",
        SEALED,
        "if inner.counting.commitment(handle) != core.quota_commitment:",
        "if False:",
    ),
    Mutation(
        f"{PRIVATE}test_query_sealing.py::test_an_allowance_is_for_its_roles_and_purposes",
        SEALED,
        "Allowance.DESK: role in DESK_ROLES,",
        "Allowance.DESK: True,",
    ),
    Mutation(
        f"{DISHONEST}test_a_copy_that_is_signed_anew_is_a_replay",
        ANSWERS,
        "replayed=query.core_hash in replayed",
        "replayed=query.hash in replayed",
    ),
    Mutation(
        "tests/contracts/test_node_journal_store.py::test_a_copy_that_is_signed_anew_is_not_new",
        "agency_node/records/store/journal.py",
        "named = {self._names.of(query.core_hash): query.core_hash for query in queries}",
        "named = {self._names.of(query.hash): query.core_hash for query in queries}",
    ),
    Mutation(
        f"{NODE}test_node_audit_search.py::test_a_name_runs_nothing_in_a_spreadsheet",
        "fingerpost/membership/search_commands.py",
        "if shown.strip()[:1] in _FORMULA else shown",
        "if False else shown",
    ),
    Mutation(
        f"{DISHONEST}test_whoever_is_suspended_is_not_answered",
        FEDERATION,
        "if area is not None and agency not in self.deny.agencies:",
        "if area is not None:",
    ),
    Mutation(
        f"{BROKER}test_broker_exchanges.py::test_a_pair_has_one_an_hour_whatever_became_of_it",
        CARRIED_PACKETS,
        "if (gateway, node) in had:",
        "if False:",
    ),
    Mutation(
        "tests/unit/agency_node/test_node_ticks.py::"
        "test_packets_in_front_count_with_what_is_allowed_for_them",
        "agency_node/answering/answer_line.py",
        "                self._load.exchanges(len(frame.packets))\n",
        "",
    ),
    Mutation(
        "tests/contracts/test_node_notes.py::test_what_was_said_is_not_written_over",
        "agency_node/notes/store.py",
        "                elif self._came.get(connection, kept.note.number) is None:\n",
        "                else:\n",
    ),
    Mutation(
        f"{NODE}test_node_disclosure.py::"
        "test_a_number_is_marked_for_who_reported_it_and_for_all_once_two_agencies_did",
        TOLD,
        "len(reporters) >= ENOUGH_REPORTERS",
        "bool(reporters)",
    ),
    Mutation(
        f"{PRIVATE}test_notes.py::test_each_kind_says_what_it_must_and_no_more",
        SEALED_NOTES,
        "if bool(stated) != (self.kind in kinds):",
        "if self.kind in kinds and not stated:",
    ),
    Mutation(
        f"{NODE}test_node_reticence.py::test_the_quality_is_the_same_whether_the_child_is_known",
        ANSWERS,
        "quality = generation.quality if core.revision >= limits.SECOND_REVISION else None",
        "quality = generation.quality if hits else None",
    ),
    Mutation(
        f"{GATEWAY}test_client.py::"
        "test_a_name_that_gives_content_away_is_shown_to_who_may_be_told_alone",
        FEDERATION,
        "told = tier is Tier.SENSITIVE or asking == self.id",
        "told = tier is not Tier.NONE",
    ),
)
