"""What breaks the claims under Guarantees of the threat model: see ``claims``."""

from __future__ import annotations

from typing import Final

from mutants.mutation import (
    ADMITTED,
    ANSWERS,
    BROKER,
    CARRIED,
    CARRIED_PACKETS,
    CLIENT,
    CONCLUDED,
    DISHONEST,
    EXCHANGED,
    FOOTING,
    GAPS_AS_NO,
    GATEWAY,
    HOSTILE,
    JUDGED,
    LOCATORS,
    NODE,
    NOTES,
    OUTCOME,
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
    SEEN,
    SENDING,
    THREADS,
    TOLD,
    Mutation,
)

GUARANTEES: Final[tuple[Mutation, ...]] = (
    # ---- G1 No central store ---------------------------------------------------------------------
    Mutation(
        f"{SEEN}test_no_name_comes_to_the_broker_or_to_a_key_holder",
        SEALS,
        "return AESGCM(_body_key(content_key)).encrypt(_NONCE, body, bound)",
        "return body + bytes(16)",
    ),
    Mutation(
        f"{SEEN}test_no_tag_pepper_or_key_comes_to_the_broker",
        LOCATORS,
        'return _keyed(slot_key, b"check", bytes(TAG_BYTES))[: limits.SLOT_CHECK_BYTES]',
        "return slot_key[: limits.SLOT_CHECK_BYTES]",
    ),
    Mutation(
        f"{NODE}test_records_at_rest.py::test_no_child_is_found_in_any_file",
        "fingerpost/runtime/sealed_box.py",
        "return nonce + self._aead.encrypt(nonce, plain, bound)",
        "return nonce + plain + bytes(16)",
    ),
    Mutation(
        f"{NODE}test_index_tables.py::test_nothing_is_found_through_another_agency",
        "agency_node/records/index.py",
        "        table = self._slots.get((agency, epoch, slot))\n        if table is None:",
        "        table = next(iter(self._slots.values()), None)\n        if table is None:",
    ),
    Mutation(
        f"{GATEWAY}test_outcomes_store.py::test_after_a_week_the_name_of_its_hash_alone_is_left",
        OUTCOMES,
        "        connection.execute(delete(documents).where(documents.c.name == kept.id))\n",
        "",
    ),
    # ---- G2 The broker is blind ------------------------------------------------------------------
    Mutation(
        f"{SEEN}test_what_is_public_does_not_depend_on_child_purpose_or_practitioner",
        SEALED,
        "        metadata_version=public.metadata_version,\n        code_list_version=public.code",
        "        metadata_version=public.metadata_version + len(passport.name),\n"
        "        code_list_version=public.code",
    ),
    Mutation(
        f"{SEEN}test_one_child_in_two_slots_cannot_be_followed",
        LOCATORS,
        'return _keyed(slot_key, b"loc", tag)[: limits.LOCATOR_BYTES]',
        'return _keyed(bytes(32), b"loc", tag)[: limits.LOCATOR_BYTES]',
    ),
    Mutation(
        f"{SEEN}test_answers_are_of_one_size_one_count_and_one_tick_whatever_they_say",
        SEALED,
        'plain = pad(envelope, size_class(len(part.agencies)).plain_bytes, "answer too long")',
        'plain = pad(envelope, size_class(len(part.pointers)).plain_bytes, "answer too long")',
    ),
    Mutation(
        f"{PRIVATE}test_answer_sealing.py::"
        "test_the_size_follows_from_how_many_agencies_whatever_they_say",
        SEALED,
        'plain = pad(envelope, size_class(len(part.agencies)).plain_bytes, "answer too long")',
        "involved = sum(a.status is Status.INVOLVED for a in part.agencies)\n"
        '    plain = pad(envelope, size_class(involved).plain_bytes, "answer too long")',
        (("import limits\n", "import limits\nfrom fingerpost.protocol.codes import Status\n"),),
    ),
    Mutation(
        f"{BROKER}test_broker_answers.py::test_an_answer_of_another_size_is_not_passed_on",
        "broker/gathering.py",
        " or size != self._expected[node][part]:",
        ":",
    ),
    Mutation(
        "tests/architecture/test_blindness.py::"
        "test_a_broker_has_loaded_nothing_that_can_read_a_person",
        CARRIED,
        "import asyncio\n",
        "import asyncio\nimport fingerpost.private.demographics\n",
    ),
    Mutation(
        f"{GATEWAY}test_passport_desk.py::test_the_handle_is_hers_for_a_day",
        PASSPORT,
        'message = day.to_bytes(8, "big") + subject',
        "message = subject",
        also=(('b"day" + place.to_bytes(2, "big")', 'b"day"'),),
    ),
    # ---- G3 The uninvolved learn nothing more ----------------------------------------------------
    Mutation(
        f"{SEEN}test_the_uninvolved_cannot_open_a_query_with_any_tag_they_have",
        LOCATORS,
        'return _keyed(slot_key, b"wrap", tag)',
        'return _keyed(slot_key, b"wrap", bytes(32))',
    ),
    Mutation(
        f"{SEEN}test_an_uninvolved_node_cannot_see_which_agency_asks",
        SEALED,
        "    q = random_bytes(limits.NONCE_BYTES)\n",
        "    q = inner.agency.value.encode().ljust(32)[:32]\n",
    ),
    Mutation(
        f"{DISHONEST}test_without_the_key_of_the_gateways_a_query_is_not_read",
        "fingerpost/protocol/envelope.py",
        "raise Refused(Code.BAD_SIGNATURE, type_.name.lower()) from None",
    ),
    Mutation(
        f"{NODE}test_node_admission.py::test_the_purpose_stands_nowhere_in_what_admission_reads",
        "fingerpost/protocol/messages.py",
        "    key_set: KeySet\n    key_commitment: bytes\n",
        "    key_set: KeySet\n    key_commitment: bytes\n    purpose: int = 0\n",
    ),
    Mutation(
        f"{BROKER}test_broker_quota.py::test_a_practitioner_has_so_many_lookups_an_hour_and_a_day",
        ADMITTED,
        "self._hour.require(person, hour, now)",
    ),
    Mutation(
        f"{PRIVATE}test_second_round_sealing.py::test_why_a_second_round_widens_is_for_who_opens_it",
        "fingerpost/private/codec.py",
        "widened_because=why.widened_because.value if why.widened_because else 0",
        "widened_because=0",
    ),
    Mutation(
        f"{PRIVATE}linkage/test_blocking_keys.py::"
        "test_every_rule_gives_enough_bits_or_is_bound_to_the_home_or_weak",
        "fingerpost/private/linkage/blocking_rules.py",
        '(BlockingRule.SURNAME_DATE, "surname_and_sex", "date", _AREA, 26.0)',
        '(BlockingRule.SURNAME_DATE, "surname_and_sex", "date", _AREA, 24.0)',
    ),
    Mutation(
        f"{PRIVATE}linkage/test_blocking_keys.py::"
        "test_common_names_are_bound_to_a_place_where_uncommon_ones_are_not",
        "fingerpost/private/linkage/blocking_rules.py",
        "if bits + place.bits >= self.least_bits:",
        "if bits + place.bits >= 0:",
    ),
    Mutation(
        f"{BROKER}test_broker_exchanges.py::test_what_a_node_sees_names_no_gateway",
        CARRIED_PACKETS,
        "number = self._random_bytes(limits.EXCHANGE_BYTES)",
        "number = gateway.value.encode().ljust(16)[:16]",
    ),
    Mutation(
        f"{NOTES}test_who_does_not_know_the_child_can_read_nothing",
        SEALED_NOTES,
        "    return HKDF(SHA256(), NOTE_KEY_BYTES, salt=secret, info=info).derive(content_key)",
        "    return HKDF(SHA256(), NOTE_KEY_BYTES, salt=secret, info=info).derive(secret)",
    ),
    Mutation(
        "tests/unit/practitioner/test_notes_schedule.py::test_a_gateway_looks_without_a_beat",
        "practitioner/wiring.py",
        "                EXCHANGE_SECONDS, EXCHANGE_SECONDS, self.exchanging.step",
        "                EXCHANGE_SECONDS, 0.0, self.exchanging.step",
    ),
    Mutation(
        f"{NODE}test_node_notes.py::test_no_thread_is_kept_where_a_query_opened_by_chance",
        THREADS,
        "_CONCERNED: Final = frozenset({Finding.MATCH.value, Finding.POSSIBLE.value})",
        "_CONCERNED: Final = frozenset(each.value for each in Finding)",
    ),
    # ---- G4 Silence is never "no" ----------------------------------------------------------------
    Mutation(
        f"{HOSTILE}test_no_list_of_lies_makes_a_false_word",
        QUERY,
        "{a.id: self._answers.get(a.id, GAP) for a in self._asked}",
        "{a.id: self._answers.get(a.id, _NO) for a in self._asked}",
        GAPS_AS_NO,
    ),
    Mutation(
        "tests/simulation/test_federation_lives.py::TestFederationLives",
        ANSWERS,
        "return _cannot(agency, Cannot.NOT_READY)",
        "made = int(self._now())\n"
        "                said = AgencyAnswer(agency, Status.NOTHING_TO_DISCLOSE, made, made)\n"
        "                return DraftAnswer(said, (), None)",
    ),
    Mutation(
        f"{GATEWAY}test_outcome.py::test_one_gap_and_one_no_are_a_gap",
        CONCLUDED,
        "    Status.NOTHING_TO_DISCLOSE: 0,\n",
        "    Status.NOTHING_TO_DISCLOSE: 3.5,\n",
    ),
    Mutation(
        f"{GATEWAY}test_client.py::test_a_broker_that_never_ends_is_waited_for_gathering_and_grace",
        SENDING,
        "seconds = federation.parameters.gathering_ms / 1000 + GRACE_SECONDS",
        "seconds = federation.parameters.gathering_ms / 100 + GRACE_SECONDS",
    ),
    Mutation(
        f"{NODE}test_node_answers.py::test_never_imported_is_not_a_no",
        ANSWERS,
        "return _cannot(agency, Cannot.NOT_READY)",
        "return DraftAnswer(AgencyAnswer(agency, Status.NOTHING_TO_DISCLOSE, 0, 0), (), None)",
    ),
    Mutation(
        f"{FOOTING}test_a_node_behind_the_requesters_list_asks_to_try_again",
        JUDGED,
        "if core.metadata_version != federation.version:",
        "if core.metadata_version < federation.version:",
    ),
    Mutation(
        f"{FOOTING}test_whoever_is_denied_now_is_denied_in_the_list_before",
        JUDGED,
        "(replace(held, deny=federation.deny), at)",
        "(held, at)",
    ),
    Mutation(
        f"{HOSTILE}test_a_node_on_another_member_list_is_a_gap_where_they_differ",
        QUERY,
        "{a.id: self._answers.get(a.id, GAP) for a in self._asked}",
        "{a.id: self._answers.get(a.id, _NO) for a in self._asked}",
        GAPS_AS_NO,
    ),
    Mutation(
        f"{GATEWAY}test_outcome.py::test_a_suspended_agency_is_not_asked_and_so_it_is_named",
        CONCLUDED,
        "for gap in (*area.not_connected, *suspended):",
        "for gap in area.not_connected:",
    ),
    Mutation(
        f"{GATEWAY}test_plan.py::test_a_question_that_has_wide_keys_only_is_for_the_own_area",
        PLAN,
        'raise Refused(Code.WEAK_INPUT, "no blocking key for this reach")',
    ),
    Mutation(
        f"{GATEWAY}test_outcome.py::test_none_named_itself_only_when_each_connected_one_answered",
        OUTCOME,
        "self.connected > 0 and self.answered == self.connected and self.named == 0",
        "self.connected > 0 and self.named == 0",
    ),
    Mutation(
        f"{GATEWAY}test_client.py::"
        "test_a_refusal_of_everything_is_recorded_and_raised_with_all_agencies_as_gaps",
        CLIENT,
        "    unsent = [not_asked(refused)]\n",
        "    unsent = [Answered(Status.NOTHING_TO_DISCLOSE)]\n",
    ),
    Mutation(
        "tests/unit/fingerpost/membership/test_rpc_channel.py::"
        "test_a_peer_that_accepts_no_connection_is_given_up_before_the_deadline",
        "fingerpost/membership/rpc_channel.py",
        "                if not done and not await self._is_there():\n",
        "                if False:\n",
        (("return await answer\n", "return await asyncio.wait_for(answer, 5)\n"),),
    ),
    # ---- G5 Pointers only ------------------------------------------------------------------------
    Mutation(
        f"{PRIVATE}test_private_codec.py::test_fields_of_no_contract_are_refused_deeper_down",
        "fingerpost/protocol/codec/strict.py",
        "        for child in value if descriptor.is_repeated else (value,):\n"
        "            refuse_unknown(child)",
        "        pass",
    ),
    Mutation(
        f"{PRIVATE}test_private_messages.py::"
        "test_a_pointer_of_an_agency_that_is_not_involved_has_no_place",
        "fingerpost/private/messages.py",
        'raise Refused(Code.MALFORMED, "answer.pointers without involvement")',
    ),
    Mutation(
        f"{DISHONEST}test_a_role_that_may_not_ask_for_the_purpose_is_refused_where_it_opens",
        RULES,
        "    found = row(code_lists.terms, purpose, role)\n",
        "    found = next(each for each in code_lists.terms if each.purpose is purpose)\n",
    ),
    Mutation(
        "tests/unit/fingerpost/protocol/test_terms.py::"
        "test_lists_that_allow_more_than_this_release_are_refused_whole",
        "fingerpost/protocol/terms.py",
        "            and self.tier <= wider.tier\n",
        "",
    ),
    Mutation(
        f"{NODE}test_node_disclosure.py::test_what_is_told_is_exactly_what_the_table_lets",
        TOLD,
        "if not row.sensitive and row.kind in COARSE]",
        "if row.kind in COARSE]",
    ),
    Mutation(
        f"{PRIVATE}test_notes.py::test_a_cell_that_holds_no_note_of_this_way_is_counted",
        SEALED_NOTES,
        "if note.kind in SAID[way]:",
        "if note.kind:",
    ),
    # ---- G6 All that is not disclosed looks the same ---------------------------------------------
    Mutation(
        f"{NODE}test_node_reticence.py::"
        "test_reticence_of_every_kind_is_one_word_one_size_and_no_pointer",
        TOLD,
        "if any(row.shielded for row in (*rows, *near)):",
        "if all(row.shielded for row in (*rows, *near)):",
    ),
    Mutation(
        f"{NODE}test_node_ticks.py::test_nothing_leaves_because_it_is_ready",
        "agency_node/reading/ticks.py",
        "delays = max(1, ceil((ready_at - received_at) / delay - 1e-9))",
        "delays = (ready_at - received_at) / delay",
    ),
    Mutation(
        f"{NODE}test_node_ticks.py::test_the_stream_is_read_however_long_the_work_takes",
        "agency_node/reading/line.py",
        "        taken = self._meter.take(\n",
        "        if len(self._waiting) > 8:\n"
        '            raise Refused(Code.NOT_READY, "full")\n'
        "        taken = self._meter.take(\n",
        (
            (
                "class Line:\n",
                "from fingerpost.protocol.errors import Code, Refused\n\n\nclass Line:\n",
            ),
        ),
    ),
    Mutation(
        f"{DISHONEST}test_a_shielded_child_is_disclosed_to_nobody_for_any_purpose",
        TOLD,
        "if any(row.shielded for row in (*rows, *near)):",
        "if False:",
    ),
    Mutation(
        f"{NODE}test_node_answers.py::"
        "test_an_epoch_that_does_not_run_is_judged_before_the_index_and_alike_for_all",
        JUDGED,
        "        federation.epoch(core.epoch, now)\n",
        "",
    ),
    Mutation(
        f"{NODE}test_node_answers.py::test_a_log_that_cannot_be_written_silences_its_agency_whole",
        ANSWERS,
        "                self._faulty.add(agency)\n                self._log.error("
        '"node.record_failed", agency=agency)\n',
        "                pass\n",
    ),
    Mutation(
        f"{NODE}test_node_journal.py::test_commits_reads_and_bytes_are_equal_whatever_opens",
        "agency_node/answering/journal.py",
        "            size = size_of(looked_up, asked) + _LENGTH_BYTES\n",
        "            size = len(plain) + _LENGTH_BYTES\n",
    ),
    Mutation(
        f"{NOTES}test_sizes_counts_and_times_are_the_same_whichever_opened_and_whatever_was_said",
        EXCHANGED,
        "            leaving = first(waiting)\n",
        "            leaving = first(waiting)\n            if not leaving: return\n",
    ),
    Mutation(
        f"{PRIVATE}test_notes.py::test_a_packet_with_notes_is_made_in_as_many_steps_as_one_without",
        SEALED_NOTES,
        "for _ in range(limits.CELLS)]\n    turns",
        "for _ in range(limits.CELLS - len(notes))]\n    turns",
        also=(("*empty[len(notes) :]", "*empty"),),
    ),
    Mutation(
        f"{NOTES}test_an_agency_that_shields_the_child_is_reached_unseen",
        THREADS,
        "opening.finding in _CONCERNED",
        'opening.answer == "INVOLVED"',
    ),
    # ---- G7 Everyone is answerable ---------------------------------------------------------------
    Mutation(
        "tests/simulation/test_one_lookup.py::test_it_is_recorded_before_anything_leaves",
        CLIENT,
        "        await self._record.asked(session, question, lookup.operation, now, ",
        "        await asyncio.sleep(0)\n        self._record.asked(session, question, '', now, ",
    ),
    Mutation(
        f"{SECOND}test_it_is_recorded_and_taken_before_anything_leaves",
        CLIENT,
        "        await self._outcomes.spend(session, after, lookup.operation)\n",
        "",
    ),
    Mutation(
        f"{BROKER}test_broker_lookups.py::test_nothing_leaves_before_it_is_recorded",
        CARRIED,
        "            await self._recorder.append(record)\n",
        "",
    ),
    Mutation(
        "tests/unit/key_holder/test_key_holder_service.py::"
        "test_each_evaluation_is_recorded_before_it_is_given",
        "key_holder/service.py",
        "        await self._record.evaluated(member.id, batch, now)\n",
        "",
    ),
    Mutation(
        f"{NODE}test_node_answers.py::test_the_record_is_made_before_the_answer_is_sealed",
        ANSWERS,
        "        except Defect as defect:\n"
        '            self._log.error("node.journal_failed", error=defect)\n'
        "            return False\n",
        "        except Exception:\n            return True\n",
    ),
    Mutation(
        f"{GATEWAY}test_accounts.py::test_one_factor_alone_does_not_and_it_is_not_said_which",
        "practitioner/sign_in/accounts.py",
        "if kept is None or not right_password or step is None:",
        "if kept is None or step is None:",
    ),
    Mutation(
        f"{GATEWAY}test_sign_in_rules.py::"
        "test_training_and_vetting_must_outlast_a_query_and_the_skew",
        "practitioner/sign_in/rules.py",
        "return until <= now + _MARGIN",
        "return until <= now",
    ),
    Mutation(
        "tests/unit/fingerpost/audit/test_audit.py::test_a_change_is_found_where_it_is",
        "fingerpost/audit/chain.py",
        "        + hashlib.sha256(header).digest()\n",
        "",
    ),
    Mutation(
        "tests/unit/fingerpost/audit/test_audit.py::"
        "test_an_old_backup_is_refused_until_it_is_adopted",
        "fingerpost/audit/head.py",
        "        if head.number > entries:\n",
        "        if False:\n",
        (("if store.hash_at(connection, head.number) != head.digest:", "if False:"),),
    ),
    Mutation(
        "tests/unit/fingerpost/audit/test_audit.py::"
        "test_a_log_deleted_with_all_that_lies_beside_it_does_not_begin_anew",
        "fingerpost/audit/head.py",
        "        if head.number > entries:\n",
        "        if entries and head.number > entries:\n",
        (("if store.hash_at(connection, head.number) != head.digest:", "if False:"),),
    ),
    # ---- G8 Nobody alone can test guesses --------------------------------------------------------
    Mutation(
        f"{PRIVATE}test_locators.py::test_a_tag_is_hkdf_extract_of_both",
        LOCATORS,
        "return HKDF.extract(SHA256(), _TAG_SALT, f_a + f_b)",
        "return HKDF.extract(SHA256(), _TAG_SALT, f_a + f_a)",
    ),
    Mutation(
        f"{PRIVATE}test_locators.py::test_a_pepper_does_not_go_back",
        LOCATORS,
        "if not 0 <= day - self.day <= DAYS_AHEAD:",
        "if not day - self.day <= DAYS_AHEAD:",
    ),
    Mutation(
        f"{SEEN}test_key_holders_see_new_points_each_time_and_each_its_own",
        LOCATORS,
        "            for _ in keys\n        )\n",
        "            for _ in keys[:1]\n        ) * 2\n",
    ),
    Mutation(
        f"{GATEWAY}test_kept_state.py::test_the_requesters_key_goes_with_its_epoch",
        "fingerpost/membership/peppers.py",
        "        _erase(self._files.requester_path(epoch))\n",
        "        pass\n",
    ),
    Mutation(
        f"{PRIVATE}test_pepper_sealing.py::test_it_is_bound_to_epoch_day_and_member",
        "fingerpost/private/pepper_sealing.py",
        '        day.to_bytes(8, "big"),\n',
        "",
    ),
)
