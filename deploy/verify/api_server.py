"""As much of a Kubernetes API server as kubectl needs to look at a release and run a Job: no cluster can be had where this is
checked, and so at least kubectl itself is the real one, with its arguments, JSON paths and words.

A scenario says what becomes of the migration, the Deployments and the smoke Job; nothing is ever run.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

GROUPS = {
    "apps/v1": [("deployments", "Deployment")],
    "autoscaling/v2": [("horizontalpodautoscalers", "HorizontalPodAutoscaler")],
    "batch/v1": [("jobs", "Job")],
    "keda.sh/v1alpha1": [("scaledobjects", "ScaledObject"), ("triggerauthentications", "TriggerAuthentication")],
    "monitoring.coreos.com/v1": [("servicemonitors", "ServiceMonitor"), ("prometheusrules", "PrometheusRule")],
    "networking.k8s.io/v1": [("networkpolicies", "NetworkPolicy")],
    "policy/v1": [("poddisruptionbudgets", "PodDisruptionBudget")],
}
CORE = [
    ("configmaps", "ConfigMap"), ("persistentvolumeclaims", "PersistentVolumeClaim"), ("pods", "Pod"),
    ("serviceaccounts", "ServiceAccount"), ("services", "Service"), ("namespaces", "Namespace"),
]
VERBS = ["create", "delete", "get", "list", "patch"]


class Scenario:
    """What a client sees, look after look: the last entry of a list stays."""

    def __init__(
        self, migration=("Complete",), deployments=None, smoke=("Complete",), smoke_exit=0, smoke_log="", waiting=None,
        jobs=("onex-migrate",),
    ):
        self.migration = list(migration)
        deployments = {"runtime-main": ["ready"]} if deployments is None else deployments
        self.deployments = {name: list(states) for name, states in deployments.items()}
        self.smoke = list(smoke)
        self.smoke_exit = smoke_exit
        self.smoke_log = smoke_log
        self.waiting = waiting
        self.jobs = set(jobs)
        # What clients made and changed, in order, and what they deleted.
        self.created = {}
        self.deleted = []


def advance(states):
    return states.pop(0) if len(states) > 1 else states[0]


def job(name, state):
    conditions = [{"type": state, "status": "True"}] if state in ("Complete", "Failed") else []
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "", "uid": name},
        "spec": {"selector": {"matchLabels": {"batch.kubernetes.io/job-name": name}}, "template": {}},
        "status": {"conditions": conditions},
    }


def deployment(name, state):
    ready = 2 if state == "ready" else 1
    conditions = [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]
    if state == "stuck":
        conditions = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "", "generation": 3},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app.kubernetes.io/name": name}}, "template": {}},
        "status": {
            "observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": ready, "conditions": conditions,
        },
    }


def smoke_pod(scenario):
    waiting = {"waiting": {"reason": scenario.waiting}} if scenario.waiting else {"terminated": {"exitCode": scenario.smoke_exit}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "onex-smoke-1", "namespace": "", "labels": {"batch.kubernetes.io/job-name": "onex-smoke"},
        },
        "spec": {"containers": [{"name": "program"}]},
        "status": {"phase": "Succeeded", "containerStatuses": [{"name": "program", "state": waiting}]},
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one write: two would wait for each other's acknowledgement, 40 ms a request.
    wbufsize = 1 << 16

    def do_GET(self):
        url = urlsplit(self.path)
        parts = url.path.strip("/").split("/")
        discovery = discover(parts)
        if discovery:
            self.answer(200, discovery)
        elif parts[:2] == ["openapi", "v3"]:
            self.answer(200, describe(parts[2:]))
        elif parts[-2:-1] == ["namespaces"]:
            self.answer(200, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": parts[-1]}})
        elif "namespaces" in parts:
            at = parts.index("namespaces")
            self.namespace = parts[at + 1]
            self.read(parts[at + 2], parts[at + 3 :], parse_qs(url.query))
        else:
            self.refuse(404, "NotFound", self.path)

    def read(self, resource, rest, query):
        scenario = self.server.scenario
        if "watch" in query:
            # A stream on which nothing happens and that soon ends; kubectl looks again.
            self.answer(200, "")
            return
        if resource == "deployments":
            # One by its name, as `kubectl rollout status` asks for it, is a look; a list is not.
            asked = rest or [text.removeprefix("metadata.name=") for text in query.get("fieldSelector", [])]
            found = [
                deployment(name, advance(states) if asked else states[0])
                for name, states in scenario.deployments.items()
                if not asked or name in asked
            ]
            self.one_or_all("DeploymentList", "apps/v1", found, rest)
        elif resource == "jobs":
            # Once deleted it is gone at once: the list is what kubectl waits with.
            states = {"onex-migrate": scenario.migration, "onex-smoke": scenario.smoke}
            found = [job(name, advance(states[name])) for name in rest if name in scenario.jobs]
            self.one_or_all("JobList", "batch/v1", found, rest)
        elif resource == "pods" and rest[1:] == ["log"]:
            self.answer(200, scenario.smoke_log)
        elif resource == "pods":
            wanted = query.get("labelSelector", [""])[0].endswith("onex-smoke")
            self.one_or_all("PodList", "v1", [smoke_pod(scenario)] if wanted or rest else [], rest)
        else:
            self.refuse(404, "NotFound", f"{resource} {'/'.join(rest)} not found")

    def one_or_all(self, kind, version, found, rest):
        if not rest:
            self.answer(200, {"apiVersion": version, "kind": kind, "metadata": {}, "items": found})
        elif found:
            self.answer(200, found[0])
        else:
            self.refuse(404, "NotFound", f"{'/'.join(rest)} not found")

    def do_POST(self):
        item = json.loads(self.body())
        self.namespace = item["metadata"]["namespace"]
        self.server.scenario.created[f"{item['kind']}/{item['metadata']['name']}"] = item
        if item["kind"] == "Job":
            self.server.scenario.jobs.add(item["metadata"]["name"])
        self.answer(201, item)

    def do_PATCH(self):
        patch = json.loads(self.body())
        parts = urlsplit(self.path).path.strip("/").split("/")
        kinds = dict(pair for pairs in [CORE, *GROUPS.values()] for pair in pairs)
        name = f"{kinds[parts[-2]]}/{parts[-1]}"
        self.namespace = parts[parts.index("namespaces") + 1]
        self.server.scenario.created[name] = patch
        version = "/".join(parts[1:3]) if parts[0] == "apis" else "v1"
        self.answer(200, {"apiVersion": version, "kind": kinds[parts[-2]], "metadata": {"name": parts[-1]}})

    def do_DELETE(self):
        self.body()
        name = urlsplit(self.path).path.rsplit("/", 1)[-1]
        if name not in self.server.scenario.jobs:
            self.refuse(404, "NotFound", f"{name} not found")
            return
        self.server.scenario.deleted.append(name)
        self.server.scenario.jobs.discard(name)
        self.answer(200, {"apiVersion": "v1", "kind": "Status", "status": "Success", "details": {"name": name, "uid": name}})

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def refuse(self, code, reason, message):
        self.answer(code, {
            "apiVersion": "v1", "kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message,
        })

    def answer(self, code, document):
        for item in [document, *document.get("items", [])] if isinstance(document, dict) else []:
            if "namespace" in item.get("metadata", {}):
                item["metadata"]["namespace"] = self.namespace
        text = document if isinstance(document, str) else json.dumps(document)
        self.send_response(code)
        self.send_header("Content-Type", "text/plain" if isinstance(document, str) else "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def discover(parts):
    if parts == ["api"]:
        return {"kind": "APIVersions", "versions": ["v1"]}
    if parts == ["apis"]:
        versions = [{"groupVersion": group, "version": group.split("/")[1]} for group in GROUPS]
        groups = [{"name": item["groupVersion"].split("/")[0], "versions": [item], "preferredVersion": item} for item in versions]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    resources = CORE if parts == ["api", "v1"] else GROUPS.get("/".join(parts[1:])) if parts[0] == "apis" else None
    if resources:
        names = [
            {"name": name, "singularName": kind.lower(), "namespaced": kind != "Namespace", "kind": kind, "verbs": VERBS}
            for name, kind in resources
        ]
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "/".join(parts[1:]), "resources": names}
    return None


def describe(parts):
    """Only what kubectl looks for: that the server itself checks fields (fieldValidation), so that kubectl need not."""
    versions = {"api/v1": CORE, **{f"apis/{group}": kinds for group, kinds in GROUPS.items()}}
    if not parts:
        return {"paths": {version: {"serverRelativeURL": f"/openapi/v3/{version}"} for version in versions}}
    group = "" if parts[0] == "api" else parts[1]
    version = parts[-1]
    patches = {
        f"/{'/'.join(parts)}/namespaces/{{namespace}}/{name}/{{name}}": {"patch": {
            "parameters": [{"name": "fieldValidation", "in": "query"}],
            "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
        }}
        for name, kind in versions["/".join(parts)]
    }
    return {"openapi": "3.0.0", "info": {"title": "stand-in", "version": "1"}, "paths": patches}


class ApiServer:
    """With a kubeconfig that leads to it."""

    def __init__(self, scenario, folder):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.scenario = scenario
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": f"http://127.0.0.1:{self.server.server_port}"}}],
            "users": [{"name": "nobody", "user": {}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "nobody"}}],
        }), encoding="utf-8")

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
