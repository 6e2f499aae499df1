# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Requires Python 3.11 or newer, make and a package index. Everything is installed into .venv.

PYTHON ?= python3
PORT ?= 5001
CORES := $(shell getconf _NPROCESSORS_ONLN)
# Each process starts an emulator of its own.
PYTEST := .venv/bin/python -m pytest --maxprocesses 8
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES := galaxy.yml README.md CHANGELOG.rst COPYING requirements.txt \
           $(shell find plugins meta docs playbooks extensions changelogs -mindepth 1 -not -name '*.pyc' -not -name __pycache__ -not -name '.plugin-cache.yaml')
# Exclude the caller's settings for AWS and Ansible.
unexport $(filter AWS_% ANSIBLE_%,$(.VARIABLES))
# Allow bytecode files, because the tests start many processes.
unexport PYTHONDONTWRITEBYTECODE
export ANSIBLE_CONFIG := $(CURDIR)/.venv/ansible.cfg
# Run the installed collection, never the checkout.
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.venv/collections
export ANSIBLE_HOME := $(CURDIR)/.venv/ansible
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.NOTPARALLEL:
.PHONY: help demo test lint unit emulator-test integration targets sanity docs matrix bench faults clients eda emulator venv \
        install constraints changelog clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

demo: .venv/installed ## create and delete a mirror session in the emulator
	@echo '== demo'
	$(BIN)/python tools/demo.py

test: .venv/tested .venv/installed ## run all tests and print a summary; logs in build/test
	@echo '== test'
	@$(BIN)/python tools/run_tests.py

lint: .venv/tested .venv/installed ## check style, layout, types, changelog and playbooks
	@echo '== lint'
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/check_layout.py
	$(BIN)/python tools/typecheck.py
	$(BIN)/antsibull-changelog lint
	$(BIN)/ansible-lint --offline
	$(BIN)/python tools/lint_examples.py

unit: .venv/tested ## run unit and property tests
	@echo '== unit'
	$(PYTEST) -n $(CORES) tests/unit

emulator-test: .venv/tested ## run the tests of the emulator
	@echo '== emulator-test'
	$(PYTEST) -n $(CORES) tests/emulator_tests

integration: .venv/tested .venv/installed ## run playbooks with ansible-playbook
	@echo '== integration'
	$(PYTEST) -n $$(($(CORES) + 1)) --dist worksteal tests/integration

targets: .venv/tested ## run the integration targets against the emulator
	@echo '== targets'
	$(BIN)/python -m tools.ansible_test_integration

sanity: .venv/tested ## run ansible-test sanity, without an ignore file
	@echo '== sanity'
	$(BIN)/python tools/sanity.py

docs: .venv/tested .venv/installed ## build the documentation in build/docs, check its links and layout
	@echo '== docs'
	$(BIN)/python tools/docs.py

matrix: .venv/tested .venv/installed ## test all supported versions, or ONLY="oldest sanity"
	@echo '== matrix'
	$(BIN)/python tools/matrix.py $(ONLY)

bench: .venv/installed ## API calls and wall time per task, fleet, stack and path, compared with alternatives
	@echo '== bench'
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.fleets
	$(BIN)/python -m tests.bench.stacks
	$(BIN)/python -m tests.bench.paths

faults: .venv/tested .venv/installed ## inject every fault at every call, kill runs, run tasks concurrently; SEED=1 repeats a run
	@echo '== faults'
	$(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED))

clients: .venv/tested ## call the emulator with other AWS clients: SDKs for Go and JavaScript, aws, Cloud Custodian
	@echo '== clients'
	$(BIN)/python tools/clients.py $(ONLY)

eda: .venv/tested .venv/installed ## run the rulebook with events: EventBridge, SQS, ansible-rulebook
	@echo '== eda'
	$(BIN)/python tools/eda.py $(ONLY)

emulator: .venv/run ## run the emulator in the foreground on PORT (5001)
	$(BIN)/python -m tests.emulator --port $(PORT)

venv: .venv/tested ## create .venv with all tools

install: .venv/installed ## build the collection and install it into .venv/collections

constraints: ## update requirements/constraints.txt from run.in and test.in
	$(PYTHON) -m venv build/venv
	build/venv/bin/python -m pip install -r requirements/run.in -r requirements/test.in
	{ head -n 1 requirements/constraints.txt; build/venv/bin/python -m pip freeze; } > build/constraints.txt
	mv build/constraints.txt requirements/constraints.txt

changelog: .venv/tested .venv/installed ## release the version in galaxy.yml in CHANGELOG.rst
	$(BIN)/antsibull-changelog release --reload-plugins

clean: ## delete all generated files
	rm -rf .venv build dist .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache changelogs/.plugin-cache.yaml

.venv/run: requirements/run.in requirements/constraints.txt tools/fetch_amazon_aws.py
	@echo '== .venv'
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is required: make PYTHON=..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	: > .venv/ansible.cfg
	$(PIP) install -r requirements/run.in -c requirements/constraints.txt
	$(BIN)/python tools/fetch_amazon_aws.py
	touch $@

.venv/tested: .venv/run requirements/test.in
	$(PIP) install -r requirements/test.in -c requirements/constraints.txt
	touch $@

.venv/installed: .venv/run $(SOURCES) tools/build.py
	rm -rf dist
	$(BIN)/python tools/build.py dist
	$(BIN)/ansible-galaxy collection install dist/vtap-aws-*.tar.gz --force -p .venv/collections
	touch $@
