/* Getting in: host keys trusted on first use, keys of every type, machines that are not well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "ssh/keypair.h"
#include "ssh/ssh.h"
#include "sshd.h"

static struct machine machine;
static struct arena *arena;
static struct ssh *ssh;
static struct ssh_keypair ecdsa;
static const char *pin;

static int start(void **state)
{
    (void)state;
    machine = (struct machine){0};
    arena = arena_new();
    if (sshd_installed()) {
        machine_start(&machine);
        if (failed(ssh_keypair_new("ecdsa", "test", arena, &ecdsa))) {
            return -1;
        }
        machine_authorize(&machine, ecdsa.public_key);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ssh_close(ssh);
    ssh = NULL;
    if (sshd_installed()) {
        machine_stop(&machine);
    }
    arena_free(arena);
    return 0;
}

#define NEEDS_SSHD(state)                                                                          \
    do {                                                                                           \
        (void)(state);                                                                             \
        if (!sshd_installed()) {                                                                   \
            print_message("skipped: there is no " SSHD "\n");                                      \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

static struct err open_with(const char *key, const char *with_pin, int deadline_ms)
{
    struct ssh_target target = {.address = "127.0.0.1",
                                .port = machine.port,
                                .user = machine.user,
                                .private_key = key,
                                .pin = with_pin,
                                .deadline_ms = deadline_ms};

    ssh_close(ssh);
    return ssh_open(&target, arena, &ssh, &pin);
}

static void assert_opens(struct err e)
{
    struct ssh_result result;

    assert_string_equal(e.text, "");
    assert_int_equal(e.kind, ERR_NONE);
    e = ssh_run(ssh, "echo in", NULL, 0, 10000, 0, arena, &result);
    assert_int_equal(e.kind, ERR_NONE);
    assert_string_equal(result.output, "in\n");
}

static void assert_refused(struct err e, enum err_kind kind, int code)
{
    assert_int_equal(e.kind, kind);
    assert_int_equal(e.code, code);
    assert_null(ssh);
}

/* "type SHA256:…" by ssh-keygen's own reading of the host key. */
static const char *fingerprint_of(const char *name)
{
    char line[512], hash[128], path[128];

    (void)snprintf(path, sizeof path, "%s/keys/%s.pub", machine.dir, name);
    FILE *f = popen(arena_printf(arena, "ssh-keygen -lf %s", path), "re");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    (void)pclose(f);
    assert_int_equal(sscanf(line, "%*d %127s", hash), 1);
    f = fopen(path, "re");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    (void)fclose(f);
    return arena_printf(arena, "%.*s %s", (int)strcspn(line, " "), line, hash);
}

static void every_type_of_key_that_this_build_takes_logs_in(void **state)
{
    static const char *const types[] = {"ecdsa", "ed25519", "rsa"};

    NEEDS_SSHD(state);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct ssh_keypair pair;
        if (failed(ssh_keypair_type_ok(types[i]))) {
            continue;
        }
        assert_int_equal(ssh_keypair_new(types[i], "test", arena, &pair).kind, ERR_NONE);
        machine_authorize(&machine, pair.public_key);
        assert_opens(open_with(pair.private_key, NULL, 0));
    }
}

static void the_first_contact_gives_the_pin_and_the_next_keeps_to_it(void **state)
{
    NEEDS_SSHD(state);
    assert_opens(open_with(ecdsa.private_key, "", 0));
    const char *first = pin;
    assert_true(strcmp(first, fingerprint_of("ecdsa")) == 0 ||
                strcmp(first, fingerprint_of("ed25519")) == 0);

    assert_opens(open_with(ecdsa.private_key, first, 0));
    assert_string_equal(pin, first);
}

static void the_pin_chooses_among_the_host_keys_of_a_machine(void **state)
{
    NEEDS_SSHD(state);
    assert_opens(open_with(ecdsa.private_key, fingerprint_of("ed25519"), 0));
    assert_string_equal(pin, fingerprint_of("ed25519"));
    assert_opens(open_with(ecdsa.private_key, fingerprint_of("ecdsa"), 0));
    assert_string_equal(pin, fingerprint_of("ecdsa"));
}

static void another_host_key_is_permanent(void **state)
{
    NEEDS_SSHD(state);
    const char *was = fingerprint_of("ed25519");
    machine_host_keys(&machine, "other ecdsa");
    assert_refused(open_with(ecdsa.private_key, was, 0), ERR_PERMANENT, SSH_HOST_KEY_CHANGED);
    assert_string_equal(pin, fingerprint_of("other"));
}

static void a_host_key_type_that_is_gone_is_permanent(void **state)
{
    NEEDS_SSHD(state);
    const char *was = fingerprint_of("ed25519");
    machine_host_keys(&machine, "ecdsa");
    assert_refused(open_with(ecdsa.private_key, was, 0), ERR_PERMANENT, SSH_HOST_KEY_CHANGED);
}

static void a_pin_that_is_none_is_permanent(void **state)
{
    NEEDS_SSHD(state);
    assert_refused(open_with(ecdsa.private_key, "SHA256:abc", 0), ERR_PERMANENT, 0);
    assert_refused(open_with(ecdsa.private_key, "ssh-none SHA256:abc", 0), ERR_PERMANENT, 0);
}

static void a_key_that_is_not_authorized_is_transient_with_its_code(void **state)
{
    struct ssh_keypair stranger;

    NEEDS_SSHD(state);
    assert_int_equal(ssh_keypair_new("ecdsa", "x", arena, &stranger).kind, ERR_NONE);
    assert_refused(open_with(stranger.private_key, NULL, 0), ERR_TRANSIENT, SSH_AUTH_REFUSED);
    assert_int_equal(ssh_keypair_new("ed25519", "x", arena, &stranger).kind, ERR_NONE);
    assert_refused(open_with(stranger.private_key, NULL, 0), ERR_TRANSIENT, SSH_AUTH_REFUSED);
}

static void a_private_key_that_cannot_be_read_is_permanent(void **state)
{
    NEEDS_SSHD(state);
    struct err e =
        open_with("-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n", NULL, 0);
    assert_int_equal(e.kind, ERR_PERMANENT);
    assert_null(ssh);
}

static void a_busy_machine_is_quoted_and_transient(void **state)
{
    NEEDS_SSHD(state);
    machine.mood = MOOD_BUSY;
    struct err e = open_with(ecdsa.private_key, NULL, 5000);
    assert_refused(e, ERR_TRANSIENT, 0);
    assert_non_null(strstr(e.text, "Exceeded MaxStartups"));
}

static void assert_ends_in_time(void)
{
    int64_t began = clock_ms();
    struct err e = open_with(ecdsa.private_key, NULL, 400);

    assert_int_equal(e.kind, ERR_TRANSIENT);
    assert_null(ssh);
    assert_in_range(clock_ms() - began, 0, 2500);
}

static void a_silent_port_ends_at_the_deadline(void **state)
{
    NEEDS_SSHD(state);
    machine.mood = MOOD_SILENT;
    assert_ends_in_time();
}

static void a_flood_of_lines_instead_of_a_banner_ends_at_the_deadline(void **state)
{
    NEEDS_SSHD(state);
    machine.mood = MOOD_FLOOD_LINES;
    assert_ends_in_time();
}

static void a_flood_of_packets_ends_at_the_deadline(void **state)
{
    NEEDS_SSHD(state);
    machine.mood = MOOD_FLOOD_PACKETS;
    assert_ends_in_time();
}

static void a_refused_connection_is_transient(void **state)
{
    NEEDS_SSHD(state);
    (void)shutdown(machine.sock, SHUT_RDWR);
    (void)pthread_join(machine.thread, NULL);
    (void)pthread_create(&machine.thread, NULL, machine_main, &machine); /* ends at once */
    assert_refused(open_with(ecdsa.private_key, NULL, 0), ERR_TRANSIENT, 0);
}

static void an_address_must_be_one(void **state)
{
    struct ssh_target target = {
        .address = "no.address.example", .port = 22, .user = "a", .private_key = ""};

    (void)state;
    assert_int_equal(ssh_open(&target, arena, &ssh, &pin).kind, ERR_PERMANENT);
    target.address = "127.0.0.1";
    target.port = 0;
    assert_int_equal(ssh_open(&target, arena, &ssh, &pin).kind, ERR_PERMANENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_type_of_key_that_this_build_takes_logs_in),
        TEST(the_first_contact_gives_the_pin_and_the_next_keeps_to_it),
        TEST(the_pin_chooses_among_the_host_keys_of_a_machine),
        TEST(another_host_key_is_permanent),
        TEST(a_host_key_type_that_is_gone_is_permanent),
        TEST(a_pin_that_is_none_is_permanent),
        TEST(a_key_that_is_not_authorized_is_transient_with_its_code),
        TEST(a_private_key_that_cannot_be_read_is_permanent),
        TEST(a_busy_machine_is_quoted_and_transient),
        TEST(a_silent_port_ends_at_the_deadline),
        TEST(a_flood_of_lines_instead_of_a_banner_ends_at_the_deadline),
        TEST(a_flood_of_packets_ends_at_the_deadline),
        TEST(a_refused_connection_is_transient),
        TEST(an_address_must_be_one),
    };

    ssh_init();
    return cmocka_run_group_tests_name("ssh_open", tests, NULL, NULL);
}
