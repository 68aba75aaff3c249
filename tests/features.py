#!/usr/bin/env python3
"""Fails when building one crate alone would compile a dependency once more, with other features
than the whole workspace does. The cure is a line in host/unify/Cargo.toml."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
from typing import Any


def units(*choice: str) -> dict[str, str]:
    """What cargo would compile for this choice of packages: all that tells units apart, to a name."""
    command = ["cargo", "build", "--locked", "-Z", "unstable-options", "--unit-graph", *choice]
    # The graph is only printed by a compiler that takes unstable options; nothing is compiled.
    output = subprocess.run(
        command, env={**os.environ, "RUSTC_BOOTSTRAP": "1"}, stdout=subprocess.PIPE, check=True
    ).stdout
    units: list[dict[str, Any]] = json.loads(output)["units"]
    names: dict[int, str] = {}

    def name(index: int) -> str:
        """All that tells a unit apart, its dependencies with it: a build script's have features of their own."""
        if index not in names:
            unit = units[index]
            profile = {key: value for key, value in unit["profile"].items() if key != "incremental"}
            own = [unit["pkg_id"], unit["target"]["name"], unit["mode"], unit["platform"], unit["features"], profile]
            below = sorted(name(dependency["index"]) for dependency in unit["dependencies"])
            names[index] = hashlib.sha256(json.dumps([own, below]).encode()).hexdigest()
        return names[index]

    return {
        name(index): f"{unit['pkg_id'].rpartition('#')[2]} with {', '.join(unit['features']) or 'no features'}"
        for index, unit in enumerate(units)
        if not unit["pkg_id"].startswith("path")
    }


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    os.chdir(root)
    everything = units("--workspace", "--all-targets")
    status = 0
    for manifest in sorted([*root.glob("*/*/Cargo.toml"), root / "tests/Cargo.toml"]):
        text = manifest.read_text()
        name = next(line.split('"')[1] for line in text.splitlines() if line.startswith("name = "))
        if "\nbifrost-unify" not in text:
            continue
        again = {text for key, text in units("-p", name).items() if key not in everything}
        if again:
            print(f"{name} alone compiles again: {'; '.join(sorted(again))}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
