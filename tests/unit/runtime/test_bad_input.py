# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Property tests: any value for any option of any module leads to a result or to a failure that names the option."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.unit.runtime.bad_input import (
    APP,
    ENI,
    MODULES,
    NEW_TMF,
    NEW_TMS,
    NEW_TMT,
    NLB,
    RULE,
    SENSOR,
    TMF,
    TMT,
    VALID_OPTIONS,
    check_run,
    option_paths,
    replace_option,
)

NUMBERS = st.one_of(
    st.sampled_from([0, -1, 1, 50, 51, 32766, 32767, 65535, 65536, 2**24, 2**31, 2**63, 10**300, True, False]),
    st.integers(-(10**300), 10**300),
    st.sampled_from([0.0, -0.0, 1.0, 1.5, 1e3, 1e-300, 5e-324, 1e300, float("nan"), float("inf")]),
    st.floats(),
)
TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "\n",
            "\0",
            "\x1b[31mred",
            "\ud800",
            "\u202e",
            "a\nb",
            "x" * 256,
            "x" * 257,
            "\x07" * 129,
            "x" * 100_000,
            "1" * 5000,
            "1" * 5000 + "%",
            "1e4999",
            "{{ undefined }}",
            "None",
            "null",
            "nan",
            "1e3",
            "1_000",
            "-0",
            "0x10",
            "\u0663",
            "\uff11\uff10%",
            "1-",
            "1 - 3",
            "3-1",
            "0-5",
            "70000",
            "443-",
            "-1",
            "yes",
            "a=b",
            '{"a": null}',
            "10.0.0.1/8",
            "010.0.0.0/8",
            "10.0.0.0",
            "fe80::1%eth0/128",
            "1" * 5000 + "/8",
            "::/129",
            f"{ENI}\n",
            ENI.upper(),
            "eni-" + "\u0660" * 8,
            TMF,
            TMT,
            NEW_TMS,
            NEW_TMF,
            NEW_TMT,
            f"{NEW_TMF} ",
            "tmf-(known after apply: )",
            "tmt-(known after apply: \x1b[31m)",
            "eni-(known after apply: web)",
            "vpce-(known after apply: web)",
            f"{NLB}\n",
            NLB.replace("1234", "\u0661\u0662\u0663\u0664"),
            "m5.[",
            "[z-a]",
            "*" * 30,
            "\\",
            "aws:x",
        ]
    ),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=20),
)
PLAIN = st.one_of(st.none(), NUMBERS, TEXTS)
KEYS = st.one_of(
    st.sampled_from(
        ["", "a", "Name", "aws:x", "vtap:fleet", "k" * 128, "k" * 129, "\ud800", "\x1b[0m", "tag:", "tag:x"]
    ),
    st.text(max_size=5),
    st.sampled_from(["tag-key", "description", "session_number", "owner-id"]),
)
VALUES = st.one_of(
    PLAIN,
    st.lists(PLAIN, max_size=3),
    PLAIN.map(lambda one: [one, one]),
    st.dictionaries(KEYS, st.one_of(PLAIN, st.lists(PLAIN, max_size=2)), max_size=3),
    st.integers(11, 60).map(lambda count: {f"key{at}": "x" for at in range(count)}),
    st.integers(11, 60).map(lambda count: {f"{at}\x07" + "k" * 120: "x" for at in range(count)}),
    st.lists(st.lists(PLAIN, max_size=2), max_size=2),
    st.lists(st.dictionaries(KEYS, PLAIN, max_size=2), max_size=2),
)
property_settings = settings(
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("name", MODULES)
@settings(property_settings, max_examples=20)
@given(value=VALUES, which=st.integers(0, 3), check_mode=st.booleans())
def test_any_value_for_each_option(ec2, name, value, which, check_mode):
    valid = VALID_OPTIONS[name][which % len(VALID_OPTIONS[name])]
    for path in option_paths(name):
        check_run(name, replace_option(valid, path, value), [path], ec2, check_mode)


@pytest.mark.parametrize("name", MODULES)
@settings(property_settings, max_examples=100)
@given(data=st.data())
def test_any_values_for_several_options(ec2, name, data):
    options = valid = data.draw(st.sampled_from([{}, *VALID_OPTIONS[name]]))
    values = data.draw(st.dictionaries(st.sampled_from(option_paths(name)), VALUES, min_size=2, max_size=6))
    for path, value in values.items():
        options = replace_option(options, path, value)
    # Without valid options, the message may name a missing option.
    check_run(name, options, [*values, *([] if valid else option_paths(name))], ec2, data.draw(st.booleans()))


# Values of the options of a stack's entries that are valid alone. Together they can conflict.
NAMES = st.sampled_from(["a", "b", "web", "sensor"])
RULES = st.lists(st.sampled_from([RULE, {**RULE, "rule_number": 2}, {**RULE, "direction": "egress"}]), max_size=3)
REFERENCES = {
    "traffic_mirror_filter": st.sampled_from([("name", "a"), ("name", "web"), ("id", TMF), ("id", NEW_TMF)]),
    "traffic_mirror_target": st.sampled_from([("name", "a"), ("name", "sensor"), ("id", TMT), ("id", NEW_TMT)]),
}
DESTINATIONS = st.sampled_from([("network_interface_id", SENSOR), ("network_load_balancer_arn", NLB)])
TAGS = st.sampled_from([{}, {"a": "b"}, {"Name": "c"}, {"vtap:stack": "x"}, {"aws:x": "y"}])
ENTRIES = {
    "filters": st.fixed_dictionaries(
        {"name": NAMES}, optional={"rules": RULES, "description": st.sampled_from(["", "x"]), "tags": TAGS}
    ),
    "targets": st.builds(
        lambda one, destination: {**one, **dict([destination])},
        st.fixed_dictionaries({"name": NAMES}, optional={"tags": TAGS}),
        DESTINATIONS,
    ),
    "sessions": st.builds(
        lambda one, **references: {**one, **{f"{key}_{kind}": value for key, (kind, value) in references.items()}},
        st.fixed_dictionaries(
            {"name": NAMES, "network_interface_id": st.sampled_from([ENI, APP, APP, SENSOR])},
            optional={"session_number": st.integers(1, 3), "tags": TAGS},
        ),
        **REFERENCES,
    ),
}
OPTIONS = {
    option: sorted({path[1] for path in option_paths("stack") if len(path) > 1 and path[0] == option})
    for option in ENTRIES
}
DOCUMENTS = st.fixed_dictionaries(
    {"name": st.just("ids"), "max_deletes": st.sampled_from(["0", "10 or 10%"])},
    optional={
        **{option: st.lists(entry, max_size=4, unique_by=lambda one: one["name"]) for option, entry in ENTRIES.items()},
        "adopt": st.booleans(),
        "allow_replacement": st.booleans(),
        "verify_permissions": st.sampled_from([False, False, False, True]),
    },
)
# What another entry becomes: an entry without an option or with another value of it, or no entry.
CHANGES = st.one_of(
    st.tuples(st.just("set"), VALUES),
    st.tuples(st.just("remove"), st.none()),
    st.tuples(st.just("repeat"), st.none()),
    st.tuples(st.just("replace"), st.one_of(PLAIN, st.just({}), st.just({"unknown": 1}), st.just([[]]))),
)


def change_document(data, document):
    """Return the document with a change of an entry."""
    option = data.draw(st.sampled_from([option for option in ENTRIES if document.get(option)]))
    entries = list(document[option])
    nth = data.draw(st.integers(0, len(entries) - 1))
    change, value = data.draw(CHANGES)
    if change == "repeat":
        entries.append(entries[nth])
    elif change == "replace" or not isinstance(entries[nth], dict):
        entries[nth] = value
    elif change == "set":
        entries[nth] = {**entries[nth], data.draw(st.sampled_from(OPTIONS[option])): value}
    elif entries[nth]:
        removed = data.draw(st.sampled_from(sorted(entries[nth])))
        entries[nth] = {key: one for key, one in entries[nth].items() if key != removed}
    return {**document, option: entries}


@settings(property_settings, max_examples=350)
@given(data=st.data(), document=DOCUMENTS, changes=st.integers(0, 2), check_mode=st.booleans())
def test_any_document_of_a_stack(ec2, data, document, changes, check_mode):
    for _change in range(changes if any(document.get(option) for option in ENTRIES) else 0):
        document = change_document(data, document)
    # Ansible names the suboption and the lists. The module names the list before its calls, the entry after them.
    check_run("stack", document, [(option,) for option in ENTRIES if option in document], ec2, check_mode)
