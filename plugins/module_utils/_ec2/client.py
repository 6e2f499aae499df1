# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only place that calls EC2. Everything above it speaks the options' words and catches Ec2Error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Callable

from .._model.api_objects import from_api
from .._model.resource_types import ApiParams, ModuleParams, ResourceType
from .account_id import account_of
from .errors import THROTTLED, Ec2Error
from .rate_limiter import RateLimiter

try:
    from botocore import xform_name
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as ConnectError
except ImportError:  # AnsibleAWSModule reports the missing library in its own words, before anything here runs

    class BotoCoreError(Exception):  # type: ignore[no-redef]
        pass

    class ClientError(Exception):  # type: ignore[no-redef]
        pass

    class ConnectError(Exception):  # type: ignore[no-redef]
        pass

    class HTTPClientError(Exception):  # type: ignore[no-redef]
        pass


# The most that one Describe page holds (EC2's service model: MaxResults 5 to 1000).
PAGE = 1000
# EC2 takes this many filter values in one request ("Error codes for the Amazon EC2 API", FilterLimitExceeded).
VALUES_PER_REQUEST = 200
# How often a call among many is sent, at the most, while others empty EC2's bucket as well.
MAX_ATTEMPTS = 20


def config_for(threads: int) -> Any:
    """The botocore configuration for a client that so many threads share: a connection for each, and retries that back
    off less and less often the more of them fail."""
    return Config(max_pool_connections=threads, retries={"mode": "standard", "total_max_attempts": 5})


class Ec2:
    """Traffic Mirroring in one account and region, over a boto3 client of EC2.

    sts: makes the STS client, asked for only when an owner cannot be told otherwise. rate_limiter: for many calls at
    once, None to leave throttling to botocore. May be used by several threads.
    """

    def __init__(self, client: Any, sts: Callable[[], Any], rate_limiter: RateLimiter | None = None) -> None:
        self._client = client
        self._sts = sts
        self._rate_limiter = rate_limiter
        self._access_key = ""
        self._account: str | None = None
        self.arn_base = f"arn:{client.meta.partition}:ec2:{client.meta.region_name}"
        # Whichever way botocore found the credentials, the signed request names the access key.
        client.meta.events.register("before-send.ec2", self._note_access_key)
        if rate_limiter is not None:
            # For every attempt, botocore's own among them, and before it is signed: a signature grows old.
            client.meta.events.register_first("request-created.ec2", self._wait_for_token)
            client.meta.events.register_first("needs-retry.ec2", self._retry_after_throttle)

    def call(self, operation: str, **params: Any) -> ApiParams:
        """The reply to one EC2 action. Raises Ec2Error."""
        try:
            reply: ApiParams = getattr(self._client, xform_name(operation))(**params)
            return reply
        except ClientError as error:
            details = error.response.get("Error", {})
            retried = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
            text = details.get("Message", str(error))
            raise Ec2Error(operation, details.get("Code", "Unknown"), text, retried) from error
        except (ConnectError, HTTPClientError) as error:
            raise Ec2Error(operation, "", str(error)) from error
        except BotoCoreError as error:  # botocore did not send it
            raise Ec2Error(operation, type(error).__name__, str(error)) from error

    def dry_run(self, operation: str, **params: Any) -> Ec2Error | None:
        """What EC2 would say to this action, None if it would carry it out."""
        try:
            self.call(operation, DryRun=True, **params)
        except Ec2Error as error:
            return None if error.code == "DryRunOperation" else error
        return None

    def describe(
        self,
        resource_type: ResourceType,
        ids: Iterable[str] = (),
        filters: dict[str, list[str]] | None = None,
        part_tags: bool = False,
    ) -> list[ModuleParams]:
        """The objects of this kind, sorted by id, all pages; an id that does not exist is not in the list.

        ids: looked up by id. filters: name to values, names as EC2 documents them. part_tags: whether the tags of parts
        matter, which costs another Describe where EC2 leaves them out. Raises Ec2Error.
        """
        rows = self._rows(resource_type, ids, filters)
        if part_tags and resource_type.parts is not None:
            self._add_part_tags(resource_type.parts, rows)
        return sorted(
            (from_api(resource_type, row, self.arn_base) for row in rows), key=lambda row: row[resource_type.id_option]
        )

    def _rows(
        self, resource_type: ResourceType, ids: Iterable[str] = (), filters: dict[str, list[str]] | None = None
    ) -> list[ApiParams]:
        """Like describe, in EC2's words and order."""
        member = f"{resource_type.id_member}s"
        try:
            pages = self.pages(f"Describe{resource_type.api}s", filters, **({member: list(ids)} if ids else {}))
            return [row for page in pages for row in page[f"{resource_type.api}s"]]
        except Ec2Error as error:
            if ids and error.not_found:
                return []
            raise

    def pages(self, operation: str, filters: dict[str, list[str]] | None = None, **ids: Any) -> Iterator[ApiParams]:
        """The replies to a Describe action, page after page. filters: name to values. Raises Ec2Error.

        Not botocore's paginators: DescribeTrafficMirrorFilterRules has none.
        """
        # EC2 refuses a page size beside ids.
        params: ApiParams = dict(ids) or {"MaxResults": PAGE}
        if filters:
            params["Filters"] = [{"Name": name, "Values": values} for name, values in filters.items()]
        token = None
        while True:
            reply = self.call(operation, **params, **({"NextToken": token} if token else {}))
            yield reply
            token = reply.get("NextToken")
            if not token:
                return

    def _add_part_tags(self, resource_type: ResourceType, rows: list[ApiParams]) -> None:
        """Look up the tags of those parts of these objects that EC2 shows without tags.

        The AWS CLI's examples of DescribeTrafficMirrorFilters show rules without any, older than tags on rules are.
        """
        parts = [(row, part) for row in rows for member in resource_type.lists for part in row.get(member, [])]
        bare = {row[resource_type.parent] for row, part in parts if "Tags" not in part}
        if not bare:
            return
        by_parent = f"{resource_type.tag_type.rpartition('-')[0]}-id"
        filters = {by_parent: sorted(bare)} if len(bare) <= VALUES_PER_REQUEST else None
        tags = {
            part[resource_type.id_member]: part.get("Tags", []) for part in self._rows(resource_type, filters=filters)
        }
        for _row, part in parts:
            part.setdefault("Tags", tags.get(part[resource_type.id_member], []))

    def is_foreign(self, owner: str | None) -> bool:
        """Whether an object of this owner belongs to another account than the caller's.

        Most access keys hold their account's number, so this rarely costs a call. The encoding is not documented, so
        it counts only as proof that the account is the caller's; otherwise STS is asked. If STS cannot be reached
        the answer is no: EC2 itself lets nobody change an object of another account.
        """
        if owner is None or owner == account_of(self._access_key):
            return False
        if self._account is None:
            try:
                self._account = self._sts().get_caller_identity()["Account"]
            except (BotoCoreError, ClientError):
                return False
        return owner != self._account

    def _wait_for_token(self, operation_name: str, **_: Any) -> None:
        if self._rate_limiter is not None and not operation_name.startswith("Describe"):
            self._rate_limiter.wait(operation_name)

    def _retry_after_throttle(self, response: Any, operation: Any, attempts: int, **_: Any) -> int | None:
        """After a throttled call, the seconds to sleep before the next attempt: none, it waits for its turn anyway.
        None where botocore shall decide."""
        code = response[1].get("Error", {}).get("Code") if response else None
        if (
            self._rate_limiter is None
            or code not in THROTTLED
            or attempts >= MAX_ATTEMPTS
            or operation.name.startswith("Describe")
        ):
            return None
        self._rate_limiter.throttled(operation.name)
        return 0

    def _note_access_key(self, request: Any, **_: Any) -> None:
        header = request.headers.get("Authorization", b"")
        credential = re.search(rb"Credential=(\w+)/", header if isinstance(header, bytes) else header.encode())
        self._access_key = credential.group(1).decode() if credential else ""
