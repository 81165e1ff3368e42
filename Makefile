# Development tasks. `make` lists them.

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
TOGETHER_OPENAPI ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test test-all test-slow test-hf test-ray test-runs test-sdks test-slurm lint check bench bench-docs soak crash fuzz screenshots

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

setup: ## Create .venv with all extras and install the git hooks
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e '.[local,test]' pre-commit
	$(BIN)/pre-commit install

run: ## Start the cockpit (ARGS='--profile NAME')
	$(BIN)/fttui $(ARGS)

test: ## Run the fast tests: no terminals, services, trainers or exhaustive key tests (ARGS='tests/store -k name')
	$(BIN)/pytest -m 'not slow' $(ARGS)

test-slow: ## Run the tests that `make test` leaves out
	$(BIN)/pytest -m slow $(ARGS)

test-all: ## Run the whole suite
	$(BIN)/pytest $(ARGS)

test-hf: ## Install the extra hf into .venv-hf and run the tests of its trainer (2 GB)
	test -x .venv-hf/bin/python || $(PYTHON) -m venv .venv-hf
	.venv-hf/bin/pip install -q torch==2.13.0
	.venv-hf/bin/pip install -q -e '.[local,hf,test]'
	.venv-hf/bin/pytest -n 2 -m hf tests/server/trainers/hf $(ARGS)

test-ray: ## Install Ray into .venv-ray and run the cases of Ray on a cluster of two nodes on this machine (700 MB)
	test -x .venv-ray/bin/python || $(PYTHON) -m venv .venv-ray
	.venv-ray/bin/pip install -q -e '.[local,test]' 'ray[default]>=2.60,<3'
	.venv-ray/bin/pytest -n 0 -rs -m ray tests/server/launchers/test_real_ray.py $(ARGS)

test-sdks: ## Install the SDKs of near providers into .venv-sdks and drive the fakes by them (TOGETHER_OPENAPI=openapi.yaml)
	test -x .venv-sdks/bin/python || $(PYTHON) -m venv .venv-sdks
	.venv-sdks/bin/pip install -q -e '.[local,test]' 'together>=3,<4' 'dashscope>=2,<3' 'google-genai>=3,<4' 'fireworks-ai>=1.2,<2'
	TOGETHER_OPENAPI=$(TOGETHER_OPENAPI) .venv-sdks/bin/pytest -n 0 -m sdk tests/providers/test_sdks.py $(ARGS)

test-slurm: ## Install Slurm from Debian's packages, as root, and run its tests (SLOW=1: those that take minutes, too)
	command -v slurmctld >/dev/null || PATH=$$PATH:/usr/sbin command -v slurmctld >/dev/null || \
		apt-get install -y --no-install-recommends slurmctld slurmd slurm-client munge
	$(BIN)/pytest -n 0 -rs -m slurm tests/server/launchers $(ARGS)

test-runs: ## Install the libraries whose files fttui reads into .venv-runs and test the readers with them (2 GB)
	test -x .venv-runs/bin/python || $(PYTHON) -m venv .venv-runs
	.venv-runs/bin/pip install -q torch==2.13.0
	.venv-runs/bin/pip install -q -e '.[test]' -r tests/runs/libraries.txt
	.venv-runs/bin/pytest -n 0 -m runs tests/runs $(ARGS)

lint: ## Run ruff, mypy and the import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

check: ## Run all of CI in a copy of the tracked files with a new virtual environment
	PYTHON=$(PYTHON) .ci/run

bench: ## Measure fttui beside other programs and print the table (ARGS='--only P4,C2')
	$(BIN)/python -m tests.benchmarks $(ARGS)

bench-docs: ## Measure everything on an idle machine and write tables and plot into README and docs/
	$(BIN)/python -m tests.benchmarks --write $(ARGS)
	$(BIN)/python -m tests.benchmarks.growth --svg docs/growth.svg

soak: ## Run a simulated day, and three cockpits for half an hour of real time (writes soak/)
	$(BIN)/pytest -n 0 -s tests/benchmarks/soak/test_day.py
	$(BIN)/python -m tests.benchmarks.soak --out soak $(ARGS)

crash: ## Kill service, trainer and cockpit at random moments and compare what is left
	$(BIN)/python -m tests.crash $(ARGS)

fuzz: ## Send many generated requests to the service
	$(BIN)/pytest --hypothesis-profile=long -n 0 tests/contract/test_schema.py $(ARGS)

screenshots: ## Draw the pictures in screenshots/ from a real run
	$(BIN)/python screenshots/make.py
