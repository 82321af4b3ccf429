"""compose_policy.py [secured]: what the compose files must hold, asked of what Docker Compose makes of them (`config --format json` on
standard input). With `secured` also what docker-compose.secured.yml is for.

Then each rule is shown a copy that breaks it, and has to say so: a rule that accepts everything would go unnoticed otherwise.
"""

import copy
import json
import sys

OURS = {
    "topic-manager", "roles", "migrate", "acl", "omninode-runtime", "runtime-effects", "runtime-worker", "agent-actions-consumer",
}
# Each works with the database as one role; the superuser's password is known to the first alone.
DATABASE = {
    "roles": "postgres", "migrate": "onex_migrate", "omninode-runtime": "onex_run", "runtime-effects": "onex_run",
    "agent-actions-consumer": "onex_run",
}
ONE_SHOT = {"roles", "migrate", "infisical-check", "broker-users", "acl"}
# Each speaks to a secured broker as a user of its own, whom docs/reference/broker-permissions.md names.
BROKER_USERS = {
    "topic-manager": "topic-manager", "omninode-runtime": "runtime-main", "runtime-effects": "runtime-effects",
    "runtime-worker": "runtime-worker", "agent-actions-consumer": "agent-actions-consumer", "acl": "admin",
}
SECURED = sys.argv[1:] == ["secured"]
LIMITS = {  # cpus, memory, reserved cpus, reserved memory
    "omninode-runtime": (1.0, 512, 0.25, 128),
    "runtime-effects": (1.0, 512, 0.25, 128),
    "runtime-worker": (0.5, 256, 0.1, 64),
}
PORTS = {
    "postgres": {"5436"}, "redpanda": {"29092"}, "valkey": {"16379"}, "consul": {"28500"}, "infisical": {"8880"},
    "omninode-runtime": {"8085"}, "runtime-effects": {"8086"}, "agent-actions-consumer": {"8087"}, "topic-manager": {"8088"},
}
VOLUMES = {
    "omnibase-infra-postgres-data", "omnibase-infra-redpanda-data", "omnibase-infra-valkey-data", "omnibase-infra-consul-data",
    "omninode-runtime-logs", "omninode-runtime-data", "omninode-effects-logs", "omninode-effects-data", "omninode-worker-logs",
    "omninode-agent-actions-logs",
}
DRAIN_SECONDS = 30


def seconds(text):
    """`1m30s` as Docker Compose writes durations."""
    total, number = 0.0, ""
    for character in text:
        if character in "hms":
            total += float(number) * {"h": 3600, "m": 60, "s": 1}[character]
            number = ""
        else:
            number += character
    return total


def problems(config):
    found = []
    for name, service in config["services"].items():
        found += [f"{name}: {problem}" for problem in every_service(name, service)]
        if SECURED:
            found += [f"{name}: {problem}" for problem in secured_service(name, service)]
        if name in OURS:
            found += [f"{name}: {problem}" for problem in our_service(name, service)]
    names = {volume["name"] for volume in config["volumes"].values()}
    found += [f"volume {name} is missing" for name in sorted(VOLUMES - names)]
    networks = [network["name"] for network in config["networks"].values()]
    if networks != ["omnibase-infra-network"]:
        found.append(f"the networks are {networks}")
    return found


def every_service(name, service):
    image = service["image"].rsplit("/", 1)[-1]
    if ":" not in image or image.endswith(":latest"):
        yield f"image {service['image']} is not pinned to a version"
    options = service.get("logging", {}).get("options", {})
    if not {"max-size", "max-file"} <= options.keys():
        yield "its log is not rotated"
    if service.get("restart") != ("no" if name in ONE_SHOT else "unless-stopped"):
        yield f"restart is {service.get('restart')}"
    check = service.get("healthcheck", {})
    if name in ONE_SHOT:
        if not check.get("disable"):
            yield "a service that ends needs no health check"
    elif (check.get("interval"), check.get("timeout"), check.get("start_period"), check.get("retries")) != ("30s", "10s", "40s", 3):
        yield f"its health check is {check}"
    elif "curl" in " ".join(check["test"]):
        yield "its health check needs curl"
    published = set()
    for port in service.get("ports", []):
        published.add(port["published"])
        if port.get("host_ip") != "127.0.0.1":
            yield f"port {port['published']} is open to everyone"
    if published != PORTS.get(name, set()):
        yield f"it publishes {sorted(published)}"
    for other, needed in service.get("depends_on", {}).items():
        wanted = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
        if needed["condition"] != wanted:
            yield f"it does not wait until {other} is {wanted}"


def our_service(name, service):
    if not service.get("read_only"):
        yield "its root file system can be written"
    if service.get("cap_drop") != ["ALL"] or service.get("cap_add"):
        yield "it keeps capabilities"
    if service.get("security_opt") != ["no-new-privileges:true"]:
        yield "it may gain privileges"
    if seconds(service.get("stop_grace_period", "10s")) <= DRAIN_SECONDS:
        yield "it is killed while it drains"
    environment = service.get("environment", {})
    if ("POSTGRES_PASSWORD" in environment) != (name in DATABASE):
        yield "it has a database password and needs none" if name not in DATABASE else "it has no database password"
    elif name in DATABASE and environment.get("POSTGRES_USER") != DATABASE[name]:
        yield f"it works with the database as {environment.get('POSTGRES_USER')}"
    if name != "roles" and any(key.startswith("ONEX_") and key.endswith("_PASSWORD") for key in environment):
        yield "it knows the password of another role"
    if any(key.endswith(("_URL", "_DSN")) for key in environment):
        yield "a URL is put together outside the program"
    for volume in service.get("volumes", []):
        if volume["target"] == "/app/contracts" and not volume.get("read_only"):
            yield "its contracts can be written"
    if name in LIMITS:
        resources = service["deploy"]["resources"]
        cpus, memory, reserved_cpus, reserved_memory = LIMITS[name]
        seen = (
            float(resources["limits"]["cpus"]), int(resources["limits"]["memory"]) >> 20,
            float(resources["reservations"]["cpus"]), int(resources["reservations"]["memory"]) >> 20,
        )
        if seen != (cpus, memory, reserved_cpus, reserved_memory):
            yield f"its resources are {seen}"


def secured_service(name, service):
    environment = service.get("environment", {})
    if name in BROKER_USERS:
        seen = (environment.get("KAFKA_SECURITY_PROTOCOL"), environment.get("KAFKA_SASL_MECHANISM"))
        if seen != ("SASL_PLAINTEXT", "SCRAM-SHA-256") or environment.get("KAFKA_SASL_USERNAME") != BROKER_USERS[name]:
            yield f"it speaks to the broker as {environment.get('KAFKA_SASL_USERNAME')} with {seen}"
        if not environment.get("KAFKA_SASL_PASSWORD"):
            yield "it has no password for the broker"
    if "admin" in str(environment.get("KAFKA_SASL_USERNAME", "")) and name != "acl":
        yield "it is the broker's superuser"
    if name == "topic-manager" and "acl" not in service.get("depends_on", {}):
        yield "it starts before the permissions are there"
    if name == "redpanda" and not any(volume["target"] == "/etc/redpanda/.bootstrap.yaml" for volume in service.get("volumes", [])):
        yield "it asks nobody who they are"
    if name == "broker-users":
        made = {key[5:].replace("_", "-") for key in environment if key.startswith("USER_")}
        missing = (set(BROKER_USERS.values()) | {"clients", "agents", "operators"}) - {"admin"} - made
        if missing:
            yield f"it makes no user {', '.join(sorted(missing))}"


SECURED_BREAKS = [
    ("speaks to the broker", lambda c: c["services"]["runtime-worker"]["environment"].pop("KAFKA_SECURITY_PROTOCOL")),
    ("speaks to the broker", lambda c: c["services"]["runtime-worker"]["environment"].update(KAFKA_SASL_USERNAME="runtime-main")),
    ("no password", lambda c: c["services"]["runtime-effects"]["environment"].pop("KAFKA_SASL_PASSWORD")),
    ("superuser", lambda c: c["services"]["topic-manager"]["environment"].update(KAFKA_SASL_USERNAME="admin")),
    ("before the permissions", lambda c: c["services"]["topic-manager"]["depends_on"].pop("acl")),
    ("asks nobody", lambda c: c["services"]["redpanda"].update(volumes=[])),
    ("makes no user", lambda c: c["services"]["broker-users"]["environment"].pop("USER_clients")),
]

BREAKS = [
    ("pinned", lambda c: c["services"]["valkey"].update(image="valkey/valkey:latest")),
    ("rotated", lambda c: c["services"]["postgres"].pop("logging")),
    ("restart", lambda c: c["services"]["redpanda"].update(restart="no")),
    ("health check is", lambda c: c["services"]["runtime-worker"]["healthcheck"].update(retries=1)),
    ("curl", lambda c: c["services"]["runtime-worker"]["healthcheck"].update(test=["CMD", "curl", "x"])),
    ("open to everyone", lambda c: c["services"]["postgres"]["ports"][0].update(host_ip="0.0.0.0")),
    ("publishes", lambda c: c["services"]["omninode-runtime"].update(ports=[])),
    ("does not wait", lambda c: c["services"]["omninode-runtime"]["depends_on"]["migrate"].update(condition="service_started")),
    ("can be written", lambda c: c["services"]["runtime-effects"].pop("read_only")),
    ("capabilities", lambda c: c["services"]["runtime-effects"].update(cap_drop=[])),
    ("privileges", lambda c: c["services"]["migrate"].pop("security_opt")),
    ("while it drains", lambda c: c["services"]["topic-manager"].update(stop_grace_period="30s")),
    ("needs none", lambda c: c["services"]["runtime-worker"]["environment"].update(POSTGRES_PASSWORD="x")),
    ("database as", lambda c: c["services"]["runtime-effects"]["environment"].update(POSTGRES_USER="postgres")),
    ("another role", lambda c: c["services"]["runtime-effects"]["environment"].update(ONEX_MIGRATE_PASSWORD="x")),
    ("outside the program", lambda c: c["services"]["migrate"]["environment"].update(OMNIBASE_INFRA_DB_URL="x")),
    ("contracts", lambda c: [v.pop("read_only", None) for v in c["services"]["runtime-worker"]["volumes"]]),
    ("resources", lambda c: c["services"]["runtime-worker"]["deploy"]["resources"]["limits"].update(memory="1")),
    ("is missing", lambda c: c["volumes"].popitem()),
    ("networks", lambda c: c["networks"].update(other={"name": "x"})),
]


def main():
    config = json.load(sys.stdin)
    found = problems(config)
    for problem in found:
        print(f"  {problem}", file=sys.stderr)
    if found:
        sys.exit(1)
    breaks = BREAKS + (SECURED_BREAKS if SECURED else [])
    for word, change in breaks:
        broken = copy.deepcopy(config)
        change(broken)
        if not any(word in problem for problem in problems(broken)):
            sys.exit(f"the rule about \"{word}\" accepts what breaks it")
    print(f"  ok  {len(config['services'])} services keep the rules; each of {len(breaks)} breaks is refused")


main()
