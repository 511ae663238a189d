# Two commands do all the set-up: `make run` and `make test`.
# PYTHON chooses the interpreter (3.11 or later); another one than last time makes .venv anew.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/ready-$(shell $(PYTHON) -c 'import sys, hashlib, pathlib; files = [pathlib.Path(f).read_bytes() for f in ("requirements.lock", "pyproject.toml")]; print(".".join(map(str, sys.version_info[:3])) + "-" + hashlib.sha256(b"".join(files)).hexdigest()[:16])')

.DEFAULT_GOAL := help
.PHONY: help setup run test test-slow test-days release-check test-live test-browser fuzz lint bench picture compare-picture schema lock clean

help:          ## list the commands
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: $(READY)

# Bytecode is compiled at install (pip's default): without it the vendors' packages import four times slower.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 2; }
	@[ ! -L $(VENV) ] || { echo "$(VENV) is a link, and setting up would empty the folder it leads to: remove the link" >&2; exit 2; }
	@echo "Setting up $(VENV): about 170 packages, one to three minutes, once." >&2
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q qrng_hub adapters
	@touch $@

run: setup     ## draw 32 bytes through five backends and show where they came from
	@$(BIN)/qrng run configs/quickstart.toml

# First what meets dates, prices and vendors' times, on another day; then everything, today. Google's service is left to
# `test-days`: gRPC waits in compiled code until a time that Python tells.
ANOTHER_DAY := 2031-01-01T00:00:00+00:00
MEETS_DATES := $(addprefix tests/unit/,ibm/test_ibm_cloud.py braket/test_braket_cloud.py \
    braket/test_braket_cloud_devices.py test_budgets.py test_planner.py test_pricing.py test_printed_budgets.py test_reconciliation.py \
    test_reports.py) $(addprefix tests/e2e/,test_earlier_releases.py test_examples.py test_plan.py)
PYTEST      := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

test: lint     ## lint, type-check and run the tests, but for the slow ones
	@QRNG_TEST_AT=$(ANOTHER_DAY) $(PYTEST) $(MEETS_DATES)
	@$(PYTEST)

# Moves the clocks of compiled code and of other programs too, as tests/conftest.py cannot; durations are left as they are.
MOVED := faketime --exclude-monotonic

test-days: setup ## run the tests on three other days (needs faketime 0.9.11 or later)
	@command -v faketime > /dev/null || { echo "faketime is needed (Debian: apt-get install faketime)" >&2; exit 2; }
	@timeout 30 $(MOVED) "2031-01-01" $(BIN)/python -c "import threading, time; threading.Event().wait(0.1); time.sleep(0.1)" \
	    2> /dev/null || { echo "This faketime breaks the waits of Python: 0.9.11 or later is needed" >&2; exit 2; }
	@set -e; for at in "2024-02-29 12:00:00" "2027-03-28 01:30:00" "2031-01-01 00:00:00"; do \
	    TZ=Europe/Berlin $(MOVED) "$$at" $(PYTEST); done

test-slow: setup ## run the tests that take minutes
	@$(BIN)/python -m pytest -m slow

release-check: setup ## name the shipped prices that are stale within 30 days, with their sources
	@$(BIN)/python .ci/release_check.py

test-live: setup ## run the tests that need an account, with the credentials in the environment
	@QRNG_LIVE=1 $(BIN)/python -m pytest -m live tests/live

# Nothing is installed but axe-core, by npm, from a lock with digests, into build/browser; pictures are kept there.
test-browser: setup ## test the page of a comparison in a headless Chromium (needs chromium and npm)
	@command -v chromium chromium-browser google-chrome > /dev/null || { \
	    echo "Chromium is needed (Debian: apt-get install chromium)" >&2; exit 2; }
	@command -v npm > /dev/null || { echo "npm is needed, to fetch axe-core (Debian: apt-get install npm)" >&2; exit 2; }
	@mkdir -p build/browser && cp tests/browser/package.json tests/browser/package-lock.json build/browser
	@npm ci --silent --no-audit --no-fund --prefix build/browser
	@QRNG_BROWSER=1 $(BIN)/python -m pytest -m slow tests/browser

COUNT ?= 1000
SEED  ?= 1
fuzz: setup    ## damage COUNT inputs of every kind, from SEED on, and run them through the commands; ONLY=receipt:17 runs one
	@QRNG_FUZZ_COUNT=$(COUNT) QRNG_FUZZ_SEED=$(SEED) QRNG_FUZZ_ONLY=$(ONLY) OMP_NUM_THREADS=1 \
	    $(BIN)/python -m pytest -q -m fuzz tests/fuzz

lint: setup
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache > /dev/null || $(BIN)/lint-imports --no-cache

bench: setup   ## measure start-up, overhead and throughput; prints JSON
	@for name in startup throughput overhead results_path planning estimators extraction health drbg; do \
	    $(BIN)/python benchmarks/$$name.py || exit 1; done

picture: setup ## draw docs/quickstart.svg from a real run
	@$(BIN)/python docs/picture.py

compare-picture: setup ## draw docs/compare.png from a real comparison of configs/compare.toml and an emulator (needs chromium)
	@PYTHONPATH=tests $(BIN)/python docs/compare_picture.py

schema: setup  ## export the JSON Schemas of the run file and of a signed receipt
	@$(BIN)/qrng config schema > configs/schema.json
	@$(BIN)/qrng config schema receipt > docs/receipt.schema.json

lock: setup    ## resolve the versions anew into requirements.lock (needs uv)
	@uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	    --no-annotate --no-header --no-emit-index-url --no-emit-find-links --output-file requirements.lock --quiet

clean:         ## remove .venv and the caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
