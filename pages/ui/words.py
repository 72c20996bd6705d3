"""Numbers as people read them."""

from datetime import datetime


def duration(seconds: float) -> str:
    """Return 42 s, 3 min 20 s, or 2 h 05 min."""
    if seconds < 1:
        return "under 1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 5400:
        return f"{whole / 60:.0f} min"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def moment(time_s: float | None) -> str:
    """Return day and time of seconds since 1970, in the machine's own time zone."""
    return f"{datetime.fromtimestamp(time_s):%d %b %H:%M}" if time_s else ""


def size(count_bytes: float) -> str:
    """Return 96 kB, 2.0 MB or 1.2 GB: powers of 1,000, as disks are sold."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if count_bytes >= 0.9995 * factor:
            return f"{count_bytes / factor:.1f} {unit}"
    return f"{count_bytes / 1e3:.0f} kB"
