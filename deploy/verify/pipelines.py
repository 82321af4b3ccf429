"""pipelines.py GITHUB GITLAB: what the schemas of pipelines do not say, and their shell lines through shellcheck.

Exit codes: 0 nothing is wrong, 1 something is, 64 usage.
"""

import re
import subprocess
import sys
from pathlib import Path

import yaml

# `sh -e` of both systems, with bash in the images that are used.
PROLOGUE = "#!/usr/bin/env bash\nset -eo pipefail\n"


def github(document):
    """Problems, and the scripts by name."""
    problems, scripts = [], {}
    if document.get("permissions") != {"contents": "read"}:
        problems.append("permissions of the workflow must be `contents: read`; a job that needs more says so")
    for name, job in document["jobs"].items():
        if "timeout-minutes" not in job:
            problems.append(f"{name}: timeout-minutes is missing, and the default is six hours")
        for number, step in enumerate(job["steps"], start=1):
            where = f"{name}, step {number}"
            uses = step.get("uses", "")
            if uses and not re.fullmatch(r"[\w.-]+/[\w./-]+@(v\d+(\.\d+)*|[0-9a-f]{40})", uses):
                problems.append(f"{where}: {uses} names no version or commit")
            if "${{" in step.get("run", ""):
                problems.append(f"{where}: an expression inside `run` becomes shell text; hand it over in `env`")
            if "run" in step:
                scripts[where] = step["run"]
        for needed in [job.get("needs", [])] if isinstance(job.get("needs", []), str) else job.get("needs", []):
            if needed not in document["jobs"]:
                problems.append(f"{name}: needs {needed}, which is no job")
    return problems, scripts


def gitlab(document):
    problems, scripts = [], {}
    keywords = {"stages", "workflow", "default", "variables", "include"}
    for name, job in document.items():
        if name in keywords:
            continue
        parent = document.get(job.get("extends"), {})
        image = job.get("image", parent.get("image", ""))
        if ":" not in image or image.endswith(":latest"):
            problems.append(f"{name}: image {image} names no version")
        if not name.startswith(".") and job.get("stage") not in document["stages"]:
            problems.append(f"{name}: stage {job.get('stage')} is no stage")
        lines = job.get("before_script", []) + job.get("script", [])
        if lines:
            scripts[name] = "\n".join(lines)
    return problems, scripts


def shellcheck(name, script):
    # Variables come from outside, so one that is not set here is no finding, nor one that is named like another.
    run = subprocess.run(
        ["shellcheck", "--shell=bash", "--exclude=SC2153,SC2154", "-"],
        input=PROLOGUE + script + "\n", capture_output=True, text=True, check=False,
    )
    return [f"{name}: shellcheck:\n{run.stdout}"] if run.returncode else []


def main(arguments):
    if len(arguments) != 2:
        print("usage: pipelines.py GITHUB GITLAB", file=sys.stderr)
        return 64
    found = []
    for path, check in zip(arguments, (github, gitlab)):
        problems, scripts = check(yaml.safe_load(Path(path).read_text(encoding="utf-8")))
        if not scripts:
            problems.append("no script was found in it, so that nothing was checked")
        for name, script in scripts.items():
            problems += shellcheck(name, script)
        found += [f"{path}: {problem}" for problem in problems]
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
