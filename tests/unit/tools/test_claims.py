# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that the supported versions stated in files and documentation equal those that make matrix tests."""

from __future__ import annotations

import inspect
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml
from ansible_collections.vtap.aws.plugins.doc_fragments.common import ModuleDocFragment

from tools.matrix import ENVIRONMENTS, ROOT


def parse_version(version):
    """Return a version such as "2.17.0" as a tuple of integers."""
    return tuple(int(part) for part in version.split("."))


def versions(*fields):
    """Return the distinct versions in these fields of ENVIRONMENTS, from the oldest to the newest."""
    distinct = {getattr(environment, field) for environment in ENVIRONMENTS for field in fields} - {""}
    return sorted(distinct, key=parse_version)


CORE, AMAZON, SDK = versions("core"), versions("amazon"), versions("boto3")
PYTHON = versions("python", "modules")


@pytest.mark.parametrize(
    ("file", "keys", "oldest"),
    [
        ("meta/runtime.yml", ["requires_ansible"], CORE[0]),
        ("galaxy.yml", ["dependencies", "amazon.aws"], AMAZON[0]),
        ("tests/config.yml", ["modules", "python_requires"], PYTHON[0]),
    ],
)
def test_metadata_requires_oldest_tested_version(file, keys, oldest):
    value = yaml.safe_load((ROOT / file).read_text())
    for key in keys:
        value = value[key]
    assert value == f">={oldest}"


def test_requirements_txt_requires_oldest_tested_sdk():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    required = [line for line in lines if not line.startswith("#")]
    assert required == [f"boto3>={SDK[0]}", f"botocore>={SDK[0]}", "packaging"]


def test_modules_check_oldest_tested_sdk():
    # Read as text, because importing module.py requires amazon.aws.
    (checked,) = re.findall(
        r'^MIN_BOTOCORE = "(.*)"$', (ROOT / "plugins/module_utils/_runtime/module.py").read_text(), re.MULTILINE
    )
    assert checked == SDK[0]


@pytest.fixture(scope="module")
def module_documentation():
    """Return the documentation of all modules with their fragments, as ansible-doc prints it, by module name."""
    # The tree of tests/unit/conftest.py, and the collections with amazon.aws.
    tree = pathlib.Path(inspect.getfile(ModuleDocFragment)).parents[5]
    others = os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".venv/collections"))
    names = [f"vtap.aws.{path.stem}" for path in (ROOT / "plugins/modules").glob("*.py")]
    listed = subprocess.run(
        [pathlib.Path(sys.executable).with_name("ansible-doc"), "--json", "-t", "module", *names],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([str(tree), others])},
        capture_output=True,
        text=True,
        check=True,
    )
    found = {name: entry["doc"] for name, entry in json.loads(listed.stdout).items()}
    assert sorted(found) == sorted(names)
    return found


def test_modules_document_each_requirement_once(module_documentation):
    # The oldest SDK of the newest major version of amazon.aws.
    major = AMAZON[-1].partition(".")[0]
    newer = [environment.boto3 for environment in ENVIRONMENTS if environment.amazon.partition(".")[0] == major]
    newest_amazon = f"with amazon.aws {major} >= {min(newer, key=parse_version)}"
    python = f"python >= {PYTHON[0]}"
    required = [python, f"boto3 and botocore >= {SDK[0]}; {newest_amazon}", "packaging"]
    for name, doc in module_documentation.items():
        # The report module makes no API calls.
        assert doc["requirements"] == ([python] if name.endswith("_report") else required), name


def test_modules_document_each_note_once(module_documentation):
    for name, doc in module_documentation.items():
        assert len(set(doc.get("notes", []))) == len(doc.get("notes", [])), name


def test_readme_lists_tested_versions():
    install = " ".join(re.search(r"\n## Install\n(.*?)\n## ", (ROOT / "README.md").read_text(), re.DOTALL)[1].split())
    for statement in (
        f"Python {PYTHON[0]} or newer with boto3 and botocore {SDK[0]} or newer",
        f"ansible-core {CORE[0].removesuffix('.0')} or newer with `amazon.aws` {AMAZON[0]} or newer",
        f"ansible-core {CORE[0]} to {CORE[-1]}, `amazon.aws` {AMAZON[0]} to {AMAZON[-1]}, boto3 {SDK[0]} to {SDK[-1]}",
    ):
        assert statement in install


def test_matrix_covers_every_minor_version_of_ansible_core():
    minors = [parse_version(version)[1] for version in CORE]
    assert minors == list(range(minors[0], minors[-1] + 1))
