# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check which YAML tools/lint_examples.py takes from a file."""

from __future__ import annotations

import pytest

from tools.lint_examples import MODULES, ROOT, plays

MARKDOWN = """\
```yaml
- hosts: all
  tasks:
    - name: First
      vtap.aws.ec2_traffic_mirror_session: {}
```
An indented list of tasks:
```yaml
    - name: Second
      vtap.aws.ec2_traffic_mirror_fleet: {}
```
```text
- name: No YAML
```
"""
GUIDE = """\
.. code-block:: yaml

   - name: First
     vtap.aws.ec2_traffic_mirror_session: {}

   - name: Second
     vtap.aws.ec2_traffic_mirror_fleet: {}

An option alone:

.. code-block:: yaml

       max_deletes: 10%
"""
MODULE = """\
DOCUMENTATION = "module: x"
EXAMPLES = r\"\"\"
- name: First
  vtap.aws.ec2_traffic_mirror_session: {}

- name: Second
  vtap.aws.ec2_traffic_mirror_fleet: {}
\"\"\"
"""


@pytest.mark.parametrize(
    ("name", "text"), [("README.md", MARKDOWN), ("fleet.rst", GUIDE), ("module.py", MODULE)], ids=["md", "rst", "py"]
)
def test_plays_of_a_file(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    tasks = [task for play in plays(tmp_path / name) for task in play["tasks"]]
    assert [task["name"] for task in tasks] == ["First", "Second"]


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", ROOT / "docs/docsite/rst/fleet.rst", *MODULES], ids=lambda path: path.stem
)
def test_every_module_and_guide_has_plays(path):
    assert list(plays(path))
