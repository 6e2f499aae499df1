# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only module that calls EC2 through boto3.

Its callers work with module options instead of API parameters, and with Ec2Error instead of botocore's exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Callable

from .._model.api_objects import from_api
from .._model.resource_types import ApiParams, ModuleParams, ResourceType
from .account_id import decode_account_id
from .errors import THROTTLING_CODES, Ec2Error
from .rate_limiter import RateLimiter

try:
    from botocore import xform_name
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as ConnectError
except ImportError:  # AnsibleAWSModule reports the missing library before these names are used

    class BotoCoreError(Exception):  # type: ignore[no-redef]
        pass

    class ClientError(Exception):  # type: ignore[no-redef]
        pass

    class ConnectError(Exception):  # type: ignore[no-redef]
        pass

    class HTTPClientError(Exception):  # type: ignore[no-redef]
        pass


# Largest page size of a Describe action (EC2's service model: MaxResults 5 to 1000).
PAGE_SIZE = 1000
# Maximum number of filter values in one request ("Error codes for the Amazon EC2 API", FilterLimitExceeded).
VALUES_PER_REQUEST = 200
# Maximum number of attempts for a throttled call of a rate-limited client. Other clients may empty the bucket too.
MAX_ATTEMPTS = 20


def config_for(threads: int) -> Any:
    """Return the botocore configuration of a client that this number of threads shares.

    There is one connection for each thread. The retry mode C(standard) has a retry quota, which reduces the number of
    retries as more calls fail.
    """
    return Config(max_pool_connections=threads, retries={"mode": "standard", "total_max_attempts": 5})


class Ec2:
    """The Traffic Mirroring API in one account and region. Thread-safe.

    client: a boto3 client of EC2. sts: creates the STS client; called only if the caller's account id cannot be read
    from the access key. rate_limiter: limits the rate of mutating calls; None leaves throttling to botocore.
    """

    def __init__(self, client: Any, sts: Callable[[], Any], rate_limiter: RateLimiter | None = None) -> None:
        self._client = client
        self._sts = sts
        self._rate_limiter = rate_limiter
        self._access_key = ""
        self._account: str | None = None
        self.region: str = client.meta.region_name
        self.arn_base = f"arn:{client.meta.partition}:ec2:{self.region}"
        # The signed request contains the access key id, whatever the source of the credentials.
        client.meta.events.register("before-send.ec2", self._store_access_key)
        if rate_limiter is not None:
            # Runs for every attempt, including botocore's retries, and before signing, because signatures expire.
            client.meta.events.register_first("request-created.ec2", self._wait_for_token)
            client.meta.events.register_first("needs-retry.ec2", self._retry_after_throttle)

    def call(self, operation: str, **params: Any) -> ApiParams:
        """Call one EC2 action and return its response. Raises Ec2Error."""
        try:
            response: ApiParams = getattr(self._client, xform_name(operation))(**params)
            return response
        except ClientError as error:
            details = error.response.get("Error", {})
            retried = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
            text = details.get("Message", str(error))
            raise Ec2Error(operation, details.get("Code", "Unknown"), text, retried, self.region) from error
        except (ConnectError, HTTPClientError) as error:
            raise Ec2Error(operation, "", str(error), region=self.region) from error
        except BotoCoreError as error:  # botocore did not send the request
            raise Ec2Error(operation, type(error).__name__, str(error), region=self.region, sent=False) from error

    def dry_run(self, operation: str, **params: Any) -> Ec2Error | None:
        """Call an action with DryRun. Returns the error that a real call would get, or None if it would succeed."""
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
        child_tags: bool = False,
    ) -> list[ModuleParams]:
        """Return all resources of this type as module options (see from_api), sorted by id.

        ids: the ids to describe; an id that does not exist is not in the result. filters: values by filter name, with
        the names that EC2 documents. child_tags: whether to read the tags of child resources with another Describe call
        if the response has none. Raises Ec2Error.
        """
        rows = self._describe_rows(resource_type, ids, filters)
        if child_tags and resource_type.children is not None:
            self._add_child_tags(resource_type.children, rows)
        return sorted(
            (from_api(resource_type, row, self.arn_base) for row in rows), key=lambda row: row[resource_type.id_option]
        )

    def _describe_rows(
        self, resource_type: ResourceType, ids: Iterable[str] = (), filters: dict[str, list[str]] | None = None
    ) -> list[ApiParams]:
        """Return the resources as API parameters, in EC2's order. Parameters as for describe."""
        member = f"{resource_type.id_member}s"
        try:
            pages = self.pages(f"Describe{resource_type.api}s", filters, **({member: list(ids)} if ids else {}))
            return [row for page in pages for row in page[f"{resource_type.api}s"]]
        except Ec2Error as error:
            if ids and error.not_found:
                return []
            raise

    def pages(self, operation: str, filters: dict[str, list[str]] | None = None, **ids: Any) -> Iterator[ApiParams]:
        """Iterate over the pages of a Describe action. Raises Ec2Error.

        filters: values by filter name. ids: the action's id parameter, for example C(TrafficMirrorSessionIds).
        botocore has no paginator for DescribeTrafficMirrorFilterRules.
        """
        # EC2 rejects MaxResults together with ids.
        params: ApiParams = dict(ids) or {"MaxResults": PAGE_SIZE}
        if filters:
            params["Filters"] = [{"Name": name, "Values": values} for name, values in filters.items()]
        token = None
        while True:
            page = self.call(operation, **params, **({"NextToken": token} if token else {}))
            yield page
            token = page.get("NextToken")
            if not token:
                return

    def _add_child_tags(self, resource_type: ResourceType, rows: list[ApiParams]) -> None:
        """Add the tags to those child resources in these rows that have no C(Tags) member.

        resource_type: the type of the child resources. The AWS CLI's examples of DescribeTrafficMirrorFilters, which
        predate tags on rules, show rules without C(Tags).
        """
        children = [
            (row, child) for row in rows for member in resource_type.list_members for child in row.get(member, [])
        ]
        parents = {row[resource_type.parent_id_member] for row, child in children if "Tags" not in child}
        if not parents:
            return
        parent_filter = f"{resource_type.tag_type.rpartition('-')[0]}-id"
        filters = {parent_filter: sorted(parents)} if len(parents) <= VALUES_PER_REQUEST else None
        tags = {
            child[resource_type.id_member]: child.get("Tags", [])
            for child in self._describe_rows(resource_type, filters=filters)
        }
        for _row, child in children:
            child.setdefault("Tags", tags.get(child[resource_type.id_member], []))

    def is_foreign(self, owner: str | None) -> bool:
        """Whether the owner (an account id, None if unknown) is another account than the caller's.

        Most access keys encode their account id, so a call to STS is rarely necessary. AWS does not document the
        encoding, so a decoded id is used only to confirm that the owner is the caller. In all other cases the method
        calls STS. It returns false if STS fails: EC2 rejects changes to resources of another account.
        """
        if owner is None or owner == decode_account_id(self._access_key):
            return False
        if self._account is None:
            try:
                self._account = self._sts().get_caller_identity()["Account"]
            except (BotoCoreError, ClientError):
                return False
        return owner != self._account

    def _wait_for_token(self, operation_name: str, **_: Any) -> None:
        """Handle botocore's event request-created: delay mutating calls to the allowed rate."""
        if self._rate_limiter is not None and not operation_name.startswith("Describe"):
            self._rate_limiter.wait(operation_name)

    def _retry_after_throttle(self, response: Any, operation: Any, attempts: int, **_: Any) -> int | None:
        """Handle botocore's event needs-retry. Returns the delay in seconds before the next attempt.

        The delay is 0 after a throttled call, because _wait_for_token delays the next attempt. None leaves the decision
        to botocore.
        """
        code = response[1].get("Error", {}).get("Code") if response else None
        if (
            self._rate_limiter is None
            or code not in THROTTLING_CODES
            or attempts >= MAX_ATTEMPTS
            or operation.name.startswith("Describe")
        ):
            return None
        self._rate_limiter.throttled(operation.name)
        return 0

    def _store_access_key(self, request: Any, **_: Any) -> None:
        """Handle botocore's event before-send: store the access key id of the signed request."""
        header = request.headers.get("Authorization", b"")
        credential = re.search(rb"Credential=(\w+)/", header if isinstance(header, bytes) else header.encode())
        self._access_key = credential.group(1).decode() if credential else ""
