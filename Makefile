# Candor's chores; `make help` lists them. Everything is installed into .venv by pip, with the versions of constraints.txt.
# What installs writes to standard error, so that `make demo ARGS=--headless` gives nothing but its JSON lines.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
PY := $(VENV)/bin/python
TORCH := $(shell sed -n 's/^torch==/torch==/p' constraints.txt)
PIP_AUDIT := pip-audit==2.10.1
CPU_INDEX := https://download.pytorch.org/whl/cpu
PIP := $(PY) -m pip install $$([ -t 2 ] || echo --quiet)
PYTHON ?=
TORCH_INDEX ?=
ARGS ?=

.PHONY: help demo run doctor test fuzz chaos check audit format clean

help:
	@printf '%s\n' \
	    'make demo      the whole bot on a Discord of its own, on this machine: prints an address to open' \
	    '               ARGS=--headless plays the script, prints one JSON object a message and a step, and exits' \
	    'make run       moderate a real server; needs CANDOR_DISCORD_TOKEN (see .env.example)' \
	    'make doctor    say what is missing for a start, and how to mend it' \
	    'make test      install what the tests need and run them (ARGS=... goes to pytest)' \
	    'make fuzz      feed a million hostile inputs to the bot and the model server, in two processes' \
	    '               (ARGS=... goes to it: --inputs 50000 --seed 2 --part listener)' \
	    'make chaos     kill the bot, its model server and its database (ARGS="--database postgresql") while members write' \
	    'make check     ruff, pyright, import-linter, and whether every dependency is installed as it is pinned' \
	    'make audit     look the pinned dependencies up for known holes with pip-audit; needs a network' \
	    'make format    format the source and mend what ruff can' \
	    'make clean     remove caches and builds; .venv and var stay' \
	    '' \
	    'TORCH_INDEX=$(CPU_INDEX)' \
	    '               on the first install takes PyTorch from its index of CPU builds; without it, Linux gets' \
	    '               about 2.7 GB of CUDA packages' \
	    'PYTHON=...     the Python (3.11 or newer) to make .venv with'

demo: $(VENV)/.installed-demo
	@exec $(VENV)/bin/candor demo $(ARGS)

run: $(VENV)/.installed-demo
	@exec $(VENV)/bin/candor run $(ARGS)

doctor: $(VENV)/.installed-demo
	@exec $(VENV)/bin/candor doctor $(ARGS)

test: $(VENV)/.installed-test
	@exec $(PY) -m pytest $(ARGS)

fuzz: $(VENV)/.installed-test
	@exec $(PY) -m tests.fuzz --inputs 1000000 $(ARGS)

chaos: $(VENV)/.installed-test
	@exec $(PY) -m benchmarks.chaos $(ARGS)

check: $(VENV)/.installed-test
	@$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/pyright
	$(VENV)/bin/lint-imports
	$(PY) -m tests.pins

audit: $(VENV)/.installed-test $(VENV)/audit/.made
	@exec $(PY) -m tests.pins --advisories $(VENV)/audit/bin/pip-audit

format: $(VENV)/.installed-test
	@$(VENV)/bin/ruff format
	$(VENV)/bin/ruff check --fix

clean:
	@rm -rf build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf

# On a terminal pip shows what it does; elsewhere it is quiet.
# A stamp is newer than what it was installed from, or it is made again; so a second run starts at once.

$(VENV)/.installed-demo: $(VENV)/.torch
	@exec >&2
	if [ $(VENV)/.installed-test -nt pyproject.toml ] && [ $(VENV)/.installed-test -nt constraints.txt ]; then
	    touch $@; exit
	fi
	$(PIP) -c constraints.txt -e '.[model,demo]'
	touch $@

$(VENV)/.installed-test: $(VENV)/.torch
	@exec >&2
	$(PIP) -c constraints.txt -e '.[model,train,export,postgres,demo,test]'
	touch $@

# An environment of its own: what pip-audit brings is no dependency of Candor.
$(VENV)/audit/.made: Makefile | $(VENV)/.made
	@exec >&2
	$(PY) -m venv $(VENV)/audit
	if ! $(VENV)/audit/bin/python -m pip install --quiet $(PIP_AUDIT); then
	    echo 'Nothing was looked up: $(PIP_AUDIT) could not be installed. Run make audit where there is a network.'
	    exit 1
	fi
	touch $@

# PyTorch first: only it may come from another index, and only it can fill the disk.
$(VENV)/.torch: pyproject.toml constraints.txt | $(VENV)/.made
	@exec >&2
	no_nvidia() { [ "$$(uname -s)" = Linux ] && [ ! -e /dev/nvidia0 ] && ! command -v nvidia-smi >/dev/null; }
	cpu_wheel_at_hand() {
	    for place in $${PIP_FIND_LINKS:-} $$($(PY) -m pip config get global.find-links 2>/dev/null || true); do
	        if compgen -G "$${place#file://}/torch-*+cpu-*.whl" >/dev/null; then return; fi
	    done
	    return 1
	}
	installed=$$($(PY) -c 'import importlib.metadata as m; print("torch==" + m.version("torch"))' 2>/dev/null || true)
	if [ "$${installed%+*}" = '$(TORCH)' ]; then touch $@; exit; fi
	free=$$(( $$(df -Pk . | awk 'NR == 2 {print $$4}') / 1000000 )) need=3 hint=
	if [ -z '$(TORCH_INDEX)' ] && no_nvidia && ! cpu_wheel_at_hand; then
	    hint="The build for CPUs is smaller: make $(or $(MAKECMDGOALS),demo) TORCH_INDEX=$(CPU_INDEX)"
	    need=6
	    echo "There is no NVIDIA device here, and plain $(TORCH) brings about 2.7 GB of CUDA packages ($$free GB of disk" \
	         "are free). $$hint"
	fi
	if [ "$$free" -lt "$$need" ]; then
	    echo "Only $$free GB of disk are free here and the installation needs $$need GB: make room. $$hint"
	    exit 1
	fi
	echo 'Installing into $(VENV); this takes some minutes ...'
	if [ -n '$(TORCH_INDEX)' ]; then
	    $(PIP) --no-deps --index-url '$(TORCH_INDEX)' '$(TORCH)'
	fi
	touch $@

$(VENV)/.made:
	@exec >&2
	if [ -x $(PY) ] && $(PY) -m pip --version >/dev/null 2>&1; then touch $@; exit; fi
	for python in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11; do
	    if [ -n "$$python" ] && "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
	        break
	    fi
	    python=
	done
	if [ -z "$$python" ]; then
	    echo "Python 3.11 or newer is missing. On Debian and Ubuntu: sudo apt install python3 python3-venv"
	    exit 1
	fi
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then
	    version=$$("$$python" -c 'import sys; print("{}.{}".format(*sys.version_info))')
	    echo "$$python cannot make a virtual environment. On Debian and Ubuntu: sudo apt install python3-venv" \
	         "(for a Python beside the system's own: python$$version-venv)"
	    exit 1
	fi
	"$$python" -m venv $(VENV)
	touch $@
