# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTML elements. The only place that escapes values."""

from __future__ import annotations

import html
from typing import Any, Union

from .._model.text import printable


class Markup(str):
    """Text that is HTML already. Only this package's constants and the functions below create it."""

    __slots__ = ()


Child = Union[Markup, str, int, None]
# Elements without an end tag.
_EMPTY = ("br", "input", "meta", "rect")


def escape(value: Any) -> Markup:
    """A value as HTML text or as the value of an attribute.

    Control and formatting characters, such as those that reverse the direction of text, become escape sequences.
    """
    if isinstance(value, Markup):
        return value
    return Markup("" if value is None else html.escape(printable(str(value))))


def element(tag: str, /, *children: Child, **attributes: Any) -> Markup:
    """An HTML element. Children that are no Markup are escaped.

    attributes: without those that are None or False; True is an attribute without a value. The underscore at the end of
    a name such as class_ is dropped, and other underscores are hyphens.
    """
    start = tag
    for key, value in attributes.items():
        if value is not None and value is not False:
            attribute = key.rstrip("_").replace("_", "-")
            start += f" {attribute}" if value is True else f' {attribute}="{escape(value)}"'
    if tag in _EMPTY:
        return Markup(f"<{start}/>")
    return Markup(f"<{start}>{join(*children)}</{tag}>")


def join(*children: Child) -> Markup:
    """These children one after the other."""
    return Markup("".join(map(escape, children)))


def join_lines(text: str) -> Markup:
    """The lines of a text, with line breaks."""
    lines = text.splitlines()
    return join(*(join(element("br") if index else None, line) for index, line in enumerate(lines)))
