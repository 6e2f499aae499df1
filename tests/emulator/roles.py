# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check AssumeRole and temporary credentials. Roles are moto's, created by iam:CreateRole.

moto returns credentials of the role's account, but allows AssumeRole for nonexistent roles and ignores session tokens.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from .errors import ApiError, UnsupportedError
from .identity import Caller, partition

_ROLE = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/[\w+=,.@/-]+")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


def check_credentials(caller: Caller, token: str) -> None:
    """Reject a temporary key that STS did not issue, or that is sent without its session token."""
    if not caller.key.startswith("ASIA"):
        return
    role = assumed(caller)
    if role is None or role.session_token != token:
        if caller.service == "ec2":
            raise ApiError("AuthFailure", "AWS was not able to validate the provided access credentials")
        raise ApiError("InvalidClientTokenId", "The security token included in the request is invalid")


def check_assume_role(caller: Caller, parameters: Mapping[str, Any]) -> None:
    """Reject AssumeRole unless the role exists and its trust policy allows the caller."""
    wanted, name = parameters.get("RoleArn", ""), parameters.get("RoleSessionName", "")
    found = _ROLE.fullmatch(wanted)
    if not found:
        raise ApiError("ValidationError", f"{wanted} is invalid")
    if not _SESSION_NAME.fullmatch(name):
        raise ApiError(
            "ValidationError",
            f"1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member "
            r"must satisfy regular expression pattern: [\w+=,.@-]{2,64}",
        )
    where, account = found.groups()
    if where != partition(caller.region) or not _trusted(caller, account, wanted, parameters.get("ExternalId")):
        raise ApiError(
            "AccessDenied",
            f"User: {arn(caller)} is not authorized to perform: sts:AssumeRole on resource: {wanted}",
        )


def assumed(caller: Caller) -> Any | None:
    """Return moto's AssumedRole of a temporary key, None for other keys."""
    if not caller.key.startswith("ASIA"):
        return None
    return sts_backends[caller.account][partition(caller.region)].get_assumed_role_from_access_key(caller.key)


def user(caller: Caller) -> Any | None:
    """Return moto's User of an access key, None for a key that iam:CreateAccessKey did not create."""
    users = iam_backends[caller.account][partition(caller.region)].users.values()
    return next((one for one in users for key in one.access_keys if key.access_key_id == caller.key), None)


def arn(caller: Caller) -> str:
    """Return the caller's ARN. A root user is returned as user/x, which trust policies can contain."""
    who = assumed(caller) or user(caller)
    return str(who.arn) if who else f"arn:{partition(caller.region)}:iam::{caller.account}:user/x"


def _trusted(caller: Caller, account: str, wanted: str, external_id: str | None) -> bool:
    try:
        role = iam_backends[account][partition(caller.region)].get_role_by_arn(wanted)
    except NotFoundException:
        return False
    statements = json.loads(unquote(role.assume_role_policy_document))["Statement"]
    return any(
        _allows(statement, caller, external_id)
        for statement in (statements if isinstance(statements, list) else [statements])
    )


def _allows(statement: dict[str, Any], caller: Caller, external_id: str | None) -> bool:
    """Return whether a statement of a trust policy allows the caller. Raises UnsupportedError."""
    condition = statement.get("Condition", {})
    wanted = condition.get("StringEquals", {}).get("sts:ExternalId")
    given = (statement["Effect"], statement["Action"], list(statement["Principal"]), condition)
    if given != ("Allow", "sts:AssumeRole", ["AWS"], {"StringEquals": {"sts:ExternalId": wanted}} if wanted else {}):
        raise UnsupportedError(f"the emulator does not support this policy statement: {statement}")
    principals = statement["Principal"]["AWS"]
    allowed = set(principals if isinstance(principals, list) else [principals])
    root = f"arn:{partition(caller.region)}:iam::{caller.account}:root"
    return bool({caller.account, root, arn(caller)} & allowed) and wanted in (None, external_id)
