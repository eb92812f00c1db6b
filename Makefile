# make test | lint | bench | reproduce: each makes .venv first where it is missing. `make clean` removes .venv.
# make test-floor: environments, wrappers and commands with the oldest dependencies that pyproject.toml allows.
#
# PYTHON=python3.12 make test   chooses the interpreter (3.11 or newer; the alfworld extra needs < 3.13)
# PIP_EXTRA_INDEX_URL and the like are read by pip itself; use them to get the torch build that you want.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.12 python3.11 python3.13 python3.14; do \
	$$p -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt
# The venv is trusted as long as these are not newer than its stamps.
INPUTS := pyproject.toml constraints.txt

# The oldest dependencies, without torch, in a venv of their own; numpy 1.26 has no wheels for Python 3.13.
FLOOR := .venv-floor
FLOOR_PYTHON ?= $(shell for p in $(PYTHON) python3.11 python3.12; do \
	$$p -c 'import sys, ensurepip, venv; sys.exit(sys.version_info >= (3, 13))' 2>/dev/null && echo $$p && break; done)
FLOOR_TESTS := tests/core tests/wrappers tests/agents tests/commands tests/test_cli.py tests/test_registration.py \
	tests/test_testing.py tests/envs/test_every_env.py tests/envs/test_sources.py
PINS := import re, tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	print(*[re.sub(r">=([\w.]+).*", r"==\1", bound) for bound in project["dependencies"]])

.PHONY: test test-floor lint bench reproduce clean
.DELETE_ON_ERROR:

test: $(VENV)/.stamp-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 $(ARGS)

test-floor: $(FLOOR)/.stamp
	OMP_NUM_THREADS=1 $(FLOOR)/bin/python -m pytest -q $(FLOOR_TESTS) $(ARGS)

$(FLOOR)/.stamp: pyproject.toml
	@test -n "$(FLOOR_PYTHON)" || { echo "expected Python 3.11 or 3.12 with venv and ensurepip; found neither." \
		"To mend it: FLOOR_PYTHON=/path/to/python3.11 make test-floor" >&2; exit 1; }
	$(FLOOR_PYTHON) -m venv --clear $(FLOOR)
	$(FLOOR)/bin/python -m pip install --disable-pip-version-check --quiet pytest hypothesis \
		$$($(FLOOR)/bin/python -c '$(PINS)')
	@touch $@

lint: $(VENV)/.stamp-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

bench: $(VENV)/.stamp-dev
	$(BIN)/python benchmarks/throughput.py $(ARGS)

reproduce: $(VENV)/.stamp-run
	$(BIN)/spa-gym reproduce --preset quick $(ARGS)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "expected Python 3.11 or newer with venv and ensurepip; found none." \
		"To mend it: apt-get install python3 python3-venv, or PYTHON=/path/to/python make ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# torch alone and first: what decides its build (an index, a folder of wheels) is then the same for all that follows.
$(VENV)/.stamp-run: $(INPUTS) | $(BIN)/python
	@echo "installing into $(VENV) (some minutes the first time; torch is the large part)"
	$(PIP) torch
	$(PIP) -e '.[train,report]'
	@touch $@

# Without the alfworld extra and without virtualhome everything but the comparison with the real engines runs; their
# tests say that they skip. What virtualhome pins cannot be built on Python 3.11, hence --no-deps.
$(VENV)/.stamp-dev: $(VENV)/.stamp-run
	$(PIP) -e '.[train,report,browser,dev]'
	@$(PIP) -e '.[alfworld]' >$(VENV)/alfworld.log 2>&1 || echo "make: the extra 'alfworld' did not install" \
		"(it needs Python < 3.13, cmake and a C++ compiler; log: $(VENV)/alfworld.log): going on without it"
	@$(PIP) --no-deps virtualhome==2.3.0 >$(VENV)/virtualhome.log 2>&1 || echo "make: virtualhome 2.3.0 did not" \
		"install (log: $(VENV)/virtualhome.log): going on without the comparison with the real simulator"
	@touch $@

clean:
	rm -rf $(VENV) $(FLOOR)
