"""Draw the rooms of the house from the code: ``python docs/pictures/rooms.py`` writes ``rooms.svg``
beside it.

A party is a column, a room of it is a box with the names of its modules, and a room stands above
the rooms that it imports. ``tests/architecture/test_docs.py`` holds the picture to the code.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

TREE: Final = Path(__file__).resolve().parents[2]
PARTIES: Final = ("practitioner", "broker", "key_holder", "agency_node", "authority")
SHARED: Final = "fingerpost"
COLUMN: Final = 262
GAP: Final = 14
LINE: Final = 15
CHARS: Final = 40
Rooms = Mapping[str, Sequence[str]]


def rooms_of(package: str) -> Rooms:
    """Return the modules of each room of a package.

    What is no room stands under the package's own name.
    """
    found: dict[str, list[str]] = {}
    for path in sorted((TREE / package).rglob("*.py")):
        parts = path.relative_to(TREE).with_suffix("").parts
        if "migrations" in str(path) or "_pb2" in path.name or parts[-1] == "__init__":
            continue
        room = parts[1] if len(parts) > 2 else ""
        found.setdefault(room, []).append(".".join(parts[2:] if room else parts[1:]))
    if package == SHARED:
        found["wire"] = ["v1"]
    return found


def imports_between(package: str, rooms: Rooms) -> dict[str, set[str]]:
    """For each room of a package, the other rooms of it that its modules import."""
    found: dict[str, set[str]] = {room: set() for room in rooms}
    for path in (TREE / package).rglob("*.py"):
        parts = path.relative_to(TREE).with_suffix("").parts
        room = parts[1] if len(parts) > 2 else ""
        if room not in rooms or "_pb2" in path.name:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{name.name}" for name in node.names]
            elif isinstance(node, ast.Import):
                names = [name.name for name in node.names]
            else:
                continue
            for name in names:
                to = name.split(".")
                if to[0] == package and len(to) > 1 and to[1] != "settings":
                    found[room].add(to[1] if to[1] in rooms else "")
    return {room: others - {room} for room, others in found.items()}


def floors_of(package: str, rooms: Rooms) -> list[list[str]]:
    """The rooms, the lowest floor first: a room stands above all that it imports.

    Modules outside of the rooms stand on top where they join the rooms (wiring), and below where
    the rooms are built on them.
    """
    imports = imports_between(package, rooms)
    below = {room: others for room, others in imports.items() if room}
    floors: list[list[str]] = []
    placed: set[str] = set()
    while len(placed) < len(below):
        floor = sorted(
            room for room in below if room not in placed and below[room] - {""} <= placed
        )
        if not floor:
            raise ValueError(f"{package}: rooms import each other in a circle")
        floors.append(floor)
        placed.update(floor)
    if "" in rooms:
        built_on = any("" in others for room, others in below.items() if room != "cli")
        floors.insert(0 if built_on else len(floors), [""])
    return floors


def _text(width: int, files: Sequence[str]) -> list[str]:
    return textwrap.wrap(", ".join(files), CHARS * width // COLUMN, break_long_words=False)


def _box(x: int, y: int, width: int, title: str, files: Sequence[str], lines: int) -> list[str]:
    height = LINE * (lines + 1) + 14
    return [
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="5"/>',
        f'<text class="room" x="{x + 9}" y="{y + 18}">{escape(title)}</text>',
        *(
            f'<text x="{x + 9}" y="{y + 18 + LINE * n}">{escape(line)}</text>'
            for n, line in enumerate(_text(width, files), 1)
        ),
    ]


def _column(package: str, x: int, width: int, bottom: int) -> tuple[list[str], int]:
    """The boxes of a package, standing on ``bottom``; and where the highest one begins."""
    rooms = rooms_of(package)
    drawn: list[str] = []
    y = bottom
    for floor in floors_of(package, rooms):
        each = (width - GAP * (len(floor) - 1)) // len(floor)
        lines = max(len(_text(each, rooms[room])) for room in floor)
        y -= LINE * (lines + 1) + 14
        for n, room in enumerate(floor):
            title = room or package
            drawn += _box(x + n * (each + GAP), y, each, title, rooms[room], lines)
        y -= GAP
    return drawn, y


def _description() -> str:
    """The same as the drawing, for whoever hears it."""
    said = []
    for package in (*PARTIES, SHARED):
        floors = floors_of(package, rooms_of(package))
        named = (" and ".join(room or "modules of its own" for room in floor) for floor in floors)
        said.append(f"{package}, from the lowest floor: {', then '.join(named)}.")
    return " ".join(said)


def picture() -> str:
    """The whole drawing, as SVG."""
    width = len(PARTIES) * (COLUMN + GAP) + GAP
    shared, top = _column(SHARED, GAP, width - 2 * GAP, 0)
    drawn = [*shared]
    highest = top
    for n, party in enumerate(PARTIES):
        x = GAP + n * (COLUMN + GAP)
        boxes, y = _column(party, x, COLUMN, top - 26)
        drawn += boxes
        drawn.append(f'<text class="party" x="{x}" y="{y}">{party}</text>')
        highest = min(highest, y)
    drawn.append(f'<text class="party" x="{GAP}" y="{top + 2}">{SHARED}, what all agree on</text>')
    up = highest - 30
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {up} {width} {GAP - up}" '
            f'width="{width}" height="{GAP - up}" role="img" aria-labelledby="title desc">',
            '<title id="title">The rooms of each party</title>',
            f'<desc id="desc">{escape(_description())}</desc>',
            "<style>text{font:11px sans-serif;fill:#333}.room{font-weight:bold;font-size:13px;"
            "fill:#0b3d5c}.party{font-weight:bold;font-size:15px;fill:#111}"
            "rect{fill:#eef4f8;stroke:#7fa3b8}</style>",
            f'<rect x="0" y="{up}" width="{width}" height="{GAP - up}" '
            'style="fill:#fff;stroke:none"/>',
            *drawn,
            "</svg>\n",
        )
    )


if __name__ == "__main__":
    Path(__file__).with_name("rooms.svg").write_text(picture(), "utf-8")
