"""What the machine offers this process."""

import os
from pathlib import Path

# A last-level cache whose size the system does not tell; most are of 8 to 32 MiB.
FALLBACK_CACHE_SIZE = 32 << 20
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def lines(path):
    try:
        return Path(path).read_text().splitlines()
    except (OSError, ValueError):
        return []


def processors():
    """How many processors this process may keep busy: those it may run on, or the
    quota of its control group, whichever is less."""
    if hasattr(os, "process_cpu_count"):
        count = os.process_cpu_count()
    elif hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count()
    return max(1, min(count or 1, quota()))


def quota(root="/"):
    """The processors that this process's control groups pay for, rounded up; infinity
    if they do not say."""
    least = float("inf")
    for line in lines(Path(root, "proc/self/cgroup")):
        _, controllers, group = line.split(":", 2)
        top = Path(root, "sys/fs/cgroup")
        if controllers:  # version 1
            if "cpu" not in controllers.split(","):
                continue
            top /= "cpu"
        # Each group is also bound by those above it. (Inside a container the path may
        # be the host's, of which only the top is mounted.)
        bottom = top / group.lstrip("/")
        for path in (bottom, *bottom.parents):
            found = " ".join(lines(path / "cpu.max")) or " ".join(
                (*lines(path / "cpu.cfs_quota_us"), *lines(path / "cpu.cfs_period_us"))
            )
            paid, _, period = found.partition(" ")
            if paid.isdigit() and period.isdigit():
                least = min(least, -(-int(paid) // int(period)))
            if path == top:
                break
    return least


def last_level_cache():
    """Bytes of the largest cache that a processor shares."""
    folder = Path("/sys/devices/system/cpu/cpu0/cache")
    sizes = [
        int(size[:-1]) * UNITS[size[-1]]
        for index in folder.glob("index*")
        for size in lines(index / "size")
        if size[:-1].isdigit() and size[-1] in UNITS
    ]
    return max(sizes, default=FALLBACK_CACHE_SIZE)
