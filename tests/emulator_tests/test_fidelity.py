# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The target emulator_fidelity and the guesses of the emulator are the same, and it notices when an answer differs."""

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
from tools import guesses

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "tests/integration/targets/emulator_fidelity"
KEYS = re.compile(r"((?: \[[a-z0-9-]+\])+) ")


def keys_of_comments() -> set[str]:
    """The keys of all guesses in the emulator. Fails for one without."""
    found = set()
    for file in sorted((ROOT / "tests/emulator").glob("*.py")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            _before, guess, after = line.partition("Guess:")
            if guess:
                keys = KEYS.match(after)
                assert keys, f"{file.name}:{number}: give the guess a key, # Guess: [key] ..."
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


def test_every_guess_is_in_the_target() -> None:
    keys = Counter(row["key"] for row in (*listed("guesses"), *listed("unsettled")))
    assert [key for key, number in keys.items() if number > 1] == []
    comments = keys_of_comments()
    assert sorted(comments - set(keys)) == [], "guesses of the emulator that the target does not have"
    assert sorted(set(keys) - comments) == [], "guesses of the target that the emulator does not make"
    assert all(row["why"] for row in listed("unsettled"))


def test_the_documentation_has_them_all() -> None:
    page = guesses.PAGE.read_text()
    assert page == guesses.written(page), "run tools/guesses.py"


@pytest.fixture
def asker_class(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The part of the target's module that asks, without Ansible."""
    stub = types.ModuleType("modules")
    stub.AnsibleAWSModule = None  # type: ignore[attr-defined]
    package = "ansible_collections.amazon.aws.plugins.module_utils"
    for parent in ("ansible_collections", "ansible_collections.amazon", "ansible_collections.amazon.aws"):
        monkeypatch.setitem(sys.modules, parent, types.ModuleType(parent))
    for parent in ("ansible_collections.amazon.aws.plugins", package):
        monkeypatch.setitem(sys.modules, parent, types.ModuleType(parent))
    monkeypatch.setitem(sys.modules, f"{package}.modules", stub)
    spec = importlib.util.spec_from_file_location("compare_guesses", TARGET / "library/compare_guesses.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_difference_is_noticed_and_nothing_is_left(asker_class: Any, emulator: Emulator) -> None:
    from botocore.config import Config

    by_key = {row["key"]: row for row in listed("guesses")}
    chosen = [by_key["rule-tags-in-filter"], by_key["rule-number-range"]]
    client = emulator.client(config=Config(parameter_validation=False))
    before = len(client.describe_traffic_mirror_filters()["TrafficMirrorFilters"])

    def compared() -> list[str]:
        asker = asker_class.Asker(client, bases(), {"vtap-test": "{{ mirror_mark }}"}, 0)
        return [answer["result"] for answer in asker_class.compare(asker, chosen, {})]

    assert compared() == ["same", "same"]
    emulator.knobs(rule_tags=False)
    assert compared() == ["DIFFERENT", "same"]
    assert len(client.describe_traffic_mirror_filters()["TrafficMirrorFilters"]) == before


def test_what_fails_on_the_way_is_a_difference(asker_class: Any, emulator: Emulator) -> None:
    guess = {"key": "x", "asks": "?", "steps": [{"call": "no_such_call"}], "emulator": "OK"}
    asker = asker_class.Asker(emulator.client(), {}, {}, 0)
    (answer,) = asker_class.compare(asker, [guess], {})
    assert (answer["ec2"], answer["result"]) == ("AttributeError", "DIFFERENT")
