"""What breaks the claims on what goes on at the same moment, or stops half-way: see ``claims``."""

from __future__ import annotations

from typing import Final

from mutants.mutation import DISHONEST, GATEWAY, NODE, NOTED, PASSPORT, SENDING, Mutation

MEMBERSHIP: Final = "tests/unit/fingerpost/membership/"

FAULTS: Final[tuple[Mutation, ...]] = (
    Mutation(
        f"{GATEWAY}test_client.py::"
        "test_what_one_query_brought_stays_though_the_other_could_not_be_recorded",
        SENDING,
        "            if not isinstance(failure, Refused | Defect):\n",
        "            if not isinstance(failure, Refused):\n",
    ),
    Mutation(
        f"{GATEWAY}test_client.py::"
        "test_what_the_first_try_brought_stays_though_the_second_could_not_be_recorded",
        SENDING,
        "                if best:  # a disk",
        "                if False:  # a disk",
    ),
    Mutation(
        f"{GATEWAY}test_accounts.py::"
        "test_no_session_begins_with_what_was_taken_back_while_the_password_was_checked",
        "practitioner/sign_in/accounts.py",
        "            if current.password_hash != kept.password_hash:\n",
        "            if False:\n",
    ),
    Mutation(
        f"{MEMBERSHIP}test_credentials_peppers.py::TestTurningOn::"
        "test_what_could_not_be_erased_goes_with_the_next_turn",
        "fingerpost/membership/peppers.py",
        "        _erase(self._files.pepper_path(held))\n        self._peppers[epoch] = turned\n",
        "        self._peppers[epoch] = turned\n        _erase(self._files.pepper_path(held))\n",
    ),
    Mutation(
        "tests/unit/key_holder/test_key_holder_service.py::"
        "test_a_key_that_could_not_be_destroyed_is_destroyed_later",
        "key_holder/vault.py",
        "        path = self._path(epoch)\n        with or_defect",
        "        path = self._path(epoch)\n        del self._seeds[epoch]\n        with or_defect",
        (("                path.unlink()\n        del self._seeds[epoch]\n", ""),),
    ),
    Mutation(
        f"{MEMBERSHIP}test_member_list_poll.py::TestABrokerThatFreezesTheList::"
        "test_one_that_gives_each_file_late_keeps_no_suspension_back",
        "fingerpost/membership/member_list.py",
        "            if is_late():\n",
        "            if False:\n",
    ),
    Mutation(
        "tests/unit/authority/test_issuer_service.py::"
        "test_a_list_is_read_whoever_signed_its_snapshot",
        "authority/issuer/service.py",
        "self._roll_of != done.snapshot_version",
        "done.new_snapshot",
    ),
    Mutation(
        f"{DISHONEST}test_a_passport_that_ends_after_every_calendar_is_refused_and_recorded",
        PASSPORT,
        "max(held.training_ends, held.vetting_until) >= limits.LATEST",
        "max(held.training_ends, held.vetting_until) >= 2**40",
    ),
    Mutation(
        f"{NODE}test_node_notes.py::test_who_was_suspended_since_says_and_is_told_nothing_more",
        NOTED,
        "            and self._is_open(thread)\n",
        "",
    ),
    Mutation(
        f"{NODE}test_node_answers.py::test_who_asked_is_recorded_though_a_record_cannot_be_read",
        "agency_node/answering/matching.py",
        "        decided = Examined(Finding.UNREAD, question, (), (), fault=fault)\n",
        "        raise fault\n",
    ),
    Mutation(
        "tests/unit/fingerpost/runtime/test_witness.py::"
        "test_a_file_is_not_adopted_where_that_cannot_be_recorded",
        "fingerpost/runtime/witness.py",
        "        record(adopted)\n        self._put(adopted.number, changed, adopted=True)\n",
        "        self._put(adopted.number, changed, adopted=True)\n        record(adopted)\n",
    ),
    Mutation(
        "tests/unit/fingerpost/runtime/test_witness.py::"
        "test_rows_are_not_adopted_where_that_cannot_be_recorded",
        "fingerpost/runtime/witnessed_rows.py",
        "            record(adopted)\n        self._witness.adopt(mark)\n",
        "        self._witness.adopt(mark)\n        record(adopted)\n",
    ),
    Mutation(
        "tests/unit/practitioner/test_people_put_back.py::"
        "test_accounts_are_not_adopted_unless_their_sessions_end",
        "practitioner/sign_in/accounts.py",
        "        return self._rows.adopt(\n"
        "            lambda connection: self._end_sessions(connection, lambda _: True), record\n"
        "        )\n",
        "        adopted = self._rows.adopt(record=record)\n"
        "        with self._rows.changing() as connection:\n"
        "            self._end_sessions(connection, lambda _: True)\n"
        "        return adopted\n",
    ),
    Mutation(
        "tests/unit/practitioner/test_accounts.py::test_a_clock_that_was_ahead_locks_nobody_out",
        "practitioner/sign_in/rules.py",
        "if now < wait_until <= now + LONGEST_WAIT_SECONDS + limits.CLOCK_SKEW_SECONDS:",
        "if now < wait_until:",
    ),
    Mutation(
        "tests/contracts/test_node_journal_store.py::"
        "test_who_is_killed_as_a_journal_is_gone_on_from_takes_it_for_no_newest",
        "agency_node/records/store/journal.py",
        "        self._rows.adopt(change=begin)\n",
        "        self._rows.adopt()\n"
        "        with self._rows.changing() as change:\n"
        "            begin(change)\n",
    ),
    Mutation(
        f"{NODE}test_node_journal.py::"
        "test_a_page_that_does_not_open_keeps_no_other_out_of_the_logs",
        "agency_node/answering/journal.py",
        "                    broken.append(defect)\n",
        "                    raise defect\n",
    ),
    Mutation(
        "tests/unit/fingerpost/audit/test_audit.py::"
        "test_a_log_is_not_adopted_where_that_cannot_be_recorded",
        "fingerpost/audit/log.py",
        "            if not adopt:\n                log._head.bring_to(log.head())\n",
        "            log._head.adopt(log.head())\n",
    ),
)
