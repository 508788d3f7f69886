"""What of an export was not taken: faults of rows, and of a whole file. Pure.

Law: a fault names a line, a column and a reason, never what stood there: reports are passed on, and
a row is about a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agency_node.importing.sources.reasons import Reason


@dataclass(frozen=True, slots=True)
class RowFault:
    """A fault for which a row was refused, or a remark about a row that was taken.

    Attributes:
        line: of the file, where the header is line 1; of a source without lines, the place of the
            record, from 1 (``table.Row``).
        column: "" when the reason is about the whole line.
    """

    line: int
    column: str
    reason: Reason

    @property
    def words(self) -> str:
        return self.reason.words


@dataclass(frozen=True, slots=True)
class FileFault:
    """A fault for which a whole file was refused.

    Attributes:
        column: one of our names, the place of a column or a line, a day, or "". A name from the
            file is never shown: the first line may be a row without a header, and thus about a
            person.
        shapes: the forms that were seen (``sources.shapes``), or names of sheets or encodings.
    """

    reason: Reason
    column: str = ""
    shapes: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        seen = f"seen: {', '.join(self.shapes)}" if self.shapes else ""
        return "; ".join(filter(None, (self.column, seen)))

    def __str__(self) -> str:
        return _with(self.reason.words, self.where)


class RefusedFile(Exception):
    """The file as a whole cannot be taken: nothing was imported.

    Attributes:
        faults: all that were found, one at least.
    """

    def __init__(self, reason: Reason, column: str = "", shapes: Sequence[str] = ()) -> None:
        self.faults: tuple[FileFault, ...] = (FileFault(reason, column, tuple(shapes)),)
        super().__init__(self.faults)

    @classmethod
    def of(cls, faults: Sequence[FileFault]) -> RefusedFile:
        """Return the refusal for several faults."""
        refused = cls(faults[0].reason)
        refused.faults = tuple(faults)
        return refused

    def __reduce__(self) -> tuple[object, ...]:
        return RefusedFile.of, (self.faults,)  # it crosses between processes

    @property
    def reason(self) -> Reason:
        return self.faults[0].reason

    @property
    def column(self) -> str:
        return self.faults[0].column

    def __str__(self) -> str:
        """Say all faults, and after those of one kind what to do about them."""
        remedies = dict.fromkeys(fault.reason.remedy for fault in self.faults)
        where: dict[Reason, list[str]] = {}
        for fault in self.faults:
            where.setdefault(fault.reason, []).append(fault.where)
        said = (
            _with(reason.words, "; ".join(filter(None, each))) for reason, each in where.items()
        )
        return " ".join([*said, *filter(None, remedies)])


def _with(words: str, where: str) -> str:
    return words + (f" ({where})" if where else "")
