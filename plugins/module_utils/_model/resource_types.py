# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kinds of object are, as data, and the translation between the options' words and EC2's.

An object is a plain dict in the options' words: C(traffic_mirror_session_id), C(packet_length), ... plus C(tags) (a
dict), C(owner_id) and C(arn) if EC2 says whose it is, and C(rules), a list of such dicts, if it is a filter. A field
that EC2 leaves out because it is not set reads as the value that unsets it (C(0), C("")), so that an object fed back as
options says exactly the same thing.

Nothing here knows Ansible or boto3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .converters import ANY_PROTOCOL, CIDR, LOAD_BALANCER, PORTS, PROTOCOL, Converter
from .errors import ValidationError
from .text import truncate
from .validation import check_id, check_text

ModuleParams = dict[str, Any]  # in the options' words
ApiParams = dict[str, Any]  # in EC2's words


@dataclass(frozen=True, eq=False)
class Field:
    """One attribute of a kind.

    option, member: its name in the options and in EC2's API. type, choices: of the option.
    change: C(modify) in place, C(replace) only by a new object, C(apart) by calls of its own, in the Create too,
    C(never) if it is EC2 that sets it.
    remove: its name in C(RemoveFields), if it can be reset there.
    unset: the option's value that asks for the reset, and that says that it is not set.
    minimum, maximum: the range of an integer, both inclusive.
    prefix: of the id that the field holds. converter: of a value that has several spellings.
    required: whether a part of an object must have it, see Kind.parts.
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
        """The value as results have it. Raises ValidationError unless it is in range and of the right form."""
        if self.type == "int" and isinstance(value, bool):
            raise ValidationError(f"{self.option} must be {self.range()}, not {value}.")
        if value == self.unset:
            return value
        if self.prefix is not None:
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
        """The allowed range in words: C("1 to 32766"), C("0 (reset) or 1 to 65535")."""
        text = f"{self.minimum} to {self.maximum}"
        return text if self.unset is None else f"{self.unset} (reset) or {text}"


@dataclass(frozen=True, eq=False)
class ResourceType:
    """One kind of object.

    key: its name in results (C(traffic_mirror_session)). noun: its name in messages.
    api: its name in EC2's action and member names. prefix: of its ids.
    natural_keys: the options that together identify one object to EC2 itself, besides its id; any of several such sets.
    name_scope: the options within which the Name tag identifies an object; the empty tuple means the whole account.
    needed: the options without which none can be created.
    filters: the names that its Describe action documents. own_filters: options that info modules compare themselves.
    owned: whether EC2 says whose an object is.
    parts: the kind of its parts, objects that live and go with it. Of a kind of parts, parent is the member that names
    the object they belong to, listed the option that holds them there, and lists the members in that object's replies.
    """

    key: str
    noun: str
    api: str
    prefix: str
    fields: tuple[Field, ...]
    natural_keys: tuple[tuple[str, ...], ...] = ()
    name_scope: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    own_filters: tuple[str, ...] = ()
    owned: bool = True
    parts: ResourceType | None = None
    parent: str = ""
    listed: str = ""
    lists: tuple[str, ...] = ()

    @property
    def id_option(self) -> str:
        return f"{self.key}_id"

    @property
    def id_member(self) -> str:
        return f"{self.api}Id"

    @property
    def tag_type(self) -> str:
        """Its name in tag specifications, ARNs and Describe filters: C(traffic-mirror-session)."""
        return self.key.replace("_", "-")

    @property
    def fixed(self) -> set[str]:
        """The options that EC2 cannot change on an existing object."""
        return {field.option for field in self.fields if field.change == "replace"}

    @property
    def identifying(self) -> tuple[str, ...]:
        """All options of the natural keys."""
        return tuple(option for key in self.natural_keys for option in key)

    @property
    def read_only(self) -> tuple[str, ...]:
        """What an object says about itself and nobody can set. The modules take it as options, so that what an info
        module returns can be fed back as it stands, and refuse a value that is not the object's own."""
        return (*(("owner_id", "arn") if self.owned else ()), *(f.option for f in self.fields if f.change == "never"))

    def label(self, found: ModuleParams) -> str:
        """How messages name one object: its noun, id, what it sits on, name and owner, as far as known."""
        facts = [f"{option} {found[option]}" for option in self.identifying if found.get(option) is not None]
        name = found.get("tags", {}).get("Name")
        facts += [f"Name {name}"] if name else []
        facts += [f"owner {found['owner_id']}"] if found.get("owner_id") else []
        known = found.get(self.id_option)  # not a string where an earlier call of a plan has yet to give it
        words = [self.noun, known if isinstance(known, str) else "", f"({', '.join(facts)})" if facts else ""]
        return " ".join(filter(None, words))


# Ranges: the session number and the packet length are in EC2's service model. The virtual network id has no
# documented range; VXLAN (RFC 7348) gives it 24 bits. A packet length has no documented maximum except for Network
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
    needed=("network_interface_id", "traffic_mirror_filter_id", "traffic_mirror_target_id"),
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

# EC2 documents no range for rule numbers; those of network ACLs, which they resemble, are 1 to 32766.
RULE = ResourceType(
    key="traffic_mirror_filter_rule",
    noun="rule",
    api="TrafficMirrorFilterRule",
    prefix="tmfr",
    fields=(
        Field("direction", "TrafficDirection", choices=("ingress", "egress"), required=True),
        Field("rule_number", "RuleNumber", type="int", minimum=1, maximum=32766, required=True),
        Field("action", "RuleAction", choices=("accept", "reject"), required=True),
        Field("protocol", "Protocol", converter=PROTOCOL, remove="protocol", unset=ANY_PROTOCOL),
        Field("source_cidr", "SourceCidrBlock", converter=CIDR, required=True),
        Field("destination_cidr", "DestinationCidrBlock", converter=CIDR, required=True),
        Field("source_port", "SourcePortRange", converter=PORTS, remove="source-port-range", unset=""),
        Field("destination_port", "DestinationPortRange", converter=PORTS, remove="destination-port-range", unset=""),
        Field("description", "Description", remove="description", unset=""),
    ),
    natural_keys=(("direction", "rule_number"),),
    owned=False,
    parent="TrafficMirrorFilterId",
    listed="rules",
    lists=("IngressFilterRules", "EgressFilterRules"),
)
# A filter has no natural key, and EC2 shows nobody else's (only targets can be shared), so none says its owner.
FILTER = ResourceType(
    key="traffic_mirror_filter",
    noun="filter",
    api="TrafficMirrorFilter",
    prefix="tmf",
    fields=(
        Field("description", "Description", change="replace", unset=""),
        Field("network_services", "NetworkServices", type="list", choices=("amazon-dns",), change="apart", unset=[]),
    ),
    filters=("description", "traffic-mirror-filter-id"),
    owned=False,
    parts=RULE,
)
# An interface or a Network Load Balancer is in one target at most ("Error codes for the Amazon EC2 API",
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
    own_filters=("gateway_load_balancer_endpoint_id", "type"),
)

# With a Network Load Balancer as the target EC2 takes 1 to 8500, and reports 8500 for a session whose packet length
# was never set (EC2's service model, CreateTrafficMirrorSession). A Gateway Load Balancer endpoint has an MTU of
# 8500 (Traffic Mirroring guide, quotas); what it reports is not documented.
NLB_PACKET_LENGTH = 8500
NLB, GWLBE, ENI = "network-load-balancer", "gateway-load-balancer-endpoint", "network-interface"

# A source interface takes so many sessions, and a filter so many rules (Traffic Mirroring guide, quotas; not
# adjustable). The guide does not say whether the rules are counted for both directions together; one filter, one count.
SESSIONS_PER_INTERFACE = 3
RULES_PER_FILTER = 10
