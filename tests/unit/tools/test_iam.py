# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policies in the documentation are those of the table, for all modules that there are."""

from __future__ import annotations

import pathlib

from tools import iam

MODULES = pathlib.Path(__file__).resolve().parents[3] / "plugins/modules"


def test_the_page_is_what_the_table_says():
    page = iam.PAGE.read_text()
    assert page == iam.written(page), "run tools/iam.py"


def test_every_module_has_a_policy():
    assert {*iam.NEEDS, "ec2_traffic_mirror_report"} == {path.stem for path in MODULES.glob("*.py")}
