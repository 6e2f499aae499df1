# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch GetMetricData, for metrics of AWS services that the control API adds and metrics that clients put.

The protocols are JSON 1.0 and query; botocore uses the first one that it implements. Source: CloudWatch API Reference,
GetMetricData and PutMetricData.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.utils import parse_to_aware_datetime
from botocore.validate import ParamValidator
from moto.cloudwatch.models import cloudwatch_backends

from . import query_wire
from .errors import ApiError, UnsupportedError, invalid_value
from .identity import DEFAULT_ACCOUNT, Caller
from .query_wire import invalid
from .replies import Answer
from .settings import Settings

# The service's name in signatures and in botocore.
SIGNING_NAME, SERVICE = "monitoring", "cloudwatch"
NAMESPACE = "AWS/EC2"
MAX_QUERIES, MAX_DATAPOINTS = 500, 100_800
_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": lambda values: float(len(values)),
    "Sum": sum,
}
Series = list[tuple[datetime, float]]


def add(
    instance: str,
    metrics: dict[str, float],
    *,
    minutes_ago: float = 10,
    account: str = DEFAULT_ACCOUNT,
    region: str = "eu-west-1",
) -> None:
    """Add one datapoint of each AWS/EC2 metric of an instance, as EC2 does."""
    when = datetime.fromtimestamp(time.time() - minutes_ago * 60, timezone.utc)
    dimensions = [{"Name": "InstanceId", "Value": instance}]
    cloudwatch_backends[account][region].put_metric_data(
        NAMESPACE,
        [
            {"MetricName": name, "Value": float(value), "Dimensions": dimensions, "Timestamp": when, "Unit": "Bytes"}
            for name, value in metrics.items()
        ],
    )


def check_put(parameters: Mapping[str, Any]) -> None:
    """Raise InvalidParameterValue if a client puts a metric in a namespace that is reserved for AWS services."""
    if str(parameters.get("Namespace", "")).startswith("AWS/"):
        raise ApiError("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")


def parse(pairs: list[tuple[str, str]], given: Mapping[str, Any], is_json: bool) -> dict[str, Any]:
    """Return the validated parameters of GetMetricData. given: the members of a JSON request."""
    parameters = dict(given) if is_json else query_wire.parse(SERVICE, "GetMetricData", pairs)
    shape = query_wire.model(SERVICE).operation_model("GetMetricData").input_shape
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        raise invalid(report.generate_report())
    return parameters


def get(caller: Caller, settings: Settings, given: dict[str, Any]) -> dict[str, Any]:
    """Return one page of GetMetricData: {"MetricDataResults": [...], "NextToken": ...}."""
    start, end = (parse_to_aware_datetime(given[name]) for name in ("StartTime", "EndTime"))
    queries = given["MetricDataQueries"]
    _check(start, end, queries)
    size = given.get("MaxDatapoints", MAX_DATAPOINTS)
    if not 1 <= size <= MAX_DATAPOINTS:
        raise invalid_value("MaxDatapoints", size)
    pages = settings["pages"]
    size = min(size, pages["size"] or size)
    position, is_first = _position(caller, given)
    shown = [one for one in queries if one.get("ReturnData", True)]
    if pages["empty"] and is_first and position == 0:
        return {"MetricDataResults": [], "NextToken": _token(caller, given, 0)}
    results, at = [], 0
    for query in shown:
        series = _series(caller, query["MetricStat"], start, end, given.get("ScanBy") != "TimestampAscending")
        low, high = max(position - at, 0), max(position + size - at, 0)
        page, at = series[low:high], at + len(series)
        # Undocumented: a metric without datapoints is on the first page.
        if page or (not series and position == 0):
            label = query.get("Label", query["MetricStat"]["Metric"]["MetricName"])
            state = "PartialData" if high < len(series) else "Complete"
            times = [when for when, _value in page]
            values = [value for _when, value in page]
            results.append(
                {"Id": query["Id"], "Label": label, "Timestamps": times, "Values": values, "StatusCode": state}
            )
    token = {"NextToken": _token(caller, given, position + size)} if at > position + size else {}
    return {"MetricDataResults": results, **token}


def _check(start: datetime, end: datetime, queries: list[dict[str, Any]]) -> None:
    if start >= end:
        raise invalid("The parameter StartTime must be less than the parameter EndTime")
    if len(queries) > MAX_QUERIES:
        raise invalid(f"The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}")
    ids = [query["Id"] for query in queries]
    if len(set(ids)) < len(ids):
        raise invalid("The values for parameter id in MetricDataQueries are not unique")
    for query in queries:
        if not re.fullmatch("[a-z][a-zA-Z0-9_]*", query["Id"]):
            raise invalid(
                f"The value {query['Id']} for parameter MetricDataQueries.Id is not matching the expected pattern"
            )
        if "MetricStat" not in query:
            raise UnsupportedError("the emulator does not support metric math")
        stat = query["MetricStat"]
        if stat["Stat"] not in _STATISTICS:
            raise UnsupportedError(f"the emulator does not support the statistic {stat['Stat']}")
        if stat["Period"] < 60 or stat["Period"] % 60:
            # Stricter than CloudWatch, which accepts 1, 5, 10, 20 and 30 for high-resolution metrics.
            raise invalid_value("Period", stat["Period"], "It must be a multiple of 60")


def _series(caller: Caller, stat: dict[str, Any], start: datetime, end: datetime, newest_first: bool) -> Series:
    """Return the datapoints of a metric, by the start of each period."""
    metric, period = stat["Metric"], stat["Period"]
    age = datetime.now(timezone.utc) - start
    # An old StartTime requires a longer period (API Reference), otherwise no datapoints are returned.
    least = 3600 if age > timedelta(days=63) else 300 if age > timedelta(days=15) else 60
    if period % least:
        return []
    wanted = {(one["Name"], one["Value"]) for one in metric.get("Dimensions", ())}
    since = start.replace(second=0, microsecond=0)
    periods: dict[int, list[float]] = {}
    for datum in cloudwatch_backends[caller.account][caller.region].metric_data:
        if datum.namespace != metric.get("Namespace") or datum.name != metric.get("MetricName"):
            continue
        if {(one.name, one.value) for one in datum.dimensions} != wanted or not hasattr(datum, "value"):
            continue
        if "Unit" in stat and datum.unit != stat["Unit"]:
            continue
        when = datum.timestamp if isinstance(datum.timestamp, datetime) else parse_to_aware_datetime(datum.timestamp)
        # moto stores its own time without a time zone.
        when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
        if since <= when < end:
            seconds = int(when.timestamp())
            periods.setdefault(seconds - seconds % period, []).append(datum.value)
    statistic = _STATISTICS[stat["Stat"]]
    return [
        (datetime.fromtimestamp(at, timezone.utc), float(statistic(values)))
        for at, values in sorted(periods.items(), reverse=newest_first)
    ]


def _position(caller: Caller, given: dict[str, Any]) -> tuple[int, bool]:
    """Return the datapoint after which the page starts, and whether the request has no token."""
    if "NextToken" not in given:
        return 0, True
    try:
        mark, position = json.loads(base64.urlsafe_b64decode(given["NextToken"]))
    except (ValueError, TypeError):
        mark, position = "", 0
    if mark != _mark(caller, given) or not isinstance(position, int):
        raise ApiError("InvalidNextToken", "The next token specified is invalid.")
    return position, False


def _token(caller: Caller, given: dict[str, Any], position: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([_mark(caller, given), position]).encode()).decode()


def _mark(caller: Caller, given: dict[str, Any]) -> str:
    asked = {name: value for name, value in given.items() if name not in ("MaxDatapoints", "NextToken")}
    text = json.dumps([caller.account, caller.region, asked], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def reply(result: dict[str, Any], is_json: bool, request_id: str) -> Answer:
    """Return the answer in the protocol of the request."""
    if not is_json:
        body = query_wire.reply(SERVICE, "GetMetricData", result, request_id)
        return Answer(200, [("Content-Type", "text/xml")], body, "OK")
    text = json.dumps(result, default=lambda moment: moment.timestamp())
    return Answer(200, [("Content-Type", "application/x-amz-json-1.0")], text.encode(), "OK")
