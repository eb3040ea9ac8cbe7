# make            builds the services and the dashboard      make demo   installs what is missing, starts everything
# make test       tests everything, from clean               make smoke  deploys once against the running demo
# make demo-real  the demo with machines that boot and get the real OpenClaw (as root)
# make demo-stop  ends the demo                              make bench  measures                make clean  forgets builds
# make chaos      storms, drawn from seeds (SEED=n, RUNS=n, SECONDS=60)
# Variables: CC=clang, SAN=address,undefined (sanitizers), COPIES, RUN_DIR, PORT_BASE.
SERVICES := api-gateway key-provisioner ovh-orderer installer health-monitor
PROGRAMS := $(SERVICES) clawctl
LIBS     := base db http ssh seal bus runner service
PKGS     := libpq rdkafka libcurl libssh2 jansson openssl
SAN      ?=
B        := build/$(or $(SAN),plain)
VERSION  := $(shell git describe --always --dirty 2>/dev/null || echo dev)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wvla -Wformat=2 -Werror
CFLAGS   += -std=gnu17 -O2 -g $(WARNINGS) -MMD -MP -D_GNU_SOURCE -include common/base/banned.h -Icommon -Iproto \
            $(SAN:%=-fsanitize=%) $(if $(SAN),-fno-sanitize-recover=all -fno-omit-frame-pointer) \
            $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LDLIBS   += $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lcivetweb -lpthread -lm

objs      = $(patsubst %.c,$B/%.o,$(wildcard $1/*.c))
lib_objs  = $(foreach l,$(LIBS),$(call objs,common/$l)) $(call objs,proto)
archive   = @mkdir -p $(@D) && rm -f $@ && $(AR) rcs $@ $^
tests    := $(patsubst %.c,$B/%,$(wildcard tests/unit/*/test_*.c))
c_files   = $(shell git ls-files -co --exclude-standard '*.c' '*.h')

all: programs frontend
# build/bin is the plain build; a sanitizer build is found by BIN_DIR=build/<SAN>/bin.
programs: $(PROGRAMS:%=$B/bin/%) build/setup.sh
	$(if $(filter build/plain,$B),@ln -sfn plain/bin build/bin)
unit: $(tests)
build/setup.sh: $(wildcard deploy/vps/*)
	@mkdir -p $(@D)
	@deploy/vps/assemble $@

.SECONDEXPANSION:
$B/bin/%: $B/services/%/main.o $B/lib/%.a $B/lib/common.a
	@mkdir -p $(@D)
	@echo ld $@
	@$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)
# tests/unit/<service>/test_x.c links that service's archive; what the test defines itself wins.
$B/tests/unit/%: $B/tests/unit/%.o $$(call service_lib,$$(*D)) $B/lib/common.a
	@echo ld $@
	@$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS) -lcmocka
service_lib = $(if $(filter $1,$(PROGRAMS)),$B/lib/$1.a)
$B/lib/common.a: $(lib_objs) ; $(archive)
$B/lib/%.a: $$(filter-out %/main.o,$$(call objs,services/$$*)) ; $(archive)
# The operator's tool knows what every service hears.
$B/lib/clawctl.a: $(patsubst %.c,$B/%.o,$(wildcard services/*/goals.c))
$B/tests/unit/%.o: CFLAGS += -Iservices -Iservices/$(word 3,$(subst /, ,$*))
$B/common/service/options.o: CFLAGS += -DVERSION='"$(VERSION)"'
$B/%.o: %.c
	@mkdir -p $(@D)
	@echo cc $<
	@$(CC) $(CFLAGS) -c -o $@ $<

frontend: frontend/dist/index.html
frontend/dist/index.html: frontend/package-lock.json frontend/index.html $(shell find frontend/src frontend/public -type f 2>/dev/null)
	deploy/npm once frontend && deploy/npm run build --prefix frontend
	@touch $@

demo:
	deploy/bootstrap demo && $(MAKE) all && deploy/demo up
# The machines boot, and get the real packages (as root). What they are made of takes minutes the first time.
demo-real:
	deploy/bootstrap real && $(MAKE) -j2 all machines && SANDBOX_MACHINES=nspawn deploy/demo up
machines:
	deploy/npm run --silent machines --prefix tests/sandbox
demo-stop:
	deploy/demo down
smoke:
	tests/smoke
test:
	deploy/bootstrap test lint && tests/run
bench:
	deploy/bootstrap demo && $(MAKE) programs frontend && tests/bench/run
chaos:
	deploy/bootstrap test && $(MAKE) programs && tests/chaos/run
lint:
	deploy/bootstrap lint && tests/lint
format:
	clang-format -i $(c_files)
clean:
	deploy/demo down
	rm -rf build frontend/dist

.PHONY: all programs unit frontend machines demo demo-real demo-stop smoke test bench chaos lint format clean
.SECONDARY:
-include $(shell find $B -name '*.d' 2>/dev/null)
