"""How many CPU cores this process may keep busy."""

from __future__ import annotations

import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def usable_cores(*, cgroups: Path = CGROUPS, own: Path = OWN_CGROUP) -> int:
    """Cores of the process's affinity mask, fewer where a container's CPU quota (cgroup 2 or 1) allows fewer; >= 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = min((found for folder in _folders(cgroups, own) if (found := _quota(folder))), default=float(cores))
    return max(1, min(cores, int(quota)))


def _folders(cgroups: Path, own: Path) -> list[Path]:
    """The folders that may hold a limit on this process: its own groups and all above them."""
    found = [cgroups, cgroups / "cpu"]
    for line in _text(own).splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = cgroups / "cpu" if controllers else cgroups
        group = root / path.strip().lstrip("/")
        found += [folder for folder in (group, *group.parents) if folder.is_relative_to(root)]
    return found


def _quota(folder: Path) -> float | None:
    """Cores that the group in `folder` may use on average, None without a limit."""
    parts = _text(folder / "cpu.max").split()
    if not parts:
        parts = [_text(folder / "cpu.cfs_quota_us").strip(), _text(folder / "cpu.cfs_period_us").strip()]
    try:
        quota, period = (float(part) for part in parts)
    except ValueError:  # "max": no limit
        return None
    return quota / period if quota > 0 and period > 0 else None


def _text(path: Path) -> str:
    """The file's text, empty where there is none to read."""
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""
