# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto's interfaces and instances in the API's form: dicts by API member name that conform to botocore's model.

moto's templates are too slow for thousands of instances, because they scan all tags of the account for each instance.
Members and values are those of moto, with these corrections towards EC2: an instance has the groups of its primary
interface and the members of _DEFAULTS, addresses have private DNS names, and empty values (a state reason without code,
an association without address, a kernel "None") are absent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

ApiObject = dict[str, Any]

# Members of a plain Linux instance (AWS CLI Command Reference, describe-instances) that moto lacks.
# Assumption: [private-dns-options] the private DNS name options, which are those of moto's subnets.
_DEFAULTS: ApiObject = {
    "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
    "EnaSupport": True,
    "EnclaveOptions": {"Enabled": False},
    "HibernationOptions": {"Configured": False},
    "MaintenanceOptions": {"AutoRecovery": "default"},
    "PlatformDetails": "Linux/UNIX",
    "PrivateDnsNameOptions": {
        "HostnameType": "ip-name",
        "EnableResourceNameDnsARecord": False,
        "EnableResourceNameDnsAAAARecord": False,
    },
    "UsageOperation": "RunInstances",
}


def tags_of(resource: Any, viewer: str | None = None) -> dict[str, str]:
    """Return the tags of an interface or an instance. viewer: an account, None for the owner.

    Copies of moto_lag.py have the tags that the resource had.
    """
    # Assumption: [shared-subnet-tags] another account's tags are not returned.
    if viewer is not None and viewer != resource.owner_id:
        return {}
    former: dict[str, str] | None = getattr(resource, "former_tags", None)
    return former if former is not None else resource.ec2_backend.tags.get(resource.id, {})


def groups_of(eni: Any) -> list[Any]:
    """Return an interface's security groups. moto adds those of the instance after ModifyNetworkInterfaceAttribute."""
    return list(eni._group_set or (eni.instance.security_groups if eni.instance else ()))


def addresses_of(eni: Any) -> list[str]:
    """Return an interface's private IPv4 addresses."""
    return [address["PrivateIpAddress"] for address in eni.private_ip_addresses]


def primary_of(instance: Any) -> Any | None:
    """Return an instance's primary interface, None if it was detached, which moto allows."""
    return instance.nics.get(0)


def interface(eni: Any, viewer: str | None = None) -> ApiObject:
    """Return a network interface as in DescribeNetworkInterfaces. viewer: see tags_of."""
    subnet = eni.subnet
    row = {
        "AvailabilityZone": subnet.availability_zone,
        "Description": eni.description,
        "Groups": _groups(groups_of(eni)),
        "InterfaceType": eni.interface_type,
        "Ipv6Addresses": _ipv6(eni),
        "MacAddress": eni.mac_address,
        "NetworkInterfaceId": eni.id,
        "OwnerId": eni.owner_id,
        "PrivateIpAddresses": _addresses(eni),
        "RequesterId": eni.requester_id,
        "RequesterManaged": eni.requester_managed,
        "SourceDestCheck": eni.source_dest_check,
        "Status": eni.status,
        "SubnetId": subnet.id,
        "TagSet": _tags(eni, viewer),
        "VpcId": subnet.vpc_id,
    }
    if eni.private_ip_address:
        row["PrivateDnsName"] = _dns_name(eni.ec2_backend.region_name, eni.private_ip_address)
        row["PrivateIpAddress"] = eni.private_ip_address
    if subnet.ipv6_native:
        row["Ipv6Native"] = True
    if eni.attachment_id:
        owner = {"InstanceId": eni.instance.id} if eni.instance else {}
        row["Attachment"] = {**_attachment(eni), **owner, "InstanceOwnerId": attachment_owner(eni)}
    if eni.public_ip:
        names = {"allocationId": "AllocationId", "associationId": "AssociationId"}
        known = {names[name]: value for name, value in eni.association.items() if name in names and value}
        row["Association"] = {**known, **_association(eni)}
    return _set(row)


def attachment_owner(eni: Any) -> str:
    """Return the account of the attached instance, or the alias of the AWS service that attached the interface."""
    return str(eni.instance.owner_id if eni.instance else eni.attached_by)


def reservation(whole: Any, instances: Iterable[Any]) -> ApiObject:
    """Return a reservation with these instances."""
    return {
        "ReservationId": whole.id,
        "OwnerId": whole.owner_id,
        "Groups": _groups(whole.groups),
        "Instances": [instance(member) for member in instances],
    }


def instance(machine: Any) -> ApiObject:
    """Return an instance as in DescribeInstances."""
    primary = primary_of(machine)
    region = machine.ec2_backend.region_name
    row = {
        **_DEFAULTS,
        "Architecture": machine.architecture,
        "BlockDeviceMappings": _block_devices(machine),
        "EbsOptimized": machine.ebs_optimized,
        "Hypervisor": machine.hypervisor,
        "NetworkInterfaces": [_interface_of_instance(eni) for eni in machine.nics.values()],
        "RootDeviceName": machine.root_device_name,
        "RootDeviceType": machine.root_device_type,
        "SecurityGroups": _groups(groups_of(primary) if primary else machine.security_groups),
        "SourceDestCheck": machine.source_dest_check,
        "SriovNetSupport": machine.sriov_net_support,
        "VirtualizationType": machine.virtualization_type,
        "MetadataOptions": _metadata_options(machine.metadata_options),
        "InstanceId": machine.id,
        "State": {"Code": machine.state_code, "Name": machine.state},
        "StateTransitionReason": machine.state_transition_reason,
        "AmiLaunchIndex": machine.ami_launch_index,
        "ProductCodes": [],
        "InstanceType": machine.instance_type,
        "LaunchTime": _second(machine.launch_time),
        "Placement": _placement(machine.placement),
        "Monitoring": {"State": machine.monitoring_state},
        "UsageOperationUpdateTime": _second(machine.launch_time),
        "ImageId": machine.image_id,
        "ClientToken": machine.client_token,
        "IamInstanceProfile": machine.iam_instance_profile,
        "InstanceLifecycle": machine.lifecycle,
        "KeyName": machine.key_name,
        "Platform": machine.platform,
        "RamdiskId": machine.ramdisk,
        "SubnetId": machine.subnet_id,
        "VpcId": machine.vpc_id,
        # Absent, not empty, without tags.
        "Tags": _tags(machine) or None,
    }
    if machine.hibernation_options:
        row["HibernationOptions"] = machine.hibernation_options
    if machine.kernel_id not in (None, "None"):
        row["KernelId"] = machine.kernel_id
    if machine.state_reason.code:
        row["StateReason"] = {"Code": machine.state_reason.code, "Message": machine.state_reason.message}
    if primary and primary.private_ip_address:
        row["PrivateDnsName"] = _dns_name(region, primary.private_ip_address)
        row["PrivateIpAddress"] = primary.private_ip_address
    if primary and primary.public_ip:
        row["PublicDnsName"] = machine.public_dns_name
        row["PublicIpAddress"] = primary.public_ip
    return _set(row)


def _block_devices(machine: Any) -> list[ApiObject]:
    return [
        {
            "DeviceName": name,
            "Ebs": {
                "AttachTime": _second(device.attach_time),
                "DeleteOnTermination": bool(device.delete_on_termination),
                "Status": machine.get_block_device_status(device.status),
                "VolumeId": device.volume_id,
            },
        }
        for name, device in machine.get_block_device_mapping
    ]


def _metadata_options(options: Any) -> ApiObject:
    return _set(
        {
            "State": options.state,
            "HttpTokens": options.http_tokens,
            "HttpPutResponseHopLimit": options.http_put_response_hop_limit,
            "HttpEndpoint": options.http_endpoint,
            "HttpProtocolIpv6": options.http_protocol_ipv6,
            "InstanceMetadataTags": options.instance_metadata_tags,
        }
    )


def _placement(placement: Any) -> ApiObject:
    return _set(
        {
            "GroupName": placement.group_name,
            "Tenancy": placement.tenancy,
            "AvailabilityZone": placement.availability_zone,
            "HostId": placement.host_id,
        }
    )


def _interface_of_instance(eni: Any) -> ApiObject:
    subnet = eni.subnet
    row = {
        "Description": eni.description,
        "Groups": _groups(groups_of(eni)),
        "Ipv6Addresses": [{**address, "IsPrimaryIpv6": False} for address in _ipv6(eni)],
        "MacAddress": eni.mac_address,
        "NetworkInterfaceId": eni.id,
        "OwnerId": eni.owner_id,
        "PrivateIpAddresses": _addresses(eni),
        "SourceDestCheck": eni.source_dest_check,
        "Status": eni.status,
        "SubnetId": subnet.id,
        "VpcId": subnet.vpc_id,
        "InterfaceType": eni.interface_type,
    }
    if eni.private_ip_address:
        row["PrivateDnsName"] = _dns_name(eni.ec2_backend.region_name, eni.private_ip_address)
        row["PrivateIpAddress"] = eni.private_ip_address
    if eni.attachment_id:
        row["Attachment"] = _attachment(eni)
    if eni.public_ip:
        row["Association"] = _association(eni)
    return _set(row)


def _attachment(eni: Any) -> ApiObject:
    row = {
        # Absent for attachments of AWS services, as in the reply that managed_interfaces.py refers to.
        "AttachTime": _second(eni.attach_time) if eni.attach_time else None,
        "AttachmentId": eni.attachment_id,
        "DeleteOnTermination": bool(eni.delete_on_termination),
        "DeviceIndex": eni.device_index,
        "NetworkCardIndex": 0,
        "Status": eni.status if eni.status in ("attaching", "detaching") else "attached",
    }
    return _set(row)


def _addresses(eni: Any) -> list[ApiObject]:
    region = eni.ec2_backend.region_name
    rows = []
    for address in eni.private_ip_addresses:
        text = address["PrivateIpAddress"]
        row = {
            "Primary": text == eni.private_ip_address,
            "PrivateDnsName": _dns_name(region, text),
            "PrivateIpAddress": text,
        }
        if row["Primary"] and eni.public_ip:
            row["Association"] = _association(eni)
        rows.append(row)
    return rows


def _association(eni: Any) -> ApiObject:
    found = eni.association
    return {"IpOwnerId": found["ipOwnerId"], "PublicDnsName": found["publicDnsName"], "PublicIp": found["publicIp"]}


def _ipv6(eni: Any) -> list[ApiObject]:
    return [{"Ipv6Address": address} for address in eni.ipv6_addresses if address]


def _groups(groups: Iterable[Any]) -> list[ApiObject]:
    return [{"GroupId": group.id, "GroupName": group.name} for group in sorted(groups, key=lambda group: str(group.id))]


def _tags(resource: Any, viewer: str | None = None) -> list[ApiObject]:
    return [{"Key": key, "Value": value} for key, value in tags_of(resource, viewer).items()]


def _dns_name(region: str, address: str) -> str:
    """Return the private DNS name of an address in a VPC (Amazon VPC User Guide, DNS attributes)."""
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{domain}"


def _second(moment: datetime) -> datetime:
    """Convert moto's naive UTC time to an aware one in whole seconds, as in the API."""
    return moment.replace(microsecond=0, tzinfo=timezone.utc)


def _set(members: ApiObject) -> ApiObject:
    return {name: value for name, value in members.items() if value is not None}
