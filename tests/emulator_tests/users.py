# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM users with policies."""

from __future__ import annotations

import json
from typing import Any

from botocore.config import Config

from tests.emulator.client import Emulator


def allow(*actions: str, on: Any = "*", effect: str = "Allow") -> dict[str, Any]:
    """Return a policy statement."""
    return {"Effect": effect, "Action": [f"ec2:{action}" for action in actions], "Resource": on}


class User:
    """An IAM user of the lab's account with an EC2 client. .may(statements) replaces the inline policy."""

    def __init__(self, emulator: Emulator, iam: Any) -> None:
        self._iam = iam
        env = emulator.user({"Version": "2012-10-17", "Statement": [allow("*")]})
        self.key = env["AWS_ACCESS_KEY_ID"]
        self.ec2, self.load_balancing = (
            emulator.client_of(
                env, service, config=Config(retries={"total_max_attempts": 1}, parameter_validation=False)
            )
            for service in ("ec2", "elbv2")
        )

    def may(self, *statements: Any) -> None:
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self._iam.put_user_policy(UserName="mirror", PolicyName="only", PolicyDocument=policy)
