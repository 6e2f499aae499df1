# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tarball: the same from any checkout, and in it what users need and nothing else."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

from tools.build import ROOT, build, put_in_order

# All that may be in it. What users run, what they read, what ansible-builder reads and what Galaxy wants to see.
NEEDED = re.compile(
    r"plugins/(doc_fragments|filter|module_utils(/_\w+)?|modules)/\w+\.py|plugins/filter/\w+\.yml"
    r"|playbooks/\w+\.yml|extensions/eda/rulebooks/\w+\.yml|extensions/eda/files/\w+\.json"
    r"|README\.md|COPYING|docs/docsite/\w[\w-]*\.yml|docs/docsite/rst/\w+\.rst|docs/docsite/images/\w+\.svg"
    r"|meta/runtime\.yml|meta/execution-environment\.yml|requirements\.txt"
    r"|CHANGELOG\.rst|changelogs/changelog\.yaml"
    r"|MANIFEST\.json|FILES\.json"
)

# Files that a used checkout can contain.
CLUTTER = (
    *(".env", ".venv/bin/python", ".idea/x.xml", ".ruff_cache/x", "build/x", "dist/x.tar.gz", "vtap-aws-0.0.1.tar.gz"),
    *("plugins/modules/__pycache__/x.pyc", "plugins/modules/.x.py.swp", "docs/.DS_Store", "playbooks/demo.retry"),
    *("plugins/modules/x.py.orig", "README.md~", "changelogs/.plugin-cache.yaml", "tests/output/x", "venv/bin/python"),
)


def tracked():
    """The files that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def contents(tarball):
    """{name: (mode, owner, text)}; the two lists that ansible-galaxy makes without their order."""
    found = {}
    with tarfile.open(tarball) as archive:
        for member in archive.getmembers():
            text = archive.extractfile(member).read() if member.isfile() else None
            if member.name == "FILES.json":
                text = sorted(json.loads(text)["files"], key=lambda entry: entry["name"])
            if member.name == "MANIFEST.json":
                text = json.loads(text)
                del text["file_manifest_file"]["chksum_sha256"]
            found[member.name] = (member.mode, member.uid, member.gid, member.uname, member.gname, text)
    return found


@pytest.fixture(scope="module")
def tarballs(tmp_path_factory):
    """Of a fresh checkout, and of one elsewhere: with clutter, another umask, other times, files in another order."""
    base = tmp_path_factory.mktemp("build")
    for folder, names in (("fresh", tracked()), ("used/by somebody", [*reversed(tracked()), *CLUTTER])):
        for name in names:
            path = base / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name in CLUTTER:
                path.write_text("clutter")
                continue
            shutil.copy(ROOT / name, path)
            if folder != "fresh":
                path.chmod(0o700 if os.access(path, os.X_OK) else 0o600)
                os.utime(path, (1e9, 1e9))
    fresh = build(base / "fresh", base / "fresh-out", umask=0o022)
    used = build(base / "used/by somebody", base / "used-out", umask=0o077)
    return fresh, used


def test_holds_what_users_need_and_nothing_else(tarballs):
    for tarball in tarballs:
        with tarfile.open(tarball) as archive:
            files = {member.name for member in archive.getmembers() if member.isfile()}
            others = [member.name for member in archive.getmembers() if not member.isfile() and not member.isdir()]
        assert [name for name in sorted(files) if not NEEDED.fullmatch(name)] == [] == others
    assert {name for name in tracked() if NEEDED.fullmatch(name)} | {"MANIFEST.json", "FILES.json"} == files
    tops = ("plugins/", "playbooks/", "extensions/", "meta/", "docs/")
    assert [name for name in tracked() if name.startswith(tops) and name not in files] == [], "not in the rule"


def test_is_the_same_from_any_checkout(tarballs):
    fresh, used = (contents(tarball) for tarball in tarballs)
    assert fresh.keys() == used.keys()
    assert [name for name in fresh if fresh[name] != used[name]] == []


def test_has_the_same_bytes_when_put_in_order(tarballs, tmp_path):
    copies = [pathlib.Path(shutil.copy(tarball, tmp_path / f"{n}.tar.gz")) for n, tarball in enumerate(tarballs)]
    before = contents(copies[0])
    for copy in copies:
        put_in_order(copy)
    assert copies[0].read_bytes() == copies[1].read_bytes()
    assert contents(copies[0]) == before, "something else changed"
