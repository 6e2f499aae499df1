# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only module that calls EC2 through boto3.

Its callers work with module options instead of API parameters, and with Ec2Error instead of botocore's exceptions.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Callable

from .._model.api_objects import from_api
from .._model.errors import DryRunExecutedError, ValidationError
from .._model.resource_types import ApiParams, ModuleParams, ResourceType
from .._model.text import truncate
from .._model.wildcards import matches_wildcards
from .account_id import decode_account_id
from .errors import THROTTLING_CODES, Ec2Error
from .rate_limiter import RateLimiter
from .sdk_errors import find_missing, is_definite, is_from_ec2, was_not_sent
from .secrets import check_credentials, hide_secrets, sdk_text
from .services import Services

try:
    from botocore import xform_name
    from botocore.config import Config
    from botocore.exceptions import ClientError
except ImportError:  # AnsibleAWSModule reports the missing library before these names are used

    class ClientError(Exception):  # type: ignore[no-redef]
        pass


# Largest page size of most Describe actions (EC2's service model: MaxResults 5 to 1000).
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


# Seconds to connect to STS and to wait for its reply. STS is not necessary for a task (see is_foreign).
STS_TIMEOUT = 3


def sts_config(aws_config: dict[str, Any] | None) -> Any:
    """Return the botocore configuration of the STS client: a short timeout, one attempt.

    aws_config: the module option, whose other settings apply.
    """
    short = Config(connect_timeout=STS_TIMEOUT, read_timeout=STS_TIMEOUT, retries={"total_max_attempts": 1})
    return Config(**(aws_config or {})).merge(short)


class _Attempts(threading.local):
    """The attempts of this thread's current call: for each whether EC2 may have carried it out."""

    def __init__(self) -> None:
        self.may_have_succeeded: list[bool] = []


class Ec2:
    """The Traffic Mirroring API in one account and region. Thread-safe.

    client: a boto3 client of EC2. sts: creates the STS client; called only if the caller's account id cannot be read
    from the access key. rate_limiter: limits the rate of mutating calls; None leaves throttling to botocore.
    create_client: creates a boto3 client of another service.
    """

    def __init__(
        self,
        client: Any,
        sts: Callable[[], Any],
        rate_limiter: RateLimiter | None = None,
        create_client: Callable[[str], Any] = lambda _service: None,
    ) -> None:
        self._client = client
        self._sts = sts
        self.services = Services(create_client)
        self._rate_limiter = rate_limiter
        self._attempts = _Attempts()
        self._access_key = ""
        self._secrets: tuple[str | None, ...] = ()
        self._lock = threading.Lock()
        self._account: str | None = None  # empty if STS failed
        self.region: str = client.meta.region_name
        self.arn_base = f"arn:{client.meta.partition}:ec2:{self.region}"
        # The signed request contains the access key id, whatever the source of the credentials.
        client.meta.events.register("before-send.ec2", self._before_send)
        client.meta.events.register("before-sign.ec2", self._before_sign)
        client.meta.events.register("response-received.ec2", self._response_received)
        if rate_limiter is not None:
            # Runs for every attempt, including botocore's retries, and before signing, because signatures expire.
            client.meta.events.register_first("request-created.ec2", self._wait_for_token)
            client.meta.events.register_first("needs-retry.ec2", self._retry_after_throttle)

    def call(self, operation: str, **params: Any) -> ApiParams:
        """Call one EC2 action and return its response.

        Raises Ec2Error for anything that the SDK raises and for replies that are not EC2's, ValidationError for
        credentials that cannot be sent, and DryRunExecutedError if the server carried out a call with C(DryRun).
        """
        self._attempts.may_have_succeeded = []
        response: ApiParams = {}
        try:
            response = getattr(self._client, xform_name(operation))(**params)
        except (ValidationError, MemoryError, RecursionError):
            raise
        except Exception as error:
            failure: Ec2Error | None = self._to_ec2_error(operation, error)
        else:
            missing = find_missing(operation, response)
            text = f"the reply is not EC2's, because it has no {missing}."
            failure = None if missing is None else Ec2Error(operation, "", text, region=self.region)
        if failure is not None:
            # Not within the except block, because a traceback with the SDK's exceptions may contain secrets.
            raise failure
        if params.get("DryRun"):
            raise DryRunExecutedError(
                f"The server carried out {operation} although the call had DryRun. EC2 always replies to DryRun with "
                "an error. Check endpoint_url, and check what the call changed."
            )
        return response

    def _to_ec2_error(self, operation: str, error: Exception) -> Ec2Error:
        """Return the error for an exception of the SDK."""
        attempts = self._attempts.may_have_succeeded
        retried = any(attempts[:-1])
        text = sdk_text(error, self._secrets)
        if isinstance(error, ClientError):
            details = error.response.get("Error", {})
            code = str(details.get("Code", ""))
            if error.operation_name == operation:
                if is_from_ec2(code):
                    message = hide_secrets(str(details.get("Message", text)), self._secrets)
                    return Ec2Error(operation, code, message, retried, self.region)
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "unknown")
                text = f"the reply is not EC2's: HTTP status {status}. {details.get('Message', '')}".strip()
                return Ec2Error(operation, "", hide_secrets(text, self._secrets), retried, self.region)
        else:
            code = type(error).__name__
        if retried or (attempts and not was_not_sent(error)):
            is_reply = code == "ResponseParserError"
            text = f"the reply is not EC2's: {truncate(text)}" if is_reply else text
            return Ec2Error(operation, "", text, retried, self.region)
        return Ec2Error(operation, code, text, region=self.region, sent=False)

    def dry_run(self, operation: str, **params: Any) -> Ec2Error | None:
        """Call an action with DryRun. Returns the error that a real call would get, or None if it would succeed.

        Raises DryRunExecutedError if the server carried out the call.
        """
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

        Resources that do not match ids and filters are dropped, because not every server applies all filters.

        ids: the ids to describe; an id that does not exist is not in the result. filters: values by filter name, with
        the names that EC2 documents. child_tags: whether to read the tags of child resources with another Describe call
        if the response has none. Raises Ec2Error.
        """
        ids = tuple(ids)
        rows = self._describe_rows(resource_type, ids, filters)
        if child_tags and resource_type.children is not None:
            self._add_child_tags(resource_type.children, rows)
        objects = (from_api(resource_type, row, self.arn_base) for row in rows)
        return sorted(
            (row for row in objects if _is_requested(resource_type, row, ids, filters or {})),
            key=lambda row: str(row[resource_type.id_option]),
        )

    def _describe_rows(
        self, resource_type: ResourceType, ids: Iterable[str] = (), filters: dict[str, list[str]] | None = None
    ) -> list[ApiParams]:
        """Return the resources that have an id as API parameters, in EC2's order. Parameters as for describe."""
        member = f"{resource_type.id_member}s"
        try:
            pages = self.pages(f"Describe{resource_type.api}s", filters, **({member: list(ids)} if ids else {}))
            return [row for page in pages for row in page[f"{resource_type.api}s"] if resource_type.id_member in row]
        except Ec2Error as error:
            if ids and error.not_found:
                return []
            raise

    def pages(self, operation: str, filters: dict[str, list[str]] | None = None, **ids: Any) -> Iterator[ApiParams]:
        """Iterate over the pages of a Describe action. Raises Ec2Error.

        filters: values by filter name. ids: other parameters: the action's id parameter, for example
        C(TrafficMirrorSessionIds), or C(MaxResults), if the action has a smaller maximum than PAGE_SIZE.
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
            (row, child)
            for row in rows
            for member in resource_type.list_members
            for child in row.get(member, [])
            if resource_type.id_member in child
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

    def interface(self, network_interface_id: str) -> ApiParams | None:
        """Return a network interface as EC2 describes it (C(NetworkInterface)), None if it does not exist.

        Raises Ec2Error, also if the caller may not call DescribeNetworkInterfaces.
        """
        try:
            response = self.call("DescribeNetworkInterfaces", NetworkInterfaceIds=[network_interface_id])
        except Ec2Error as error:
            if error.not_found:
                return None
            raise
        rows = response.get("NetworkInterfaces", [])
        return next((row for row in rows if row.get("NetworkInterfaceId") == network_interface_id), None)

    def instance(self, instance_id: str) -> ApiParams | None:
        """Return an instance as EC2 describes it (C(Instance)), None if it does not exist.

        Raises Ec2Error, also if the caller may not call DescribeInstances.
        """
        try:
            response = self.call("DescribeInstances", InstanceIds=[instance_id])
        except Ec2Error as error:
            if error.not_found:
                return None
            raise
        rows = [row for reservation in response.get("Reservations", []) for row in reservation.get("Instances", [])]
        return next((row for row in rows if row.get("InstanceId") == instance_id), None)

    def is_foreign(self, owner: str | None) -> bool:
        """Whether the owner (an account id, None if unknown) is another account than the caller's.

        Most access keys encode their account id, so that most tasks that change a session or target need no call to
        STS. AWS does not document the encoding, so a decoded id is used only to confirm that the owner is the caller.
        In all other cases the method calls STS, at most once. It returns false if STS fails: EC2 rejects changes to
        resources of another account.
        """
        if owner is None or owner == decode_account_id(self._access_key):
            return False
        with self._lock:
            if self._account is None:
                self._account = self._read_account()
        return bool(self._account) and owner != self._account

    def find_account_id(self, owners: Iterable[str | None]) -> str | None:
        """Return the caller's account id, None if it cannot be read. It calls STS, at most once, as is_foreign does.

        owners: of resources that the caller described. If one is the account that the access key encodes, no call is
        needed.
        """
        decoded = decode_account_id(self._access_key)
        if decoded is not None and decoded in owners:
            return decoded
        with self._lock:
            if self._account is None:
                self._account = self._read_account()
        return self._account or None

    def _read_account(self) -> str:
        """Return the caller's account id according to STS. Empty if STS fails."""
        try:
            return str(self._sts().get_caller_identity()["Account"])
        except Exception:  # as for EC2, the SDK raises more than its own exceptions
            return ""

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

    def _before_sign(self, request_signer: Any, **_: Any) -> None:
        """Handle botocore's event before-sign: check the credentials, and store the secrets to remove from messages."""
        # Only the signer has the credentials of all sources. It reads them next, so this causes no additional refresh.
        credentials = getattr(request_signer, "_credentials", None)
        if credentials is None:
            return  # botocore raises NoCredentialsError
        frozen = credentials.get_frozen_credentials()
        self._secrets = (frozen.secret_key, frozen.token)
        check_credentials(tuple(frozen[:3]), str(credentials.method))

    def _before_send(self, request: Any, **_: Any) -> None:
        """Handle botocore's event before-send: count the attempt, and store the access key id of the signed request."""
        self._attempts.may_have_succeeded.append(True)
        header = request.headers.get("Authorization", b"")
        credential = re.search(rb"Credential=(\w+)/", header if isinstance(header, bytes) else header.encode())
        self._access_key = credential.group(1).decode() if credential else ""

    def _response_received(self, parsed_response: Any, exception: Any, **_: Any) -> None:
        """Handle botocore's event response-received: store whether EC2 may have carried out the attempt."""
        is_settled = was_not_sent(exception) if exception is not None else is_definite(parsed_response or {})
        self._attempts.may_have_succeeded[-1:] = [not is_settled]


def _is_requested(
    resource_type: ResourceType, row: ModuleParams, ids: Iterable[str], filters: dict[str, list[str]]
) -> bool:
    """Whether a resource has one of the ids, if there are any, and matches the filters.

    Filters whose name is not that of an option, and the tag filters, are left to EC2.
    """
    if ids and row[resource_type.id_option] not in ids:
        return False
    options = {field.option for field in resource_type.fields} | {resource_type.id_option, "owner_id"}
    return all(
        any(matches_wildcards(value, str(row.get(name.replace("-", "_"), ""))) for value in values)
        for name, values in filters.items()
        if name.replace("-", "_") in options
    )
