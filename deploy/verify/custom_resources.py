"""The shape of what the Kubernetes schemas do not know: KEDA's, the Prometheus operator's, and the collector's configuration.

Their published definitions cannot be had here, so this is small and says only what these manifests rely on.
"""

import re

import yaml

from manifests import name_of, ports_of, seconds, selects, volumes

VERSIONS = {
    "ScaledObject": "keda.sh/v1alpha1",
    "TriggerAuthentication": "keda.sh/v1alpha1",
    "ServiceMonitor": "monitoring.coreos.com/v1",
    "PrometheusRule": "monitoring.coreos.com/v1",
}
FIELDS = {
    "ScaledObject": {
        "scaleTargetRef", "minReplicaCount", "maxReplicaCount", "pollingInterval", "cooldownPeriod", "advanced", "triggers",
    },
    "TriggerAuthentication": {"secretTargetRef"},
    "ServiceMonitor": {"jobLabel", "selector", "endpoints"},
    "PrometheusRule": {"groups"},
}


def problems(manifests):
    for kind, version in VERSIONS.items():
        for item in manifests.of_kind(kind):
            if item["apiVersion"] != version:
                yield item, f"apiVersion {item['apiVersion']}: {version} is meant"
            unknown = set(item["spec"]) - FIELDS[kind]
            if unknown:
                yield item, f"unknown fields: {', '.join(sorted(unknown))}"
            yield from CHECKS[kind](item, manifests)
    yield from collector(manifests)


def scaled_object(item, manifests):
    for trigger in item["spec"].get("triggers") or [{}]:
        if trigger.get("type") != "kafka" or not isinstance(trigger.get("metadata"), dict):
            yield item, "every trigger needs `type: kafka` and `metadata`"
            continue
        for key, value in trigger["metadata"].items():
            if not isinstance(value, str):
                yield item, f"metadata.{key} must be a text: KEDA refuses {value!r}"
        wanted = trigger.get("authenticationRef", {}).get("name")
        if wanted and manifests.named("TriggerAuthentication", wanted) is None:
            yield item, f"TriggerAuthentication {wanted} is not there"


def trigger_authentication(item, _):
    for entry in item["spec"].get("secretTargetRef", [{}]):
        if set(entry) != {"parameter", "name", "key"}:
            yield item, "an entry of secretTargetRef has parameter, name and key"


def service_monitor(item, manifests):
    wanted = item["spec"].get("selector", {}).get("matchLabels")
    services = [service for service in manifests.of_kind("Service") if selects(wanted, service["metadata"].get("labels", {}))]
    if wanted is None or not services:
        yield item, "its selector matches no Service"
    unwatched = {name_of(service) for service in manifests.of_kind("Service")} - {name_of(service) for service in services}
    if unwatched:
        yield item, f"does not scrape {', '.join(sorted(unwatched))}"
    for endpoint in item["spec"].get("endpoints", []):
        for service in services:
            if endpoint.get("port") not in [port.get("name") for port in service["spec"]["ports"]]:
                yield item, f"Service {name_of(service)} has no port {endpoint.get('port')}"
        interval, timeout = seconds(endpoint.get("interval")), seconds(endpoint.get("scrapeTimeout"))
        if not interval or not timeout or timeout > interval:
            yield item, "interval and a scrapeTimeout that is not longer are needed"


def prometheus_rule(item, _):
    for group in item["spec"]["groups"]:
        for entry in group["rules"]:
            if "record" in entry:
                uses = sum(entry["record"] in other["expr"] for group in item["spec"]["groups"] for other in group["rules"])
                if not uses:
                    yield item, f"{entry['record']} is recorded and used by no alert"
                continue
            name, annotations = entry["alert"], entry.get("annotations", {})
            if entry.get("labels", {}).get("severity") not in ("critical", "warning"):
                yield item, f"{name}: severity is critical or warning"
            if not annotations.get("summary") or not annotations.get("description"):
                yield item, f"{name}: summary and description are needed"
            if annotations.get("runbook_url") != f"docs/operations/alerts.md#{name.lower()}":
                yield item, f"{name}: runbook_url must lead to docs/operations/alerts.md#{name.lower()}"


def collector(manifests):
    """What the collector scrapes must be there, on that port."""
    for deployment in manifests.of_kind("Deployment"):
        if name_of(deployment) != "otel-collector":
            continue
        settings = [volume["configMap"]["name"] for volume in volumes(deployment).values() if "configMap" in volume]
        config = yaml.safe_load(manifests.named("ConfigMap", settings[0])["data"]["collector-config.yaml"])
        for kind, parts in config["service"]["pipelines"]["metrics"].items():
            for part in parts:
                if part not in config[kind]:
                    yield deployment, f"its pipeline names {part}, which `{kind}` does not configure"
        scraped = set()
        for job in config["receivers"]["prometheus"]["config"]["scrape_configs"]:
            for found in job["dns_sd_configs"]:
                scraped.update(found["names"])
                for name in found["names"]:
                    target = manifests.named("Deployment", name)
                    if target is None or found["port"] not in ports_of(target).values():
                        yield deployment, f"scrapes {name}:{found['port']}, and nothing listens there"
        forgotten = {name_of(service) for service in manifests.of_kind("Service")} - scraped
        if forgotten:
            yield deployment, f"does not scrape {', '.join(sorted(forgotten))}"
        known = {key for name in manifests.of_kind("ConfigMap") for key in name["data"]}
        for variable in re.findall(r"\$\{env:([A-Z_]+)\}", str(config)):
            if variable not in known:
                yield deployment, f"its configuration reads {variable}, which no ConfigMap sets"


CHECKS = {
    "ScaledObject": scaled_object,
    "TriggerAuthentication": trigger_authentication,
    "ServiceMonitor": service_monitor,
    "PrometheusRule": prometheus_rule,
}
