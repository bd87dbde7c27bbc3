# Two commands matter: `make demo` plays the story on embedded parts, `make test` runs everything.
# Each sets up all it needs in .venv; nothing is installed elsewhere.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := .stamp
HOT := $(shell find src -name '_[a-z]*.py' -o -name '_*.pxd' -o -name '_*.h')

.DEFAULT_GOAL := help
.PHONY: help demo up test check bench docs clean lock

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(STAMP)/venv: requirements.lock
	@mkdir -p $(STAMP)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Lockgate needs Python 3.11 or newer (set PYTHON=)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@touch $@

$(STAMP)/installed: $(STAMP)/venv pyproject.toml setup.py $(HOT)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)/installed ## play the whole story on an embedded PostgreSQL, and leave nothing running
	$(BIN)/python -m lockgate.demo

up: $(STAMP)/installed ## the demo's world, left running to play with
	$(BIN)/python -m lockgate.demo --up

check: $(STAMP)/installed ## lint, types, import layers
	$(BIN)/ruff check src tests bench training
	$(BIN)/ruff format --check src tests bench training
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: test-packages
test-packages: ## Debian's PostgreSQL (tests of TLS upstream), JDBC driver and Chromium: only as root, only when missing
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >/dev/null; } \
	  || echo "no PostgreSQL with TLS here: its tests are skipped"; }
	@ls /usr/share/java/postgresql.jar >/dev/null 2>&1 || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libpostgresql-jdbc-java >/dev/null; } \
	  || echo "no JDBC driver here: its tests are skipped"; }
	@command -v chromedriver >/dev/null 2>&1 || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null; } \
	  || echo "no Chromium here: the console's browser tests are skipped"; }

test: $(STAMP)/installed test-packages check docs ## everything
	$(BIN)/python -m pytest -n 2

SEED ?= 20
RUNS ?= 100000
.PHONY: fuzz faults
fuzz: $(STAMP)/installed ## mutated conversations, RUNS of them from SEED (RUNS=1000000 for the long run)
	$(BIN)/python -m pytest tests/fuzz -n 0 --seed $(SEED) --runs $(RUNS)

faults: $(STAMP)/installed ## every way in which a held write can be cut off, each victim at each step
	$(BIN)/python -m pytest tests/faults -n 0 --schedules 0 --seed $(SEED)

.PHONY: redteam
redteam: $(STAMP)/installed ## every attempt to get past the gate, and the page in the docs that says what came of each
	$(BIN)/python -m pytest -p what_was_tried --page docs/reference/what-was-tried.md tests/redteam -n 0

.PHONY: bench-packages
bench-packages: ## Debian's pgbouncer, to be compared with: only as root, only when missing
	@ls /usr/sbin/pgbouncer >/dev/null 2>&1 || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends pgbouncer >/dev/null; } \
	  || echo "no pgbouncer here: nothing is compared with it"; }

bench: $(STAMP)/installed bench-packages ## figures as ratios within one run (JSON in bench/out; BENCH=names of parts)
	ulimit -n 8192 2>/dev/null; $(BIN)/python -m bench $(BENCH)

CORPORA ?= ../shared/corpora
.PHONY: bench-phi
bench-phi: $(STAMP)/installed ## the PHI engine beside others on the same texts (JSON in bench/out; PEERS=names, CORPORA=folder)
	$(BIN)/python -m bench.peers --corpora $(CORPORA) $(PEERS)

.PHONY: train
train: export PYTHONHASHSEED = 0
train: $(STAMP)/installed ## lexicon, weights and network of the PHI engine anew, from the written texts and a seed (Faker draws from sets, so hashes are fixed too)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r training/requirements.lock
	$(BIN)/python -m training.lexicons
	$(BIN)/python -m training.surrogate_names
	$(BIN)/python -m training.second --seed $(SEED) & second=$$!; \
	  $(BIN)/python -m training.train --seed $(SEED); first=$$?; wait $$second && exit $$first

docs: $(STAMP)/installed ## the documentation as pages, in build/docs; any broken link fails
	$(BIN)/python -m mkdocs build --quiet --strict

lock: ## pin today's versions anew
	$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --all-extras --group test pyproject.toml -o requirements.lock
	$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --only-group train -c requirements.lock pyproject.toml -o training/requirements.lock

clean: ## forget what was built
	rm -rf $(VENV) $(STAMP) build src/*.egg-info
	find src -name '*.so' -delete -o -name '_*.c' -delete
