# SPDX-License-Identifier: EUPL-1.2
# The front door. Meson does the work; `make help` says what there is.

FUZZ_SECONDS ?= 60
JOBS ?= $(shell nproc)
SANITIZE = -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized
# Sanitized tests are built by clang, so that both compilers see every line; by gcc where there is no clang.
CLANG = $(shell command -v clang || echo cc)
HALT = ASAN_OPTIONS=halt_on_error=1:detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

.PHONY: all build demo demo-exchange demo-live test fuzz soak fault bench bench-peers clang check-format format deb install clean help

all: build

build:
	@build-aux/install-dependencies build
	@build-aux/configure build
	@ninja -C build -j $(JOBS)

demo: build
	@build-aux/install-dependencies demo
	@lab/demo

demo-live: build
	@build-aux/install-dependencies demo
	@lab/demo --live

demo-exchange: build
	@/usr/bin/python3 -B lab/exchange/demo --build build

test:
	@build-aux/install-dependencies build test lab
	@build-aux/configure build
	@ninja -C build -j $(JOBS) --quiet
	@CC="$(CLANG)" build-aux/configure build-asan $(SANITIZE)
	@ninja -C build-asan -j $(JOBS) --quiet
	@$(HALT) build-aux/run-tests build:--no-suite=soak:--no-suite=fault build-asan:--suite=unit:--suite=corpus

soak: build
	@build-aux/run-tests build:--suite=soak:--timeout-multiplier=0

fault: build
	@build-aux/run-tests build:--suite=fault:--timeout-multiplier=0

fuzz:
	@build-aux/install-dependencies build test
	@CC=clang build-aux/configure build-fuzz -Dfuzz=true $(SANITIZE)
	@ninja -C build-fuzz -j $(JOBS) fuzz-targets
	@build-aux/fuzz build-fuzz $(FUZZ_SECONDS) $(FUZZ)

BENCH_SCALE ?= 10
BENCH_OUTPUT ?= build/bench-results

bench: build
	@bench/run --scale $(BENCH_SCALE) --output $(BENCH_OUTPUT)

bench-peers: build
	@bench/run --scale $(BENCH_SCALE) --output $(BENCH_OUTPUT) --peers

clang:
	@build-aux/install-dependencies build test
	@CC=clang build-aux/configure build-clang
	@ninja -C build-clang -j $(JOBS)

check-format:
	@build-aux/install-dependencies format
	@clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h')

format:
	@build-aux/install-dependencies format
	@clang-format -i $$(git ls-files '*.c' '*.h')

deb:
	@build-aux/install-dependencies build
	@build-aux/configure build-deb -Dprefix=/usr -Dbuildtype=debugoptimized
	@JOBS=$(JOBS) build-aux/deb build-deb build-deb

install: build
	@meson install -C build --no-rebuild

clean:
	@rm -rf build build-asan build-clang build-fuzz build-deb

help:
	@echo "make               build/rogatory, installing what is needed to build it (Debian, root or sudo)"
	@echo "make demo          a real carrier-grade NAT on this machine, and every answer compared with the truth"
	@echo "make demo-live     the same with a node on that NAT, asked while connections are open (root)"
	@echo "make demo-exchange  an authority, a provider and an enforcing authority on this machine: orders, answers, refusals"
	@echo "make test          every test, plain and with sanitizers; ends with \"N passed, N failed, N skipped\""
	@echo "make soak          the long variants of the tests"
	@echo "make fault         long runs under faults: writers killed at random instants, a node under load (doc/faults.md)"
	@echo "make fuzz          libFuzzer targets, FUZZ_SECONDS=60 each; FUZZ=\"flow text\" for some of them"
	@echo "make bench         rogatory on the reference workload, beside the limits of this machine; BENCH_SCALE=1 for all of it"
	@echo "make bench-peers   the same beside nfdump, pmacct, PostgreSQL, SQLite, DuckDB, ClickHouse, zstd (downloads them)"
	@echo "make clang         the same build by clang, in build-clang"
	@echo "make check-format  are the sources formatted as .clang-format says? (make format formats them)"
	@echo "make deb           a Debian package in build-deb: programs, units, manual; 'apt install' it"
	@echo "make install       installs (DESTDIR is respected)"
	@echo "make clean         removes the build folders"
