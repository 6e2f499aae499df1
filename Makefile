# Copyright (c) 2026, the vtap.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Needs Python 3.11 or newer, make and a package index. Everything is installed into .venv.

PYTHON ?= python3
PORT ?= 5001
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES := galaxy.yml README.md CHANGELOG.rst COPYING requirements.txt \
           $(shell find plugins meta docs playbooks changelogs -mindepth 1 -not -name '*.pyc' -not -name __pycache__ -not -name '.plugin-cache.yaml')
# What the caller has set for AWS and Ansible stays out of all this.
unexport $(filter AWS_% ANSIBLE_%,$(.VARIABLES))
# Without its bytecode, each of the many processes of the tests would compile what it imports.
unexport PYTHONDONTWRITEBYTECODE
export ANSIBLE_CONFIG := $(CURDIR)/.venv/ansible.cfg
# The collection is run as installed, never from the checkout.
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.venv/collections
export ANSIBLE_HOME := $(CURDIR)/.venv/ansible
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.NOTPARALLEL:
.PHONY: help demo test lint unit emulator-test integration targets sanity docs matrix bench faults emulator venv \
        install constraints clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

demo: .venv/installed ## a mirror session from nothing to nothing, against the emulator
	@echo '== demo'
	$(BIN)/python tools/demo.py

test: .venv/tested .venv/installed ## every test, then a line for each part; logs in build/test
	@echo '== test'
	@$(BIN)/python tools/run_tests.py

lint: .venv/tested .venv/installed ## style, layout, types, changelog, playbooks
	@echo '== lint'
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/typecheck.py
	$(BIN)/antsibull-changelog lint
	$(BIN)/ansible-lint --offline

unit: .venv/tested ## unit tests and properties
	@echo '== unit'
	$(BIN)/python -m pytest -n 2 tests/unit

emulator-test: .venv/tested ## the emulator against botocore's model, the error tables and the aws command
	@echo '== emulator-test'
	$(BIN)/python -m pytest -n 2 tests/emulator_tests

integration: .venv/tested .venv/installed ## playbooks through ansible-playbook
	@echo '== integration'
	$(BIN)/python -m pytest -n 3 --dist worksteal tests/integration

targets: .venv/tested ## the targets for a real account, all of them, against the emulator
	@echo '== targets'
	$(BIN)/python -m tools.ansible_test_integration

sanity: .venv/tested ## ansible-test sanity, without an ignore file
	@echo '== sanity'
	$(BIN)/python tools/sanity.py

docs: .venv/tested .venv/installed ## the documentation as HTML, in build/docs
	@echo '== docs'
	$(BIN)/python tools/docs.py

matrix: .venv/tested .venv/installed ## all versions that we claim to work with, or ONLY="oldest sanity"
	@echo '== matrix'
	$(BIN)/python tools/matrix.py $(ONLY)

bench: .venv/installed ## calls and wall time per task and per fleet, side by side with others
	@echo '== bench'
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.fleets

faults: .venv/tested .venv/installed ## every module with every fault at every call, kills, two runs at once; SEED=1 repeats
	@echo '== faults'
	$(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED))

emulator: .venv/run ## the emulator with its lab in the foreground, on PORT (5001)
	$(BIN)/python -m tests.emulator --port $(PORT)

venv: .venv/tested ## make .venv with all tools and nothing else

install: .venv/installed ## build the collection and install it into .venv/collections

constraints: ## pin anew what requirements/*.in bring
	$(PYTHON) -m venv build/venv
	build/venv/bin/python -m pip install -r requirements/run.in -r requirements/test.in
	{ head -n 1 requirements/constraints.txt; build/venv/bin/python -m pip freeze; } > build/constraints.txt
	mv build/constraints.txt requirements/constraints.txt

clean: ## remove all that make made
	rm -rf .venv build dist .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache changelogs/.plugin-cache.yaml

.venv/run: requirements/run.in requirements/constraints.txt tools/fetch_amazon_aws.py
	@echo '== .venv'
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=..." if sys.version_info < (3, 11) else 0)'
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
