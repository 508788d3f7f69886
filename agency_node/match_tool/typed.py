"""Two records that somebody types or pipes in, as JSON or CSV. Pure.

They come by standard input or a file, never as arguments: those can be read by every user of the machine."""

from __future__ import annotations

from typing import Final

import msgspec

from agency_node.match_tool.cells import BadInput
from agency_node.match_tool.tables import COLUMNS, Row, Table, parse_table, table_of

MOST_TYPED: Final = 64 * 1024
_NAME: Final = "typed records"


def read_typed(content: bytes) -> tuple[Row, Row]:
    """The two records of ``typed_table``."""
    one, other = typed_table(content).rows
    return one, other


def typed_table(content: bytes) -> Table:
    """A JSON list of two objects, or CSV with a first line and two rows; the columns are those of a table, and
    ``record_id`` may be missing. Two rows come back. Raises ``BadInput``."""
    if len(content) > MOST_TYPED:
        raise BadInput(f"{_NAME}: more than {MOST_TYPED:,} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{_NAME}: not in UTF-8") from None
    if "\0" in text:
        raise BadInput(f"{_NAME}: not a text")
    if text.lstrip()[:1] in ("[", "{"):
        table = table_of(_NAME, _objects(text))
    else:
        table = parse_table(_NAME, text.splitlines(), ids=False)
    if len(table.rows) != 2:
        raise BadInput(f"{_NAME}: two records are needed, {len(table.rows)} are there")
    return table


def _objects(text: str) -> list[dict[str, str]]:
    try:
        found = msgspec.json.decode(text, type=list[dict[str, str | None]])
    except msgspec.DecodeError as error:  # of the form only: it repeats no value
        raise BadInput(f"{_NAME}: not a JSON list of two objects of texts ({error})") from None
    for each in found:
        for place, name in enumerate(each, 1):
            if name not in COLUMNS:
                raise BadInput(
                    f"{_NAME}: name {place} of an object is none of {', '.join(COLUMNS)}"
                )
    return [{name: (text or "").strip() for name, text in each.items()} for each in found]
