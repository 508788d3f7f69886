# The workshop. `make help` lists the targets. All that is needed is Python 3.11 or later and make.
# The environment is made on first use; see deploy/setup/environment.sh.

VENV ?= .venv
PY := $(VENV)/bin/python
export VENV PYTHON

# Tests that share what their file sets up stay together, and slow ones come first. ARGS="-n 0" for one process, as a debugger needs it.
CORES := -n auto --dist loadscope --no-loadscope-reorder
READY := @deploy/setup/environment.sh

.DEFAULT_GOAL := help
.PHONY: help check covered demo demo-serve test blast-radius dates pythons lint format types proto lock bench bench-matching lookup-files soak mutants clean runtime dev

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## a whole federation on this machine, one lookup from question to answer
	$(READY) runtime demo-data
	$(PY) deploy/demo/run.py

demo-serve: ## the same federation, left running, to ask by hand
	$(READY) runtime demo-data
	$(PY) deploy/demo/run.py --serve

test: dev ## all tests, on all cores, in another order each time; ARGS="tests/unit -x" for some
	$(PY) -m pytest $(CORES) $(ARGS)

blast-radius: dev ## what thieves read of the disks of a federation; ARGS="--lookups 92"
	$(PY) -m tests.privacy.blast_radius $(ARGS)

check: lint covered demo ## what must hold before a change lands; .ci/run runs it

covered: dev ## all tests, and whether rules and trust decisions reach the floors of coverage
	$(READY) demo-data
	$(PY) -m pytest $(CORES) --cov --cov-report=json --cov-report= $(ARGS)
	$(PY) tests/coverage_floors.py

dates: dev ## all of it on other days; DATES="leap-day spring" PARTS="test demo bench" ARGS=tests/unit
	$(READY) demo-data
	DATES="$(DATES)" PARTS="$(PARTS)" ARGS="$(ARGS)" deploy/setup/dates.sh

pythons: ## all tests on each further Python that is installed
	deploy/setup/pythons.sh

lint: dev ## style, types, import contracts, the wire contract
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo --cache-dir .cache/imports
	$(VENV)/bin/buf lint proto
	$(PY) proto/generate.py --check

format: dev ## lay the code out and mend what can be mended safely
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

types: dev ## mypy, strict
	$(PY) -m mypy

proto: dev ## generate fingerpost/wire from proto/
	$(PY) proto/generate.py

lock: dev ## write requirements/*.txt; UPGRADE=1 takes the newest of everything
	deploy/setup/lock.sh

lookup-files: dev ## the files that one lookup runs through
	$(PY) benchmarks/lookup_files.py

bench: dev ## the measurements that docs name
	$(PY) benchmarks/run.py

bench-matching: dev ## how well children are found, beside other programs; ARGS=--quick SHARED=folder
	$(READY) demo-data rivals
	$(PY) -m benchmarks.matching.run $(if $(SHARED),--shared $(SHARED)) $(ARGS)

soak: dev ## faults and attacks on real processes, for a while; ARGS="kills --minutes 30 --seed 7"
	$(PY) -m tests.soak $(ARGS)

mutants: dev ## faults planted in the code that decides trust: does a test notice each? ARGS="claims --minutes 20"
	$(PY) -m tests.mutants $(ARGS)

clean: ## remove what the targets made, the environment too
	rm -rf -- $(VENV) .cache build dist *.egg-info demo-output
	find . -name __pycache__ -type d -prune -exec rm -rf -- {} +

runtime: ## what the programs run with, in .venv
	$(READY) $@

dev: ## runtime, and the tools of the workshop
	$(READY) $@
