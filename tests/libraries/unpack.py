"""Downloads wheels by their hashes and unpacks them into a folder: `unpack.py FOLDER REQUIREMENTS...`.

Compiled files stay out. Does nothing when that was done for the same requirements.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

#: The guest's Python, and a platform for which aiohttp has a wheel at all.
TARGET = ["--python-version", "3.14", "--implementation", "cp", "--abi", "cp314", "--abi", "none",
          "--platform", "manylinux2014_x86_64", "--platform", "any"]


def main(folder: Path, requirements: list[Path]) -> None:
    pinned = "".join(path.read_text() for path in requirements)
    stamp = folder.with_name(f"{folder.name}.made")
    if stamp.exists() and stamp.read_text() == pinned:
        return
    wheels = folder.with_name(f"{folder.name}.wheels")
    for old in (folder, wheels):
        shutil.rmtree(old, ignore_errors=True)
    options = [part for path in requirements for part in ("-r", str(path))]
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                    "--require-hashes", "--only-binary", ":all:", *TARGET, "-d", str(wheels), *options], check=True)
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(folder, [name for name in packed.namelist() if not name.endswith(".so")])
    stamp.write_text(pinned)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(path) for path in sys.argv[2:]])
