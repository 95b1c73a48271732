/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The libvirt hook (https://libvirt.org/hooks.html): DOMAIN OPERATION SUB-OPERATION EXTRA, the
 * domain's XML on standard input. libvirt waits for it, so it never waits: one datagram to the
 * daemon, one look at the quarantine. It writes nothing to standard output, which libvirt would
 * take for the domain's new XML, and ends 0 for everything but an incoming migration to an
 * endangered host, and, where the policy says so, a start on it; in doubt it lets pass.
 *
 * It is one file, installed as qemu.d/50-virt-omen, and runs no other: libvirtd's AppArmor profile
 * allows a hook no more than that. Whatever is refused to it, or happens to it, is no domain's
 * matter.
 *
 * virt-omen/hook-wire.h describes what is exchanged.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <virt-omen/hook-wire.h>

/* A test builds this with other places. */
#ifndef HOOK_SOCKET
#define HOOK_SOCKET OMEN_HOOK_SOCKET
#endif
#ifndef HOOK_QUARANTINE
#define HOOK_QUARANTINE OMEN_HOOK_QUARANTINE
#endif

#define N_FIELDS       5
#define MAX_QUARANTINE 1024
/* Nothing here waits; but the file system below /run may. */
#define LIMIT_S 2

static void
let_pass(int signal_number)
{
    (void) signal_number;
    _exit(0);
}

/* A hook that dies, or does not come back, would cost a domain its start, and at a reconnect its
 * life. */
static void
let_pass_on_failure(void)
{
    const int signals[] = {SIGALRM, SIGSEGV, SIGBUS,  SIGILL,  SIGFPE, SIGABRT,
                           SIGSYS,  SIGPIPE, SIGTERM, SIGXCPU, SIGXFSZ};
    struct sigaction action = {.sa_handler = let_pass};

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
    alarm(LIMIT_S);
}

/* The wire's five strings in one buffer; 0 if they don't fit. */
static size_t
pack(const char *const fields[N_FIELDS], char *datagram)
{
    size_t at = 0;

    for (int i = 0; i < N_FIELDS; i++) {
        size_t length = strlen(fields[i]) + 1;
        if (at + length > OMEN_HOOK_DATAGRAM_MAX)
            return 0;
        memcpy(datagram + at, fields[i], length);
        at += length;
    }
    return at;
}

/* Nobody there, or a full queue, is no matter: the daemon sees libvirt's events as well. */
static void
tell_daemon(int argc, char **argv)
{
    const char *const fields[N_FIELDS] = {
        OMEN_HOOK_WIRE_VERSION,  argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "",
        argc > 3 ? argv[3] : "", argc > 4 ? argv[4] : "",
    };
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = HOOK_SOCKET};
    char datagram[OMEN_HOOK_DATAGRAM_MAX];
    size_t length = pack(fields, datagram);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return;
    if (length > 0)
        (void) !sendto(fd, datagram, length, MSG_DONTWAIT | MSG_NOSIGNAL,
                       (const struct sockaddr *) &address, sizeof address);
    close(fd);
}

/* Reads the quarantine's one line; an empty string if there is none. */
static void
read_quarantine(char line[MAX_QUARANTINE])
{
    int fd = open(HOOK_QUARANTINE, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t length = fd < 0 ? 0 : read(fd, line, MAX_QUARANTINE - 1);

    if (fd >= 0)
        close(fd);
    line[length > 0 ? length : 0] = '\0';
}

static long long
boot_clock_s(void)
{
    struct timespec now;

    return clock_gettime(CLOCK_BOOTTIME, &now) == 0 ? (long long) now.tv_sec : -1;
}

/* "1 EXPIRY REASON\n", not expired: the reason; NULL: let pass. */
static const char *
find_reason(char *line)
{
    const char *version = OMEN_HOOK_WIRE_VERSION " ";
    char *feed = strchr(line, '\n');
    long long now_s = boot_clock_s();
    long long expiry_s;
    char *end;

    if (!feed || strncmp(line, version, strlen(version)) != 0)
        return NULL;
    *feed = '\0';
    errno = 0;
    expiry_s = strtoll(line + strlen(version), &end, 10);
    if (errno != 0 || end == line + strlen(version) || *end != ' ' || now_s < 0 ||
        expiry_s <= now_s)
        return NULL;
    return end + 1;
}

static int
is_operation(int argc, char **argv, const char *operation)
{
    return argc > 3 && strcmp(argv[2], operation) == 0 && strcmp(argv[3], "begin") == 0;
}

/* @line: whole, as it was read. */
static int
refuses_starts(const char *line)
{
    const char *feed = strchr(line, '\n');

    return feed && strcmp(feed, "\n" OMEN_HOOK_NO_STARTS "\n") == 0;
}

int
main(int argc, char **argv)
{
    char line[MAX_QUARANTINE];
    const char *reason;
    int is_start = is_operation(argc, argv, "prepare");

    let_pass_on_failure();
    tell_daemon(argc, argv);
    if (!is_start && !is_operation(argc, argv, "migrate"))
        return 0;
    read_quarantine(line);
    if (is_start && !refuses_starts(line))
        return 0;
    reason = find_reason(line);
    if (!reason)
        return 0;
    fprintf(stderr, "virt-omen: this host is endangered and takes no domains: %s\n", reason);
    return 1;
}
