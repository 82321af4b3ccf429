"""What this repository says elsewhere, so that manifests are compared with it and not with a copy of it."""

import re
from functools import cache, cached_property
from pathlib import Path

from manifests import documents

CONSUMER_PREFIX = "OMNIBASE_INFRA_AGENT_ACTIONS_"


class Repository:
    def __init__(self, root):
        self.root = Path(root)

    def yaml(self, path):
        return documents(self.root / path)[0]

    @cache
    def partitions(self, environment):
        """Topic to partitions, as `topic-manager` would declare them in this environment."""
        found = {}
        for path in sorted((self.root / "contracts/topics").glob("*.yaml")):
            for topic in self.yaml(path)["topics"]:
                found[topic["name"]] = topic["partitions"]
        overlay_path = self.root / f"contracts/topics/environments/{environment}.yaml"
        overlay = self.yaml(overlay_path) if overlay_path.exists() else {}
        default = overlay.get("defaults", {}).get("partitions")
        if default:
            found = dict.fromkeys(found, default)
        for topic in overlay.get("topics", []):
            if "partitions" in topic:
                found[topic["name"]] = topic["partitions"]
        return found

    @cached_property
    def topics_read(self):
        """Service to the declared topics it reads, from the generated table of topics."""
        found = {}
        page = (self.root / "docs/reference/topics.md").read_text(encoding="utf-8")
        for line in page.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if len(cells) != 11 or cells[0] == "topic" or cells[0].startswith("---"):
                continue
            for reader in re.sub(r"\([^)]*\)", "", cells[8]).replace(",", " ").split():
                found.setdefault(reader, set()).add(cells[0])
        return found

    @cached_property
    def variables(self):
        """Every environment variable that the Swift sources name."""
        found = set()
        for path in (self.root / "Libraries").rglob("*.swift"):
            source = path.read_text(encoding="utf-8")
            found.update(re.findall(r'"((?:ONEX|KAFKA|RUNTIME|OMNIBASE|POSTGRES|OTEL)_[A-Z0-9_]+)"', source))
            found.update(CONSUMER_PREFIX + name for name in re.findall(r'prefix \+ "([A-Z_]+)"', source))
        return found

    @cached_property
    def filesystem_paths(self):
        return self.yaml("contracts/handlers/filesystem/handler_contract.yaml")["security"]["allowed_paths"]

    @cached_property
    def documented_secrets(self):
        """Secret to keys, from the table of docs/reference/kubernetes.md: | `name` | `key` `key` | …"""
        found = {}
        page = (self.root / "docs/reference/kubernetes.md").read_text(encoding="utf-8")
        for name, keys in re.findall(r"^\| `(onex-[a-z-]+)` \| ((?:`[a-z.-]+`[ ,]*)+)\|", page, flags=re.MULTILINE):
            found[name] = set(re.findall(r"`([a-z.-]+)`", keys))
        return found
