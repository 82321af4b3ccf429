"""policy.py ENVIRONMENT FILE...: rules for rendered manifests, beyond what the Kubernetes schemas can say.

A rule is a function of the manifests and the repository that yields what is wrong, and its name is what a report says.
Exit codes: 0 every rule holds, 1 not, 64 usage.
"""

import re
import sys
from pathlib import Path

from manifests import (
    Manifests, containers, mounts, name_of, pod, pod_labels, pod_selector, ports_of, selects, texts, title, volumes,
)
from repository import Repository

import custom_resources

RULES = {}
REQUIRED_LABELS = [f"app.kubernetes.io/{key}" for key in ("name", "component", "instance", "part-of")]
SECRET_NAME = re.compile(r"(PASSWORD|SECRET|TOKEN|_DSN|DB_URL|API_KEY|PRIVATE_KEY)$")
URL_WITH_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^@\s]+@")
DATABASE = "OMNIBASE_INFRA_DB_URL"


def rule(function):
    RULES[function.__name__.replace("_", "-")] = function
    return function


# The image and what it may do


@rule
def image_pinned(manifests, _):
    for workload in manifests.workloads():
        for container in containers(workload):
            image = container["image"]
            tag = image.rsplit("/", 1)[-1].partition(":")[2]
            if "@sha256:" not in image and tag in ("", "latest"):
                yield workload, f"image {image}: a version or a digest is needed, and `latest` is neither"


@rule
def not_root(manifests, _):
    for workload in manifests.workloads():
        context = pod(workload).get("securityContext", {})
        if context.get("runAsNonRoot") is not True or not context.get("runAsUser") or not context.get("runAsGroup"):
            yield workload, "securityContext of the pod needs runAsNonRoot: true, runAsUser and runAsGroup other than 0"
        for container in containers(workload):
            own = container.get("securityContext", {})
            if own.get("runAsUser") == 0 or own.get("runAsNonRoot") is False or own.get("privileged"):
                yield workload, f"container {container['name']} takes back what the pod promises"


@rule
def seccomp(manifests, _):
    for workload in manifests.workloads():
        if pod(workload).get("securityContext", {}).get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield workload, "seccompProfile of the pod must be RuntimeDefault"


@rule
def confined(manifests, _):
    for workload in manifests.workloads():
        for container in containers(workload):
            context = container.get("securityContext", {})
            capabilities = context.get("capabilities", {})
            if (
                context.get("readOnlyRootFilesystem") is not True
                or context.get("allowPrivilegeEscalation") is not False
                or capabilities.get("drop") != ["ALL"]
                or capabilities.get("add")
            ):
                yield workload, (
                    f"container {container['name']} needs readOnlyRootFilesystem: true, allowPrivilegeEscalation: false and"
                    " capabilities.drop: [ALL]"
                )


@rule
def host_untouched(manifests, _):
    for workload in manifests.workloads():
        shared = [key for key in ("hostNetwork", "hostPID", "hostIPC") if pod(workload).get(key)]
        shared += [name for name, volume in volumes(workload).items() if "hostPath" in volume]
        if shared:
            yield workload, f"shares with its node: {', '.join(shared)}"


@rule
def no_service_account_token(manifests, _):
    for workload in manifests.workloads():
        account = manifests.named("ServiceAccount", pod(workload).get("serviceAccountName"))
        if account is None:
            yield workload, "needs a serviceAccountName that is among the manifests, so that it is not `default`"
        elif account.get("automountServiceAccountToken") is not False:
            yield account, "automountServiceAccountToken must be false"
        if pod(workload).get("automountServiceAccountToken") is not False:
            yield workload, "automountServiceAccountToken must be false: nothing here asks the API server"


@rule
def no_service_links(manifests, _):
    for workload in manifests.workloads():
        if pod(workload).get("enableServiceLinks") is not False:
            yield workload, "enableServiceLinks must be false: the Service runtime-main would set RUNTIME_MAIN_PORT to tcp://…"


# Resources and life


@rule
def resources_bounded(manifests, _):
    for workload in manifests.workloads():
        for container in containers(workload):
            resources = container.get("resources", {})
            missing = [
                f"{kind}.{name}"
                for kind in ("requests", "limits")
                for name in ("cpu", "memory")
                if name not in resources.get(kind, {})
            ]
            if missing:
                yield workload, f"container {container['name']} lacks {', '.join(missing)}"


@rule
def scratch_bounded(manifests, _):
    for workload in manifests.workloads():
        for name, volume in volumes(workload).items():
            if "emptyDir" in volume and "sizeLimit" not in (volume["emptyDir"] or {}):
                yield workload, f"volume {name}: an emptyDir without a sizeLimit may fill the node's disk"


@rule
def probes(manifests, _):
    for deployment in manifests.of_kind("Deployment"):
        for container in containers(deployment):
            found = {}
            for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                get = container.get(kind, {}).get("httpGet")
                if get is None:
                    yield deployment, f"container {container['name']} has no {kind} with httpGet"
                elif get.get("port") not in ports_of(deployment):
                    yield deployment, f"{kind} of {container['name']} asks port {get.get('port')}, which no container names"
                else:
                    found[kind] = get["path"]
            # A dependency that is away must not restart what waits for it.
            if found.get("livenessProbe") == "/ready":
                yield deployment, "livenessProbe asks /ready: an outage of the broker would restart every pod; ask /health"
            if found.get("readinessProbe") == "/health":
                yield deployment, "readinessProbe asks /health, which is 200 also when nothing can be done; ask /ready"


@rule
def drain_fits(manifests, _):
    for workload in manifests.workloads():
        drain = int(manifests.settings(workload).get("ONEX_DRAIN_TIMEOUT_SECONDS") or 30)
        grace = pod(workload).get("terminationGracePeriodSeconds", 30)
        if grace <= drain:
            yield workload, f"terminationGracePeriodSeconds is {grace}: the drain ({drain} s) would be cut off"


@rule
def jobs_end(manifests, _):
    for job in manifests.of_kind("Job"):
        wanted = ("backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished")
        missing = [key for key in wanted if key not in job["spec"]]
        if missing:
            yield job, f"lacks {', '.join(missing)}: a Job must end, and go"
        if pod(job).get("restartPolicy") != "Never":
            yield job, "restartPolicy must be Never: a restarted container takes the log of its failure with it"


@rule
def spread(manifests, _):
    for deployment in manifests.of_kind("Deployment"):
        constraints = pod(deployment).get("topologySpreadConstraints", [])
        if not any(selects(item.get("labelSelector", {}).get("matchLabels"), pod_labels(deployment)) for item in constraints):
            yield deployment, "needs a topologySpreadConstraint whose labelSelector matches its own pods"


@rule
def disruption_budget(manifests, _):
    for deployment in manifests.of_kind("Deployment"):
        budgets = manifests.selected_by("PodDisruptionBudget", deployment)
        if len(budgets) != 1:
            yield deployment, f"{len(budgets)} PodDisruptionBudgets select it; one is needed, and two forbid every eviction"
        for budget in budgets:
            if budget["spec"].get("maxUnavailable") in (None, 0, "0%"):
                yield budget, "maxUnavailable of at least 1 is needed: else a node with the only replica is never drained"


# Names that must match


@rule
def labels(manifests, _):
    for workload in manifests.workloads():
        own = workload["metadata"].get("labels", {})
        missing = [key for key in REQUIRED_LABELS if not own.get(key) or own[key] != pod_labels(workload).get(key)]
        if missing:
            yield workload, f"the object and its pods must have the same {', '.join(missing)}"


@rule
def selectors(manifests, _):
    for item in manifests.of_kind("Service", "PodDisruptionBudget"):
        matched = [workload for workload in manifests.workloads() if selects(pod_selector(item), pod_labels(workload))]
        if not pod_selector(item) or not matched:
            yield item, "its selector matches no pod"
        for port in item["spec"].get("ports", []):
            if matched and port.get("targetPort") not in ports_of(matched[0]):
                yield item, f"targetPort {port.get('targetPort')} is no port of {title(matched[0])}"


@rule
def one_namespace(manifests, _):
    spaces = manifests.of_kind("Namespace")
    if len(spaces) != 1:
        yield manifests.objects[0], f"{len(spaces)} Namespaces; an environment is one"
        return
    if spaces[0]["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
        yield spaces[0], "needs the label pod-security.kubernetes.io/enforce: restricted"
    for item in manifests.objects:
        if item["kind"] != "Namespace" and item["metadata"].get("namespace") != name_of(spaces[0]):
            yield item, f"is not in the namespace {name_of(spaces[0])}"


@rule
def said_once(manifests, _):
    """Overlay and jobs share what they both need; what they share must be the same."""
    seen = {}
    for item in manifests.objects:
        first = seen.setdefault(title(item), item)
        if first != item:
            yield item, "is there twice, and differs"


@rule
def references(manifests, repository):
    for workload in manifests.workloads():
        for container in containers(workload):
            for source in container.get("envFrom", []):
                settings = source.get("configMapRef", {}).get("name")
                if settings is None or manifests.named("ConfigMap", settings) is None:
                    yield workload, f"envFrom names {settings or 'a Secret'}, which is not a ConfigMap of these manifests"
        for name, key in secret_keys(workload):
            if key not in repository.documented_secrets.get(name, ()):
                yield workload, f"Secret {name}, key {key}: not in the table of docs/reference/kubernetes.md"
        for volume in volumes(workload).values():
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim and manifests.named("PersistentVolumeClaim", claim) is None:
                yield workload, f"PersistentVolumeClaim {claim} is not among the manifests"


def secret_keys(workload):
    for container in containers(workload):
        for entry in container.get("env", []):
            reference = entry.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                yield reference["name"], reference["key"]
    for volume in volumes(workload).values():
        for item in volume.get("secret", {}).get("items", []):
            yield volume["secret"]["secretName"], item["key"]


# Settings and secrets


@rule
def secrets_by_reference(manifests, _):
    for item in manifests.of_kind("Secret"):
        yield item, "a Secret does not belong in a repository; make it in the cluster (docs/reference/kubernetes.md)"
    for workload in manifests.workloads():
        for name, value in manifests.settings(workload).items():
            if value is not None and SECRET_NAME.search(name):
                yield workload, f"{name} has its value written out; a secretKeyRef is needed"
    for item in manifests.objects:
        for path, text in texts(item):
            if URL_WITH_PASSWORD.search(text):
                yield item, f"{path} holds a URL with a password"


@rule
def variables_known(manifests, repository):
    for workload in manifests.workloads():
        if not ours(workload):
            continue
        unknown = sorted(set(manifests.settings(workload)) - repository.variables)
        if unknown:
            yield workload, f"no program reads {', '.join(unknown)}"


@rule
def no_static_membership(manifests, _):
    for workload in manifests.workloads():
        if "ONEX_GROUP_INSTANCE_ID" in manifests.settings(workload):
            yield workload, "ONEX_GROUP_INSTANCE_ID: a Deployment's pods would share it, and no two members may"


@rule
def database_where_needed(manifests, _):
    for workload in manifests.workloads():
        has_database = DATABASE in manifests.settings(workload)
        if has_database != ("egress-postgres" in pod_labels(workload)):
            yield workload, f"{DATABASE} and the label egress-postgres go together"
        if has_database and name_of(workload) in ("runtime-worker", "topic-manager", "onex-topics", "onex-smoke"):
            yield workload, "has no database"


@rule
def database_roles(manifests, _):
    for workload in manifests.workloads():
        keys = {key for name, key in secret_keys(workload) if name == "onex-database"}
        wanted = {"migrate-url"} if name_of(workload) == "onex-migrate" else {"url"}
        if keys and keys != wanted:
            yield workload, f"onex-database: key {', '.join(sorted(keys))} instead of {wanted.pop()}: only the migration owns the schema"


def ours(workload):
    return any("onex-runtime" in container["image"] for container in containers(workload))


# Networks


@rule
def network_closed(manifests, _):
    policies = manifests.of_kind("NetworkPolicy")
    if not any(
        pod_selector(item) == {}
        and set(item["spec"].get("policyTypes", [])) == {"Ingress", "Egress"}
        and not item["spec"].get("ingress")
        and not item["spec"].get("egress")
        for item in policies
    ):
        yield manifests.objects[0], "no NetworkPolicy denies everything to every pod in both directions"
    for workload in manifests.workloads():
        matching = [item for item in policies if pod_selector(item) and selects(pod_selector(item), pod_labels(workload))]
        if not matching:
            yield workload, "no NetworkPolicy but the general ones says what it may do"
        for label in [key for key in pod_labels(workload) if key.startswith("egress-")]:
            if not any(pod_selector(item) == {label: "allowed"} for item in policies):
                yield workload, f"the label {label} belongs to no NetworkPolicy"


@rule
def broker_reachable(manifests, _):
    policy = manifests.named("NetworkPolicy", "egress-kafka")
    ports = policy["spec"]["egress"][0]["ports"] if policy else []
    opened = [(entry["port"], entry.get("endPort", entry["port"])) for entry in ports]
    for workload in manifests.workloads():
        for address in (manifests.settings(workload).get("KAFKA_BOOTSTRAP_SERVERS") or "").split(","):
            port = address.rpartition(":")[2]
            if address and not any(low <= int(port) <= high for low, high in opened):
                yield workload, f"KAFKA_BOOTSTRAP_SERVERS has port {port}, which the NetworkPolicy egress-kafka does not open"


@rule
def egress_addressed(manifests, _):
    for policy in manifests.of_kind("NetworkPolicy"):
        for entry in policy["spec"].get("egress", []):
            for peer in entry.get("to") or [{}]:
                block = peer.get("ipBlock", {}).get("cidr", "")
                selectors = [peer[key] for key in ("namespaceSelector", "podSelector") if key in peer]
                everywhere = not block and not any(selectors)
                if everywhere or (block in ("0.0.0.0/0", "::/0") and name_of(policy) != "egress-world"):
                    yield policy, "an egress without a `to` that names pods, namespaces or addresses reaches the whole network"


@rule
def broker_of_the_policy(manifests, _):
    policy = manifests.named("NetworkPolicy", "egress-kafka")
    peers = [peer for entry in policy["spec"]["egress"] for peer in entry.get("to", [])] if policy else []
    namespaces = {
        peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name") for peer in peers
    }
    if any("ipBlock" in peer for peer in peers):
        return
    for workload in manifests.workloads():
        for address in (manifests.settings(workload).get("KAFKA_BOOTSTRAP_SERVERS") or "").split(","):
            parts = address.rpartition(":")[0].split(".")
            if len(parts) >= 3 and parts[2] == "svc" and parts[1] not in namespaces:
                yield workload, f"KAFKA_BOOTSTRAP_SERVERS names the namespace {parts[1]}, which egress-kafka does not open"


@rule
def metadata_unreachable(manifests, _):
    for policy in manifests.of_kind("NetworkPolicy"):
        for entry in policy["spec"].get("egress", []):
            for peer in entry.get("to", []):
                block = peer.get("ipBlock", {})
                closed = block.get("except", [])
                if block.get("cidr") == "0.0.0.0/0" and "169.254.0.0/16" not in closed:
                    yield policy, "0.0.0.0/0 without the exception 169.254.0.0/16 opens the cloud's metadata service"
                if block.get("cidr") == "::/0" and "fc00::/7" not in closed:
                    yield policy, "::/0 without the exception fc00::/7 opens the cloud's metadata service"


# Scaling, against the declared topics


@rule
def members_have_partitions(manifests, repository):
    partitions = repository.partitions(manifests.environment)
    for deployment in manifests.of_kind("Deployment"):
        topics = repository.topics_read.get(name_of(deployment))
        if topics:
            limit = max(partitions[topic] for topic in topics)
            replicas = deployment["spec"].get("replicas", 1)
            if replicas > limit:
                yield deployment, f"{replicas} replicas for {limit} partitions in {manifests.environment}: the rest stand by"


@rule
def scaler_fits(manifests, repository):
    partitions = repository.partitions(manifests.environment)
    targets = {}
    for scaler in manifests.of_kind("ScaledObject", "HorizontalPodAutoscaler"):
        target = manifests.named("Deployment", scaler["spec"]["scaleTargetRef"]["name"])
        if target is None:
            yield scaler, "scales a Deployment that is not there"
            continue
        if name_of(target) in targets:
            yield scaler, f"{title(targets[name_of(target)])} scales {name_of(target)} already: one would undo the other"
        targets[name_of(target)] = scaler
        if "replicas" in target["spec"]:
            yield target, f"fixes its replicas, and every apply would undo what {title(scaler)} decided"
        kind = "ReplicaCount" if scaler["kind"] == "ScaledObject" else "Replicas"
        low, high = scaler["spec"].get(f"min{kind}"), scaler["spec"].get(f"max{kind}")
        limit = max(partitions[topic] for topic in repository.topics_read[name_of(target)])
        if not low or low < 1:
            yield scaler, f"min{kind} is {low}: at least 1, so that the first request after a silence does not wait for a pod"
        if high != limit:
            yield scaler, f"max{kind} is {high}, and what it scales reads {limit} partitions in {manifests.environment}"


@rule
def lag_of_the_right_group(manifests, repository):
    mechanisms = {"SCRAM-SHA-256": "scram_sha256", "SCRAM-SHA-512": "scram_sha512", "PLAIN": "plaintext", None: None}
    for scaler in manifests.of_kind("ScaledObject"):
        target = manifests.named("Deployment", scaler["spec"]["scaleTargetRef"]["name"])
        settings = manifests.settings(target) if target else {}
        for trigger in scaler["spec"]["triggers"]:
            asked = trigger["metadata"]
            if asked.get("bootstrapServersFromEnv") not in settings:
                yield scaler, "bootstrapServersFromEnv names no variable of the pods it scales"
            if asked.get("topic") not in repository.topics_read.get(scaler["spec"]["scaleTargetRef"]["name"], ()):
                yield scaler, f"topic {asked.get('topic')} is not read by what it scales"
            if asked.get("consumerGroup") != settings.get("ONEX_GROUP_ID", "onex-runtime-workers"):
                yield scaler, f"consumerGroup {asked.get('consumerGroup')} is not the workers' group"
            if asked.get("sasl") != mechanisms.get(settings.get("KAFKA_SASL_MECHANISM")):
                yield scaler, f"sasl {asked.get('sasl')} is not what KAFKA_SASL_MECHANISM says to the pods"
            if (asked.get("tls") == "enable") != ("SSL" in settings.get("KAFKA_SECURITY_PROTOCOL", "")):
                yield scaler, "tls is not what KAFKA_SECURITY_PROTOCOL says to the pods"


@rule
def files_shared(manifests, repository):
    effects = manifests.named("Deployment", "runtime-effects")
    settings = manifests.settings(effects)
    for allowed in repository.filesystem_paths:
        path = settings.get("ONEX_DATA_DIR", allowed) if allowed == "${ONEX_DATA_DIR}" else allowed
        # The folder itself, or one below a volume: the program makes ONEX_DATA_DIR there.
        within = [mount for mount in mounts(effects) if path == mount or path.startswith(mount.rstrip("/") + "/")]
        volume = mounts(effects).get(max(within, key=len, default=None))
        if volume is None:
            yield effects, f"nothing is mounted at {path}, which the filesystem handler's contract allows"
            continue
        claim = manifests.named("PersistentVolumeClaim", volume.get("persistentVolumeClaim", {}).get("claimName"))
        shared = claim is not None and claim["spec"]["accessModes"] == ["ReadWriteMany"]
        if effects["spec"].get("replicas", 1) > 1 and not shared:
            yield effects, f"several replicas do not share {path}: one does not find what another wrote (shared-files)"


@rule
def custom_resources_shaped(manifests, repository):
    yield from custom_resources.problems(manifests)


def problems(manifests, repository):
    for name, check in RULES.items():
        for item, message in check(manifests, repository):
            yield name, title(item), message


def main(arguments):
    if len(arguments) < 2:
        print("usage: policy.py ENVIRONMENT FILE...", file=sys.stderr)
        return 64
    repository = Repository(Path(__file__).resolve().parents[2])
    manifests = Manifests.load(arguments[0], arguments[1:])
    found = list(problems(manifests, repository))
    for name, item, message in found:
        print(f"{arguments[0]}: {name}: {item}: {message}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
