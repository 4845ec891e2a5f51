"""The Makefile says in a sentence what is missing, and what a download will cost, before it installs anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
GB = 1_000_000

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


class Machine:
    """A checkout on a machine whose tools are stand-ins: what they are asked for is written down, nothing installed."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.tools, self.calls = folder / "checkout", folder / "tools", folder / "calls"
        self.checkout.mkdir()
        self.tools.mkdir()
        for name in ("Makefile", "constraints.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, self.checkout)
        for name in ("bash", "sed", "awk", "touch", "make", "uname", "cat", "chmod", "mkdir"):
            found = shutil.which(name)
            assert found is not None, f"{name} is not installed"
            (self.tools / name).symlink_to(found)
        self.disk(gigabytes=50)

    def tool(self, name: str, script: str) -> None:
        path = self.tools / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def disk(self, *, gigabytes: int) -> None:
        self.tool("df", f"echo header; echo disk 0 0 {gigabytes * GB} 0% /")

    def python(self, *, recent: bool = True, venv: bool = True) -> None:
        """A python3; the environment that it makes answers pip and writes down what is installed."""
        inner = (
            f'case "$*" in\n  *"pip install"*) echo "$@" >> {self.calls} ;;\n  *importlib.metadata*) exit 1 ;;\nesac'
        )
        self.tool(
            "python3",
            f'case "$*" in\n  *version_info*3,*11*) exit {0 if recent else 1} ;;\n'
            f"  *ensurepip*) exit {0 if venv else 1} ;;\n  *print*) echo 3.11 ;;\n"
            f"  *'-m venv'*) mkdir -p .venv/bin; printf '#!/bin/bash\\n%s\\n' '{inner}' > .venv/bin/python\n"
            "    chmod +x .venv/bin/python ;;\nesac",
        )

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.tools), "HOME": str(self.checkout), **environment}
        return subprocess.run(
            ["make", *arguments],
            cwd=self.checkout,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def installed(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.python()
    return machine


STAMP = ".venv/.installed-demo"

no_card = pytest.mark.skipif(
    Path("/dev/nvidia0").exists() or os.uname().sysname != "Linux", reason="this machine has an NVIDIA device"
)


def test_without_python_it_names_the_packages(machine: Machine) -> None:
    machine.python(recent=False)
    done = machine.make(STAMP)
    assert done.returncode != 0
    assert "Python 3.11 or newer is missing" in done.stderr
    assert "apt install python3 python3-venv" in done.stderr


def test_without_venv_it_names_the_package(machine: Machine) -> None:
    machine.python(venv=False)
    done = machine.make(STAMP)
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr
    assert "python3.11-venv" in done.stderr


@no_card
def test_without_a_card_it_tells_the_size_and_the_way_to_the_cpu_build_and_goes_on(machine: Machine) -> None:
    done = machine.make(STAMP)
    assert done.returncode == 0, done.stderr
    assert "about 2.7 GB of CUDA packages (50 GB of disk are free)" in done.stderr
    assert f"TORCH_INDEX={CPU_INDEX}" in done.stderr
    assert len(machine.installed) == 1


def test_with_an_index_only_torch_comes_from_it(machine: Machine) -> None:
    done = machine.make(STAMP, f"TORCH_INDEX={CPU_INDEX}")
    assert done.returncode == 0, done.stderr
    assert "CUDA" not in done.stderr
    torch, rest = machine.installed
    assert torch == f"-m pip install --quiet --no-deps --index-url {CPU_INDEX} torch==2.13.0"
    assert rest == "-m pip install --quiet -c constraints.txt -e .[model,demo]"


def test_a_cpu_wheel_at_hand_needs_no_warning(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl").touch()
    done = machine.make(STAMP, PIP_FIND_LINKS=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "CUDA" not in done.stderr


@no_card
def test_a_disk_that_is_too_small_is_refused_before_anything_is_installed(machine: Machine) -> None:
    machine.disk(gigabytes=5)
    done = machine.make(STAMP)
    assert done.returncode != 0
    assert "Only 5 GB of disk are free here and the installation needs 6 GB" in done.stderr
    assert machine.installed == []
    assert machine.make(STAMP, f"TORCH_INDEX={CPU_INDEX}").returncode == 0


def test_a_second_run_installs_nothing(machine: Machine) -> None:
    machine.make(STAMP)
    before = machine.installed
    done = machine.make(STAMP)
    assert done.returncode == 0
    assert machine.installed == before


def test_installing_writes_nothing_to_standard_output(machine: Machine) -> None:
    done = machine.make("-s", STAMP)
    assert done.stdout == ""


def test_make_alone_lists_the_chores(machine: Machine) -> None:
    done = machine.make()
    assert done.returncode == 0
    for chore in ("make demo", "make run", "make test", "make check", "make audit", CPU_INDEX):
        assert chore in done.stdout


def test_where_pip_audit_cannot_be_installed_make_audit_says_that_nothing_was_looked_up(machine: Machine) -> None:
    done = machine.make("audit")
    assert done.returncode != 0
    assert "Nothing was looked up: pip-audit" in done.stderr
    assert "Run make audit where there is a network." in done.stderr
