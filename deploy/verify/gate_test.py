"""What run-postdeploy-gate.sh says of releases that work and of releases that do not, and in which order deploy.sh goes; with
the real kubectl (KUBECTL). All runs go at once, since a gate mostly waits.
"""

import json
import os
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from api_server import ApiServer, Scenario

DEPLOY = Path(__file__).resolve().parents[1]
GATE = DEPLOY / "jobs/run-postdeploy-gate.sh"
IMAGE = f"ghcr.io/acme/onex-runtime@sha256:{'0' * 64}"
DEV = ["--overlay", "dev", "--timeout", "300"]
SHORT = ["--overlay", "dev", "--timeout", "4"]

RUNS = {
    "works": (DEV, lambda: Scenario(
        migration=["running", "Complete"],
        deployments={"runtime-main": ["rolling", "ready"], "runtime-worker": ["ready"]},
        smoke=["running", "Complete"],
        smoke_log="all 8 requests were answered\n",
    )),
    "as_json": (["--json", *DEV], lambda: Scenario(smoke=["Failed"], smoke_exit=1, smoke_log='say "hash.sha256"\nfailed\n')),
    "migration_failed": (DEV, lambda: Scenario(migration=["Failed"])),
    "migration_absent": (DEV, lambda: Scenario(jobs=[])),
    "stuck": (DEV, lambda: Scenario(deployments={"runtime-main": ["ready"], "runtime-effects": ["stuck"]})),
    "no_deployments": (DEV, lambda: Scenario(deployments={})),
    "slow": (SHORT, lambda: Scenario(deployments={"runtime-main": ["rolling"]})),
    "no_image": (SHORT, lambda: Scenario(smoke=["running"], waiting="ImagePullBackOff")),
    "broker_away": (DEV, lambda: Scenario(smoke=["Failed"], smoke_exit=69, smoke_log="broker unreachable\n")),
    "another_namespace": (["--namespace", "onex-other", *DEV], Scenario),
    "deployed": ([DEPLOY / "ci/deploy.sh", "staging", IMAGE], lambda: Scenario(jobs=["onex-migrate", "onex-smoke"])),
    "deployed_in_vain": ([DEPLOY / "ci/deploy.sh", "staging", IMAGE], lambda: Scenario(migration=["running", "Failed"])),
    "mistyped": (["--overlay", "dev", "--timeout", "soon"], Scenario),
    "unknown_overlay": (["--overlay", "production"], Scenario),
}


def run(name):
    arguments, make = RUNS[name]
    scenario = make()
    with tempfile.TemporaryDirectory() as folder, ApiServer(scenario, Path(folder)) as server:
        environment = {**os.environ, "KUBECONFIG": str(server.kubeconfig), "HOME": folder}
        return scenario, gate(arguments, environment)


def gate(arguments, environment):
    command = arguments if isinstance(arguments[0], Path) else [GATE, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400, check=False)


class GateTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with ThreadPoolExecutor(len(RUNS)) as pool:
            cls.runs = dict(zip(RUNS, pool.map(run, RUNS)))

    def expect(self, name, code, *words):
        scenario, result = self.runs[name]
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        for word in words:
            self.assertIn(word, result.stdout + result.stderr)
        return scenario, result

    def test_a_release_that_works(self):
        scenario, _ = self.expect("works", 0, "all 8 requests were answered", "runtime-worker", "every request was answered")
        created = {name for name in scenario.created if not name.startswith("ConfigMap/")}
        self.assertEqual(created, {"Job/onex-smoke", "ServiceAccount/onex-smoke"})

    def test_one_json_object(self):
        _, result = self.expect("as_json", 1)
        report = json.loads(result.stdout)
        self.assertEqual([step["result"] for step in report["steps"]], ["ok", "ok", "failed"])
        self.assertEqual((report["exit_code"], report["smoke_log"]), (1, 'say "hash.sha256"\nfailed'))

    def test_without_the_migration_nothing_else_is_asked(self):
        scenario, _ = self.expect("migration_failed", 1, "has failed", "skipped")
        self.assertEqual(scenario.created, {})
        self.expect("migration_absent", 1, "there is no Job onex-migrate: apply it before the services")

    def test_a_rollout_that_gave_up_is_a_failure(self):
        self.expect("stuck", 1, "gave up: kubectl -n onex-dev describe pods -l app.kubernetes.io/name=runtime-effects", "skipped")

    def test_no_deployments_are_no_success(self):
        self.expect("no_deployments", 1, "no Deployment in onex-dev")

    def test_what_is_not_finished_in_time_says_what_it_waits_for(self):
        self.expect("slow", 75, "timeout", "1 of 2 updated replicas are available")
        self.expect("no_image", 75, "its pod waits: ImagePullBackOff")

    def test_a_smoke_test_that_failed_says_why(self):
        self.expect("broker_away", 1, "the broker was not reachable from its pod (exit code 69)", "broker unreachable")

    def test_a_job_of_another_namespace_is_not_applied(self):
        scenario, _ = self.expect("another_namespace", 1, "could not be made", "namespace")
        self.assertEqual(scenario.created, {})

    def test_services_follow_the_migration(self):
        scenario, _ = self.expect("deployed", 0, "every request was answered")
        order = list(scenario.created)
        self.assertLess(order.index("Job/onex-migrate"), order.index("Deployment/runtime-main"))
        self.assertLess(order.index("Deployment/runtime-main"), order.index("Job/onex-smoke"))
        self.assertEqual(scenario.deleted, ["onex-migrate", "onex-smoke"], "the last release's Jobs go first")
        pod = scenario.created["Job/onex-smoke"]["spec"]["template"]["spec"]
        self.assertEqual(pod["containers"][0]["image"], IMAGE)

    def test_nothing_follows_a_migration_that_failed(self):
        scenario, _ = self.expect("deployed_in_vain", 1, "onex-migrate has failed")
        self.assertNotIn("Deployment/runtime-main", scenario.created)

    def test_mistyped_arguments(self):
        self.expect("mistyped", 64, "--timeout is 'soon'")
        self.expect("unknown_overlay", 64, "there is no", "usage:")

    def test_a_cluster_that_does_not_answer(self):
        with tempfile.TemporaryDirectory() as folder:
            with ApiServer(Scenario(), Path(folder)) as server:
                environment = {**os.environ, "KUBECONFIG": str(server.kubeconfig), "HOME": folder}
            result = gate(DEV, environment)
        self.assertEqual(result.returncode, 69, result.stderr)
        self.assertIn("the cluster does not answer", result.stderr)


if __name__ == "__main__":
    unittest.main()
