# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a report, and the combination of several."""

from __future__ import annotations

import json
import os
import stat

import pytest
from ansible_collections.vtap.aws.plugins.module_utils._model.errors import ValidationError
from ansible_collections.vtap.aws.plugins.module_utils._report import files
from ansible_collections.vtap.aws.plugins.module_utils._report.module import combine

from tests.unit.report.documents import document, fleet, mixed_document, row


def params(tmp_path, *sources, **more):
    keys = ("label", "path", "account_id", "region", "error")
    listed = [{**dict.fromkeys(keys), **source} for source in sources]
    paths = {"html": None, "json": None, "csv": None, **(more or {"csv": str(tmp_path / "x.csv")})}
    return {"sources": listed, "limit": None, **paths}


def source(tmp_path, label, *parts, check_mode=False, **more):
    path = tmp_path / f"{label}.json"
    path.write_text(json.dumps(document(*(parts or [fleet([row(1)])]), check_mode=check_mode)))
    return {"label": label, "path": str(path), **more}


def test_files_are_replaced_and_keep_their_mode(tmp_path):
    kept, linked = tmp_path / "x.json", tmp_path / "link.csv"
    kept.write_text("old")
    kept.chmod(0o640)
    linked.symlink_to(tmp_path / "table.csv")
    before = os.umask(0o027)
    try:
        written = files.check_files({"json": str(kept), "csv": str(linked)})
        files.write_files(written, mixed_document())
    finally:
        os.umask(before)
    assert json.loads(kept.read_text())["version"] == 1 and stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert linked.is_symlink() and stat.S_IMODE((tmp_path / "table.csv").stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.csv", "table.csv", "x.json"]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", "the path is empty"),
        ("/dev/null", "the path is not a regular file. Give the path of a file."),
        (".", "the path is a directory"),
        ("{folder}/none/x.json", "none does not exist. Create it."),
        ("{folder}/file/x.json", "file does not exist. Create it."),
        ("a\0b", "null"),
        ("\ud800", "surrogates"),
        ("{folder}/" + "x" * 300, "File name too long"),
    ],
)
def test_path_that_cannot_be_written_is_refused(tmp_path, path, problem):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValidationError) as error:
        files.check_files({"report_json": path.format(folder=tmp_path)}, "report_")
    assert str(error.value).startswith("report_json: ") and problem in str(error.value)
    assert str(error.value).isprintable() and len(str(error.value)) < 700


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    path.write_text("old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        files.write_files({"json": str(path)}, mixed_document())
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_combined_document(tmp_path):
    error = {"label": "c", "region": "eu-west-1", "error": "no role"}
    pending = source(tmp_path, "b", error="filter not found", check_mode=True)
    first = source(tmp_path, "a", fleet([row(1)], error="own error"), error="other", check_mode=True)
    combined = combine({**params(tmp_path, first, pending, error), "limit": "a,b,c"}, False)
    assert [(one["label"], one["error"]) for one in combined["fleets"]] == [
        ("a", "own error"),
        ("b", "filter not found"),
        ("c", "no role"),
    ]
    assert combined["check_mode"] and combined["limit"] == "a,b,c" and combined["totals"]["counted"] == 2
    only_errors = combine(params(tmp_path, error), True)
    assert only_errors["check_mode"] and only_errors["totals"]["failed"] == 1


def test_invalid_sources(tmp_path):
    first = source(tmp_path, "a")
    two = source(tmp_path, "two", fleet([row(1)]), fleet([row(2)]))
    for given, message in [
        ([], "sources must have at least one entry."),
        ([first, first], "each label must be unique; repeated: a."),
        ([first, {"label": "x", "path": "/nonexistent"}], "sources[1].path: /nonexistent cannot be read: "),
        ([two], "has 2 fleets. Give the report of one fleet."),
        ([first, source(tmp_path, "b", check_mode=True)], "some reports are of check mode and others are not."),
    ]:
        with pytest.raises(ValidationError) as error:
            combine(params(tmp_path, *given), False)
        assert message in str(error.value)
