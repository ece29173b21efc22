# Fivebar. `make demo` starts a made-up school; `make test` runs everything that must pass.

CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR

# The demo is built as it would be for a school.
PROFILE ?= release
PROGRAM := $(CARGO_TARGET_DIR)/$(subst dev,debug,$(PROFILE))/fivebar
FUZZ_SECONDS ?= 600

.PHONY: help demo test check bench quality assets package try-package fuzz clean

help:
	@echo "make demo     set up, build and start a made-up school on this machine"
	@echo "make test     set up and run everything that must pass"
	@echo "make check    format, lints, licences and the checks about the repository"
	@echo "make bench    measure beside other filters (QUICK=1 for the short form)"
	@echo "make quality  what the default policy blocks of real sites, from ../shared/data"
	@echo "make assets   fetch the npm packages that pages and browser tests are made from"
	@echo "make package  the Debian package; make try-package installs, upgrades and removes it in a Debian of its own, as root"
	@echo "make fuzz     ten minutes for each fuzz target (FUZZ_SECONDS=600)"
	@echo "make clean    remove what was built"

demo:
	@scripts/set-up.sh demo
	@scripts/assets.sh --for-pages
	cargo build --locked --profile $(PROFILE) --package fivebar
	@exec $(PROGRAM) demo

test:
	@scripts/set-up.sh test
	@scripts/assets.sh
	@scripts/test.sh

check:
	@scripts/set-up.sh check
	@scripts/assets.sh --for-pages
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo deny --log-level error check bans licenses sources
	cargo test --quiet --locked --package tidy

bench:
	@scripts/set-up.sh bench
	@scripts/assets.sh --for-pages
	cargo build --locked --release --package fivebar
	cargo build --locked --release --manifest-path benches/load/Cargo.toml --target-dir $(CARGO_TARGET_DIR)/load
	$(if $(QUICK),,cargo build --locked --release --package lists --package engine --package activity --package columns \
		--example index_bench --example decide_bench --example cost --example columns_bench)
	python3 benches/run.py --program $(CARGO_TARGET_DIR)/release/fivebar --load $(CARGO_TARGET_DIR)/load/release/fivebar-load \
		--out $(CARGO_TARGET_DIR)/bench $(if $(QUICK),--quick,--examples $(CARGO_TARGET_DIR)/release/examples)

quality:
	@scripts/set-up.sh demo
	@scripts/assets.sh --for-pages
	cargo build --locked --profile $(PROFILE) --package fivebar
	python3 benches/quality.py --program $(PROGRAM)

package:
	@scripts/set-up.sh demo
	@scripts/assets.sh --for-pages
	cargo build --locked --profile $(PROFILE) --package fivebar
	@scripts/package.sh --program $(PROGRAM)

try-package: package
	@scripts/try-package.sh --program $(PROGRAM)

assets:
	@scripts/assets.sh

fuzz:
	@scripts/set-up.sh fuzz
	@scripts/fuzz.sh $(FUZZ_SECONDS)

clean:
	cargo clean
	rm -rf benches/load/target fuzz/target fuzz/corpus-found platform/web/assets/node_modules journeys/browser/node_modules
