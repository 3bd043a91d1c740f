#!/usr/bin/env python3
"""Writes the Grafana dashboards from the tables below: overview, one lane, one app, each a click
from the last.

    deploy/monitoring/dashboards.py [DIRECTORY]    default: dashboards/ beside this file
"""

import json
import pathlib
import sys

WIDTH = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
AGE_P = "histogram_quantile({q}, sum by (le{by}) (rate({metric}_bucket{{{labels}}}[$__rate_interval])))"


def quantiles(metric, labels="", by=""):
    by = f", {by}" if by else ""
    return [(AGE_P.format(q=q, by=by, metric=metric, labels=labels), f"p{int(q * 100)}")
            for q in (0.5, 0.95, 0.99)]


def both(metric):
    """Of ingresses and dispatchers."""
    return " or ".join(f"rate(columba_{program}_{metric}[$__rate_interval])" for program in ("ingress", "dispatcher"))


def rate(metric, by, labels=""):
    return f"sum by ({by}) (rate({metric}{{{labels}}}[$__rate_interval]))"


def since(counter, time):
    """How much came in that time. A series begins with its first event, of which increase knows nothing."""
    return f"sum(({counter} unless {counter} offset {time}) or increase({counter}[{time}])) or vector(0)"


RECORDS = "columba_dispatcher_records_total"
LANE = 'lane="$lane"'
APP = 'lane="$lane", app="$app"'
TO_LANE = ("Open the lane", "/d/columba-lane?var-lane=${__field.labels.lane}&${datasource:queryparam}&${__url_time_range}")
TO_APP = ("Open the app", "/d/columba-app?var-lane=${__field.labels.lane}&var-app=${__field.labels.app}"
                          "&${datasource:queryparam}&${__url_time_range}")

# Each row: (title, kind, width, unit, [(expression, legend)], more). A stat that is red above 0 says so.
OVERVIEW = [
    ("Accepted a second", "stat", 4, "short", [('sum(rate(columba_ingress_requests_total{answer="accepted"}[$__rate_interval]))', "")], {}),
    ("Delivered a second", "stat", 4, "short", [(f'sum(rate({RECORDS}{{outcome="delivered"}}[$__rate_interval]))', "")], {}),
    ("Oldest push, overdue", "stat", 4, "s", [("max(columba_dispatcher_oldest_seconds)", "")], {"red": 300}),
    ("Lag", "stat", 4, "short", [("sum(columba_dispatcher_lag_records)", "")], {}),
    ("Gates not open", "stat", 4, "short", [('sum(columba_dispatcher_gates{state!="open"})', "")], {"red": 1}),
    ("Dead letters, last hour", "stat", 4, "short", [(since(f'{RECORDS}{{outcome="dead"}}', "1h"), "")], {"red": 1}),
    ("Requests by answer", "timeseries", 12, "reqps", [(rate("columba_ingress_requests_total", "answer"), "{{answer}}")], {}),
    ("From request to acknowledgement", "timeseries", 12, "s", quantiles("columba_ingress_acknowledge_seconds"), {}),
    ("Delivered by lane", "timeseries", 12, "short", [(rate(RECORDS, "lane", 'outcome="delivered"'), "{{lane}}")], {"link": TO_LANE}),
    ("Lag by lane", "timeseries", 12, "short", [("sum by (lane) (columba_dispatcher_lag_records)", "{{lane}}")], {"link": TO_LANE}),
    ("Oldest push by lane, overdue", "timeseries", 12, "s", [("max by (lane) (columba_dispatcher_oldest_seconds)", "{{lane}}")], {"link": TO_LANE}),
    ("Records by outcome", "timeseries", 12, "short", [(rate(RECORDS, "outcome"), "{{outcome}}")], {}),
    ("Redis and Kafka, by instance (1 is well)", "timeseries", 12, "short", [
        ("columba_dispatcher_redis_available", "Redis, dispatcher {{instance}}"),
        ("columba_dispatcher_kafka_connected", "Kafka, dispatcher {{instance}}"),
        ("columba_ingress_redis_available_workers / columba_ingress_workers", "Redis, ingress {{instance}}"),
        ("columba_ingress_queue_connected_workers / columba_ingress_workers", "Kafka, ingress {{instance}}"),
    ], {}),
    ("Waiting at the ingress", "timeseries", 6, "short", [("sum by (instance) (columba_ingress_waiting_requests)", "{{instance}}")], {}),
    ("Versions", "timeseries", 6, "short", [
        ("count by (version) (columba_ingress_build_info)", "ingress {{version}}"),
        ("count by (version) (columba_dispatcher_build_info)", "dispatcher {{version}}"),
    ], {}),
    ("Until certificates end", "timeseries", 12, "d", [("min by (app) (columba_dispatcher_credential_days_left)", "{{app}}")], {}),
    ("Configuration refused, by instance", "timeseries", 12, "short", [
        ("columba_ingress_config_reload_failed", "ingress {{instance}}"),
        ("columba_dispatcher_config_reload_failed", "dispatcher {{instance}}"),
    ], {}),
    ("CPU by instance", "timeseries", 12, "percentunit", [('rate(process_cpu_seconds_total{job=~".*columba.*"}[$__rate_interval])', "{{instance}}")], {}),
    ("Memory by instance", "timeseries", 12, "bytes", [('process_resident_memory_bytes{job=~".*columba.*"}', "{{instance}}")], {}),
    ("Spans of traced pushes", "timeseries", 12, "short", [
        (f"sum({both('spans_exported_total')})", "taken by the collector"),
        (f"sum by (reason) ({both('spans_dropped_total')})", "dropped: {{reason}}"),
    ], {}),
]

ONE_LANE = [
    ("Delivered a second", "stat", 6, "short", [(f"sum(rate({RECORDS}{{{LANE}, outcome=\"delivered\"}}[$__rate_interval]))", "")], {}),
    ("Lag", "stat", 6, "short", [(f"sum(columba_dispatcher_lag_records{{{LANE}}})", "")], {}),
    ("Oldest push, overdue", "stat", 6, "s", [(f"max(columba_dispatcher_oldest_seconds{{{LANE}}})", "")], {"red": 300}),
    ("Gates not open", "stat", 6, "short", [(f'sum(columba_dispatcher_gates{{{LANE}, state!="open"}})', "")], {"red": 1}),
    ("Records by outcome", "timeseries", 12, "short", [(rate(RECORDS, "outcome", LANE), "{{outcome}}")], {}),
    ("What was not delivered, by reason", "timeseries", 12, "short", [(rate(RECORDS, "outcome, reason", LANE + ', outcome!="delivered"'), "{{outcome}}: {{reason}}")], {}),
    ("Delivered by app", "timeseries", 12, "short", [(rate(RECORDS, "lane, app", LANE + ', outcome="delivered"'), "{{app}}")], {"link": TO_APP}),
    ("Time to the provider's answer", "timeseries", 12, "s", quantiles("columba_dispatcher_provider_seconds", LANE), {}),
    ("Age when delivered", "timeseries", 12, "s", quantiles("columba_dispatcher_delivery_seconds", LANE), {}),
    ("Age when taken off the queue", "timeseries", 12, "s", quantiles("columba_dispatcher_queue_seconds", LANE), {}),
    ("Lag by topic", "timeseries", 8, "short", [(f"sum by (topic) (columba_dispatcher_lag_records{{{LANE}}})", "{{topic}}")], {}),
    ("Backlog by app (about)", "timeseries", 8, "short", [(f"columba:backlog{{{LANE}}} > 0", "{{app}}")], {"link": TO_APP}),
    ("Oldest push by partition, overdue", "timeseries", 8, "s", [(f"columba_dispatcher_oldest_seconds{{{LANE}}} > 1", "{{topic}} {{partition}}")], {}),
    ("Gates not open, by reason", "timeseries", 8, "short", [
        (f'sum by (state, reason) (columba_dispatcher_gates{{{LANE}, reason!=""}})', "{{state}}: {{reason}}"),
        (f"sum(columba_dispatcher_gated_waiting{{{LANE}}})", "records that wait"),
    ], {}),
    ("Moved aside", "timeseries", 8, "short", [
        (rate("columba_dispatcher_held_total", "lane", LANE), "their pushkey waits"),
        (rate("columba_dispatcher_gated_total", "lane", LANE), "their app or host waits"),
        (rate("columba_dispatcher_withheld_total", "lane", LANE), "rejects withheld"),
    ], {}),
    ("In flight", "timeseries", 8, "short", [(f"sum by (instance) (columba_dispatcher_in_flight{{{LANE}}})", "{{instance}}")], {}),
    ("In flight, bytes", "timeseries", 8, "bytes", [(f"sum by (instance) (columba_dispatcher_in_flight_bytes{{{LANE}}})", "{{instance}}")], {}),
    ("Partitions", "timeseries", 8, "short", [(f"sum by (instance) (columba_dispatcher_partitions{{{LANE}}})", "{{instance}}")], {}),
    ("Trouble with Kafka and Redis", "timeseries", 8, "short", [
        (rate("columba_dispatcher_copy_failures_total", "lane", LANE), "copies refused"),
        (rate("columba_dispatcher_commit_failures_total", "lane", LANE), "commits refused"),
        (rate("columba_dispatcher_rebalances_total", "lane", LANE), "assignments"),
        (rate("columba_dispatcher_lost_records_total", "lane", LANE), "records lost to retention"),
        (rate("columba_dispatcher_late_total", "lane", LANE), "late answers"),
        (rate("columba_dispatcher_state_answers_total", "lane", LANE + ', result="unavailable"'), "no answer of Redis"),
    ], {}),
]

ONE_APP = [
    ("Backlog (about)", "timeseries", 12, "short", [(f"columba:backlog{{{APP}}}", "pushes that wait")], {}),
    ("Came in, and came to an end, a second", "timeseries", 12, "short", [
        (rate("columba_ingress_records_total", "app", APP), "came in"),
        (rate(RECORDS, "app", APP + ', outcome!="moved"'), "came to an end"),
    ], {}),
    ("Records by outcome", "timeseries", 12, "short", [(rate(RECORDS, "outcome", APP), "{{outcome}}")], {}),
    ("What was not delivered, by reason", "timeseries", 12, "short", [(rate(RECORDS, "outcome, reason", APP + ', outcome!="delivered"'), "{{outcome}}: {{reason}}")], {}),
    ("Time to the provider's answer", "timeseries", 12, "s", quantiles("columba_dispatcher_provider_seconds", APP), {}),
    ("Share of rejects", "timeseries", 12, "percentunit", [(
        f'sum(rate({RECORDS}{{{APP}, outcome="rejected"}}[$__rate_interval])) / '
        f'sum(rate({RECORDS}{{{APP}, outcome=~"rejected|delivered"}}[$__rate_interval]))', "rejected")], {}),
    ("Rejects withheld, and moved for a gate", "timeseries", 12, "short", [
        (rate("columba_dispatcher_withheld_total", "app", APP), "withheld"),
        (rate("columba_dispatcher_gated_total", "app", APP), "gated"),
    ], {}),
    ("Answers that got lost (may ring twice)", "timeseries", 12, "short", [(rate("columba_dispatcher_uncertain_total", "app", APP), "uncertain")], {}),
]


def variable(name, label, query):
    return {"name": name, "label": label, "type": "query", "datasource": DATASOURCE, "refresh": 2, "sort": 1,
            "query": {"query": query, "refId": name}, "definition": query}


LANES = variable("lane", "Lane", "label_values(columba_dispatcher_partitions, lane)")
APPS = variable("app", "App", 'label_values(columba_dispatcher_records_total{lane="$lane"}, app)')

DASHBOARDS = [
    ("columba-overview", "Columba: overview", [], OVERVIEW),
    ("columba-lane", "Columba: one lane", [LANES], ONE_LANE),
    ("columba-app", "Columba: one app", [LANES, APPS], ONE_APP),
]


def panel(number, row, x, y, height):
    title, kind, width, unit, targets, more = row
    defaults = {"unit": unit, "min": 0, "color": {"mode": "palette-classic"}}
    if kind == "stat":
        steps = [{"color": "green", "value": None}]
        if "red" in more:
            steps.append({"color": "red", "value": more["red"]})
        defaults.update(color={"mode": "thresholds"}, thresholds={"mode": "absolute", "steps": steps})
    else:
        defaults["custom"] = {"lineWidth": 1, "fillOpacity": 8, "showPoints": "never", "spanNulls": True}
    if "link" in more:
        name, url = more["link"]
        defaults["links"] = [{"title": name, "url": url}]
    return {
        "id": number,
        "title": title,
        "type": kind,
        "datasource": DATASOURCE,
        "gridPos": {"x": x, "y": y, "w": width, "h": height},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}} if kind == "stat" else {"tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [{"refId": chr(ord("A") + i), "datasource": DATASOURCE, "expr": expression, "legendFormat": legend}
                    for i, (expression, legend) in enumerate(targets)],
    }


def dashboard(uid, title, variables, rows):
    panels, x, y, height = [], 0, 0, 0
    for number, row in enumerate(rows, 1):
        if x + row[2] > WIDTH:
            x, y = 0, y + height
        height = 4 if row[1] == "stat" else 8
        panels.append(panel(number, row, x, y, height))
        x += row[2]
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    return {
        "uid": uid,
        "title": title,
        "tags": ["columba"],
        "timezone": "browser",
        "editable": True,
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "links": [{"type": "dashboards", "title": "Columba", "tags": ["columba"], "asDropdown": True, "includeVars": True, "keepTime": True}],
        "templating": {"list": [source, *variables]},
        "panels": panels,
    }


def main():
    directory = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "dashboards"
    directory.mkdir(parents=True, exist_ok=True)
    for uid, title, variables, rows in DASHBOARDS:
        text = json.dumps(dashboard(uid, title, variables, rows), indent=1) + "\n"
        (directory / f"{uid}.json").write_text(text)


if __name__ == "__main__":
    main()
