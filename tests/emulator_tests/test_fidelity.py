# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The target emulator_fidelity covers all assumptions of the emulator and detects differences."""

from __future__ import annotations

import importlib.util
import pathlib
import re
import sys
import types
from collections import Counter
from typing import Any

import pytest
import yaml

from tests.emulator.client import Emulator
from tools import assumptions

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "tests/integration/targets/emulator_fidelity"
KEYS = re.compile(r"((?: \[[a-z0-9-]+\])+) ")


def keys_of_comments() -> set[str]:
    """Return the keys of all assumptions in the emulator. Fails for an assumption without a key."""
    found = set()
    for file in sorted((ROOT / "tests/emulator").glob("*.py")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            _before, assumption, after = line.partition("Assumption:")
            if assumption:
                keys = KEYS.match(after)
                assert keys, f"{file.name}:{number}: the assumption has no key; write # Assumption: [key] ..."
                found |= set(re.findall(r"[a-z0-9-]+", keys.group(1)))
    return found


def listed(name: str) -> list[dict[str, Any]]:
    variables: dict[str, Any] = yaml.safe_load((TARGET / "vars/main.yml").read_text())
    rows: list[dict[str, Any]] = variables[f"fidelity_{name}"]
    return rows


def bases() -> dict[str, Any]:
    variables: dict[str, Any] = yaml.safe_load((TARGET / "vars/main.yml").read_text())
    found: dict[str, Any] = variables["fidelity_bases"]
    return found


def test_every_assumption_is_in_the_target() -> None:
    keys = Counter(row["key"] for row in (*listed("assumptions"), *listed("untested")))
    assert [key for key, number in keys.items() if number > 1] == []
    comments = keys_of_comments()
    assert sorted(comments - set(keys)) == [], "assumptions of the emulator that are missing in the target"
    assert sorted(set(keys) - comments) == [], "assumptions of the target that are missing in the emulator"
    assert all(row["why"] for row in listed("untested"))


def test_documentation_lists_all_assumptions() -> None:
    page = assumptions.PAGE.read_text()
    assert page == assumptions.render(page), "run tools/assumptions.py"


@pytest.fixture
def compare_module(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the target's module, imported without Ansible."""
    stub = types.ModuleType("modules")
    stub.AnsibleAWSModule = None  # type: ignore[attr-defined]
    package = "ansible_collections.amazon.aws.plugins.module_utils"
    for parent in ("ansible_collections", "ansible_collections.amazon", "ansible_collections.amazon.aws"):
        monkeypatch.setitem(sys.modules, parent, types.ModuleType(parent))
    for parent in ("ansible_collections.amazon.aws.plugins", package):
        monkeypatch.setitem(sys.modules, parent, types.ModuleType(parent))
    monkeypatch.setitem(sys.modules, f"{package}.modules", stub)
    spec = importlib.util.spec_from_file_location("compare_assumptions", TARGET / "library/compare_assumptions.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_difference_is_reported_and_resources_are_deleted(compare_module: Any, emulator: Emulator) -> None:
    from botocore.config import Config

    by_key = {row["key"]: row for row in listed("assumptions")}
    chosen = [by_key["rule-tags-in-filter"], by_key["rule-number-range"]]
    client = emulator.client(config=Config(parameter_validation=False))
    before = len(client.describe_traffic_mirror_filters()["TrafficMirrorFilters"])

    def compared() -> list[str]:
        runner = compare_module.Runner(client, bases(), {"vtap-test": "{{ mirror_mark }}"}, 0)
        return [answer["result"] for answer in compare_module.compare(runner, chosen, {})]

    assert compared() == ["same", "same"]
    emulator.settings(rule_tags=False)
    assert compared() == ["DIFFERENT", "same"]
    assert len(client.describe_traffic_mirror_filters()["TrafficMirrorFilters"]) == before


def test_client_error_is_a_difference(compare_module: Any, emulator: Emulator) -> None:
    assumption = {"key": "x", "question": "?", "steps": [{"call": "no_such_call"}], "emulator": "OK"}
    runner = compare_module.Runner(emulator.client(), {}, {}, 0)
    (answer,) = compare_module.compare(runner, [assumption], {})
    assert (answer["ec2"], answer["result"]) == ("AttributeError", "DIFFERENT")
