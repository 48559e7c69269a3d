# What the README's commands do. Each installs the system packages it lacks.

SWIFT ?= swift

.PHONY: all demo test example lint format docs docc bench bench-jit bench-patching fuzz clean packages

all: test

# The main job: a firewall for XDP, compiled by the toolchain's own clang, run over a capture of real traffic.
demo: packages
	$(SWIFT) build -c release --product bpfkit
	sh Examples/xdp-firewall/run-demo.sh "$$($(SWIFT) build -c release --show-bin-path)/bpfkit"

# Release mode: conformance and comparisons run 6 to 35 times faster in it.
test: packages example
	$(SWIFT) test -c release -Xswiftc -enable-testing

# A server that filters its requests with a user's program: a package of its own, with its own tests.
example:
	$(SWIFT) test --package-path Examples/request-filter

lint:
	$(SWIFT) format lint -s -r Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources Fuzz/Package.swift Fuzz/Sources Examples/request-filter/Package.swift Examples/request-filter/Sources Examples/request-filter/Tests

format:
	$(SWIFT) format -i -r Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources Fuzz/Package.swift Fuzz/Sources Examples/request-filter/Package.swift Examples/request-filter/Sources Examples/request-filter/Tests

# Pages generated from the instruction table, and figures of real programs, which the tests compare.
docs:
	BPFKIT_WRITE_FIXTURES=1 $(SWIFT) test --filter DocumentationTests

# The DocC catalog of the library, where every warning is an error.
DOCC_OUTPUT ?= .build/documentation
docc:
	$(SWIFT) build --target BPFKit
	sh .ci/documentation $(DOCC_OUTPUT)

# Prints each figure beside its target.
bench: packages
	sh Benchmarks/build-programs.sh Benchmarks/.build/programs
	$(SWIFT) run -c release --package-path Benchmarks Benchmarks Benchmarks/.build/programs

# Compiled programs beside C, the interpreter and the running kernel; compiling; code packs; and loading in all.
bench-jit: packages
	sh Benchmarks/build-programs.sh Benchmarks/.build/programs
	$(SWIFT) run -c release --package-path Benchmarks Benchmarks Benchmarks/.build/programs jit compile load packs

# The patcher alone. PLOT=1 writes its plot and takes the naive patcher to 45,000 patches (minutes); FULL=1 adds the sizes
# for which the kernel takes minutes.
bench-patching: packages
	$(if $(PLOT),PLOT=Documentation/Patching.svg) $(SWIFT) run -c release --package-path Benchmarks Benchmarks - patching

# Every fuzz target for SECONDS each, then maps against their model and the kernel, OPERATIONS on each, the patcher
# against the naive one, CASES of random programs and edits, and PROGRAMS that the verifier accepts against what they do;
# REWRITTEN of them rewritten, interpreted and compiled, against what they were; and NATIVE programs made for what the compiler
# fuses, on every engine. Eight threads install, run and free code for PACK_SECONDS.
SECONDS ?= 600
OPERATIONS ?= 2000000
CASES ?= 1000000
PROGRAMS ?= 100000
REWRITTEN ?= 200000
NATIVE ?= 1000000
PACK_SECONDS ?= 60
fuzz: packages
	for target in object capture assembler batch rewrite patcher verifier; do sh Fuzz/run $$target $(SECONDS) || exit 1; done
	BPFKIT_MODEL_OPERATIONS=$(OPERATIONS) $(SWIFT) test -c release -Xswiftc -enable-testing --filter 'Map(Model|Stress|WalkStress)Tests|PrefixTrieTests'
	BPFKIT_PATCHER_CASES=$(CASES) $(SWIFT) test -c release -Xswiftc -enable-testing --filter PatcherComparisonTests
	BPFKIT_SOUNDNESS_PROGRAMS=$(PROGRAMS) BPFKIT_KERNEL_VERDICTS=10000 BPFKIT_DOMAIN_CASES=200000 $(SWIFT) test -c release -Xswiftc -enable-testing --filter '(Soundness|KernelVerdict|Concretization)Tests'
	BPFKIT_NATIVE_PROGRAMS=$(NATIVE) $(SWIFT) test -c release -Xswiftc -enable-testing --filter InterpreterOpcodeTests
	BPFKIT_REWRITTEN_PROGRAMS=$(REWRITTEN) $(SWIFT) test -c release -Xswiftc -enable-testing --filter RewrittenRunTests
	BPFKIT_PACK_SECONDS=$(PACK_SECONDS) $(SWIFT) test -c release -Xswiftc -enable-testing --filter CodePackStressTests

clean:
	rm -rf .build Benchmarks/.build Fuzz/.build Examples/request-filter/.build

packages:
	sh .ci/packages
