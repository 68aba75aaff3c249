"""Attempts to read or write outside of the workspace. Armed: nothing is reached."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bifrost import workflow

import probe

PLACES = ("/etc/passwd", "/etc/hostname", "/proc/self/environ", "/proc/self/maps", "/proc/self/mem", "/dev/mem", "/dev/zero",
          "/sys/kernel", "/root/.ssh/id_rsa", "/var/run/docker.sock", "../../../../etc/passwd", "data/../../../etc/passwd",
          "/tmp/../etc/passwd", "//etc/passwd", "/workspace/../etc/passwd", "etc/passwd\x00.csv")
FOLDERS = ("/", "/etc", "/proc", "/dev", "/home", "/usr", "/var", "..", "../..", "/tmp/..")


def read(place: str) -> bytes:
    """The first bytes of a file."""
    with open(place, "rb") as file:
        return file.read(64)


@workflow
async def file_read(armed: bool = False) -> dict[str, Any]:
    """Reads system files. The control reads a data file of the workspace."""
    places = PLACES if armed else ("data/public.txt",)
    return probe.attempts({place: lambda place=place: read(place) for place in places})


@workflow
async def file_read_fd(armed: bool = False) -> dict[str, Any]:
    """Reads from file descriptors that nobody opened. The control reads a data file."""
    if not armed:
        return probe.attempts({"own": lambda: read("data/public.txt")})
    return probe.attempts({str(fd): lambda fd=fd: os.read(fd, 1) for fd in range(3, 64)})


@workflow
async def file_list(armed: bool = False) -> dict[str, Any]:
    """Lists folders. `listed` has the names, which must be none of the host's."""
    listed: dict[str, list[str] | str] = {}
    for folder in FOLDERS if armed else ("data",):
        try:
            listed[folder] = sorted(os.listdir(folder))[:50]
        except Exception as error:
            listed[folder] = type(error).__name__
    return {"listed": listed}


@workflow
async def file_write(armed: bool = False) -> dict[str, Any]:
    """Writes, deletes, renames. `chmod` answers without doing anything. The control writes to memory."""
    if not armed:
        return probe.attempts({"memory": lambda: io.BytesIO().write(b"x")})
    return probe.attempts({
        "root": lambda: Path("/probe").write_text("x"),
        "etc": lambda: Path("/etc/probe").write_text("x"),
        "workspace": lambda: Path("data/new.txt").write_text("x"),
        "overwrite": lambda: Path("data/public.txt").write_text("x"),
        "append": lambda: open("data/public.txt", "a").write("x"),
        "source": lambda: Path("probe.py").write_text("x"),
        "delete": lambda: os.remove("data/public.txt"),
        "rename": lambda: os.rename("data/public.txt", "/tmp/stolen"),
        "mkdir": lambda: os.mkdir("folder"),
        "chmod": lambda: os.chmod("data/public.txt", 0o777),
        "truncate": lambda: os.truncate("data/public.txt", 0),
    })


@workflow
async def file_links(armed: bool = False) -> dict[str, Any]:
    """Reaches out of the workspace through links and odd names. The control uses an odd name for a data file."""
    if not armed:
        return probe.attempts({"own": lambda: read("./data/../data/public.txt")})

    def through(link: Callable[[], Any], place: str) -> Callable[[], Any]:
        def action() -> bytes:
            link()
            return read(place)

        return action

    return probe.attempts({
        "symlink": through(lambda: os.symlink("/etc/passwd", "/tmp/link"), "/tmp/link"),
        "symlink folder": through(lambda: os.symlink("/", "/tmp/root"), "/tmp/root/etc/passwd"),
        "symlink up": through(lambda: os.symlink("../..", "/tmp/up"), "/tmp/up/etc/passwd"),
        "hard link": through(lambda: os.link("/etc/passwd", "/tmp/hard"), "/tmp/hard"),
        "chdir": through(lambda: os.chdir("/etc"), "passwd"),
        "chroot": through(lambda: os.chroot("/"), "/etc/passwd"),
        "dir_fd": lambda: os.open("etc/passwd", os.O_RDONLY, dir_fd=3),
        "mkfifo": lambda: os.mkfifo("/tmp/fifo"),
        "mknod": lambda: os.mknod("/tmp/node"),
        "zip slip": lambda: _zip_slip(),
    })


@workflow
async def environment(armed: bool = False) -> dict[str, Any]:
    """What the environment says: no variable of the host. The control sets one and sees it."""
    if not armed:
        os.environ["PROBE"] = "1"
        return {"environ": {"PROBE": os.environ["PROBE"]}}
    import platform
    import sys

    return {
        "environ": dict(os.environ),
        "argv": sys.argv,
        "executable": sys.executable,
        "path": sys.path,
        "cwd": os.getcwd(),
        "node": platform.node(),
        "details": {name: probe.attempt(action) for name, action in {
            "getuser": lambda: __import__("getpass").getuser(),
            "gethostname": lambda: __import__("socket").gethostname(),
            "cpu_count": os.cpu_count,
            "getpid": os.getpid,
            "uname": lambda: os.uname(),
            "getloadavg": lambda: os.getloadavg(),
        }.items()},
    }


def _zip_slip() -> bytes:
    """An archive member with a path that leads out; answers only if a file came to be there."""
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../slipped", "x")
    with zipfile.ZipFile(packed) as archive:
        archive.extractall("/tmp/out")
    return read("/slipped")
