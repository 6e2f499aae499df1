# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What every module takes, so that a play can set it once in module_defaults of the group; info modules ignore it
    DOCUMENTATION = r"""
requirements:
  - python >= 3.9
  - boto3 >= 1.34.126
  - botocore >= 1.34.126
options:
  default_tags:
    description:
      - Tags for everything that a play makes, meant to be set once in C(module_defaults) of C(group/vtap.aws.aws).
      - They are merged under C(tags); for a key in both, the value in C(tags) wins.
      - Unlike C(tags) they alone never make other tags be removed.
      - Modules that only list take this option too, so that it can be set for the group, and ignore it.
    type: dict
  ignore_tag_keys:
    description:
      - Keys of tags that the module neither sets nor removes, even if C(tags) or O(default_tags) have them.
      - For tags that other tools keep, such as cost allocation.
      - Modules that only list ignore it.
    type: list
    elements: str
  ignore_tag_key_prefixes:
    description:
      - Like O(ignore_tag_keys), for all keys that begin with one of these.
      - Keys that begin with C(aws:) are always treated so.
    type: list
    elements: str
  verify_permissions:
    description:
      - In check mode, ask EC2 about each call that the task would make, by its C(DryRun) parameter.
      - The task then fails if any would be refused, and lists those with the IAM action and the resource.
      - Without it, check mode only makes calls that describe. It does nothing outside of check mode.
      - Modules that only list ignore it.
    type: bool
    default: false
attributes:
  action_group:
    membership: [vtap.aws.aws]
    description: Takes its defaults from C(module_defaults) of C(group/vtap.aws.aws).
    support: full
"""
