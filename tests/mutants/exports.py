"""What breaks the claims on exports, how they are read, and the age of records: see ``claims``."""

from __future__ import annotations

from typing import Final

from mutants.mutation import FEDERATION, NODE, Mutation

_AGES: Final = "tests/unit/fingerpost/protocol/test_feed_age.py::"

EXPORTS: Final[tuple[Mutation, ...]] = (
    Mutation(
        f"{NODE}test_node_answers.py::"
        "test_records_too_old_answer_nothing_alike_for_all_and_touch_no_index",
        FEDERATION,
        "return feed_life(as_of, age.days * limits.DAY, holidays)",
        "return feed_life(as_of, 10 * age.days * limits.DAY, holidays)",
    ),
    Mutation(
        "tests/simulation/test_old_records.py::test_a_node_that_goes_by_other_ages_is_not_believed",
        "practitioner/asking/belief.py",
        "(answer.generation >= seen and not too_old)",
        "answer.generation >= seen",
    ),
    Mutation(
        f"{_AGES}test_older_records_are_never_good_for_longer",
        "fingerpost/protocol/feed_age.py",
        "if holiday.ends <= at:",
        "if holiday.begins <= at:",
    ),
    Mutation(
        f"{_AGES}test_no_extension_outlasts_the_change_of_the_school_year",
        "fingerpost/protocol/feed_age.py",
        "            left = 0\n",
        "",
    ),
    Mutation(
        f"{NODE}test_import_cli.py::"
        "test_a_day_that_nobody_states_is_asked_for_or_the_export_is_refused",
        "agency_node/cli/export_stated.py",
        "        if not _can_be_asked():\n",
        "        return dict.fromkeys(jobs)\n        if not _can_be_asked():\n",
    ),
    Mutation(
        f"{NODE}test_import_cli.py::test_an_export_is_no_newer_than_its_file",
        "agency_node/importing/importer.py",
        "if as_of > written_on + day:",
        "if as_of > written_on + 400 * day:",
    ),
    Mutation(
        f"{NODE}test_import_misread.py::test_a_field_that_most_rows_lose_stops_the_import",
        "agency_node/importing/misread.py",
        "if 2 * lost > filled and many:",
        "if 2 * lost > facts.rows * 9:",
    ),
    Mutation(
        f"{NODE}test_import_misread.py::test_a_field_that_children_had_and_lack_stops_the_import",
        "agency_node/importing/misread.py",
        "return sharply and (lost >= few or turned)",
        "return sharply and lost >= children * 2",
    ),
    Mutation(
        f"{NODE}test_import_transfer_files.py::test_a_pupil_who_has_left_is_not_open",
        "agency_node/importing/sources/transfer_file.py",
        '            "end": time.get("end", ""),\n',
        '            "end": "",\n',
    ),
    Mutation(
        f"{NODE}test_import_transfer_files.py::"
        "test_what_is_no_pupil_is_named_and_takes_nobody_with_it",
        "agency_node/importing/sources/transfer_file.py",
        'if above == _PUPILS or name == "pupil":',
        "if place == _PUPIL:",
    ),
    Mutation(
        f"{NODE}test_import_transfer_files.py::test_a_document_type_is_never_read",
        "agency_node/importing/sources/elements.py",
        "    parser.StartDoctypeDeclHandler = _refuse_doctype\n",
        "",
    ),
    Mutation(
        f"{NODE}test_import_transfer_files.py::"
        "test_no_day_is_believed_that_is_after_the_one_of_the_file",
        "agency_node/importing/sources/reading.py",
        "as_of > table.made_on + timedelta(days=1)",
        "as_of > table.made_on + timedelta(days=400)",
    ),
    Mutation(
        f"{NODE}test_import_desks.py::test_a_number_of_the_row_wins_with_its_own_hours",
        "agency_node/importing/sources/desks.py",
        "        if not is_said(says):\n",
        "        if True:\n",
    ),
    Mutation(
        f"{NODE}test_import_desks.py::test_a_directory_that_most_teams_are_not_in_stops",
        "agency_node/importing/sources/desks.py",
        "if rows and (not met or 2 * met < len(asked)):",
        "if rows and not met:",
    ),
    Mutation(
        f"{NODE}test_import_archives.py::test_what_an_archive_unpacks_to_is_bounded",
        "agency_node/importing/source_file.py",
        "if found.tell() + len(chunk) > MOST_UNPACKED:",
        "if not chunk:",
    ),
)
