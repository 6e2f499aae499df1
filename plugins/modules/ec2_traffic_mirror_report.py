#!/usr/bin/python
# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_traffic_mirror_report
version_added: 0.1.0
short_description: Combine the reports of several Traffic Mirroring fleets
description:
  - Combines JSON reports that M(vtap.aws.ec2_traffic_mirror_fleet) wrote, for example for several accounts and regions,
    to one report as a page, JSON and CSV.
  - The report also lists virtual network ids (VNIs) that several interfaces use at the same target, also across
    accounts that share the target.
  - The module reads and writes files on the host that runs it. It makes no API calls and needs no credentials.
  - The playbook C(vtap.aws.fleet_accounts) uses it if the variable C(vtap_report) is set.
notes:
  - The files are also written in check mode.
author:
  - The vtap.aws contributors (@vtap)
requirements:
  - python >= 3.9
options:
  sources:
    description:
      - The fleets of the report, at least one.
    type: list
    elements: dict
    required: true
    suboptions:
      label:
        description: The name of the fleet in the report, such as the host of the inventory. Each label must be unique.
        type: str
        required: true
      path:
        description: The path of the JSON report. It must have one fleet.
        type: path
      account_id:
        description: The account, if O(sources[].path) is omitted.
        type: str
      region:
        description: The region, if O(sources[].path) is omitted.
        type: str
      error:
        description:
          - The reason why the run failed. Required if O(sources[].path) is omitted. An error in the report takes
            precedence.
        type: str
  limit:
    description: The pattern that limited the hosts of the run. The report states it.
    type: str
  html:
    description:
      - The path of the HTML page. The page has no external resources.
      - At least one of O(html), O(json) and O(csv) is required, with a different file each. The directories must exist.
    type: path
  json:
    description: The path of the report as JSON.
    type: path
  csv:
    description: The path of a table with a line for each interface.
    type: path
attributes:
  check_mode:
    description: Writes the files and returns the same result as without check mode.
    support: full
  diff_mode:
    description: The module changes no resources.
    support: N/A
  idempotent:
    description: Replaces the files. C(changed) is always V(false).
    support: full
seealso:
  - module: vtap.aws.ec2_traffic_mirror_fleet
"""

EXAMPLES = r"""
- name: Manage two fleets, and write the report of each
  vtap.aws.ec2_traffic_mirror_fleet:
    region: eu-west-1
    name: "{{ item }}"
    sources:
      - tags: {Name: "{{ item }}"}
    targets:
      - traffic_mirror_target_name: lab-target
    traffic_mirror_filter_name: lab-filter
    report_json: "/tmp/{{ item }}.json"
  loop: [web, db]

- name: Combine the reports, and add an account whose fleet did not run
  vtap.aws.ec2_traffic_mirror_report:
    sources:
      - label: web
        path: /tmp/web.json
      - label: db
        path: /tmp/db.json
      - label: lab
        region: eu-west-1
        error: The role could not be assumed.
    html: /tmp/index.html
    csv: /tmp/report.csv
  register: report

- name: Fail if a sensor cannot tell its sources apart
  ansible.builtin.assert:
    that: report.vni_clashes == []
"""

RETURN = r"""
totals:
  description:
    - The sums of all fleets. C(summary), C(causes) and C(coverage) are those of the fleet module, without fleets that
      have no coverage or refer to a missing filter or target.
  returned: success
  type: dict
  contains:
    fleets:
      description: The number of fleets.
      type: int
      returned: always
      sample: 3
    failed:
      description: The number of fleets whose run failed.
      type: int
      returned: always
      sample: 1
    counted:
      description: The number of fleets that the sums include.
      type: int
      returned: always
      sample: 2
    summary:
      description: The number of interfaces by what was done.
      type: dict
      returned: always
      sample: {'created': 2, 'updated': 0, 'unchanged': 10, 'deleted': 1, 'skipped': 3, 'held_back': 0, 'failed': 0}
    causes:
      description: The number of changes by cause.
      type: dict
      returned: always
      sample: {'new_match': 2, 'drift': 0, 'adoption': 0, 'removal': 1}
    coverage:
      description: The number of interfaces by class.
      type: dict
      returned: always
      sample:
        selected: 16
        excluded: 1
        ineligible: 1
        stopped: 1
        eligible: 13
        mirrored: 12
        unmirrored: 1
    dead_sessions:
      description: The number of sessions that mirror nothing, except those of stopped instances.
      type: int
      returned: always
      sample: 0
    stopped_sessions:
      description: The number of sessions of instances that are not running.
      type: int
      returned: always
      sample: 1
vni_clashes:
  description:
    - VNIs that several interfaces use at the same target. A sensor cannot identify the source by such a VNI.
    - Fleets that set O(vtap.aws.ec2_traffic_mirror_fleet#module:virtual_network_id) give all sessions the same VNI.
      Equal VNIs within such a
      fleet are not listed.
  returned: success
  type: list
  elements: dict
  contains:
    traffic_mirror_target_id:
      description: The target.
      type: str
      returned: always
      sample: tmt-0a1b2c3d4e5f60718
    virtual_network_id:
      description: The VNI.
      type: int
      returned: always
      sample: 7159709
    interfaces:
      description: The interfaces, as dicts with C(label), C(account_id), C(region) and C(network_interface_id).
      type: list
      elements: dict
      returned: always
      sample:
        - label: web-eu-west-1
          account_id: "210987654321"
          region: eu-west-1
          network_interface_id: eni-0a1b2c3d4e5f60718
        - label: data-eu-west-1
          account_id: "333333333333"
          region: eu-west-1
          network_interface_id: eni-0a1b2c3d4e5f60719
"""

from ..module_utils._report.module import run_report


def main():
    run_report()


if __name__ == "__main__":
    main()
