# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the collection reproducibly: ansible-galaxy collection build, then normalize the tarball.

ansible-galaxy stores files in file system order with modification times. Here, files are sorted, and all times are
SOURCE_DATE_EPOCH, by default 1980-01-01.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
EPOCH = "315532800"  # 1980-01-01


def build(source: pathlib.Path, output: pathlib.Path, umask: int = -1) -> pathlib.Path:
    """Build the collection in source with the ansible-galaxy of this environment. umask: -1 keeps the current one."""
    galaxy = pathlib.Path(sys.executable).with_name("ansible-galaxy")
    command = [str(galaxy), "collection", "build", str(source), "--output-path", str(output), "--force"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, umask=umask)
    (tarball,) = output.glob("*.tar.gz")
    return tarball


def put_in_order(tarball: pathlib.Path) -> None:
    """Sort the files of the tarball and set their times."""
    with tarfile.open(tarball) as old:
        members = {member.name: member for member in old.getmembers()}
        contents = {name: old.extractfile(member) for name, member in members.items() if member.isfile()}
        texts = {name: file.read() for name, file in contents.items() if file}
    listed = json.loads(texts["FILES.json"])
    listed["files"].sort(key=lambda entry: entry["name"])
    texts["FILES.json"] = json.dumps(listed, indent=1).encode()
    manifest = json.loads(texts["MANIFEST.json"])
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(texts["FILES.json"]).hexdigest()
    texts["MANIFEST.json"] = json.dumps(manifest, indent=1).encode()
    with (
        tarball.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as new,
    ):
        for name, member in sorted(members.items()):
            member.mtime = int(os.environ.get("SOURCE_DATE_EPOCH", EPOCH))
            # Otherwise the headers keep the original fractions of seconds.
            member.pax_headers = {}
            member.size = len(texts.get(name, b""))
            new.addfile(member, io.BytesIO(texts[name]) if name in texts else None)


def main() -> None:
    tarball = build(ROOT, pathlib.Path(sys.argv[1]))
    put_in_order(tarball)
    print(f"{tarball}: sha256 {hashlib.sha256(tarball.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
