# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Options and attributes of the modules that create, update and delete resources.
    DOCUMENTATION = r"""
options:
  adopt:
    description:
      - Whether the task may take over a resource of another task, fleet, stack or tool.
      - "Without it, the task fails before the first change if the resource that it matches has another Name than
        C(name), or carries an ownership mark: C(vtap:fleet), C(vtap:stack) or C(aws:cloudformation:stack-id). This also
        applies to O(state=absent)."
      - A resource that is identified by its id can be renamed without O(adopt). An ownership mark always requires it.
      - Taking over removes the mark of a fleet or stack. Exclude or remove the resource there. Otherwise the fleet
        creates another session, and the next run of the stack fails or creates another resource. The mark of
        CloudFormation cannot be removed.
      - A resource without a Name gets the name of the task without O(adopt). The module warns about it.
    type: bool
    default: false
  tags:
    description:
      - The tags of the resource, as a dictionary. Keys have 1 to 128 characters, values 0 to 256.
      - A resource can have 50 tags, not counting those of AWS.
      - Keys that begin with C(aws:), in any case of letters, are reserved for AWS. They are accepted only with the
        value that the resource already has, so that results of an info module can be used as options.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether to remove tags that are not in O(tags). It has an effect only if O(tags) is set; V({}) removes all tags.
      - The Name tag, tags of AWS, ownership marks, the expiry of sessions, and tags that O(ignore_tag_keys) or
        O(ignore_tag_key_prefixes) match are never removed.
    type: bool
    default: true
  wait:
    description:
      - Whether to wait after a change until EC2 returns the new state. EC2 is eventually consistent, and these
        resources have no state attribute.
      - Later tasks that use the resource retry, so they do not need this option.
      - Set it if the same task may run again within seconds. While EC2 still returns the old state, that run repeats
        the change or creates a second filter of the same name.
    type: bool
    default: false
  wait_timeout:
    description:
      - The maximum time to wait with O(wait=true), in seconds, 1 to 86400.
    type: int
    default: 120
attributes:
  check_mode:
    description: Can run in C(check_mode) and predicts the result without changing anything.
    support: full
  diff_mode:
    description: Returns the changes, or in check mode the predicted changes, in C(diff).
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
"""
