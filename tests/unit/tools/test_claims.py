# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The versions that we claim to work with are those that make matrix runs."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible_collections.vtap.aws.plugins.doc_fragments.defaults import ModuleDocFragment

from tools.matrix import ENVIRONMENTS, ROOT


def number(version):
    return tuple(int(part) for part in version.split("."))


def versions(*fields):
    """What the matrix has of these, from the oldest to the newest."""
    found = {getattr(environment, field) for environment in ENVIRONMENTS for field in fields} - {""}
    return sorted(found, key=number)


CORE, AMAZON, SDK = versions("core"), versions("amazon"), versions("boto3")
PYTHON = versions("python", "modules")


@pytest.mark.parametrize(
    ("file", "keys", "claim"),
    [
        ("meta/runtime.yml", ["requires_ansible"], CORE[0]),
        ("galaxy.yml", ["dependencies", "amazon.aws"], AMAZON[0]),
        ("tests/config.yml", ["modules", "python_requires"], PYTHON[0]),
    ],
)
def test_files_claim_the_oldest_that_is_run(file, keys, claim):
    found = yaml.safe_load((ROOT / file).read_text())
    for key in keys:
        found = found[key]
    assert found == f">={claim}"


def test_requirements_claim_the_oldest_that_is_run():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [f"boto3>={SDK[0]}", f"botocore>={SDK[0]}"]


def test_modules_say_and_check_what_is_run():
    # Not imported: module.py is not to be had without amazon.aws.
    (checked,) = re.findall(
        r'^BOTOCORE = "(.*)"$', (ROOT / "plugins/module_utils/_runtime/module.py").read_text(), re.MULTILINE
    )
    assert checked == SDK[0]
    fragment = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)
    assert fragment["requirements"] == [f"python >= {PYTHON[0]}", f"boto3 >= {SDK[0]}", f"botocore >= {SDK[0]}"]


def test_readme_says_what_is_run():
    install = " ".join(re.search(r"\n## Install\n(.*?)\n## ", (ROOT / "README.md").read_text(), re.DOTALL)[1].split())
    for said in (
        f"Python {PYTHON[0]} or newer with boto3 and botocore {SDK[0]} or newer",
        f"ansible-core {CORE[0].removesuffix('.0')} or newer with `amazon.aws` {AMAZON[0]} or newer",
        f"ansible-core {CORE[0]} to {CORE[-1]}, `amazon.aws` {AMAZON[0]} to {AMAZON[-1]}, boto3 {SDK[0]} to {SDK[-1]}",
    ):
        assert said in install


def test_every_line_of_ansible_core_is_run():
    lines = [number(version)[1] for version in CORE]
    assert lines == list(range(lines[0], lines[-1] + 1))
