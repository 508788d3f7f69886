"""One lookup can be read in few files: what ``make lookup-files`` counts stays within its bound."""

from __future__ import annotations

from benchmarks.lookup_files import files_of_a_lookup

MOST_FILES = 67
"""Three of them are the node's line, from the stream to the work and back; two are why somebody
asks: what she states, and what the purpose allows; one is whether enough is known to ask; one is
the register of shields; two are the agency's agreement; one is which place an answer tells; two are
how old records may be and what an answer from them is worth; one is what an outcome follows from;
one is how names agree, one how often a record is missed; three are whom to ring now: the rule, the
days of an agency, and bank holidays; six are what notes need afterwards."""


def test_one_lookup_runs_through_few_files() -> None:
    files = files_of_a_lookup()
    assert {path.split("/")[0] for path in files} == {
        "agency_node",
        "broker",
        "fingerpost",
        "practitioner",
    }
    assert len(files) <= MOST_FILES, "\n".join(files)
