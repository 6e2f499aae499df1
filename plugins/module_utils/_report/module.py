# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ec2_traffic_mirror_report module: combine the documents of several fleets."""

from __future__ import annotations

from collections import Counter
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .._model.errors import ValidationError
from .._model.text import list_some, printable, truncate
from .document import Document, build_document, create_fleet, parse_document
from .files import FILE_OPTIONS, check_files, format_now, write_files


def run_report() -> NoReturn:
    """Run the module and end it with its result."""
    module = AnsibleModule(
        argument_spec={
            "sources": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "label": {"required": True},
                    "path": {"type": "path"},
                    "account_id": {},
                    "region": {},
                    "error": {},
                },
                "required_one_of": [("path", "error")],
            },
            "limit": {},
            **FILE_OPTIONS,
        },
        required_one_of=[tuple(FILE_OPTIONS)],
        supports_check_mode=True,
    )
    try:
        files = check_files(module.params)
        document = combine(module.params, module.check_mode)
        write_files(files, document)
    except ValidationError as error:
        module.fail_json(msg=printable(str(error)))
    except OSError as error:
        module.fail_json(msg=printable(f"The report could not be written: {error}."))
    module.exit_json(changed=False, totals=document["totals"], vni_clashes=document["vni_clashes"])
    raise AssertionError("exit_json ends the module")


def combine(params: dict[str, Any], check_mode: bool) -> Document:
    """The document of all sources.

    check_mode: of a report whose sources have no document. Raises ValidationError.
    """
    sources = params["sources"]
    if not sources:
        raise ValidationError("sources must have at least one entry.")
    repeated = [label for label, count in Counter(source["label"] for source in sources).items() if count > 1]
    if repeated:
        raise ValidationError(f"sources: each label must be unique; repeated: {list_some(repeated)}.")
    documents = {source["label"]: _read(source, f"sources[{index}]") for index, source in enumerate(sources)}
    modes = {document["check_mode"] for document in documents.values() if document is not None}
    if len(modes) > 1:
        raise ValidationError("sources: some reports are of check mode and others are not. Combine reports of one run.")
    fleets = [_describe(source, documents[source["label"]]) for source in sources]
    return build_document(fleets, format_now(), modes.pop() if modes else check_mode, params["limit"])


def _read(source: dict[str, Any], name: str) -> Document | None:
    """The document of a source, None if it has none. name: of the option. Raises ValidationError."""
    path = source["path"]
    if path is None:
        return None
    name = f"{name}.path: {truncate(path)}"
    try:
        with open(path, encoding="utf-8") as file:
            document = parse_document(file.read(), name)
    except (OSError, ValueError) as error:
        raise ValidationError(f"{name} cannot be read: {error}.") from None
    if len(document["fleets"]) != 1:
        raise ValidationError(f"{name} has {len(document['fleets'])} fleets. Give the report of one fleet.")
    return document


def _describe(source: dict[str, Any], document: Document | None) -> Document:
    """The part of the combined document for a source."""
    if document is None:
        return create_fleet(**{key: source[key] for key in ("label", "account_id", "region", "error")})
    fleet = document["fleets"][0]
    error = source["error"] if fleet["error"] is None else fleet["error"]
    return {**fleet, "label": source["label"], "error": error}
