# Thin: CMakePresets.json says how things are built, tools/ does the work.
.DEFAULT_GOAL := help
.PHONY: help run build test test-s3 test-asan test-tsan fuzz faults-long check bench bench-micro settings tidy format clean

# Of `make run`. Given on the command line: make run LISTEN=127.0.0.1:9000 DATA=/srv/vault
LISTEN = 127.0.0.1:8080
DATA = ./data

help:  ## Shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build  ## Installs what is missing, builds, serves DATA (./data) on LISTEN (127.0.0.1:8080), guests too
	@echo "Guests are served (--guests on), so that the first examples of the APIs work without an account. The default is off."
	@exec build/release/coffer serve --data "$(DATA)" --listen "$(LISTEN)" --guests on

build:  ## Installs what is missing and builds build/release/coffer and its media workers
	@tools/install-packages.sh build
	@tools/build.sh release coffer

test:  ## Installs what the tests need, builds, and runs every test
	@tools/install-packages.sh build test
	@tools/test.sh release

test-s3: build  ## Black-box tests of every API with the files in a bucket of Ceph
	@tools/install-packages.sh test
	@tools/test-s3.sh release

test-asan:  ## Unit tests and those of the APIs under the address and undefined behaviour sanitizers
	@tools/install-packages.sh build test
	@tools/test.sh asan

test-tsan:  ## Unit tests and those of the APIs under the thread sanitizer
	@tools/install-packages.sh build test
	@tools/test.sh tsan

fuzz:  ## The fuzz targets for FUZZ_SECONDS each (default 600): make fuzz FUZZ_SECONDS=60
	@tools/install-packages.sh build test
	@tools/fuzz.sh $${FUZZ_SECONDS:-600}

faults-long: build  ## The long fault tests: the server killed 200 times at random moments
	@tools/install-packages.sh test
	@COFFER_BINARY=$(CURDIR)/build/release/coffer /usr/bin/python3 -m pytest -m long tests/faults

check:  ## Before a release: format, tidy, the tests of three builds, fuzz targets for 60 s each, long fault tests
	@tools/install-packages.sh build test lint
	@tools/format.sh --check
	@tools/tidy.sh
	@tools/test.sh release
	@tools/test.sh asan
	@tools/test.sh tsan
	@tools/fuzz.sh $${FUZZ_SECONDS:-60}
	@$(MAKE) --no-print-directory faults-long

bench:  ## Measures the server beside nginx and the disk, in some fifteen minutes; bench/README.md
	@tools/install-packages.sh build test bench
	@tools/bench.sh

bench-micro:  ## Measures single parts: multipart reader, router, JSON, tokens
	@tools/install-packages.sh build bench
	@tools/bench.sh micro

settings: build  ## Writes docs/settings.md from the program
	@build/release/coffer config reference > build/settings.md
	@mv build/settings.md docs/settings.md

tidy:  ## Runs clang-tidy over all sources
	@tools/install-packages.sh build lint
	@tools/tidy.sh

format:  ## Formats all sources
	@tools/install-packages.sh test
	@tools/format.sh

clean:  ## Removes what was built; ./data stays
	rm -rf build
