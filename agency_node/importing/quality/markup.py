"""Elements of a page: a tree, and never a text into which a value is put.

Law: what is written is escaped by the serialiser of the standard library, so no value can become
markup; characters that do not print, or that turn the direction of writing, are replaced.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import Element, tostring

from fingerpost.runtime.screen_text import printable

Child = Element | str | Iterable["Child"]
_DOCTYPE: Final = "<!DOCTYPE html>\n"


def e(tag: str, *children: Child, **attributes: object) -> Element:
    """Return an element. In names of attributes ``_`` stands for ``-``, and one at the end for
    nothing (``class_``); an attribute that is None is left out.
    """
    made = Element(tag)
    for name, value in attributes.items():
        if value is not None:
            made.set(name.rstrip("_").replace("_", "-"), printable(str(value)))
    for child in children:
        _add(made, child)
    return made


def _add(parent: Element, child: Child) -> None:
    if isinstance(child, Element):
        parent.append(child)
    elif isinstance(child, str):
        text = printable(child, keep="\n")
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + text
        else:
            parent.text = (parent.text or "") + text
    else:
        for each in child:
            _add(parent, each)


def written(root: Element) -> bytes:
    """Return the page in UTF-8."""
    return (_DOCTYPE + tostring(root, encoding="unicode", method="html") + "\n").encode()
