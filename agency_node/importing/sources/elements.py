"""XML without its dangers: elements and their texts, one after another. Pure.

Law: nothing that XML offers beyond elements and text is followed. A document type ends the reading
before an entity could be declared (attacks: an entity that unpacks to gigabytes, one that names a
file or an address); depth, elements and tokens are bounded. What is no well-formed whole is
refused. The parser is expat, which is a part of Python, hands over one element at a time and opens
nothing: a tree would hold a file of gigabytes in memory.

Source: Extensible Markup Language (XML) 1.0; Namespaces in XML 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Protocol
from xml.parsers import expat

from agency_node.importing.sources.encodings import named
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reasons import Reason

MOST_ELEMENTS: Final = 50_000_000
MOST_DEPTH: Final = 32
OF_ANOTHER: Final = "?"
"""Stands in a place for the name of an element of another namespace than the root's."""
_CHUNK: Final = 1 << 18
_LONGEST_TOKEN: Final = 4 * _CHUNK
_LONGEST_TEXT: Final = 1000
"""What a field may hold is shorter, and so is refused as too long."""
_BETWEEN: Final = " "
"""Stands between a namespace and a name, and in neither."""
_BEGINS: Final = re.compile(r"\s*<[?!A-Za-z_]")
_HTML: Final = re.compile(r"\s*<(?:!doctype\s+)?html\b", re.IGNORECASE)
_DECLARED: Final = re.compile(
    rb"""\s*<\?xml[^>]{1,100}?encoding\s*=\s*["']([\w.-]{1,40})["']""", re.ASCII
)
_SHOWN_BY_THE_BYTES: Final = frozenset({"us-ascii", "ascii", "utf-8", "utf8", "utf-16", "utf16"})


class Elements(Protocol):
    """Is given the elements of a file.

    A place is the names of an element and of all around it, in lower case: ``/ctfile/header``.
    """

    def root(self, name: str) -> None:
        """Raises ``RefusedFile(XML_OTHER)``."""

    def is_read(self, place: str) -> bool:
        """Return whether the text of this element is wanted."""

    def opened(self, place: str, above: str, name: str) -> None:
        """Note an element. ``name``: its own, also where it is of another namespace."""

    def closed(self, place: str, text: str) -> None:
        """Note the text of an element that is wanted, with single spaces."""

    def holds_others(self, place: str) -> None:
        """Note that an element of which the text is wanted holds elements."""


def is_xml(text: str) -> bool:
    """Return whether a text can only be XML or HTML."""
    return _BEGINS.match(text) is not None


def declared_encoding(content: bytes) -> str:
    """Return the encoding that XML declares, as one of ``encodings.ENCODINGS``; empty where nothing
    is declared, or what the bytes themselves show.

    Raises:
        RefusedFile: ENCODING_NOT_STATED, it is none that is read.
    """
    found = _DECLARED.match(content)
    declared = found[1].decode("ascii").lower() if found else "utf-8"
    if declared in _SHOWN_BY_THE_BYTES:
        return ""  # it is not UTF-16: this declaration was read as ASCII
    name = named(declared)
    if name is None:
        raise RefusedFile(Reason.ENCODING_NOT_STATED, "", (f"declared as {declared}",))
    return name


def read_elements(text: str, to: Elements) -> None:
    """Hand all elements over, in the order of the file.

    Raises:
        RefusedFile: XML_NOT_READ, XML_OTHER, XML_WITH_DOCTYPE, XML_TOO_LARGE or NOT_UTF8.
    """
    walk, parser, fed = _Walk(to), expat.ParserCreate("utf-8", _BETWEEN), 0
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    try:
        for some in _chunks(text.lstrip()):
            parser.Parse(some, False)
            fed += len(some)
            # Attack: the parser begins a token anew with each chunk of it.
            if fed - parser.CurrentByteIndex > _LONGEST_TOKEN:
                raise RefusedFile(Reason.XML_TOO_LARGE)
        parser.Parse(b"", True)
    except expat.ExpatError as broken:
        if _HTML.match(text):  # it is no XML, and need not be
            raise RefusedFile(Reason.XML_OTHER) from None
        raise RefusedFile(Reason.XML_NOT_READ, f"line {broken.lineno}") from None
    except UnicodeEncodeError:  # a byte that is not in a stated UTF-8
        raise RefusedFile(Reason.NOT_UTF8) from None


def _chunks(text: str) -> Iterator[bytes]:
    for begins in range(0, len(text), _CHUNK):
        yield text[begins : begins + _CHUNK].encode()


def _refuse_doctype(name: str, *_: object) -> None:
    is_html = name.casefold() == "html"
    raise RefusedFile(Reason.XML_OTHER if is_html else Reason.XML_WITH_DOCTYPE)


class _Walk:
    """Keeps the place of each element that is open, and the text of one that is wanted."""

    def __init__(self, to: Elements) -> None:
        self._to = to
        self._namespace = ""
        self._places = [""]
        self._elements = 0
        self._text: list[str] | None = None
        self._left = 0

    def start(self, written: str, _attributes: object) -> None:
        namespace, _, name = written.casefold().rpartition(_BETWEEN)
        above = self._places[-1]
        if not above:
            self._to.root(name)
            self._namespace = namespace
        self._elements += 1
        if self._elements > MOST_ELEMENTS or len(self._places) > MOST_DEPTH:
            raise RefusedFile(Reason.XML_TOO_LARGE)
        if self._text is not None:
            self._to.holds_others(above)
        place = f"{above}/{name if namespace == self._namespace else OF_ANOTHER}"
        self._places.append(place)
        self._to.opened(place, above, name)
        if self._to.is_read(place):
            self._text, self._left = [], _LONGEST_TEXT

    def text(self, some: str) -> None:
        if self._text is not None and self._left > 0:
            self._text.append(some)
            self._left -= len(some)

    def end(self, _written: str) -> None:
        place = self._places.pop()
        if self._text is not None and self._to.is_read(place):
            self._to.closed(place, " ".join("".join(self._text).split()))
            self._text = None
