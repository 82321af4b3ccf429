"""policy_test.py FOLDER: every rule of policy.py refuses what it is there for, seen on the rendered manifests in FOLDER.

Each case changes one thing and names the rules that must then speak, and no other may.
"""

import copy
import sys
import unittest
from pathlib import Path

import policy
import schemas
import yaml
from manifests import Manifests, containers, pod
from repository import Repository

ENVIRONMENTS = {"dev": "development", "staging": "staging", "prod": "production"}
REPOSITORY = Repository(Path(__file__).resolve().parents[2])
RENDERED = Path(sys.argv.pop(1)) if len(sys.argv) > 1 else None
CASES = []


def case(*rules, overlay="prod", kind="Deployment", name="runtime-main"):
    """The decorated function gets that one object, and all of them, to spoil."""

    def register(spoil):
        CASES.append((rules, overlay, kind, name, spoil))
        return spoil

    return register


def first(workload):
    return containers(workload)[0]


def set_image(image):
    return lambda item, _: first(item).update(image=image)


def drop(path, at=lambda item: item):
    """Removes what a dotted path leads to."""

    def spoil(item, _):
        *parents, last = path.split(".")
        place = at(item)
        for part in parents:
            place = place[part]
        del place[last]

    return spoil


def put(path, value, at=lambda item: item):
    def spoil(item, _):
        *parents, last = path.split(".")
        place = at(item)
        for part in parents:
            place = place.setdefault(part, {})
        place[last] = value

    return spoil


def remove(item, manifests):
    manifests.objects.remove(item)


def database_key(key):
    def spoil(item, _):
        entry = next(entry for entry in first(item)["env"] if entry["name"] == "OMNIBASE_INFRA_DB_URL")
        entry["valueFrom"]["secretKeyRef"].update(key=key)

    return spoil


def add_variable(name, value):
    return lambda item, _: first(item).setdefault("env", []).append({"name": name, "value": value})


for image in ("onex-runtime", "onex-runtime:latest", "registry.example.com:5000/onex-runtime"):
    case("image-pinned")(set_image(image))
case("image-pinned", name="otel-collector")(set_image("otel/opentelemetry-collector:latest"))
case("not-root")(drop("securityContext.runAsNonRoot", pod))
case("not-root")(put("securityContext.runAsUser", 0, pod))
case("not-root")(put("securityContext.runAsUser", 0, first))
case("not-root", kind="Job", name="onex-migrate")(put("securityContext.privileged", True, first))
case("seccomp")(drop("securityContext.seccompProfile", pod))
case("confined")(drop("securityContext.readOnlyRootFilesystem", first))
case("confined")(put("securityContext.allowPrivilegeEscalation", True, first))
case("confined", kind="Job", name="onex-smoke")(put("securityContext.capabilities", {"drop": ["ALL"], "add": ["NET_RAW"]}, first))
case("host-untouched")(put("hostNetwork", True, pod))
case("no-service-account-token")(put("automountServiceAccountToken", True, pod))
case("no-service-account-token")(drop("serviceAccountName", pod))
case("no-service-account-token", kind="ServiceAccount")(put("automountServiceAccountToken", True))
case("no-service-links")(drop("enableServiceLinks", pod))
case("resources-bounded")(drop("resources.limits.memory", first))
case("resources-bounded", name="runtime-worker")(drop("resources.requests.cpu", first))
case("scratch-bounded", overlay="dev", name="runtime-effects")(
    lambda item, _: [volume.update(emptyDir={}) for volume in pod(item)["volumes"]]
)
for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
    case("probes", name="agent-actions-consumer")(drop(probe, first))
case("probes")(put("livenessProbe.httpGet.path", "/ready", first))
case("probes")(put("readinessProbe.httpGet.path", "/health", first))
case("probes")(put("readinessProbe.httpGet.port", "http", first))
case("drain-fits")(put("terminationGracePeriodSeconds", 30, pod))
case("drain-fits")(add_variable("ONEX_DRAIN_TIMEOUT_SECONDS", "60"))
case("jobs-end", kind="Job", name="onex-migrate")(drop("spec.activeDeadlineSeconds"))
case("jobs-end", kind="Job", name="onex-topics")(put("restartPolicy", "OnFailure", pod))
case("spread")(drop("topologySpreadConstraints", pod))
case("spread")(
    lambda item, _: [entry["labelSelector"].update(matchLabels={"app": "x"}) for entry in pod(item)["topologySpreadConstraints"]]
)
case("disruption-budget", kind="PodDisruptionBudget")(remove)
case("disruption-budget", kind="PodDisruptionBudget")(lambda item, _: item["spec"].update(maxUnavailable=0))
case("labels")(drop("metadata.labels", lambda item: item))
case("labels")(lambda item, _: item["spec"]["template"]["metadata"]["labels"].pop("app.kubernetes.io/component"))
case("selectors", kind="Service")(lambda item, _: item["spec"]["selector"].update({"app.kubernetes.io/name": "main"}))
case("selectors", kind="Service")(lambda item, _: item["spec"]["ports"][0].update(targetPort="http"))
case("one-namespace", kind="Namespace", name="onex-prod")(drop("metadata.labels"))
case("one-namespace", kind="ServiceAccount")(put("metadata.namespace", "default"))
case("said-once", kind="ServiceAccount")(
    lambda item, manifests: manifests.objects.append({**copy.deepcopy(item), "imagePullSecrets": [{"name": "x"}]})
)
case("references")(lambda item, _: first(item)["env"][0]["valueFrom"]["secretKeyRef"].update(key="uri"))
case("references")(lambda item, _: first(item)["envFrom"].append({"secretRef": {"name": "onex-database"}}))
case("references", "files-shared", kind="PersistentVolumeClaim", name="onex-files")(remove)
case("secrets-by-reference")(
    lambda _, manifests: manifests.objects.append(
        {"kind": "Secret", "metadata": {"name": "onex-kafka", "namespace": "onex-prod"}, "stringData": {"password": "x"}}
    )
)
case("secrets-by-reference")(add_variable("POSTGRES_PASSWORD", "hunter2"))
case("secrets-by-reference", "variables-known")(add_variable("SOMEBODYS_TOKEN", "abc"))
case("secrets-by-reference")(add_variable("ONEX_OUTPUT_TOPIC", "sasl://user:hunter2@kafka:9092"))
case("variables-known")(add_variable("ONEX_LOGLEVEL", "DEBUG"))
case("no-static-membership", name="runtime-worker")(add_variable("ONEX_GROUP_INSTANCE_ID", "worker"))
case("database-where-needed", name="runtime-worker")(
    lambda item, manifests: first(item).update(env=first(manifests.named("Deployment", "runtime-main"))["env"])
)
case("database-where-needed")(lambda item, _: item["spec"]["template"]["metadata"]["labels"].pop("egress-postgres"))
case("database-roles", kind="Job", name="onex-migrate")(database_key("url"))
case("database-roles")(database_key("migrate-url"))
case("egress-addressed", kind="NetworkPolicy", name="egress-postgres")(lambda item, _: item["spec"]["egress"][0].pop("to"))
case("egress-addressed", kind="NetworkPolicy", name="egress-postgres")(
    lambda item, _: item["spec"]["egress"][0].update(to=[{"namespaceSelector": {}}])
)
case("egress-addressed", kind="NetworkPolicy", name="egress-postgres")(
    lambda item, _: item["spec"]["egress"][0].update(to=[{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}])
)
case("broker-of-the-policy", kind="NetworkPolicy", name="egress-kafka")(
    lambda item, _: item["spec"]["egress"][0]["to"][0]["namespaceSelector"]["matchLabels"].update(
        {"kubernetes.io/metadata.name": "brokers"}
    )
)
case("network-closed", kind="NetworkPolicy", name="default-deny")(remove)
case("network-closed", kind="NetworkPolicy", name="default-deny")(lambda item, _: item["spec"].update(policyTypes=["Ingress"]))
case("network-closed", kind="NetworkPolicy", name="egress-world")(remove)
case("broker-reachable")(add_variable("KAFKA_BOOTSTRAP_SERVERS", "kafka-0.kafka.svc:9092,kafka-1.kafka.svc:29092"))
case("metadata-unreachable", kind="NetworkPolicy", name="egress-world")(
    lambda item, _: item["spec"]["egress"][0]["to"][0]["ipBlock"]["except"].remove("169.254.0.0/16")
)
case("members-have-partitions")(put("spec.replicas", 25))
case("members-have-partitions", overlay="staging", name="runtime-effects")(
    lambda item, manifests: (put("spec.replicas", 7)(item, manifests), share_files(manifests))
)
case("scaler-fits", kind="ScaledObject", name="runtime-worker")(put("spec.maxReplicaCount", 30))
case("scaler-fits", kind="ScaledObject", name="runtime-worker")(put("spec.maxReplicaCount", 6))
case("scaler-fits", kind="ScaledObject", name="runtime-worker")(put("spec.minReplicaCount", 0))
case("scaler-fits", overlay="dev", kind="HorizontalPodAutoscaler", name="runtime-worker")(put("spec.maxReplicas", 12))
case("scaler-fits", name="runtime-worker")(put("spec.replicas", 3))
case("lag-of-the-right-group", kind="ScaledObject", name="runtime-worker")(
    lambda item, _: item["spec"]["triggers"][0]["metadata"].update(consumerGroup="onex-runtime-worker")
)
case("lag-of-the-right-group", kind="ScaledObject", name="runtime-worker")(
    lambda item, _: item["spec"]["triggers"][0]["metadata"].update(sasl="scram_sha256")
)
case("lag-of-the-right-group", kind="ScaledObject", name="runtime-worker")(
    lambda item, _: item["spec"]["triggers"][0]["metadata"].pop("tls")
)
case("files-shared", overlay="staging", name="runtime-effects")(put("spec.replicas", 2))
case("files-shared", name="runtime-effects")(
    lambda item, _: first(item).update(volumeMounts=[m for m in first(item)["volumeMounts"] if m["mountPath"] != "/app/data"])
)
case("custom-resources-shaped", kind="ScaledObject", name="runtime-worker")(put("spec.maxReplicas", 24))
case("custom-resources-shaped", kind="ScaledObject", name="runtime-worker")(
    lambda item, _: item["spec"]["triggers"][0]["metadata"].update(lagThreshold=500)
)
case("custom-resources-shaped", kind="TriggerAuthentication", name="onex-kafka")(remove)
case("custom-resources-shaped", kind="ServiceMonitor", name="onex")(
    lambda item, _: item["spec"]["endpoints"][0].update(port="metrics")
)
case("custom-resources-shaped", kind="Service", name="runtime-worker")(drop("metadata.labels"))
case("custom-resources-shaped", kind="PrometheusRule", name="onex")(
    lambda item, _: item["spec"]["groups"][0]["rules"][0]["annotations"].update(runbook_url="docs/operations/alerts.md")
)


def share_files(manifests):
    prod = load("prod")
    claim = prod.named("PersistentVolumeClaim", "onex-files")
    claim["metadata"]["namespace"] = "onex-staging"
    manifests.objects.append(claim)
    effects = manifests.named("Deployment", "runtime-effects")
    pod(effects)["volumes"] = pod(prod.named("Deployment", "runtime-effects"))["volumes"]


@case("scaler-fits", overlay="dev", kind="HorizontalPodAutoscaler", name="runtime-worker")
def two_scalers(_, manifests):
    scaler = copy.deepcopy(load("staging").named("ScaledObject", "runtime-worker"))
    scaler["metadata"]["namespace"] = "onex-dev"
    trigger = scaler["spec"]["triggers"][0]
    del trigger["authenticationRef"], trigger["metadata"]["sasl"], trigger["metadata"]["tls"]
    manifests.objects.append(scaler)


@case("custom-resources-shaped", name="otel-collector")
def scrapes_another_port(_, manifests):
    for settings in manifests.of_kind("ConfigMap"):
        text = settings["data"].get("collector-config.yaml")
        if text:
            settings["data"]["collector-config.yaml"] = text.replace("port: 8086", "port: 9086")


LOADED = {}


def load(overlay):
    if overlay not in LOADED:
        paths = [RENDERED / f"{overlay}.yaml", RENDERED / f"jobs-{overlay}.yaml"]
        LOADED[overlay] = Manifests.load(ENVIRONMENTS[overlay], paths)
    return copy.deepcopy(LOADED[overlay])


class PolicyTests(unittest.TestCase):
    def test_the_overlays_as_they_are_break_no_rule(self):
        for overlay in ENVIRONMENTS:
            with self.subTest(overlay):
                self.assertEqual(list(policy.problems(load(overlay), REPOSITORY)), [])

    def test_what_is_spoiled_is_refused_by_its_rule_and_no_other(self):
        for number, (rules, overlay, kind, name, spoil) in enumerate(CASES):
            with self.subTest(number=number, rules=rules, overlay=overlay, item=f"{kind}/{name}"):
                manifests = load(overlay)
                spoil(manifests.named(kind, name), manifests)
                self.assertEqual({found[0] for found in policy.problems(manifests, REPOSITORY)}, set(rules))

    def test_every_rule_has_a_case(self):
        self.assertEqual({name for rules, *_ in CASES for name in rules}, set(policy.RULES))

    def test_the_schemas_refuse_a_misspelt_field(self):
        spoiled = load("prod").named("Deployment", "runtime-main")
        first(spoiled)["readOnlyRootFilesystem"] = True
        path = RENDERED / "spoiled.yaml"
        path.write_text(yaml.safe_dump(spoiled), encoding="utf-8")
        found = list(schemas.problems(path, "1.37"))
        path.unlink()
        self.assertEqual(len(found), 1, found)
        self.assertIn("readOnlyRootFilesystem", found[0])


if __name__ == "__main__":
    if RENDERED is None:
        sys.exit("usage: policy_test.py FOLDER")
    unittest.main()
