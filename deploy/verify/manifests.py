"""Rendered manifests, and the questions that rules ask of them."""

import re

import yaml

WORKLOADS = ("Deployment", "Job")


class Manifests:
    """What one environment is given: its overlay's objects and its jobs'."""

    def __init__(self, environment, objects):
        self.environment = environment
        self.objects = objects

    @classmethod
    def load(cls, environment, paths):
        return cls(environment, [item for path in paths for item in documents(path)])

    def of_kind(self, *kinds):
        return [item for item in self.objects if item["kind"] in kinds]

    def named(self, kind, name):
        return next((item for item in self.of_kind(kind) if name_of(item) == name), None)

    def workloads(self):
        return self.of_kind(*WORKLOADS)

    def settings(self, workload):
        """The variables of a workload's containers as far as manifests say them; None stands for a reference."""
        found = {}
        for container in containers(workload):
            for source in container.get("envFrom", []):
                settings = self.named("ConfigMap", source.get("configMapRef", {}).get("name"))
                found.update((settings or {}).get("data", {}))
            found.update({entry["name"]: entry.get("value") for entry in container.get("env", [])})
        return found

    def selected_by(self, kind, workload):
        return [item for item in self.of_kind(kind) if selects(pod_selector(item), pod_labels(workload))]


def documents(path):
    # libyaml's parser: the one in Python takes ten times as long.
    with open(path, encoding="utf-8") as file:
        return [item for item in yaml.load_all(file, Loader=yaml.CSafeLoader) if item]


def name_of(item):
    return item["metadata"]["name"]


def title(item):
    return f"{item['kind']}/{name_of(item)}"


def pod(workload):
    return workload["spec"]["template"]["spec"]


def pod_labels(workload):
    return workload["spec"]["template"]["metadata"].get("labels", {})


def containers(workload):
    return pod(workload).get("initContainers", []) + pod(workload).get("containers", [])


def volumes(workload):
    return {volume["name"]: volume for volume in pod(workload).get("volumes", [])}


def mounts(workload):
    """Where which volume is: path to volume."""
    by_name = volumes(workload)
    return {
        mount["mountPath"]: by_name.get(mount["name"], {})
        for container in containers(workload)
        for mount in container.get("volumeMounts", [])
    }


def pod_selector(item):
    """The pods that a Service, a NetworkPolicy or a PodDisruptionBudget is about; None when it is about none."""
    spec = item["spec"]
    if item["kind"] == "Service":
        return spec.get("selector")
    selector = spec.get("podSelector" if item["kind"] == "NetworkPolicy" else "selector")
    return None if selector is None else selector.get("matchLabels", {})


def selects(selector, labels):
    return selector is not None and all(labels.get(key) == value for key, value in selector.items())


def ports_of(workload):
    return {port["name"]: port["containerPort"] for container in containers(workload) for port in container.get("ports", [])}


def texts(value):
    """Every text in a manifest, with the path to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            for path, text in texts(inner):
                yield f".{key}{path}", text
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            for path, text in texts(inner):
                yield f"[{index}]{path}", text
    elif isinstance(value, str):
        yield "", value


def seconds(duration):
    """Prometheus durations of one unit: 15s, 2m, 1h."""
    match = re.fullmatch(r"(\d+)([smhd])", duration or "")
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]] if match else None
