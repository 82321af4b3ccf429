"""schemas.py VERSION FILE...: manifests against the published Kubernetes schemas, strictly: an unknown field is an error.

Custom resources are not part of them and are left to policy.py. Exit codes: 0 valid, 1 not, 64 usage.
"""

import sys
from functools import cache
from pathlib import Path

import kubernetes_validate
from kubernetes_validate import utils

import custom_resources
from manifests import documents, title

# It reads a megabyte of definitions anew for every object, and nearly all of its time goes there.
utils.schema_contents = cache(utils.schema_contents)
utils.all_versions = cache(utils.all_versions)


def problems(path, version):
    for item in documents(path):
        if item["kind"] in custom_resources.VERSIONS:
            continue
        try:
            kubernetes_validate.validate(item, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{title(item)}: {'.'.join(str(part) for part in error.path)}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError:
            yield f"{title(item)}: Kubernetes {version} has no {item['apiVersion']} {item['kind']}"


def main(arguments):
    if len(arguments) < 2:
        print("usage: schemas.py VERSION FILE...", file=sys.stderr)
        return 64
    version, *paths = arguments
    found = [f"{Path(path).name}: {problem}" for path in paths for problem in problems(path, version)]
    for problem in found:
        print(f"Kubernetes {version}: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
