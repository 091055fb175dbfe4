# `make` alone lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help deps build run stop test crash cluster-faults scale simulate fuzz sanitize bench proto manifests format lint image build-docker kube-up kube-down clean

# The parts of `make test`, in order.
PARTS ?= unit kube
TAG ?= dev
# Inputs to each target of `make fuzz`.
RUNS ?= 10000000

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  CLUSTER=auto|kind|kube|current chooses the Kubernetes of 'run', 'stop' and 'test' (hack/cluster.sh)"

deps: ## Install what building and testing need (apt packages, .venv)
	@hack/deps

build: ## Build logd, logctl and proglog-operator for release, into .build/release
	swift build -c release --static-swift-stdlib

run: ## Start a Kubernetes, install the operator, make a log, produce and consume
	@hack/run

stop: ## End what 'make run' started
	@hack/run --stop

test: ## Run all tests; PARTS="unit kube" chooses, FILTER=REGEX narrows
	@hack/test $(PARTS)

crash: ## Kill a server under load, ROUNDS times (default 200), and look for lost records
	swift build --build-tests
	PROGLOG_CRASH_ROUNDS=$(or $(ROUNDS),200) swift test --skip-build --filter ClusterTests.CrashTests

cluster-faults: ## Kill, stop, cut off, fill and wipe nodes of clusters under load, ROUNDS times each (default 100); SEED=N
	swift build -c release --static-swift-stdlib --product logd
	swift build --build-tests
	PROGLOG_LOGD=$(CURDIR)/.build/release/logd PROGLOG_CLUSTER_ROUNDS=$(or $(ROUNDS),100) \
		$(if $(SEED),PROGLOG_CLUSTER_SEED=$(SEED)) swift test --skip-build --filter ClusterTests.ReplicationTests

scale: ## Measure the operator with RESOURCES ProgLogs (default 1000) at rest for SECONDS (default 600), and after a 410
	@hack/scale $(or $(RESOURCES),1000) $(or $(SECONDS),600)

simulate: ## Simulate WHAT=log (power lost at every storage operation), cluster, gossip or operator; SEEDS=N; FIRST=N
ifeq ($(WHAT),operator)
	PROGLOG_TRACES=1 swift build -c release -Xswiftc -enable-testing --scratch-path .build/traces --product OperatorTraces
	.build/traces/release/OperatorTraces $(if $(SEEDS),--seeds $(SEEDS)) $(if $(FIRST),--first $(FIRST))
else
	swift build -c release --static-swift-stdlib --product Simulate
	.build/release/Simulate $(or $(WHAT),log) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(FIRST),--first $(FIRST))
endif

bench: ## Build and run the benchmarks; BENCH="NAME..." chooses
	for product in logd logctl EchoServer Benchmarks; do swift build -c release --static-swift-stdlib --product $$product; done
	sync # what the build has left for the disk to write would be measured
	.build/release/Benchmarks $(BENCH)

fuzz: ## Fuzz the decoders with libFuzzer; RUNS=10000000 each, TARGETS="gzip ..." chooses
	@hack/fuzz --runs $(RUNS) $(TARGETS)

sanitize: ## Run the tests without Kubernetes under ThreadSanitizer and AddressSanitizer; SANITIZERS="thread" chooses
	@hack/sanitize $(SANITIZERS)

proto: ## Generate Sources/ProgLogAPI/Generated from Proto/
	@hack/generate-protos

manifests: ## Generate manifests/ and the chart's resource definition from their sources
	@hack/manifests

format: ## Format the Swift code in place
	find Package.swift Sources Tests Fuzzing -name '*.swift' -not -path '*/Generated/*' -print0 | xargs -0 swift format --in-place

lint: ## Check format, generated files, charts and scripts
	@hack/lint

image: ## Build the images; without a container engine into .build/images; TAG=dev
	@hack/image --tag $(TAG)

build-docker: ## Build the images with Docker
	docker build --target logd --tag proglog/logd:$(TAG) .
	docker build --target operator --tag proglog/operator:$(TAG) .

kube-up: ## Start the one-node Kubernetes of hack/kube
	@hack/kube/up

kube-down: ## Stop it; WIPE=1 deletes its data too
	@hack/kube/down $(if $(WIPE),--wipe)

clean: ## Delete what was built, and .venv
	rm -rf .build .build-* .venv Package.resolved
