"""What lets in the attacks by a node, by a thief, and by whoever puts back an older state: see
``claims``.
"""

from __future__ import annotations

from typing import Final

from mutants.mutation import (
    BROKER,
    CARRIED,
    EXCHANGED,
    GATEWAY,
    LOCATORS,
    NODE,
    NOTES,
    SEALED,
    SEEN,
    WITNESS,
    Mutation,
)

DEPOSITED: Final = "tests/unit/fingerpost/membership/test_deposited_heads.py::"
THEFTS: Final[tuple[Mutation, ...]] = (
    # ---- by a node -------------------------------------------------------------------------------
    Mutation(
        f"{GATEWAY}test_query.py::test_a_node_speaks_for_all_its_agencies_and_for_no_other",
        SEALED,
        'raise Refused(Code.MALFORMED, "answer.agencies")',
    ),
    Mutation(
        f"{NODE}test_node_ticks.py::test_on_a_tick_never_early_and_late_by_whole_delays_only",
        "agency_node/reading/ticks.py",
        "    return tick_at_or_after(received_at + delays * delay)\n",
        "    return received_at + delays * delay\n",
    ),
    Mutation(
        f"{BROKER}test_broker_streams.py::test_made_up_answers_end_the_stream",
        CARRIED,
        "            stream.owed.answered(len(message))\n",
        "",
    ),
    Mutation(
        f"{BROKER}test_broker_streams.py::test_a_stream_does_not_outlive_its_certificate",
        CARRIED,
        "                stream.end(refused)\n",
        "                pass\n",
    ),
    Mutation(
        f"{BROKER}test_broker_streams.py::test_a_stopped_node_holds_back_nobody",
        "broker/lookup.py",
        "        if len(self._all) >= most:\n",
        "        if False:\n",
    ),
    Mutation(
        "tests/unit/fingerpost/protocol/test_caseload.py::"
        "test_the_declared_caseload_and_a_quarter_more_in_an_epoch",
        "fingerpost/protocol/caseload.py",
        "        if total > bounds.most:\n",
        "        if False:\n",
    ),
    Mutation(
        "tests/unit/fingerpost/protocol/test_caseload.py::"
        "test_42_copied_rows_are_more_than_a_full_node_of_100_may_add",
        "fingerpost/protocol/caseload.py",
        "        if total > bounds.most:\n",
        "        if False:\n",
    ),
    Mutation(
        "tests/unit/authority/test_metering.py::"
        "test_a_holder_that_hides_a_member_is_found_by_the_other",
        "authority/metering.py",
        "        for one, other in _pairs(*counts)\n",
        "        for one, other in _pairs(*counts)\n        if one and other\n",
    ),
    Mutation(
        f"{NOTES}test_a_node_cannot_speak_for_the_agency_of_another",
        EXCHANGED,
        "return federation.agency(note.agency).node == node",
        "return True",
    ),
    # ---- by a thief ------------------------------------------------------------------------------
    Mutation(
        f"{SEEN}test_a_stolen_database_opens_nothing_of_earlier_days",
        LOCATORS,
        "if not 0 <= day - self.day <= DAYS_AHEAD:",
        "if not day - self.day <= DAYS_AHEAD:",
    ),
    Mutation(
        "tests/unit/authority/test_deny_list_record.py::"
        "test_the_record_of_before_a_suspension_reinstates_nobody",
        WITNESS,
        "    if held.number < witnessed.number:\n        return Fault.OLDER\n",
        "",
    ),
    Mutation(
        "tests/unit/authority/test_issuer_online.py::"
        "test_a_suspension_after_a_restore_reaches_those_who_saw_more",
        "authority/issuer/online.py",
        "        least = 1 if witnessed is None else witnessed.number + 1\n",
        "        least = 1\n",
    ),
    Mutation(
        "tests/contracts/test_issuer_heads.py::"
        "test_an_earlier_copy_is_reported_once_and_gone_on_from",
        "authority/issuer/heads_store.py",
        "            rows.require_whole()\n",
        "            pass\n",
    ),
    Mutation(
        "tests/unit/practitioner/test_people_put_back.py::test_a_disabled_account_does_not_come_back",
        WITNESS,
        "    if held.number < witnessed.number:\n        return Fault.OLDER\n",
        "",
    ),
    Mutation(
        "tests/unit/practitioner/test_people_put_back.py::test_a_second_round_is_not_asked_twice",
        WITNESS,
        "    if held.number < witnessed.number:\n        return Fault.OLDER\n",
        "",
    ),
    Mutation(
        "tests/unit/practitioner/test_generations.py::"
        "test_an_earlier_copy_is_refused_until_it_is_adopted",
        WITNESS,
        "    if held.number < witnessed.number:\n        return Fault.OLDER\n",
        "",
    ),
    Mutation(
        f"{NODE}test_records_at_rest.py::test_records_put_back_answer_only_after_an_import",
        "agency_node/records/store/records.py",
        "        return is_behind(self.generation(agency), witnessed)\n",
        "        return False\n",
    ),
    Mutation(
        "tests/contracts/test_broker_store.py::test_a_replay_set_put_back_alone_begins_anew",
        "broker/store.py",
        "                _begin_anew(rows, now)\n            since",
        "            since",
    ),
    Mutation(
        "tests/contracts/test_broker_store.py::test_a_clock_that_is_behind_sets_no_store_back",
        "broker/store.py",
        "            if since is None:\n",
        "            if since is None or since > now:\n",
    ),
    Mutation(
        "tests/contracts/test_node_journal_store.py::"
        "test_of_a_journal_put_back_alone_nobody_knows_what_was_answered_before",
        "agency_node/records/store/journal.py",
        "        return since is not None and query",
        "        return since is None and query",
    ),
    Mutation(
        "tests/unit/key_holder/test_key_holder_service.py::"
        "test_a_meter_put_back_gives_no_quota_again",
        "key_holder/store.py",
        "                meter.require_whole()\n",
        "                pass\n",
    ),
    Mutation(
        "tests/contracts/test_flipped_bits.py::test_no_flipped_bit_reads_as_something_else",
        "fingerpost/runtime/summed_rows.py",
        "            if not hmac.compare_digest(_kept(connection), self._counted(connection)):\n",
        "            if False:\n",
    ),
    Mutation(
        f"{DEPOSITED}test_a_log_deleted_with_its_head_and_its_witness_is_found_out",
        "fingerpost/membership/deposited_heads.py",
        "        if head is not None and found != head.digest:\n",
        "        if head is not None and found not in (None, head.digest):\n",
    ),
    Mutation(
        f"{DEPOSITED}test_a_log_written_anew_with_all_copies_of_its_head_is_found_out",
        "fingerpost/membership/deposited_heads.py",
        "        if head is not None and found != head.digest:\n",
        "        if head is not None and found is None:\n",
    ),
    Mutation(
        f"{DEPOSITED}test_a_deposit_shows_nothing_of_whether_a_log_grew",
        "fingerpost/membership/deposited_heads.py",
        "        mark = newest or _NONE\n",
        "        if newest is None:\n            continue\n        mark = newest\n",
    ),
    Mutation(
        f"{DEPOSITED}test_the_issuer_makes_no_head_up",
        "fingerpost/membership/deposited_heads.py",
        'return b"heads\\0" + at.to_bytes(8, "big") + part',
        'return b"heads\\0" + part',
    ),
    Mutation(
        f"{DEPOSITED}test_stores_put_back_with_their_witness_are_reported_at_the_start",
        "fingerpost/membership/deposited_heads.py",
        "        if left > (newest.number if newest else 0):\n",
        "        if newest is None and left:\n",
    ),
    Mutation(
        f"{DEPOSITED}test_who_loses_the_issuers_acceptance_hides_no_store_that_was_put_back",
        "fingerpost/membership/deposited_heads.py",
        "        if self._due is None:\n",
        "        if self._due is None:\n            await self.leave(stores)\n",
    ),
    Mutation(
        "tests/simulation/test_records_put_back.py::"
        "test_a_no_from_records_that_went_back_is_a_gap_and_never_complete",
        "practitioner/asking/belief.py",
        "    if answer.status not in USABLE or (answer.generation >= seen and not too_old):\n",
        "    if True:\n",
    ),
    Mutation(
        "tests/unit/fingerpost/membership/test_member_list_attacks.py::TestAttacks::"
        "test_an_older_list_is_not_taken_from_a_folder_that_was_put_back",
        "fingerpost/membership/member_list.py",
        "        _require_newest(trusted.versions, witnessed)\n        before = self._state\n",
        "        before = self._state\n",
    ),
    Mutation(
        "tests/unit/fingerpost/membership/test_trusted_time.py::test_a_clock_that_jumped_is_found_out",
        "fingerpost/membership/trusted_time.py",
        "    if -limits.CLOCK_SKEW_SECONDS <= ahead <= most:\n",
        "    if -limits.CLOCK_SKEW_SECONDS <= ahead:\n",
    ),
    Mutation(
        "tests/unit/practitioner/test_people_put_back.py::"
        "test_a_row_of_an_earlier_state_is_not_believed",
        "fingerpost/runtime/witnessed_rows.py",
        "return hmac.compare_digest(held.digest, self._digest(connection, held.number))",
        "return True",
    ),
    Mutation(
        "tests/unit/authority/test_deny_list_record.py::test_no_flipped_bit_makes_another_list",
        WITNESS,
        "        if not hmac.compare_digest(digest, self._witness.digest(number, content)):\n",
        "        if False:\n",
        (("held.number == witnessed.number and held.digest", "False and held.digest"),),
    ),
    Mutation(
        f"{GATEWAY}test_kept_state.py::test_no_flipped_bit_makes_another_key_or_pepper",
        "fingerpost/membership/pepper_files.py",
        "        if not hmac.compare_digest(held, self._checked(path, held[:size])):\n",
        "        if False:\n",
    ),
    Mutation(
        "tests/unit/fingerpost/membership/test_credentials_peppers.py::TestKeysThatWait::"
        "test_it_is_replaced_after_a_week_and_gone_after_two",
        "fingerpost/membership/peppers.py",
        "                if today - held.made < KEY_DAYS:\n",
        "                if True:\n",
    ),
    Mutation(
        f"{NODE}test_planted_rows.py::"
        "test_an_entry_that_a_planted_row_opened_does_not_show_who_asked",
        "agency_node/answering/planted.py",
        "    if now - origin.first_seen < YOUNG_SECONDS:\n",
        "    if False:\n",
    ),
    Mutation(
        f"{NODE}test_node_notes.py::"
        "test_there_is_a_thread_for_each_entry_of_the_log_whatever_was_found",
        "agency_node/answering/threads.py",
        "return tuple(_thread(opening) for opening in openings)",
        "return tuple(_thread(o) for o in openings if o.finding in _CONCERNED)",
    ),
    Mutation(
        "tests/contracts/test_node_notes.py::test_a_thread_without_a_key_is_a_row_like_the_others",
        "agency_node/notes/store.py",
        "ROW_SIZES: Final = (256,)",
        "ROW_SIZES: Final = (80, 256)",
    ),
    Mutation(
        f"{NODE}test_planted_rows.py::"
        "test_an_entry_that_a_planted_row_opened_does_not_show_who_asked",
        "agency_node/answering/audit.py",
        ' approvers="", facts=b""',
        ' approvers=""',
    ),
    Mutation(
        f"{NODE}test_node_audit_search.py::test_who_is_hidden_is_not_searched_and_that_is_said",
        "agency_node/inbox/lookups.py",
        "Said(at, None, (), False, purpose, children, Unread.NOT_SHOWN)",
        "Said(at, None, (), True, purpose, children, Unread.NOT_SHOWN)",
    ),
    Mutation(
        f"{NODE}test_node_notes.py::test_what_cannot_be_recorded_shows_no_note",
        "agency_node/cli/notes.py",
        "search_commands.record(log, Criteria(first, last), by=actor, why=reason)",
        "_ = (Criteria(first, last), actor, reason)",
    ),
    Mutation(
        f"{NODE}test_node_audit_search.py::"
        "test_a_log_of_which_an_entry_was_taken_out_gives_no_answer",
        "fingerpost/audit/log.py",
        "in_chain(rows) if verified else rows",
        "rows",
    ),
    Mutation(
        f"{NODE}test_inbox.py::test_an_opening_is_on_record_before_anything_is_shown",
        "agency_node/cli/inbox.py",
        "        log.append(AuditEvent(event, actor, reason, int(time.time()), "
        '{"entry": number}))\n',
        "",
    ),
    Mutation(
        f"{NODE}test_inbox.py::test_the_list_names_nobody",
        "agency_node/cli/inbox.py",
        "return lookup.asked.role.name, lookup.body.asking_kind,",
        "return lookup.asked.name, lookup.body.asking_kind,",
    ),
    Mutation(
        f"{NODE}test_inbox_challenges.py::"
        "test_a_challenge_for_an_agency_of_another_node_is_refused",
        "fingerpost/membership/challenges.py",
        "    if federation.agency(found.agency).node != signer:\n",
        "    if False:\n",
    ),
    Mutation(
        f"{NODE}test_inbox_challenges.py::"
        "test_an_answer_for_an_agency_of_another_gateway_is_refused",
        "fingerpost/membership/challenges.py",
        "    federation.asking_agency(found.asking, signer)\n",
        "",
    ),
    Mutation(
        f"{NODE}test_inbox_challenges.py::"
        "test_where_nothing_was_disclosed_nobody_is_told_that_the_query_opened",
        "agency_node/inbox/challenging.py",
        'if e.fields["answer"] == involved',
        'if e.fields["answer"]',
    ),
    Mutation(
        f"{NODE}test_inbox_exceptions.py::test_no_rule_tells_what_an_entry_hides",
        "agency_node/inbox/exceptions.py",
        "        if lookup.asking and lookup.asking != around.agency.value:\n",
        "        if lookup.asking != around.agency.value:\n",
    ),
    Mutation(
        f"{NODE}test_inbox_exceptions.py::test_no_exception_names_anybody",
        "agency_node/inbox/exceptions.py",
        'f"One reference was stated for children of {families} families."',
        'f"{some[0].asking} stated one reference for {families} families."',
    ),
    Mutation(
        f"{NODE}test_planted_rows.py::test_a_child_keeps_her_first_day_when_she_moves_and_not_"
        "when_her_number_is_given_away",
        "agency_node/records/origin.py",
        "known = [self.first_seen[d] for d in (child.mark, child.own) if d in self.first_seen]",
        "known = list(self.first_seen.values())",
    ),
    Mutation(
        f"{GATEWAY}test_accounts.py::test_the_file_shows_nothing_of_an_account_or_a_session",
        "fingerpost/runtime/sealed_box.py",
        "return nonce + self._aead.encrypt(nonce, plain, bound)",
        "return nonce + plain + bytes(16)",
    ),
    Mutation(
        "tests/unit/authority/test_issuer_service.py::"
        "test_a_sealed_pepper_is_shown_to_its_member_and_to_the_broker_alone",
        "authority/issuer/rules.py",
        "require_fetchable(statement.path, None if member.party is Party.BROKER else member.id)",
        "require_fetchable(statement.path, None)",
    ),
    Mutation(
        "tests/contracts/test_broker_store.py::"
        "test_no_file_shows_anything_of_a_lookup_without_the_key",
        "broker/store.py",
        "        name = self._names.of(record.query_hash)\n",
        "        name = record.query_hash\n",
    ),
    Mutation(
        f"{NODE}test_records_sealing.py::"
        "test_a_child_with_many_involvements_is_no_longer_than_another",
        "agency_node/records/sealing.py",
        'return self._box.seal_padded(plain, self._place(b"padded child", (record,)), CHILD_SIZES)',
        "return self._box.seal_padded(\n"
        '            plain, self._place(b"padded child", (record,)), range(2**20)\n'
        "        )",
    ),
    Mutation(
        "tests/unit/fingerpost/runtime/test_keys_apart.py::"
        "test_under_one_top_folder_they_are_not_apart",
        "fingerpost/runtime/keys_apart.py",
        "one.parts[:2] != other.parts[:2] or",
        "one.parent != other.parent or",
    ),
    Mutation(
        "tests/unit/deploy/test_deploy_settings.py::test_no_party_starts_with_a_key_beside_its_data",
        "agency_node/importing/wiring.py",
        "require_apart(settings.keys, settings.data, trial=settings.places.trial)",
    ),
    Mutation(
        "tests/unit/deploy/test_deploy_units.py::"
        "test_a_unit_hands_over_the_keys_that_its_sample_names",
        "deploy/systemd/fingerpost-node.service",
        "LoadCredentialEncrypted=audit.secret:",
        "LoadCredential=audit.secret:",
    ),
    Mutation(
        "tests/unit/authority/test_authority_epochs.py::"
        "test_an_offline_machine_whose_clock_is_ahead_erases_nothing",
        "authority/epochs.py",
        "e.ends_at + KEPT_AFTER_END_SECONDS > facts.reached}",
        "e.ends_at + KEPT_AFTER_END_SECONDS > facts.now}",
    ),
    Mutation(
        f"{NODE}test_records_sealing.py::test_a_row_does_not_open_in_another_place",
        "agency_node/records/sealing.py",
        'return self._prefix + prefixed(table, *(n.to_bytes(8, "big") for n in numbers))',
        "return prefixed(table)",
        (
            ('data key", self._agency.value.encode("ascii"), *label)', 'data key", *label)'),
            ('self._derive(b"rows", number.to_bytes(8, "big"))', 'self._derive(b"rows")'),
        ),
    ),
    Mutation(
        "tests/unit/fingerpost/audit/test_audit.py::test_nothing_of_an_entry_is_readable_on_the_disk",
        "fingerpost/audit/log.py",
        "            sealed = self._headers.seal_padded(header, header_place(seq), HEADER_SIZES)\n",
        "            sealed = header\n",
    ),
    Mutation(
        "tests/integration/test_wrong_clocks.py::test_a_key_holder_100_days_ahead_keeps_its_keys",
        "fingerpost/membership/trusted_time.py",
        "return min(wall, signed.at + run)",
        "return wall",
    ),
    Mutation(
        "tests/unit/fingerpost/membership/test_trusted_time.py::"
        "test_an_issuer_that_is_ahead_moves_nobody_whose_clock_is_right",
        "fingerpost/membership/trusted_time.py",
        "return min(wall, signed.at + run)",
        "return signed.at + run",
    ),
    Mutation(
        "tests/unit/authority/test_authority_tampering.py::"
        "test_the_list_needs_a_threshold_of_its_own_keys",
        "authority/roles.py",
        "            charter.targets.threshold,\n",
        "            1,\n",
    ),
    Mutation(
        "tests/unit/fingerpost/runtime/test_logs.py::"
        "test_whatever_is_given_only_catalogued_names_come_out",
        "fingerpost/runtime/logs.py",
        "                continue\n",
        "                pass\n",
    ),
    Mutation(
        "tests/contracts/test_node_notes.py::test_a_destroyed_key_is_gone_from_the_file",
        "agency_node/notes/store.py",
        "over = [t for t in threads if t.at <= int(reached) - limits.NOTES_KEPT_SECONDS]",
        "over = threads[:0]",
    ),
)
