# Everything a developer or operator does, by name. `make` alone says what there is.
# Needs Python 3.11 and make; the rest is installed into this folder.

PYTHON ?= $(shell for p in python3.11 python3 python; do "$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo "$$p" && break; done)
ENV := .venv/bin/python

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help setup run train test test-fast scenarios lint pins bench delivery eval matching map clean distclean attack fuzz canary whatsapp desk

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install both environments from the pins (nothing to do when they fit)
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 is missing. Install it (Debian: apt install python3.11 python3.11-venv), or name yours: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; \
	fi
	@$(PYTHON) scripts/setup.py

run: setup ## start the product; Ctrl-C stops it
	@exec $(ENV) -m areaclienti run $(if $(VERBOSE),--verbose)

train: setup ## train the model when what it learns from changed
	@exec $(ENV) -m areaclienti train

test: setup ## all tests, with seconds for each stage (REQUIRE_ALL=1: nothing may be skipped for a missing tool)
	@REQUIRE_ALL=$(REQUIRE_ALL) exec $(ENV) -m scripts.test

test-fast: setup ## the unit tests alone
	@exec $(ENV) -m scripts.test --fast

scenarios: setup ## play all conversations of tests/scenarios (CHANNEL=whatsapp; ONLY="word word": those whose name has a word)
	@exec $(ENV) -m scripts.scenarios $(if $(CHANNEL),--channel $(CHANNEL)) $(ONLY)

lint: setup ## format, style, types, the Rasa project, the map, what may be committed
	@exec $(ENV) -m scripts.lint

bench: setup ## measure the running product (about 2 minutes)
	@exec $(ENV) -m benchmarks

delivery: setup ## kill the delivery of codes at every step and let its providers fail
	@exec $(ENV) -m benchmarks.delivery

attack: setup ## attack identity's running processes on a PostgreSQL of their own (ONLY="race" SCALE=0.1: a part)
	@exec $(ENV) -m benchmarks.attack $(if $(ONLY),--only "$(ONLY)") $(if $(SCALE),--scale $(SCALE))

fuzz: setup ## walk at random through identity's API, and send it generated requests (STEPS=100000 SEED=1)
	@exec $(ENV) -m tests.fuzz $(if $(STEPS),--steps $(STEPS)) $(if $(SEED),--seed $(SEED))

canary: setup ## plant unique secrets on every way through the product, then search all that it leaves (ONLY="section C": some ways)
	@exec $(ENV) -m benchmarks.canary $(if $(ONLY),--only "$(ONLY)") $(if $(KEEP),--keep "$(KEEP)")

whatsapp: setup ## race, kill and flood the WhatsApp channel, play every conversation over it (about 12 minutes; ONLY="flow": a part)
	@exec $(ENV) -m benchmarks.whatsapp $(if $(ONLY),--only "$(ONLY)")

desk: setup ## race, kill, cut off and measure the agents' desk (about 25 minutes; ONLY="claimed seen": parts; SIZE=0.1 to try)
	@exec $(ENV) -m benchmarks.desk $(if $(ONLY),--only "$(ONLY)") $(if $(SIZE),--size $(SIZE))

eval: train ## measure the matcher on impostors, the NLU on messages it has not learnt from (SET=development, names/a or names/c1, SHOW=1: what is wrong, with its text)
	@$(if $(SET),,exec $(ENV) -m benchmarks.matching.evaluate)
	@exec $(ENV) -m benchmarks.nlu.evaluate $(if $(SET),--set $(SET)) $(if $(SHOW),--show) $(if $(CONFUSION),--confusion $(CONFUSION))

matching: setup ## measure how fast the matcher finds one of a million customers (about 10 minutes, 3 GB in TMPDIR)
	@exec $(ENV) -m benchmarks.matching.speed

map: setup ## write docs/map.md anew
	@exec $(ENV) -m scripts.module_map

pins: setup ## resolve the dependencies of pyproject.toml into requirements/ anew
	@exec $(ENV) -m scripts.pins

clean: ## remove caches and the trained model; keep environments and data
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .rasa models/*.tar.gz models/*.sha256
	@find areaclienti actions engine tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove the environments and all local data in var/ as well
	@rm -rf .venv .venv-engine .venv-tools node_modules var
