# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real boto3 client of EC2 whose HTTP session returns canned replies or raises exceptions."""

from __future__ import annotations

import io

import botocore.config
import botocore.session
from ansible_collections.vtap.aws.plugins.module_utils._ec2.client import Ec2
from botocore.awsrequest import AWSResponse

# Shared, because loading EC2's service model takes a third of a second.
LOADER = botocore.session.create_loader()
ERROR = (
    "<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error></Errors><RequestID>1</RequestID></Response>"
)


class _Body(io.BytesIO):
    def stream(self):
        yield self.read()


class HttpSession:
    """Replies in order, and the last one from then on: an exception, or (status, body). Counts the requests."""

    def __init__(self, *replies):
        self.replies, self.requests = list(replies), []

    def send(self, request):
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, BaseException):
            raise reply
        status, body = reply
        return AWSResponse(request.url, status, {}, _Body(body.encode()))

    def close(self):
        pass


def connect(*replies, attempts=1, access_key="AKIATCH6YDSYQAAAAAAA", secret_key="secret", token=None):
    """Return an Ec2 for these replies, and its HttpSession. attempts: the maximum number of attempts of a call."""
    session = botocore.session.Session()
    session.register_component("data_loader", LOADER)
    if access_key is not None:
        session.set_credentials(access_key, secret_key, token)
    config = botocore.config.Config(retries={"total_max_attempts": attempts, "mode": "standard"})
    client = session.create_client("ec2", region_name="eu-west-1", config=config)
    http = HttpSession(*replies)
    client._endpoint.http_session = http
    return Ec2(client, sts=lambda: None), http


def normal(operation, members=""):
    """Return a normal reply to an action. members: the XML of its members."""
    return 200, f"<{operation}Response><requestId>1</requestId>{members}</{operation}Response>"


def refused(code, message="no", status=400):
    """Return an error reply of EC2."""
    return status, ERROR.format(code, message)
