"""What the machine offers this process."""

import os
import platform
from pathlib import Path

# A last-level cache whose size the system does not tell; most are of 8 to 32 MiB.
FALLBACK_CACHE_SIZE = 32 << 20
# Of a cache that many processors share, some of them cannot count on more than so much
# for each. On two of a Sapphire Rapids, whose cache is said to be of 480 MiB, streaming
# pays from 100 MB on: 10**7 float32 in 2.4 ms instead of 3.4.
CACHE_OF_A_PROCESSOR = 32 << 20
# A Zen 5 (AMD's family 26) keeps enough of what outgrows its cache by so many times: 32
# MiB, 4 * 10**6 float32 in 0.34 ms, or 0.56 streamed. (2 threads; while others filled
# the cache, too, 0.72 and 0.61.)
KEPT = 2
FALLBACK_MEMORY = 4 << 30
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def lines(path):
    try:
        return Path(path).read_text().splitlines()
    except (OSError, ValueError):
        return []


def processor():
    """The name of the processor, as its maker has it, or else its kind."""
    for line in lines("/proc/cpuinfo"):
        key, _, name = line.partition(":")
        if key.strip() == "model name":
            return name.strip()
    return platform.processor() or platform.machine()


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


def control_groups(controller, root):
    """The folders of the control groups whose settings of a controller ("cpu",
    "memory") bind this process: each is also bound by those above it."""
    for line in lines(Path(root, "proc/self/cgroup")):
        _, controllers, group = line.split(":", 2)
        top = Path(root, "sys/fs/cgroup")
        if controllers:  # version 1
            if controller not in controllers.split(","):
                continue
            top /= controller
        # (Inside a container the path may be the host's, of which only the top is
        # mounted.)
        bottom = top / group.lstrip("/")
        for path in (bottom, *bottom.parents):
            yield path
            if path == top:
                break


def quota(root="/"):
    """The processors that this process's control groups pay for, rounded up; infinity
    if they do not say."""
    least = float("inf")
    for path in control_groups("cpu", root):
        found = " ".join(lines(path / "cpu.max")) or " ".join(
            (*lines(path / "cpu.cfs_quota_us"), *lines(path / "cpu.cfs_period_us"))
        )
        paid, _, period = found.partition(" ")
        if paid.isdigit() and period.isdigit():
            least = min(least, -(-int(paid) // int(period)))
    return least


def memory(root="/"):
    """Bytes of memory that this process may use: the machine's, or what its control
    groups allow, whichever is less."""
    try:
        least = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        least = FALLBACK_MEMORY
    for path in control_groups("memory", root):
        for name in ("memory.max", "memory.limit_in_bytes"):
            for allowed in lines(path / name):
                if allowed.isdigit():
                    least = min(least, int(allowed))
    return least


def last_level_cache(root="/"):
    """Bytes of the largest cache that a processor shares."""
    folder = Path(root, "sys/devices/system/cpu/cpu0/cache")
    sizes = [
        int(size[:-1]) * UNITS[size[-1]]
        for index in folder.glob("index*")
        for size in lines(index / "size")
        if size[:-1].isdigit() and size[-1] in UNITS
    ]
    shared = max(sizes, default=FALLBACK_CACHE_SIZE)
    return min(shared, int(CACHE_OF_A_PROCESSOR * processors()))


def is_zen5(root="/"):
    told = {
        key.strip(): value.strip()
        for key, _, value in (
            line.partition(":") for line in lines(Path(root, "proc/cpuinfo"))
        )
    }
    return told.get("vendor_id") == "AuthenticAMD" and told.get("cpu family") == "26"


def cache_habits(root="/"):
    """Bytes of the last-level cache; those of operands, out counted by half, from which
    out is written past the caches; and whether it pays to ask for operands ahead of
    time where about as much as the cache holds is computed in place (4 * 10**6 float32:
    0.45 ms instead of 0.62 on a Zen 3, 0.29 instead of 0.22 on a Zen 5)."""
    cache = last_level_cache(root)
    if is_zen5(root):
        return cache, cache * KEPT, False
    return cache, cache, True
