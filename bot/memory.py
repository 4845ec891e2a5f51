"""How much memory a process takes, where the system tells."""

from __future__ import annotations

from pathlib import Path


def resident_megabytes(pid: int | None = None) -> float | None:
    """Resident memory of process `pid` (None: this one) in MB (10^6 bytes); None where /proc does not say."""
    try:
        status = Path(f"/proc/{pid or 'self'}/status").read_text("ascii")
    except OSError:
        return None
    kilobytes = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")), None)
    return round(int(kilobytes) * 1024 / 1e6, 1) if kilobytes else None
