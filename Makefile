# Thin over scripts/dev.py, which needs nothing but Python 3.11 and is used directly where make is missing.
PYTHON ?= python3
PORT ?= 8000
DATA ?= var
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run totp test lint check lock bench faults

help: ## List these targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1	\2/'

run: ## Start Chatline with demo data (PORT=8000 DATA=var)
	@$(PYTHON) scripts/dev.py run --port $(PORT) --data $(DATA)

totp: ## A demo login's second-factor code (NAME=kari)
	@$(PYTHON) scripts/dev.py totp $(NAME) --data $(DATA)

test: ## Every test (ARGS="tests/intake -k queue")
	@$(PYTHON) scripts/dev.py test $(ARGS)

lint: ## ruff, mypy, import-linter, djlint, biome
	@$(PYTHON) scripts/dev.py lint

check: ## What CI runs: lint and test
	@$(PYTHON) scripts/dev.py check

lock: ## Compile the lock files (ARGS=--upgrade)
	@$(PYTHON) scripts/dev.py lock $(ARGS)

bench: ## Benchmarks on PostgreSQL and Redis (ARGS=benchmarks/idle.py)
	@$(PYTHON) scripts/dev.py bench $(ARGS)

faults: ## Break everything under load, an hour (ARGS="--only Redis --times 1")
	@$(PYTHON) scripts/dev.py faults $(ARGS)
