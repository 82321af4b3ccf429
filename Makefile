.DEFAULT_GOAL := help
.PHONY: help run stop status test build release lint format simulate bench fuzz verify verify-docs verify-deploy env e2e-docker clean chaos

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Install what is missing, build, start everything and send the first requests
	@deploy/local/run.sh

stop: ## Stop the stack and delete its data
	@deploy/local/stack down --purge

status: ## Show what runs and how it is
	@deploy/local/stack status

test: ## Run all tests against a private broker and database; ARGS="--filter Name" runs some
	@deploy/local/test.sh $(ARGS)

chaos: ## Kill, freeze and restart everything under load; ONEX_CHAOS_ROUNDS, _SECONDS and _SEED say how long and which
	@deploy/local/chaos.sh

build: ## Build for development
	@deploy/local/build.sh

release: ## Build optimized executables into .build/release
	@deploy/local/build.sh -c release

lint: ## Check the Swift sources' format
	@deploy/local/lint.sh lint

format: ## Rewrite the Swift sources to the agreed format
	@deploy/local/lint.sh format

simulate: ## Run the simulation over many seeds; SEEDS=10000, FIRST=1, or SEED=n to follow one
	@Tests/Fixtures/simulate/run.sh "$(SEED)" "$(FIRST)" "$(SEEDS)"

bench: ## Measure, as ratios against raw limits in the same run
	@Benchmarks/run.sh

fuzz: ## Search for inputs that break the decoders
	@Tests/Fuzz/run.sh

verify: lint ## Check formats, that every shell script parses, and that the generated pages are what the contracts say
	@deploy/local/check-shell.sh
	@deploy/local/check-catalogue.sh

verify-docs: ## Run every command of the README and the runbooks on the local stack
	@Tests/Documentation/run.sh

verify-deploy: ## Render, check, build and start what docker/ and deploy/ describe, without a Docker daemon; ARGS=--quick only reads it
	@deploy/verify/run.sh $(ARGS)

env: ## Write docker/.env with generated secrets
	@docker/make-env.sh

e2e-docker: ## Start the whole suite in containers, use it, kill parts of it and remove it (needs Docker Compose)
	@docker/e2e.sh

clean: ## Delete what was built
	@rm -rf .build .build-examples .build-fuzz Examples/*/.build
