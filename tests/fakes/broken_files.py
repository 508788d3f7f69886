"""What disks, networks, programs and editors do to the bytes and lines of an export, each at random
places.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import replace
from random import Random

from fakes.damages import of_file, of_text
from fakes.invented_exports import File, Part


@of_file
def cut_at_a_byte(file: File, random: Random) -> File:
    left = random.randrange(len(file.content))
    parts = []
    for part in file.parts:
        parts.append(replace(part, content=part.content[: max(left, 0)]))
        left -= len(part.content)
    return file.with_parts([part for part in parts if part.content])


@of_text
def cut_between_two_lines(file: File, random: Random) -> File:
    """As when the disk is full, and whole blocks of lines were written."""
    return file.with_parts(file.parts[: random.randrange(1, len(file.parts) + 1)])


@of_file
def bit_flipped(file: File, random: Random) -> File:
    at = random.randrange(len(file.content))
    flipped = bytes([1 << random.randrange(8)])
    return _replaced(file, at, lambda byte: bytes([byte[0] ^ flipped[0]]))


@of_file
def block_of_zeros(file: File, random: Random) -> File:
    at, length = random.randrange(len(file.content)), random.choice((1, 16, 512))
    for place in range(at, min(at + length, len(file.content))):
        file = _replaced(file, place, lambda _: b"\0")
    return file


def _replaced(file: File, at: int, do: Callable[[bytes], bytes]) -> File:
    parts, begins = [], 0
    for part in file.parts:
        inside = at - begins
        begins += len(part.content)
        if 0 <= inside < len(part.content):
            content = part.content
            new = content[:inside] + do(content[inside : inside + 1]) + content[inside + 1 :]
            parts.append(replace(part, content=new))
        else:
            parts.append(part)
    return file.with_parts(parts)


@of_file
def block_written_twice(file: File, random: Random) -> File:
    at = random.randrange(len(file.parts))
    more = random.randrange(1, 6)
    some = file.parts[at : at + more]
    return file.with_parts([*file.parts[:at], *some, *file.parts[at:]])


@of_text
def block_of_lines_lost(file: File, random: Random) -> File:
    """From within one line to within another."""
    if len(file.parts) < 4:
        return file
    first, last = sorted(random.sample(range(1, len(file.parts)), 2))
    one, other = file.parts[first], file.parts[last]
    joined = one.content[: random.randrange(len(one.content) + 1)]
    joined += other.content[random.randrange(len(other.content) + 1) :]
    return file.with_parts([*file.parts[:first], Part(one.of, joined), *file.parts[last + 1 :]])


@of_text
def encoding_changed_half_way(file: File, random: Random) -> File:
    at = random.randrange(len(file.parts))
    other = random.choice(("cp1252", "utf-8", "mac-roman", "cp850", "utf-16-le"))

    def written(part: Part) -> Part:
        return replace(part, content=part.content.decode(file.encoding).encode(other, "replace"))

    return file.with_parts([*file.parts[:at], *map(written, file.parts[at:])])


@of_text
def encoding_of_another_program(file: File, random: Random) -> File:
    other = random.choice(("cp1252", "utf-8", "utf-8-sig", "mac-roman", "cp850", "utf-16"))
    text = b"".join(part.content for part in file.parts).decode(file.encoding)
    rest = text.encode(other, "replace")
    encoding = {"utf-8-sig": "utf-8"}.get(other, other)
    parts = [
        replace(part, content=part.content.decode(file.encoding).encode(encoding, "replace"))
        for part in file.parts
    ]
    if other in {"utf-16", "utf-8-sig"}:
        parts = [Part(None, rest)]  # what is read is whole: nobody asks for the lines
    return replace(file, parts=parts, encoding=encoding)


@of_text
def marks_in_the_middle(file: File, random: Random) -> File:
    """Two files with marks were put one behind the other."""
    mark = "\ufeff".encode("utf-8" if file.encoding == "cp1252" else file.encoding)
    at = random.randrange(len(file.parts))
    part = file.parts[at]
    inside = random.choice((0, 0, len(part.content) // 2 // 2 * 2))
    marked = replace(part, content=part.content[:inside] + mark + part.content[inside:])
    return file.with_parts([*file.parts[:at], marked, *file.parts[at + 1 :]])


@of_text
def ends_of_lines_mixed(file: File, random: Random) -> File:
    def ended(part: Part) -> Part:
        text = part.content.decode(file.encoding)
        line = text.rstrip("\r\n")
        if line == text or random.random() < 0.5:
            return part
        end = random.choice(("\n", "\r\n", "\r", "\r\r\n", "\n\n", " \n"))
        return replace(part, content=(line + end).encode(file.encoding))

    return file.with_parts([*map(ended, file.parts)])


@of_text
def ends_of_lines_lost(file: File, random: Random) -> File:
    """Of one line, or of all."""
    one = random.choice((None, random.randrange(len(file.parts))))

    def joined(place: int, part: Part) -> Part:
        if one is not None and place != one:
            return part
        text = part.content.decode(file.encoding)
        return replace(part, content=text.rstrip("\r\n").encode(file.encoding))

    return file.with_parts([joined(*numbered) for numbered in enumerate(file.parts)])


@of_text
def header_lost(file: File, random: Random) -> File:
    first = next(n for n, part in enumerate(file.parts) if part.of is not None)
    return file.with_parts(file.parts[first:])


@of_text
def row_of_a_million_blanks(file: File, random: Random) -> File:
    at = random.randrange(len(file.parts))
    sign = random.choice(",;\t|")
    content = (sign * random.choice((1, 100, 1_000_000)) + "\n").encode(file.encoding)
    return file.with_parts([*file.parts[:at], Part(None, content), *file.parts[at:]])


@of_text
def separator_changed(file: File, random: Random) -> File:
    """In all lines, or from one on, without regard to quotation marks."""
    at = random.choice((0, random.randrange(len(file.parts))))
    header = next(part for part in file.parts if part.of is not None).content.decode(file.encoding)
    old = max(",;\t|", key=header.count)
    new = random.choice([*",;\t|", " ", "~"])

    def changed(part: Part) -> Part:
        text = part.content.decode(file.encoding).replace(old, new)
        return replace(part, content=text.encode(file.encoding))

    return file.with_parts([*file.parts[:at], *map(changed, file.parts[at:])])


@of_text
def letters_typed_into_the_file(file: File, random: Random) -> File:
    """Somebody opened it in an editor."""
    at = random.randrange(len(file.parts))
    text = file.parts[at].content.decode(file.encoding)
    inside = random.randrange(len(text) + 1)
    sign = random.choice(string.ascii_letters + string.digits + "\"',;\t|\n")
    new = (text[:inside] + sign + text[inside + random.randint(0, 1) :]).encode(file.encoding)
    parts = [*file.parts]
    parts[at] = replace(parts[at], content=new)
    return file.with_parts(parts)
