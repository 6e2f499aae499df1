# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only place that calls EC2. Everything above it speaks the options' words and catches Ec2Error."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Any, Callable

from ansible_collections.vtap.aws.plugins.module_utils import resource
from ansible_collections.vtap.aws.plugins.module_utils.pace import Pace
from ansible_collections.vtap.aws.plugins.module_utils.resource import Kind, Members, Options

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
TRIES = 20
# EC2 says the first ("Request throttling for the Amazon EC2 API"); botocore takes the others for the same.
THROTTLED = ("RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequests")


class Ec2Error(Exception):
    """A call that EC2 refused, or whose reply never came.

    operation: the EC2 action. code: EC2's error code without the C(Exception) that some documents and replies append
    to it, or the name of botocore's error if it sent nothing; empty when no reply came, and then nobody knows whether
    the call was carried out. message: EC2's words.
    resent: whether botocore had sent the call before, so that an earlier one may have been carried out.
    """

    def __init__(self, operation: str, code: str, message: str, resent: bool = False) -> None:
        super().__init__(f"{operation}: {code}: {message}" if code else f"{operation}: {message}")
        self.operation = operation
        self.code = re.sub(r"Exception$", "", code)
        self.message = message
        self.resent = resent

    @property
    def unanswered(self) -> bool:
        return not self.code

    @property
    def not_found(self) -> bool:
        """Whether the object itself is missing.

        The EC2 API Reference lists C(InvalidTrafficMirrorSessionNotFound) and, for targets,
        C(InvalidTrafficMirrorTargetNoFound); EC2 answers clients with C(InvalidTrafficMirrorSessionId.NotFound).
        C(InvalidID) is what CreateTags and DeleteTags say.
        """
        return bool(re.search(r"No(t)?Found$", self.code)) or self.code == "InvalidID"

    @property
    def in_use(self) -> bool:
        """Whether a filter or target cannot go because sessions use it."""
        return self.code in ("TrafficMirrorFilterInUse", "TrafficMirrorTargetInUse")

    @property
    def duplicate(self) -> bool:
        """Whether another object has the natural key already. EC2 documents no code for sessions; clients that meet
        the refusal look for these words in its text."""
        second = self.operation == "CreateTrafficMirrorTarget" and self.code.endswith("InUseByTrafficMirrorTarget")
        return second or "AlreadyExists" in self.code or "already being used" in self.message

    @property
    def denied(self) -> bool:
        return self.code in ("UnauthorizedOperation", "AuthFailure", "AccessDenied")

    @property
    def throttled(self) -> bool:
        return self.code in THROTTLED


def config_for(threads: int) -> Any:
    """The botocore configuration for a client that so many threads share: a connection for each, and retries that back
    off less and less often the more of them fail."""
    return Config(max_pool_connections=threads, retries={"mode": "standard", "total_max_attempts": 5})


class Ec2:
    """Traffic Mirroring in one account and region, over a boto3 client of EC2.

    sts: makes the STS client, asked for only when an owner cannot be told otherwise. pace: for many calls at once, None
    to leave throttling to botocore. May be used by several threads.
    """

    def __init__(self, client: Any, sts: Callable[[], Any], pace: Pace | None = None) -> None:
        self._client = client
        self._sts = sts
        self._pace = pace
        self._access_key = ""
        self._account: str | None = None
        self.arn_base = f"arn:{client.meta.partition}:ec2:{client.meta.region_name}"
        # Whichever way botocore found the credentials, the signed request names the access key.
        client.meta.events.register("before-send.ec2", self._note_access_key)
        if pace is not None:
            # For every attempt, botocore's own among them, and before it is signed: a signature grows old.
            client.meta.events.register_first("request-created.ec2", self._wait_for_turn)
            client.meta.events.register_first("needs-retry.ec2", self._take_another_turn)

    def call(self, operation: str, **params: Any) -> Members:
        """The reply to one EC2 action. Raises Ec2Error."""
        try:
            reply: Members = getattr(self._client, xform_name(operation))(**params)
            return reply
        except ClientError as error:
            details = error.response.get("Error", {})
            resent = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
            text = details.get("Message", str(error))
            raise Ec2Error(operation, details.get("Code", "Unknown"), text, resent) from error
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
        kind: Kind,
        ids: Iterable[str] = (),
        filters: dict[str, list[str]] | None = None,
        part_tags: bool = False,
    ) -> list[Options]:
        """The objects of this kind, sorted by id, all pages; an id that does not exist is not in the list.

        ids: looked up by id. filters: name to values, names as EC2 documents them. part_tags: whether the tags of parts
        matter, which costs another Describe where EC2 leaves them out. Raises Ec2Error.
        """
        rows = self._rows(kind, ids, filters)
        if part_tags and kind.parts is not None:
            self._add_part_tags(kind.parts, rows)
        return sorted((resource.read(kind, row, self.arn_base) for row in rows), key=lambda row: row[kind.id_option])

    def _rows(self, kind: Kind, ids: Iterable[str] = (), filters: dict[str, list[str]] | None = None) -> list[Members]:
        """Like describe, in EC2's words and order."""
        member = f"{kind.id_member}s"
        try:
            pages = self.pages(f"Describe{kind.api}s", filters, **({member: list(ids)} if ids else {}))
            return [row for page in pages for row in page[f"{kind.api}s"]]
        except Ec2Error as error:
            if ids and error.not_found:
                return []
            raise

    def pages(self, operation: str, filters: dict[str, list[str]] | None = None, **ids: Any) -> Iterator[Members]:
        """The replies to a Describe action, page after page. filters: name to values. Raises Ec2Error.

        Not botocore's paginators: DescribeTrafficMirrorFilterRules has none.
        """
        # EC2 refuses a page size beside ids.
        params: Members = dict(ids) or {"MaxResults": PAGE}
        if filters:
            params["Filters"] = [{"Name": name, "Values": values} for name, values in filters.items()]
        token = None
        while True:
            reply = self.call(operation, **params, **({"NextToken": token} if token else {}))
            yield reply
            token = reply.get("NextToken")
            if not token:
                return

    def _add_part_tags(self, kind: Kind, rows: list[Members]) -> None:
        """Look up the tags of those parts of these objects that EC2 shows without tags.

        The AWS CLI's examples of DescribeTrafficMirrorFilters show rules without any, older than tags on rules are.
        """
        parts = [(row, part) for row in rows for member in kind.lists for part in row.get(member, [])]
        bare = {row[kind.parent] for row, part in parts if "Tags" not in part}
        if not bare:
            return
        by_parent = f"{kind.resource_type.rpartition('-')[0]}-id"
        filters = {by_parent: sorted(bare)} if len(bare) <= VALUES_PER_REQUEST else None
        tags = {part[kind.id_member]: part.get("Tags", []) for part in self._rows(kind, filters=filters)}
        for _row, part in parts:
            part.setdefault("Tags", tags.get(part[kind.id_member], []))

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

    def _wait_for_turn(self, operation_name: str, **_: Any) -> None:
        if self._pace is not None and not operation_name.startswith("Describe"):
            self._pace.wait(operation_name)

    def _take_another_turn(self, response: Any, operation: Any, attempts: int, **_: Any) -> int | None:
        """After a throttled call, the seconds to sleep before the next attempt: none, it waits for its turn anyway.
        None where botocore shall decide."""
        code = response[1].get("Error", {}).get("Code") if response else None
        if self._pace is None or code not in THROTTLED or attempts >= TRIES or operation.name.startswith("Describe"):
            return None
        self._pace.throttled(operation.name)
        return 0

    def _note_access_key(self, request: Any, **_: Any) -> None:
        header = request.headers.get("Authorization", b"")
        credential = re.search(rb"Credential=(\w+)/", header if isinstance(header, bytes) else header.encode())
        self._access_key = credential.group(1).decode() if credential else ""


def account_of(access_key: str) -> str | None:
    """The account number (12 digits) that an access key holds, None if it has not the form of one that does.

    After Tal Be'ery, "A short note on AWS key ID": C(AKIA) or C(ASIA), then 16 base32 characters whose bits 1 to 40
    are the number. Keys from before 2019 have other bits there.
    """
    if len(access_key) != 20 or access_key[:4] not in ("AKIA", "ASIA"):
        return None
    try:
        bits = int.from_bytes(base64.b32decode(access_key[4:])[:6], "big")
    except binascii.Error:
        return None
    return f"{(bits & 0x7FFFFFFFFF80) >> 7:012d}"
