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
EMULATOR = "tests/emulator/sessions.py"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (MODEL, "from .tags import TagChange"),
        (MODEL, "from . import text"),
        ("plugins/module_utils/_fleet/planner.py", "from .._resources import session"),
        (MODULE, "from ..module_utils._runtime.module import run"),
        (MODULE, "from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule"),
        ("tests/unit/x.py", "from ansible_collections.vtap.aws.plugins.module_utils._model import plan"),
        (EMULATOR, "from . import checks\nfrom .calls import Call\nimport json, botocore.session"),
        (EMULATOR, "from moto.ec2.models import ec2_backends\nfrom tests.emulator import wire"),
        (EMULATOR, "from .. import emulator\nfrom ..emulator.wire import encode"),
        (EMULATOR, 'help = "Ansible modules and plugins, see ansible-core; /opt/vtap-plugins/x"'),
        ("tests/emulator_tests/x.py", "from tools import assumptions\nimport ansible"),
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


@pytest.mark.parametrize(
    "text",
    [
        "import plugins.module_utils._fleet.instance_types",
        "from plugins.module_utils._fleet import instance_types",
        "from plugins import module_utils",
        "from ...plugins.module_utils._fleet.instance_types import METAL_FAMILIES",
        "from ... import plugins",
        "from ..... import plugins",
        "import ansible_collections.vtap.aws.plugins.module_utils._model.tags",
        "from ansible_collections.vtap.aws.plugins.module_utils._model import tags",
        "from ansible_collections.amazon.aws.plugins.module_utils import modules",
        "import json, ansible",
        "from ansible.module_utils.basic import AnsibleModule",
        "def f():\n    from ansible import release",
        "if TYPE_CHECKING:\n    import plugins",
        # Other code of the checkout, which can import the collection.
        "from tests.unit import emulator_state",
        "from tests import unit",
        "from ..unit import emulator_state",
        "from .. import module_process",
        "import tests.module_process",
        "from tools import iam",
        # Strings.
        'importlib.import_module("ansible_collections.vtap.aws.plugins.module_utils._model.tags")',
        'importlib.import_module("plugins.module_utils._model.tags")',
        '__import__("ansible")',
        'open("plugins/module_utils/_fleet/instance_types.py")',
        'open(f"{root}/plugins/module_utils/_fleet/{name}.py")',
        'open("../../plugins/module_utils/x.py")',
        'ROOT / "plugins" / "module_utils"',
        'open("/usr/share/ansible/x")',
    ],
)
def test_dependencies_of_the_emulator_are_reported(text):
    (found,) = violations(pathlib.Path(EMULATOR), text)
    assert found.startswith(f"{EMULATOR}:{1 + text.count(chr(10))}: the emulator must not ")


def test_every_import_of_the_emulator_is_reported():
    found = violations(pathlib.Path("tests/emulator/new/deep.py"), "from ...unit import a, b\nimport ansible.release")
    assert [line.rpartition(" ")[2] for line in found] == ["tests.unit.a", "tests.unit.b", "ansible.release"]


def test_large_files_and_functions_are_reported():
    body = "    pass\n" * MAX_FUNCTION
    (found,) = violations(pathlib.Path("tools/x.py"), f"def long():\n{body}")
    assert found == f"tools/x.py:1: long has {MAX_FUNCTION + 1} lines; at most {MAX_FUNCTION}"
    (found,) = violations(pathlib.Path("tests/x.py"), "x = 1\n" * (MAX_FILE + 1))
    assert found == f"tests/x.py: {MAX_FILE + 1} lines; at most {MAX_FILE}"
    assert violations(pathlib.Path(MODULE), "x = 1\n" * (MAX_FILE + 1)) == []
