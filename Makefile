# Mashang 码上. `make` alone lists what there is.

VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?= python3
# Test processes; two suit a small machine.
WORKERS ?= 2
# What pytest shall run: make test ARGS="tests/routing -k deadline"
ARGS ?=

PIP := $(PY) -m pip --quiet --quiet --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help setup run demo demo-wechat test lint bench soak format lock clean runtime development
.SILENT:

help: ## this list
	echo "Mashang 码上: the message desk of a deputy liaison station"
	echo
	sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
		printf '%-18s %s\n' "$$name" "$$text"; done

setup: runtime development ## make .venv with everything that running and testing needs
	echo "Ready: make run, make demo, make test"

run: runtime ## serve the fictional county and print a link for each role
	exec $(PY) main.py serve --demo

demo: runtime ## play one matter from scan to rating in the terminal
	exec $(PY) main.py demo

demo-wechat: runtime ## the same with the citizen on a WeChat that is simulated
	exec $(PY) -m tests.demo_wechat

test: lint ## lint, types, import rules, then all tests
	$(PY) -m pytest -n $(WORKERS) $(ARGS)

lint: development ## ruff, mypy --strict and the import rules
	$(PY) -m ruff check --quiet .
	$(PY) -m ruff format --check --quiet --output-format concise . || { echo "make format does it" >&2; exit 1; }
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

bench: runtime ## measure: ratios against two ordinary bots and a floor, in one run
	test -d build/bench || { echo "Installing what a peer needs into build/bench"; \
		$(PIP) install --root-user-action=ignore --target build/bench $$($(PY) -c 'import tomllib; \
		print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["bench"])') || { \
		rm -rf build/bench; echo "Not to be had: the peer on SQLAlchemy's async ORM is left out." >&2; }; }
	$(PY) -m benchmarks.run $(ARGS)

soak: runtime ## kill the server at random while citizens write: DELIVERIES=10000 KILLS=180 (some 40 minutes)
	$(MAKE) --no-print-directory -j2 soak-sqlite soak-postgresql

soak-%:
	$(PY) -m benchmarks.soak --database $* --deliveries $(or $(DELIVERIES),10000) --kills $(or $(KILLS),180)

format: development ## let ruff write the layout and the order of imports
	$(PY) -m ruff check --select I --fix --quiet .
	$(PY) -m ruff format .

lock: ## resolve pyproject.toml anew into both lock files (needs the network)
	uv=$$(command -v uv) || { test -x build/uv/bin/uv || { $(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet --disable-pip-version-check uv; }; uv=build/uv/bin/uv; }; \
	compile="$$uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header"; \
	$$compile pyproject.toml -o requirements.lock && $$compile --group dev -o requirements-dev.lock
	echo "requirements.lock and requirements-dev.lock are written; 'make test' installs and tries them."

clean: ## remove .venv and what tools left behind (data/ stays)
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A copy of the lock that was installed lies in .venv. While it is the same as the lock, nothing is done and no
# network is needed, whatever git did to the times of the files.
runtime: $(PY)
	$(call install,requirements.lock,running)

development: runtime
	$(call install,requirements-dev.lock,testing)

define install
	cmp -s $(1) $(VENV)/$(1) || { \
		echo "Installing what $(2) needs ($(1)); the first time this takes about a minute ..."; \
		$(PIP) install --root-user-action=ignore --require-hashes -r $(1) && cp $(1) $(VENV)/$(1); \
	} || { echo "Installing from $(1) failed; nothing of it is used. Run make again once the cause above is gone." >&2; exit 1; }
endef

# Made anew when it is missing, half made, or its Python is gone or too old.
$(PY): FORCE
	if $(PY) -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then exit 0; fi; \
	for python in "$(PYTHON)" python3.14 python3.13 python3.12 python3.11; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; python=; \
	done; \
	if test -z "$$python"; then \
		echo "Mashang needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1 || true)." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
		echo "$$python can't make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; fi; \
	echo "Making $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear $(VENV)

FORCE:
