# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The document of a report: sums, clashes, and parsing."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._report.csv_table import render_csv
from ansible_collections.vtap.aws.plugins.module_utils._report.document import parse_document
from ansible_collections.vtap.aws.plugins.module_utils._report.html_page import render_html

from tests.unit.report.documents import document, fleet, mixed_document, mixed_rows, row


def test_totals():
    one = mixed_document()
    totals, fleets = one["totals"], one["fleets"]
    assert (totals["fleets"], totals["failed"], totals["counted"]) == (3, 2, 2)
    for part in ("summary", "causes", "coverage"):
        for key, value in totals[part].items():
            assert value == fleets[0][part][key] + fleets[1][part][key]
    assert (totals["dead_sessions"], totals["stopped_sessions"]) == (1, 2)


def test_missing_filter():
    """In check mode, an earlier task may create it. For a fleet that failed for it, the plan does not count."""
    for error, count in ((None, 1), ("Filter or target not found", 0)):
        one = document(fleet([row(1)], pending={"traffic_mirror_filter_id": "dns"}, error=error), check_mode=True)
        assert one["totals"]["counted"] == one["totals"]["coverage"]["mirrored"] == count


def test_clashes_across_fleets():
    parts = [fleet([row(7, network_interface_id=f"eni-{name}")], label=name) for name in "ab"]
    clash = document(*parts)["vni_clashes"]
    assert [one["label"] for one in clash[0]["interfaces"]] == ["a", "b"]
    fixed = [{**part, "fixed_virtual_network_id": True} for part in parts]
    assert document(*fixed)["vni_clashes"] == []


def test_written_document_is_parsed():
    one = mixed_document()
    assert parse_document(json.dumps(one), "x.json") == one


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.json is not JSON: JSONDecodeError."),
        ("[" * 100000, "x.json is not JSON: RecursionError."),
        ("[]", "x.json is not a report of version 1: version is 'None'."),
        ('{"version": 2}', "version is '2'"),
        ('{"version": 1, "check_mode": false}', "fleets is not a list"),
        ('{"version": 1, "fleets": [], "check_mode": 1}', "check_mode is not a boolean"),
        ('{"version": 1, "fleets": [1], "check_mode": true}', "fleets[0] is not a dictionary"),
    ],
)
def test_invalid_text(text, message):
    with pytest.raises(ValidationError) as error:
        parse_document(text, "x.json")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("plan",), {}, "fleets[0].plan is of type dict"),
        (("plan", 0), "x", "fleets[0].plan has an entry that is not a dictionary"),
        (("plan", 0, "action"), None, "fleets[0].plan has an entry whose action is missing or not a text"),
        (("vni_map", 0, "virtual_network_id"), "7", "whose virtual_network_id is missing or not a number"),
        (("coverage", "zones"), None, "fleets[0].coverage.zones is not a list"),
        (("coverage", "mirrored"), "7", "fleets[0].coverage has an entry whose mirrored is missing or not a number"),
        (("summary", "created"), [], "fleets[0].summary has an entry whose created is missing or not a number"),
        (("label",), [], "fleets[0].label is of type list"),
    ],
)
def test_invalid_part(path, value, message):
    one = copy.deepcopy(document(fleet(mixed_rows(1))))
    *parents, last = path
    place = one["fleets"][0]
    for key in parents:
        place = place[key]
    place[last] = value
    with pytest.raises(ValidationError) as error:
        parse_document(json.dumps(one), "x.json")
    assert message in str(error.value)


def list_places(value, path=()):
    """The paths of all values in a document."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from list_places(child, (*path, key))


SMALL = document(fleet(mixed_rows(1), label="web", error="no", warnings=["x"], estimated_duration=60, min_coverage="1"))


@pytest.mark.parametrize("value", [None, 5, 1.5, True, "x", [], {}, [5], {"x": 5}], ids=repr)
def test_a_value_of_another_type_is_refused_or_rendered(value):
    """Never a traceback."""
    for path in list_places(SMALL["fleets"], ("fleets",)):
        one = copy.deepcopy(SMALL)
        place = one
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        try:
            parsed = parse_document(json.dumps(one), "x.json")
        except ValidationError:
            continue
        whole = document(*parsed["fleets"])
        assert render_html(whole).endswith("</html>\n") and render_csv(whole), path
