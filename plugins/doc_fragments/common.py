# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Requirements and options of every module of the action group. Info modules accept and ignore the options.
    # amazon.aws.boto3 is not used, because its versions would be listed in addition to these.
    DOCUMENTATION = r"""
requirements:
  - python >= 3.9
  - boto3 and botocore >= 1.34.126; with amazon.aws 11 >= 1.35.0
  - packaging
options:
  default_tags:
    description:
      - Tags for all resources that a play manages. Set them once in C(module_defaults) of C(group/vtap.aws.aws).
      - They are merged with C(tags). For a key in both, the value in C(tags) wins.
      - O(default_tags) alone never removes other tags. C(purge_tags) only has an effect together with C(tags).
      - They must not set Name, because all resources of the play would have the same name.
      - Info modules accept this option, so that it can be set for the group, and ignore it.
    type: dict
  ignore_tag_keys:
    description:
      - Tag keys that the module neither sets nor removes, even if C(tags) or O(default_tags) contain them.
      - Use it for tags that other tools manage, such as cost allocation tags.
      - Info modules ignore this option.
    type: list
    elements: str
  ignore_tag_key_prefixes:
    description:
      - Prefixes of tag keys that the module neither sets nor removes, as with O(ignore_tag_keys).
      - Keys that begin with C(aws:) are always ignored.
      - Info modules ignore this option.
    type: list
    elements: str
  verify_permissions:
    description:
      - In check mode, check each planned call with the C(DryRun) parameter of EC2.
      - The task fails if EC2 would reject any of the calls, and lists each with its IAM action and resource.
      - If V(false), check mode only makes C(Describe) calls.
      - The option has no effect outside check mode. Info modules ignore it.
    type: bool
    default: false
attributes:
  action_group:
    membership: [vtap.aws.aws]
    description: Use C(group/vtap.aws.aws) in C(module_defaults) to set defaults for this module.
    support: full
"""
