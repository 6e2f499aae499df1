# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check of the layout finds what it is there to find."""

from __future__ import annotations

import pathlib

import pytest

from tools.check_layout import MAX_FILE, MAX_FUNCTION, violations

MODEL = "plugins/module_utils/_model/plan.py"
MODULE = "plugins/modules/ec2_traffic_mirror_filter.py"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (MODEL, "from .tags import TagChange"),
        (MODEL, "from . import text"),
        ("plugins/module_utils/_fleet/planner.py", "from .._resources import session"),
        (MODULE, "from ..module_utils._runtime.module import run"),
        (MODULE, "from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule"),
        ("tests/unit/x.py", "from ansible_collections.vtap.aws.plugins.module_utils._model import plan"),
    ],
)
def test_downward_and_relative_imports_pass(path, text):
    assert violations(pathlib.Path(path), text) == []


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        (MODEL, "from .._ec2.client import Ec2", "_model must not import _ec2; allowed: _model"),
        (MODEL, "from .. import _fleet", "_model must not import _fleet"),
        (
            "plugins/module_utils/_ec2/client.py",
            "def f():\n    from .._runtime import info",
            "must not import _runtime",
        ),
        (MODEL, "from ansible_collections.vtap.aws.plugins.module_utils._model.tags import x", "use a relative import"),
        (MODULE, "import ansible_collections.vtap.aws.plugins.module_utils._model.tags", "use a relative import"),
        (MODULE, "from ..module_utils.plan import Plan", "is in no package"),
    ],
)
def test_other_imports_are_reported(path, text, message):
    (found,) = violations(pathlib.Path(path), text)
    assert found.startswith(f"{path}:") and message in found


def test_large_files_and_functions_are_reported():
    body = "    pass\n" * MAX_FUNCTION
    (found,) = violations(pathlib.Path("tools/x.py"), f"def long():\n{body}")
    assert found == f"tools/x.py:1: long has {MAX_FUNCTION + 1} lines; at most {MAX_FUNCTION}"
    (found,) = violations(pathlib.Path("tests/x.py"), "x = 1\n" * (MAX_FILE + 1))
    assert found == f"tests/x.py: {MAX_FILE + 1} lines; at most {MAX_FILE}"
    assert violations(pathlib.Path(MODULE), "x = 1\n" * (MAX_FILE + 1)) == []
