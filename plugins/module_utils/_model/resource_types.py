# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declarations of the resource types: their fields, identifiers and EC2 names.

The modules represent a resource as a dict of module options: C(traffic_mirror_session_id), C(packet_length) and so on,
plus C(tags) (a dict), C(owner_id) and C(arn) if EC2 returns an owner, and C(rules) (a list of such dicts) for a filter.
A field that is not set, and that EC2 therefore omits, has its unset value (C(0) or C("")). So a resource that an info
module returned can be used as options without causing a change.

This module does not depend on Ansible or boto3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .converters import ANY_PROTOCOL, CIDR, LOAD_BALANCER, PORTS, PROTOCOL, Converter
from .errors import ValidationError
from .placeholders import parse_placeholder
from .text import truncate
from .validation import check_id, check_text

ModuleParams = dict[str, Any]  # by module option
ApiParams = dict[str, Any]  # by parameter of the EC2 API


@dataclass(frozen=True, eq=False)
class Field:
    """One field of a resource type.

    option, member: the names of the module option and of the API parameter. type, choices: of the module option.
    change: how to change the field: C(modify) by the Modify action, C(replace) by replacing the resource,
    C(separate_call) by an action for this field only, also after Create, C(never) if only EC2 sets it.
    remove: the name of the field in C(RemoveFields), None if it cannot be reset.
    unset: the option's value that resets the field, and that a field without a value has in results.
    minimum, maximum: the inclusive range of an integer.
    prefix: the prefix of the resource id in the field. converter: for values that have several spellings.
    required: whether the suboption is required, for a child resource type (see ResourceType.children).
    """

    option: str
    member: str
    type: str = "str"
    choices: tuple[str, ...] = ()
    change: str = "modify"
    remove: str | None = None
    unset: Any = None
    minimum: int | None = None
    maximum: int | None = None
    prefix: str | None = None
    converter: Converter | None = None
    required: bool = False

    def parse(self, value: Any) -> Any:
        """Return the value in its canonical spelling, or an UnresolvedRef for the placeholder of an id.

        Raises ValidationError if it is out of range or malformed.
        """
        if self.type == "int" and isinstance(value, bool):
            raise ValidationError(f"{self.option} must be {self.range()}, not {value}.")
        if value == self.unset:
            return value
        if self.prefix is not None:
            reference = parse_placeholder(value, self.prefix)
            if reference is not None:
                return reference
            check_id(self.option, value, self.prefix)
        too_small = self.minimum is not None and value < self.minimum
        too_large = self.maximum is not None and value > self.maximum
        if too_small or too_large:
            raise ValidationError(f"{self.option} must be {self.range()}, not {truncate(value)}.")
        if self.converter is None:
            if isinstance(value, str):
                check_text(self.option, value)
            return value
        try:
            return self.converter.parse(value)
        except ValueError as error:
            raise ValidationError(f"{self.option} {error}.") from error

    def range(self) -> str:
        """Return the allowed range as text, such as "1 to 32766" or "0 (reset) or 1 to 65535"."""
        text = f"{self.minimum} to {self.maximum}"
        return text if self.unset is None else f"{self.unset} (reset) or {text}"


@dataclass(frozen=True, eq=False)
class ResourceType:
    """One resource type.

    key: the name in results, for example C(traffic_mirror_session). noun: the name in messages, for example "session".
    api: the name within EC2's action and parameter names, for example C(TrafficMirrorSession). prefix: of the ids.
    natural_keys: sets of options. EC2 allows one resource with the same values for all options of a set.
    name_scope: the options within whose values the Name tag identifies a resource; empty for account and region.
    required_to_create: the options that the Create action requires.
    filters: the filter names that the Describe action documents. client_side_filters: further options that the info
    module can filter by.
    has_owner: whether EC2 returns the owner.
    children: the child resource type, whose resources exist only within a parent, such as the rules of a filter.
    Only for a child resource type: parent_id_member is the parameter with the id of the parent, list_option the
    parent's option with the list of children, and list_members the members of the parent's response with the children.
    """

    key: str
    noun: str
    api: str
    prefix: str
    fields: tuple[Field, ...]
    natural_keys: tuple[tuple[str, ...], ...] = ()
    name_scope: tuple[str, ...] = ()
    required_to_create: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    client_side_filters: tuple[str, ...] = ()
    has_owner: bool = True
    children: ResourceType | None = None
    parent_id_member: str = ""
    list_option: str = ""
    list_members: tuple[str, ...] = ()

    @property
    def id_option(self) -> str:
        """The option with the id: C(traffic_mirror_session_id)."""
        return f"{self.key}_id"

    @property
    def id_member(self) -> str:
        """The API parameter with the id: C(TrafficMirrorSessionId)."""
        return f"{self.api}Id"

    @property
    def tag_type(self) -> str:
        """The name in tag specifications, ARNs and Describe filters: C(traffic-mirror-session)."""
        return self.key.replace("_", "-")

    def field(self, option: str) -> Field:
        """The field with this option."""
        return next(field for field in self.fields if field.option == option)

    @property
    def immutable_options(self) -> set[str]:
        """The options whose change requires a replacement of the resource."""
        return {field.option for field in self.fields if field.change == "replace"}

    @property
    def identifying(self) -> tuple[str, ...]:
        """The options of all natural keys."""
        return tuple(option for key in self.natural_keys for option in key)

    @property
    def read_only(self) -> tuple[str, ...]:
        """The options that a task cannot change.

        The modules accept them so that results of an info module can be used as options. A value that differs from
        the resource is an error.
        """
        return (
            *(("owner_id", "arn") if self.has_owner else ()),
            *(f.option for f in self.fields if f.change == "never"),
        )

    def label(self, row: ModuleParams) -> str:
        """Return the label of a resource for messages: noun, id, natural key, Name tag and owner, as far as present."""
        facts = [f"{option} {row[option]}" for option in self.identifying if row.get(option) is not None]
        name = row.get("tags", {}).get("Name")
        facts += [f"Name {name}"] if name else []
        facts += [f"owner {row['owner_id']}"] if row.get("owner_id") else []
        resource_id = row.get(self.id_option)  # a CreatedIdRef if an earlier call of the plan creates the resource
        parts = [
            self.noun,
            resource_id if isinstance(resource_id, str) else "",
            f"({', '.join(facts)})" if facts else "",
        ]
        return " ".join(filter(None, parts))


# Ranges: EC2's service model documents the session number and the minimum packet length. The virtual network id has no
# documented range; it has 24 bits in VXLAN (RFC 7348). The packet length has no documented maximum except for Network
# Load Balancers (see NLB_PACKET_LENGTH); an IP packet has at most 65535 bytes.
SESSION = ResourceType(
    key="traffic_mirror_session",
    noun="session",
    api="TrafficMirrorSession",
    prefix="tms",
    fields=(
        Field("network_interface_id", "NetworkInterfaceId", change="replace", prefix="eni"),
        Field("session_number", "SessionNumber", type="int", minimum=1, maximum=32766),
        Field("traffic_mirror_filter_id", "TrafficMirrorFilterId", prefix="tmf"),
        Field("traffic_mirror_target_id", "TrafficMirrorTargetId", prefix="tmt"),
        Field("packet_length", "PacketLength", type="int", minimum=1, maximum=65535, remove="packet-length", unset=0),
        Field("virtual_network_id", "VirtualNetworkId", type="int", minimum=0, maximum=16777215),
        Field("description", "Description", remove="description", unset=""),
    ),
    natural_keys=(("network_interface_id", "session_number"),),
    name_scope=("network_interface_id",),
    required_to_create=("network_interface_id", "traffic_mirror_filter_id", "traffic_mirror_target_id"),
    filters=(
        "description",
        "network-interface-id",
        "owner-id",
        "packet-length",
        "session-number",
        "traffic-mirror-filter-id",
        "traffic-mirror-session-id",
        "traffic-mirror-target-id",
        "virtual-network-id",
    ),
)

# The directions of packets, from the point of view of the source interface.
DIRECTIONS = ("ingress", "egress")

# EC2 documents no range for rule numbers: the range is that of the data type, without 0 and negative numbers.
RULE = ResourceType(
    key="traffic_mirror_filter_rule",
    noun="rule",
    api="TrafficMirrorFilterRule",
    prefix="tmfr",
    fields=(
        Field("direction", "TrafficDirection", choices=DIRECTIONS, required=True),
        Field("rule_number", "RuleNumber", type="int", minimum=1, maximum=2**31 - 1, required=True),
        Field("action", "RuleAction", choices=("accept", "reject"), required=True),
        Field("protocol", "Protocol", converter=PROTOCOL, remove="protocol", unset=ANY_PROTOCOL),
        Field("source_cidr", "SourceCidrBlock", converter=CIDR, required=True),
        Field("destination_cidr", "DestinationCidrBlock", converter=CIDR, required=True),
        Field("source_port", "SourcePortRange", converter=PORTS, remove="source-port-range", unset=""),
        Field("destination_port", "DestinationPortRange", converter=PORTS, remove="destination-port-range", unset=""),
        Field("description", "Description", remove="description", unset=""),
    ),
    natural_keys=(("direction", "rule_number"),),
    has_owner=False,
    parent_id_member="TrafficMirrorFilterId",
    list_option="rules",
    list_members=("IngressFilterRules", "EgressFilterRules"),
)
# A filter has no natural key. EC2 returns no owner, because filters, unlike targets, cannot be shared between accounts.
FILTER = ResourceType(
    key="traffic_mirror_filter",
    noun="filter",
    api="TrafficMirrorFilter",
    prefix="tmf",
    fields=(
        Field("description", "Description", change="replace", unset=""),
        Field(
            "network_services",
            "NetworkServices",
            type="list",
            choices=("amazon-dns",),
            change="separate_call",
            unset=[],
        ),
    ),
    filters=("description", "traffic-mirror-filter-id"),
    has_owner=False,
    children=RULE,
)
# An interface or a Network Load Balancer can belong to at most one target ("Error codes for the Amazon EC2 API",
# InterfaceInUseByTrafficMirrorTarget and NlbInUseByTrafficMirrorTargetException).
TARGET = ResourceType(
    key="traffic_mirror_target",
    noun="target",
    api="TrafficMirrorTarget",
    prefix="tmt",
    fields=(
        Field("network_interface_id", "NetworkInterfaceId", change="replace", prefix="eni"),
        Field("network_load_balancer_arn", "NetworkLoadBalancerArn", change="replace", converter=LOAD_BALANCER),
        Field("gateway_load_balancer_endpoint_id", "GatewayLoadBalancerEndpointId", change="replace", prefix="vpce"),
        Field("description", "Description", change="replace", unset=""),
        Field("type", "Type", change="never"),
    ),
    natural_keys=(
        ("network_interface_id",),
        ("network_load_balancer_arn",),
        ("gateway_load_balancer_endpoint_id",),
    ),
    filters=(
        "description",
        "network-interface-id",
        "network-load-balancer-arn",
        "owner-id",
        "traffic-mirror-target-id",
    ),
    client_side_filters=("gateway_load_balancer_endpoint_id", "type"),
)

# If the target is a Network Load Balancer, EC2 accepts 1 to 8500 and returns 8500 for a session whose packet length was
# never set (EC2's service model, CreateTrafficMirrorSession). A Gateway Load Balancer endpoint has an MTU of 8500
# (Traffic Mirroring guide, "Quotas"); the packet length that EC2 returns for it is not documented.
NLB_PACKET_LENGTH = 8500
NLB, GWLBE, ENI = "network-load-balancer", "gateway-load-balancer-endpoint", "network-interface"

# Quotas that cannot be increased (Traffic Mirroring guide, "Quotas"). The guide does not document whether the quota of
# rules is for each direction or for both together, so this collection applies it to each direction.
SESSIONS_PER_INTERFACE = 3
RULES_PER_FILTER = 10
