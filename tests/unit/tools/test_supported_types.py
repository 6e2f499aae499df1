# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page on instance types has the lists of the collection."""

from __future__ import annotations

import re

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._fleet import instance_types
from ansible_collections.vtap.aws.plugins.module_utils._resources import target_sources

from tools import supported_types


def test_the_page_is_what_the_lists_say():
    page = supported_types.PAGE.read_text()
    assert page == supported_types.written(page), "run python -m tools.supported_types"


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        (("virtualized", "xen"), instance_types.VIRTUALIZED_FAMILIES),
        (("bare metal",), instance_types.METAL_FAMILIES),
        (("targets",), target_sources.TYPES_WITH_MORE_SOURCES),
    ],
)
def test_each_part_has_all_names_once(parts, names):
    page = supported_types.PAGE.read_text()
    texts = [re.search(rf": {part}\n(.*?)\.\. end of", page, re.DOTALL)[1] for part in parts]
    assert sorted(re.findall(r"``(\S+)``", "".join(texts))) == sorted(names)


@pytest.mark.parametrize(
    ("family", "category"),
    [("mac2-m2", "general purpose"), ("im4gn", "storage optimized"), ("u7i-6tb", "memory optimized")],
)
def test_category(family, category):
    assert supported_types.find_category(family) == category


def test_new_category_is_an_error():
    with pytest.raises(SystemExit, match="y1: add its letters"):
        supported_types.find_category("y1")
