#!/usr/bin/env python3
"""Writes the shell of CI files into files of their own, so that shellcheck can read it.

    Tests/workflow-steps.py FOLDER FILE...

A GitHub workflow's steps become <file>-<job>-<n>.sh; a GitLab job's `before_script` and `script`, which run in one shell,
become one file.
"""
import sys
from pathlib import Path

import yaml


def github(jobs):
    for job, content in jobs.items():
        for number, step in enumerate(content["steps"], 1):
            if "run" in step:
                yield f"{job}-{number}", "bash -e", step["run"]


def gitlab(document):
    before = "\n".join(document["default"]["before_script"])
    for job, content in document.items():
        if isinstance(content, dict) and "script" in content:
            yield job, "bash -e", before + "\n" + "\n".join(content["script"])


def main(folder, paths):
    count = 0
    for path in map(Path, paths):
        document = yaml.safe_load(path.read_text())
        steps = github(document["jobs"]) if "jobs" in document else gitlab(document)
        for name, shell, text in steps:
            file = Path(folder) / f"{path.name.removeprefix('.').removesuffix('.yml')}-{name}.sh"
            # What a step does not set comes from its environment.
            file.write_text(f"#!/usr/bin/env -S {shell}\n# shellcheck disable=SC2154\n{text}\n")
            count += 1
    if count == 0:
        sys.exit("no steps found")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
