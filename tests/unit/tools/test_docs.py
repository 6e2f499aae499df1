# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The front page of the documentation site, and the links to Ansible's documentation."""

from __future__ import annotations

import importlib.util

import pytest

from tools import docs

PLUGINS = {
    "b_info_module": "\nvtap.aws.b_info module -- List b\n++++\n",
    "b_module": "\nvtap.aws.b module -- Manage b\n++++\n",
    "a_filter": "\nvtap.aws.a filter -- Find a\n++++\n",
}


def test_front_page_leads_to_the_first_section():
    sections = [{"title": "Start", "toctree": ["one", "two"]}, {"title": "Reference", "toctree": ["three"]}]
    page = docs.front_page({"description": "Manages b."}, sections, PLUGINS)
    order = [
        "Manages b.",
        "images/mirroring.svg",
        "Start with :doc:`docsite/one`, then :doc:`docsite/two`.",
        "Start\n-----",
        "   docsite/one\n   docsite/two\n",
        "Modules\n-------",
        "   * - :doc:`a (filter) <a_filter>`\n     - Find a\n",
        "   * - :doc:`b <b_module>`\n     - Manage b\n",
        "   * - :doc:`b_info <b_info_module>`\n     - List b\n",
        "   b <b_module>\n",
        "Reference\n---------",
        "   docsite/three\n",
    ]
    assert sorted(order, key=page.index) == order


def test_front_page_requires_titles_of_plugins():
    with pytest.raises(SystemExit, match=r"c_module\.rst"):
        docs.front_page({"description": ""}, [{"title": "Reference", "toctree": ["one"]}], {"c_module": "no title"})


@pytest.mark.parametrize(
    ("label", "url"),
    [
        ("common_return_values", "reference_appendices/common_return_values.html#common-return-values"),
        ("ansible_collections.amazon.aws.sts_assume_role_module", "collections/amazon/aws/sts_assume_role_module.html"),
        ("ansible_collections.vtap.aws.missing_module", None),
        ("ansible_collections.vtap.aws.docsite.missing", None),
        ("missing", None),
    ],
)
def test_links_to_ansible(label, url):
    pytest.importorskip("docutils")
    spec = importlib.util.spec_from_file_location("site_conf", docs.SITE / "conf.py")
    conf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conf)
    assert conf.find_ansible_page(label) == (url and f"{conf.ANSIBLE}/{url}")
