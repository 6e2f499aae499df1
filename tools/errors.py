# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the tables of docs/docsite/rst/errors.rst: the error codes with their meaning and what to do.

    python -m tools.errors

The actions are those of the messages (plugins/module_utils/_ec2/remedies.py and denials.py). The meanings are those of
"Error codes for the Amazon EC2 API" and, for limits, of "Traffic Mirroring quotas". They are only here, because EC2's
text is in the messages. Add each new code of REMEDIES to a group.
"""

from __future__ import annotations

import pathlib
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plugins.module_utils._ec2.denials import POLICIES
from plugins.module_utils._ec2.errors import ACCOUNT_CODES, QUOTA_CODES, THROTTLING_CODES, Ec2Error
from plugins.module_utils._ec2.remedies import REMEDIES, canonical_code, find_remedy

PAGE = pathlib.Path(__file__).resolve().parents[1] / "docs/docsite/rst/errors.rst"
# How EC2 spells the codes that REMEDIES has in a short form.
SUFFIXES = {"NetworkLoadBalancer": "Arn", "NetworkInterface": "ID", "Instance": "ID"}
# Parts of the remedies that are shown as literals: options, environment variables, files, commands.
LITERAL = re.compile(
    r"aws_config: \{.*?\}\}|~/\.aws/\w+|\b[A-Z]+(?:_[A-Z0-9]+)+\b|\b[a-z]+(?:_[a-z0-9]+)+\b|aws (?:sso )?login\b"
    r"|\b\w+:ACTION\b|\bACTION\b"
)


@dataclass(frozen=True)
class Group:
    """Errors of one kind.

    intro: what the modules do about them. meanings: the meaning by code; empty if the code says it.
    """

    title: str
    intro: str
    meanings: dict[str, str]


def _list(codes: Iterable[str]) -> str:
    return ", ".join(f"``{code}``" for code in sorted(codes))


def _without_meaning(codes: str) -> dict[str, str]:
    return dict.fromkeys(codes.split(), "")


GROUPS = (
    Group(
        "Sources and targets",
        "",
        {
            "NetworkInterfaceNotSupported": "The interface cannot be a source.",
            "InterfaceInUseByTrafficMirrorTarget": "The interface is a target.",
            "InterfaceInUseByTrafficMirrorSession": "The interface is a source.",
            "NlbInUseByTrafficMirrorTarget": "The load balancer belongs to a target.",
            "InvalidTrafficMirrorTarget": "The destination of the target is not valid.",
            "InvalidVpcEndpointType": "The endpoint has a type that cannot be a target.",
        },
    ),
    Group(
        "Limits",
        "None of these quotas of Traffic Mirroring can be increased. After one of these codes, a fleet or stack makes "
        f"no further call of the same kind: {_list(QUOTA_CODES)}.",
        {
            "TrafficMirrorSessionsPerInterfaceLimitExceeded": "The interface has the maximum number of sessions.",
            "TrafficMirrorSourcesPerTargetLimitExceeded": "The target has the maximum number of sources.",
            "TrafficMirrorSessionsPerTargetLimitExceeded": "The target has the maximum number of sessions.",
            "TrafficMirrorSessionLimitExceeded": "The account has the maximum number of sessions.",
            "TrafficMirrorTargetLimitExceeded": "The account has the maximum number of targets.",
            "TrafficMirrorFilterLimitExceeded": "The account has the maximum number of filters.",
            "TrafficMirrorFilterRuleLimitExceeded": "The filter has the maximum number of rules.",
        },
    ),
    Group(
        "In use and duplicates",
        "",
        {
            "TrafficMirrorFilterRuleAlreadyExists": "The filter has a rule with this direction and number.",
            "TrafficMirrorFilterInUse": "A session uses the filter.",
            "TrafficMirrorTargetInUse": "A session uses the target.",
            "DependencyViolation": "Another resource depends on this one.",
        },
    ),
    Group(
        "Not found",
        "EC2 is eventually consistent, so the modules repeat a call for up to four seconds before they fail.",
        {
            "TrafficMirrorSession.NotFound": "The session does not exist.",
            "TrafficMirrorFilter.NotFound": "The filter does not exist.",
            "TrafficMirrorTarget.NotFound": "The target does not exist.",
            "TrafficMirrorFilterRule.NotFound": "The rule does not exist.",
            "NetworkInterface.NotFound": "The interface does not exist.",
            "NetworkLoadBalancer.NotFound": "The load balancer does not exist.",
            "VpcEndpoint.NotFound": "The endpoint does not exist.",
            "Instance.NotFound": "The instance does not exist.",
            "InvalidID": "The id of a resource to tag does not exist.",
        },
    ),
    Group(
        "Malformed ids",
        "",
        {
            "NetworkInterface.Malformed": "The id of the interface is malformed.",
            "NetworkLoadBalancer.Malformed": "The ARN of the load balancer is malformed.",
            "VpcEndpoint.Malformed": "The id of the endpoint is malformed.",
            "TrafficMirrorSession.Malformed": "The id of the session is malformed.",
            "TrafficMirrorFilter.Malformed": "The id of the filter is malformed.",
            "TrafficMirrorTarget.Malformed": "The id of the target is malformed.",
            "TrafficMirrorFilterRule.Malformed": "The id of the rule is malformed.",
            "Instance.Malformed": "The id of the instance is malformed.",
        },
    ),
    Group(
        "Tags",
        "",
        {
            "InvalidTagKey.Malformed": "A tag key is empty, too long or reserved.",
            "TagLimitExceeded": "The resource would have too many tags.",
            "TagPolicyViolation": "A tag policy does not allow a tag.",
            "ConcurrentTagAccess": "Several calls change the tags of a resource at the same time.",
        },
    ),
    Group(
        "Requests",
        "",
        {
            "DryRunOperation": "The call was a dry run and would have succeeded.",
            "IdempotentParameterMismatch": "The client token belongs to a call with other parameters.",
            "InvalidClientToken": "The client token is not valid.",
            "InvalidParameterValue": "A value is not valid.",
            "InvalidParameter": "A parameter is not valid.",
            "InvalidParameterCombination": "Parameters exclude each other.",
            "InvalidParameterDependency": "A parameter requires another one.",
            "MissingParameter": "A required parameter is missing.",
            "UnknownParameter": "The API has no such parameter.",
            "InvalidFilter": "The filter of a Describe call is not valid.",
            "FilterLimitExceeded": "A Describe call has too many filter values.",
            "InvalidMaxResults": "The page size is not valid.",
            "InvalidNextToken": "The token of the next page is not valid.",
            "InvalidPaginationToken": "The token of the next page is not valid.",
            "UnsupportedOperation": "The call is not supported for the resource.",
            "InvalidAction": "The API has no such action.",
        },
    ),
    Group(
        "Credentials and account",
        f"After one of these codes, a fleet or stack makes no further call: {_list(ACCOUNT_CODES)}.",
        {
            "AuthFailure": "The credentials could not be validated.",
            "RequestExpired": "The time of the request is too long ago or in the future.",
            "ExpiredToken": "The session token has expired.",
            "InvalidClientTokenId": "The access key does not exist.",
            "UnrecognizedClient": "The access key does not exist.",
            "SignatureDoesNotMatch": "The signature of the request is wrong.",
            "IncompleteSignature": "The signature of the request is incomplete.",
            "MissingAuthenticationToken": "The request has no signature.",
            "OptInRequired": "The account has no subscription of the service or region.",
            "Blocked": "The account is blocked.",
            "PendingVerification": "The account is not verified yet.",
        },
    ),
    Group(
        "Throttling and server errors",
        "botocore repeats these calls, and fleets and stacks reduce their rate. After a server error, the modules read "
        "whether EC2 carried out the call.",
        {
            **dict.fromkeys(("InternalError", "InternalFailure", "InternalServerError"), "EC2 had an internal error."),
            **dict.fromkeys(("ServerInternal", "ServiceUnavailable", "Unavailable"), "EC2 is overloaded or down."),
            **dict.fromkeys(
                (*THROTTLING_CODES, "RequestThrottled", "SlowDown", "BandwidthLimitExceeded"),
                "The account made too many calls in a short time.",
            ),
        },
    ),
    Group(
        "STS and IAM Identity Center",
        "botocore calls these services for the credentials.",
        {
            "RegionDisabled": "STS is not active in the region.",
            "InvalidIdentityToken": "The web identity token is not valid.",
            "IDPCommunicationError": "STS could not reach the identity provider.",
            "IDPRejectedClaim": "The identity provider rejected the token.",
            "Forbidden": "The user has no access to the account or role.",
        },
    ),
    Group(
        "Credentials on the host that runs the module",
        "These are names of exceptions. botocore sent no call.",
        _without_meaning(
            """NoCredentialsError NoAuthTokenError PartialCredentialsError CredentialRetrievalError
            MetadataRetrievalError InvalidIMDSEndpointError InvalidIMDSEndpointModeError UnknownCredentialError
            RefreshWithMFAUnsupportedError SSOError SSOTokenLoadError UnauthorizedSSOTokenError TokenRetrievalError
            PendingAuthorizationExpiredError UnknownTokenProviderError LoginError LoginAuthorizationCodeError
            LoginInsufficientPermissions LoginRefreshRequired LoginTokenLoadError MissingDependency"""
        ),
    ),
    Group(
        "Configuration",
        "These are names of exceptions. botocore sent no call.",
        _without_meaning(
            """ProfileNotFound ConfigNotFound ConfigParseError InvalidConfigError FileNotFoundError PermissionError
            InfiniteLoopConfigError InvalidRetryConfigurationError InvalidRetryModeError InvalidMaxRetryAttemptsError
            InvalidProxiesConfigError InvalidDefaultsMode InvalidChecksumConfigError
            InvalidSTSRegionalEndpointsConfigError InvalidEndpointDiscoveryConfigurationError
            InvalidEndpointConfigurationError UnknownSignatureVersionError UnsupportedSignatureVersionError
            DataNotFoundError UnknownServiceError ParamValidationError"""
        ),
    ),
    Group(
        "Region, endpoint and network",
        "These are names of exceptions.",
        _without_meaning(
            """NoRegionError InvalidRegionError UnknownRegionError ServiceNotInRegionError BaseEndpointResolverError
            UnknownEndpointError EndpointVariantError UnknownFIPSEndpointError EndpointProviderError
            EndpointResolutionError InvalidDNSNameError InvalidHostLabelError EndpointConnectionError
            ConnectTimeoutError ConnectionError ProxyConnectionError SSLError HTTPClientError"""
        ),
    ),
)
# Texts that tell more than the code, each with a code that EC2 or botocore returns with the text.
TEXTS = {
    "already being used": "InvalidParameterValue",
    "Invalid header value": "HTTPClientError",
    "CERTIFICATE_VERIFY_FAILED": "SSLError",
    "the reply is not EC2's": "",
}


def spell(code: str) -> str:
    """Return EC2's spelling of a code of REMEDIES."""
    kind, _dot, end = code.partition(".")
    spelled = f"Invalid{kind}{SUFFIXES.get(kind, 'Id')}.{end}"
    return spelled if canonical_code(spelled) == code else code


def written(page: str) -> str:
    """Return the page with its generated parts replaced. Raises SystemExit if a marker is missing."""
    blocks = {
        "codes": [line for group in GROUPS for line in _section(group)],
        "texts": list(_table(("text", "what to do"), [([text], [remedy]) for text, remedy in _text_remedies()])),
        "policies": list(
            _table(
                ("text", "what to do"),
                [([text], [remedy.format(action="ACTION")]) for text, remedy in POLICIES.items()],
            )
        ),
    }
    for name, lines in blocks.items():
        before, begin, rest = page.partition(f".. generated by tools/errors.py: {name}\n")
        _old, end, after = rest.partition(".. end of generated part\n")
        if not begin or not end:
            raise SystemExit(f"{PAGE.name}: no markers for {name}")
        text = "\n".join(lines)
        page = f"{before}{begin}\n{text}\n{end}{after}"
    return page


def _text_remedies() -> Iterator[tuple[str, str]]:
    for text, code in TEXTS.items():
        yield text, find_remedy(Ec2Error("CreateTrafficMirrorSession", code, text, sent=bool(code)))


def _section(group: Group) -> Iterator[str]:
    """Yield the lines of a group. Codes with the same meaning and remedy share a row."""
    rows: dict[tuple[str, str], list[str]] = {}
    for code, meaning in group.meanings.items():
        rows.setdefault((meaning, REMEDIES[code]), []).append(spell(code))
    has_meanings = any(group.meanings.values())
    head = ("code", "meaning", "what to do") if has_meanings else ("exception", "what to do")
    yield from (group.title, "^" * len(group.title), "")
    if group.intro:
        yield from (*textwrap.wrap(group.intro, 120, break_on_hyphens=False), "")
    yield from _table(
        head, [(codes, [meaning, remedy] if has_meanings else [remedy]) for (meaning, remedy), codes in rows.items()]
    )


def _table(head: tuple[str, ...], rows: list[tuple[list[str], list[str]]]) -> Iterator[str]:
    """Yield a table. A row has literals in its first cell, and texts in the others."""
    widths = "34 22 44" if len(head) == 3 else "34 66"
    yield from (".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", "", f"   * - {head[0]}")
    yield from (f"     - {title}" for title in head[1:])
    for literals, texts in rows:
        lines = [f"| ``{one}``" for one in literals] if len(literals) > 1 else [f"``{literals[0]}``"]
        yield from (f"   * - {lines[0]}", *(f"       {line}" for line in lines[1:]))
        for text in texts:
            first, *more = textwrap.wrap(_format(text), 112, break_on_hyphens=False, break_long_words=False)
            yield from (f"     - {first}", *(f"       {line}" for line in more))
    yield ""


def _format(text: str) -> str:
    """Return a text of a message as reStructuredText."""
    return LITERAL.sub(r"``\g<0>``", re.sub(r"([*`|])", r"\\\1", text))


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
