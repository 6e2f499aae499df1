# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about an error, by code.

EC2's codes are from "Error codes for the Amazon EC2 API" and from replies that public clients quote. The limits are
from the Traffic Mirroring guide, "Quotas". Names such as C(NoCredentialsError) are exceptions for calls that were not
sent.
"""

from __future__ import annotations

import re

from .denials import is_denied_by_policy, permission_remedy
from .errors import SERVER_ERROR_CODES, THROTTLING_CODES, Ec2Error

_CREDENTIALS = "access_key and secret_key, or profile"
_CONFIG_FILES = "~/.aws/config and ~/.aws/credentials, or the files named by AWS_CONFIG_FILE"
_RENEW_CREDENTIALS = "renew the temporary credentials (access_key, secret_key and session_token, or profile)"
_SSO = "Sign in again with aws sso login for the profile, then rerun the task."
_TEMPORARY = "EC2 has a temporary problem. Rerun the task."
_THROTTLED = (
    "EC2 throttles the account. Run fewer tasks at the same time, or allow more retries: "
    "aws_config: {retries: {mode: adaptive, max_attempts: 20}}."
)
_UNREACHABLE = "Check region, endpoint_url, DNS, proxy and firewall of the host that runs the module."
_CA_BUNDLE = (
    "The certificate of the endpoint or proxy could not be verified: set aws_ca_bundle (or AWS_CA_BUNDLE) to an "
    "existing file with the certificate authority, or check endpoint_url."
)
_PROXY = "Check HTTPS_PROXY, HTTP_PROXY, NO_PROXY and proxies in aws_config."
_NOT_EC2 = "A proxy or another server replied instead of EC2: check endpoint_url, HTTPS_PROXY and NO_PROXY."
_REGION = "Set region (or AWS_REGION) to the name of a region that has EC2, such as eu-west-1."
_ENDPOINT = "Check region and endpoint_url, and update boto3 and botocore if the region is new."
_CONFIG_VALUE = f"Correct the setting in aws_config, in {_CONFIG_FILES}, or in the environment."
_BOTOCORE = "Reinstall boto3 and botocore of one release for the Python interpreter that runs the module."
_UNSENT = "Check the connection options, aws_config and the AWS configuration files."
_WRONG_VALUE = "Correct the option whose value EC2's message names."
_WRONG_PARAMETER = (
    "Correct the option that EC2's message names. If the task does not set it, report a defect of the collection."
)
_OTHER_API = "The endpoint does not offer this part of the EC2 API: check region and endpoint_url."

REMEDIES = {
    # Sources and targets.
    "NetworkInterfaceNotSupported": (
        "The source must be an interface that is attached to an instance of a supported type, see the instance types "
        "in the Traffic Mirroring guide. Of the interfaces that AWS services manage, only those of Amazon RDS and "
        "Amazon ElastiCache can be sources."
    ),
    "InterfaceInUseByTrafficMirrorTarget": (
        "An interface that is a mirror target cannot be a mirror source or belong to a second target: use another "
        "interface, or delete the target."
    ),
    "InterfaceInUseByTrafficMirrorSession": (
        "An interface that is a mirror source cannot be a target: use another interface, or delete the sessions of "
        "this interface."
    ),
    "NlbInUseByTrafficMirrorTarget": (
        "The load balancer already belongs to a target, possibly of another account: use that target, or another load "
        "balancer."
    ),
    "InvalidTrafficMirrorTarget": (
        "The interface of the target must exist in this account and region: check network_interface_id and region."
    ),
    "InvalidVpcEndpointType": (
        "The endpoint must be a Gateway Load Balancer endpoint: check gateway_load_balancer_endpoint_id."
    ),
    # Limits. None of these quotas can be increased.
    "TrafficMirrorSessionsPerInterfaceLimitExceeded": (
        "An interface can have at most 3 sessions: delete one of its sessions."
    ),
    "TrafficMirrorSourcesPerTargetLimitExceeded": (
        "A target that is a network interface can have at most 10 sources (100 on the largest instance types): "
        "use a Network Load Balancer as the target."
    ),
    "TrafficMirrorSessionsPerTargetLimitExceeded": (
        "The target has the maximum number of sessions: use another target, or a Network Load Balancer."
    ),
    "TrafficMirrorSessionLimitExceeded": (
        "An account can have at most 10,000 sessions in a region: delete unused sessions."
    ),
    "TrafficMirrorTargetLimitExceeded": (
        "An account can have at most 10,000 targets in a region: delete unused targets."
    ),
    "TrafficMirrorFilterLimitExceeded": (
        "An account can have at most 10,000 filters in a region: delete unused filters."
    ),
    "TrafficMirrorFilterRuleLimitExceeded": "A filter can have at most 10 rules: delete or merge rules.",
    # In use and duplicates.
    "TrafficMirrorFilterRuleAlreadyExists": "Another client is changing the rules of this filter. Rerun the task.",
    "TrafficMirrorFilterInUse": (
        "Delete the sessions that use the filter first, or change them to use another filter."
    ),
    "TrafficMirrorTargetInUse": (
        "Delete the sessions that use the target first, or change them to use another target."
    ),
    "DependencyViolation": "Delete or change the resources that depend on this one first; EC2's message names them.",
    # Resources that do not exist and malformed ids. See canonical_code for the spellings.
    "TrafficMirrorSession.NotFound": "The session was deleted. Rerun the task.",
    "TrafficMirrorFilter.NotFound": (
        "The filter does not exist in this account and region: check traffic_mirror_filter_id and region."
    ),
    "TrafficMirrorTarget.NotFound": (
        "The target does not exist in this account and region and is not shared with this account: "
        "check traffic_mirror_target_id and region."
    ),
    "TrafficMirrorFilterRule.NotFound": "The rule was deleted. Rerun the task.",
    "NetworkInterface.NotFound": (
        "The interface does not exist in this account and region: check network_interface_id and region."
    ),
    "NetworkLoadBalancer.NotFound": (
        "The load balancer does not exist in this account and region: check network_load_balancer_arn and region."
    ),
    "VpcEndpoint.NotFound": (
        "The endpoint does not exist in this account and region: check gateway_load_balancer_endpoint_id and region."
    ),
    "Instance.NotFound": "The instance was terminated. Rerun the task.",
    "InvalidID": "A resource to tag does not exist in this account and region any more. Rerun the task.",
    "NetworkInterface.Malformed": "Correct network_interface_id: eni- followed by 8 or 17 hexadecimal digits.",
    "NetworkLoadBalancer.Malformed": "Correct network_load_balancer_arn: the full ARN of a Network Load Balancer.",
    "VpcEndpoint.Malformed": "Correct gateway_load_balancer_endpoint_id: vpce- followed by 8 or 17 hexadecimal digits.",
    "TrafficMirrorSession.Malformed": "Correct traffic_mirror_session_id: tms- followed by 17 hexadecimal digits.",
    "TrafficMirrorFilter.Malformed": "Correct traffic_mirror_filter_id: tmf- followed by 17 hexadecimal digits.",
    "TrafficMirrorTarget.Malformed": "Correct traffic_mirror_target_id: tmt- followed by 17 hexadecimal digits.",
    "TrafficMirrorFilterRule.Malformed": "Rerun the task. If it fails again, report a defect of the collection.",
    "Instance.Malformed": "Rerun the task. If it fails again, report a defect of the collection.",
    # Tags.
    "InvalidTagKey.Malformed": (
        "Correct the keys of tags and default_tags: 1 to 128 characters, not beginning with aws: in any case of "
        "letters."
    ),
    "TagLimitExceeded": "A resource can have at most 50 tags: remove tags, or set purge_tags to true.",
    "TagPolicyViolation": "A tag policy of the organization forbids these tags: correct tags or default_tags.",
    "ConcurrentTagAccess": "Another client is changing the same tags. Rerun the task.",
    # Requests.
    "DryRunOperation": (
        "EC2 treated the call as a dry run and changed nothing, but the module did not request one: check endpoint_url "
        "and proxy."
    ),
    "IdempotentParameterMismatch": (
        "EC2 already carried out an earlier attempt of this call with other values. Rerun the task."
    ),
    "InvalidClientToken": "Rerun the task. If it fails again, report a defect of the collection.",
    "InvalidParameterValue": _WRONG_VALUE,
    "InvalidParameter": _WRONG_VALUE,
    "InvalidParameterCombination": _WRONG_PARAMETER,
    "InvalidParameterDependency": _WRONG_PARAMETER,
    "MissingParameter": _WRONG_PARAMETER,
    "UnknownParameter": _OTHER_API,
    "InvalidFilter": f"EC2 does not support one of the filters. {_OTHER_API}",
    "FilterLimitExceeded": "One request can have at most 200 filter values: list fewer values in the option.",
    "InvalidMaxResults": _OTHER_API,
    "InvalidNextToken": "The resources changed while their pages were read. Rerun the task.",
    "InvalidPaginationToken": "The resources changed while their pages were read. Rerun the task.",
    "UnsupportedOperation": (
        "EC2 does not support the call for this resource or in this region: see EC2's message. Check region."
    ),
    "InvalidAction": _OTHER_API,
    # Credentials and account. None of these is a matter of IAM policies.
    "AuthFailure": (
        "The credentials are not valid in this region or account: check profile, access_key and region. A region that "
        "is disabled by default must be enabled for the account."
    ),
    "RequestExpired": (
        f"The credentials expired, or the clock of this host is wrong: {_RENEW_CREDENTIALS} and check the clock, then "
        "rerun the task."
    ),
    "ExpiredToken": f"The session token expired: {_RENEW_CREDENTIALS}, then rerun the task.",
    "InvalidClientTokenId": (
        "AWS has no such access key: check access_key or profile, session_token for temporary credentials, and "
        "that the region belongs to the partition of the account."
    ),
    "UnrecognizedClient": (
        "AWS has no such access key: check access_key or profile, and session_token for temporary credentials."
    ),
    "SignatureDoesNotMatch": (
        "The secret key does not belong to the access key, or a proxy changed the request: check secret_key or "
        "profile, the clock of this host, and the proxy."
    ),
    "IncompleteSignature": "A proxy changed the request, or the credentials are malformed: check both.",
    "MissingAuthenticationToken": "A proxy removed the signature of the request: check endpoint_url and proxy.",
    "OptInRequired": (
        "The account is not subscribed to EC2 in this region: complete the sign-up of the account, or enable the "
        "region for the account."
    ),
    "Blocked": "AWS blocked the account: the owner of the account must contact AWS Support.",
    "PendingVerification": (
        "AWS is still verifying the account for this region: rerun the task later, and contact AWS Support if it takes "
        "longer than four hours."
    ),
    # Server errors and throttling.
    **dict.fromkeys(SERVER_ERROR_CODES, _TEMPORARY),
    **dict.fromkeys((*THROTTLING_CODES, "RequestThrottled", "SlowDown", "BandwidthLimitExceeded"), _THROTTLED),
    # STS and IAM Identity Center, which botocore calls for the credentials.
    "RegionDisabled": (
        "STS is not activated in this region for the account: activate it in the account settings of IAM."
    ),
    "InvalidIdentityToken": "Check the web identity token and the identity provider that the role trusts.",
    "IDPCommunicationError": "The identity provider of the web identity token did not reply to STS. Rerun the task.",
    "IDPRejectedClaim": "The identity provider rejected the web identity token: renew the token.",
    "Forbidden": "Check sso_account_id and sso_role_name of the profile: the user has no such role in that account.",
    # botocore found no usable credentials.
    "NoCredentialsError": (
        f"Set {_CREDENTIALS}, or configure AWS credentials (environment, ~/.aws/credentials, instance profile)."
    ),
    "NoAuthTokenError": f"Set {_CREDENTIALS}, or configure AWS credentials.",
    "PartialCredentialsError": (
        "The credentials are incomplete: set both access_key and secret_key, or complete the profile or the "
        "environment variables."
    ),
    "CredentialRetrievalError": (
        "The source of the credentials failed: check credential_process, the instance profile or the container role of "
        "the profile."
    ),
    "MetadataRetrievalError": "The instance metadata service failed: check the instance profile or the container role.",
    "InvalidIMDSEndpointError": "Correct AWS_EC2_METADATA_SERVICE_ENDPOINT, or unset it.",
    "InvalidIMDSEndpointModeError": "Correct AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: IPv4 or IPv6.",
    "UnknownCredentialError": (
        "Correct credential_source of the profile: Environment, Ec2InstanceMetadata or EcsContainer."
    ),
    "RefreshWithMFAUnsupportedError": (
        "Credentials with MFA cannot be renewed: get a session token for the whole run and set access_key, secret_key "
        "and session_token."
    ),
    "SSOError": _SSO,
    "SSOTokenLoadError": _SSO,
    "UnauthorizedSSOTokenError": _SSO,
    "TokenRetrievalError": _SSO,
    "PendingAuthorizationExpiredError": _SSO,
    "UnknownTokenProviderError": _SSO,
    **dict.fromkeys(
        (
            "LoginError",
            "LoginAuthorizationCodeError",
            "LoginInsufficientPermissions",
            "LoginRefreshRequired",
            "LoginTokenLoadError",
        ),
        "Sign in again with aws login for the profile, then rerun the task.",
    ),
    "MissingDependency": (
        "Install the package that botocore names for the Python interpreter that runs the module, or use other "
        "credentials."
    ),
    # Configuration.
    "ProfileNotFound": f"Correct profile (or AWS_PROFILE), or add the profile to {_CONFIG_FILES}.",
    "ConfigNotFound": f"Check that AWS_CONFIG_FILE names an existing file: {_CONFIG_FILES}.",
    "ConfigParseError": f"Correct the syntax of {_CONFIG_FILES}.",
    "InvalidConfigError": f"Correct the profile in {_CONFIG_FILES}.",
    "FileNotFoundError": (
        "Check the files that the configuration names: web_identity_token_file (AWS_WEB_IDENTITY_TOKEN_FILE), "
        "credential_process, and aws_ca_bundle (AWS_CA_BUNDLE)."
    ),
    "PermissionError": (
        "Allow the user that runs the module to read the file: AWS configuration, token file, credential_process or CA "
        "bundle."
    ),
    "InfiniteLoopConfigError": f"Correct source_profile in {_CONFIG_FILES}: the profiles refer to each other.",
    "InvalidRetryConfigurationError": _CONFIG_VALUE,
    "InvalidRetryModeError": _CONFIG_VALUE,
    "InvalidMaxRetryAttemptsError": _CONFIG_VALUE,
    "InvalidProxiesConfigError": f"Correct proxies_config in aws_config. {_PROXY}",
    "InvalidDefaultsMode": _CONFIG_VALUE,
    "InvalidChecksumConfigError": _CONFIG_VALUE,
    "InvalidSTSRegionalEndpointsConfigError": "Correct AWS_STS_REGIONAL_ENDPOINTS: regional or legacy.",
    "InvalidEndpointDiscoveryConfigurationError": _CONFIG_VALUE,
    "InvalidEndpointConfigurationError": _ENDPOINT,
    "UnknownSignatureVersionError": "Correct signature_version in aws_config, or omit it.",
    "UnsupportedSignatureVersionError": "Correct signature_version in aws_config, or omit it.",
    "DataNotFoundError": f"botocore has no data for EC2: check AWS_DATA_PATH. {_BOTOCORE}",
    "UnknownServiceError": f"botocore has no data for EC2: check AWS_DATA_PATH. {_BOTOCORE}",
    "ParamValidationError": _WRONG_PARAMETER,
    # Region, endpoint and network.
    "NoRegionError": _REGION,
    "InvalidRegionError": _REGION,
    "UnknownRegionError": _REGION,
    "ServiceNotInRegionError": _REGION,
    "BaseEndpointResolverError": _ENDPOINT,
    "UnknownEndpointError": _ENDPOINT,
    "EndpointVariantError": (
        "The region has no endpoint of this kind: check AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT and "
        "aws_config."
    ),
    "UnknownFIPSEndpointError": "The region has no FIPS endpoint: check AWS_USE_FIPS_ENDPOINT and region.",
    "EndpointProviderError": _ENDPOINT,
    "EndpointResolutionError": _ENDPOINT,
    "InvalidDNSNameError": _ENDPOINT,
    "InvalidHostLabelError": _ENDPOINT,
    "EndpointConnectionError": _UNREACHABLE,
    "ConnectTimeoutError": _UNREACHABLE,
    "ConnectionError": _UNREACHABLE,
    "ProxyConnectionError": f"The proxy could not be reached or refused the connection. {_PROXY}",
    "SSLError": _CA_BUNDLE,
    "HTTPClientError": "Check endpoint_url, network, proxy and aws_config.",
}

# Remedies by the text of the error, if it tells more than the code.
_CREDENTIAL_HEADER = (
    "A credential has a line break or another invalid character: correct access_key, secret_key or session_token, or "
    "the environment variable or file that sets it."
)
_REMEDIES_BY_TEXT = (
    ("already being used", "Another session has this interface and number: choose another session_number."),
    (r"Invalid header value|Illegal header", _CREDENTIAL_HEADER),
    (r"CA cert|cafile|CERTIFICATE_VERIFY_FAILED|TLS CA", _CA_BUNDLE),
    (r"the reply is not EC2's", _NOT_EC2),
)
_SPELLINGS = re.compile(
    r"(?:Invalid)?(TrafficMirror(?:Session|FilterRule|Filter|Target)|NetworkInterface|NetworkLoadBalancer|VpcEndpoint"
    r"|Instance)(?:I[dD]|Arn)?\.?(No(?:t)?Found|Malformed)"
)


def canonical_code(code: str) -> str:
    """Return the key of an error code in REMEDIES.

    C(InvalidTrafficMirrorTargetId.NotFound), C(InvalidTrafficMirrorTargetNotFound) and the documented spelling
    C(InvalidTrafficMirrorTargetNoFound) become C(TrafficMirrorTarget.NotFound), with or without the suffix
    C(Exception).
    """
    code = re.sub(r"Exception$", "", code)
    spelling = _SPELLINGS.fullmatch(code)
    if spelling is None:
        return code
    return f"{spelling[1]}.{'Malformed' if spelling[2] == 'Malformed' else 'NotFound'}"


def find_remedy(error: Ec2Error) -> str:
    """Return what to do about an error. Empty for an unknown code."""
    if is_denied_by_policy(error):
        return permission_remedy(error)
    for pattern, remedy in _REMEDIES_BY_TEXT:
        if re.search(pattern, error.message):
            return remedy
    return REMEDIES.get(canonical_code(error.code), "" if error.sent else _UNSENT)
