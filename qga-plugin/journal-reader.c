/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal, by a journalctl that follows it: so one static program serves guests with and
 * without systemd. Its export format is lines "FIELD=VALUE", or "FIELD", a length of 8 bytes and as
 * many bytes; an empty line ends an entry (https://systemd.io/JOURNAL_EXPORT_FORMATS).
 */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define PENDING_SIZE (128 * 1024)
#define NEXT_ENTRY   "\n\n__CURSOR="

static const char *const programs[] = {"/usr/bin/journalctl", "/bin/journalctl"};

static const char *
find_program(void)
{
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (access(programs[i], X_OK) == 0)
            return programs[i];
    return NULL;
}

bool
journal_is_there(void)
{
    return access("/run/systemd/journal", F_OK) == 0 && find_program() != NULL;
}

static void
exec_journalctl(const char *program, const char *place, int output)
{
    char after[PLACE_SIZE + 32];
    sigset_t none;
    const char *arguments[] = {"journalctl",
                               "--follow",
                               "--quiet",
                               "--output=export",
                               "--output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER",
                               "--lines=0",
                               NULL};

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (*place) {
        snprintf(after, sizeof after, "--after-cursor=%s", place);
        arguments[5] = "--no-tail";
        const char *more[] = {arguments[0], arguments[1], arguments[2], arguments[3],
                              arguments[4], arguments[5], after,        NULL};
        dup2(output, STDOUT_FILENO);
        execv(program, (char *const *) more);
    } else {
        dup2(output, STDOUT_FILENO);
        execv(program, (char *const *) arguments);
    }
    _exit(127);
}

static void
start(Reader *self)
{
    int ends[2];
    const char *program = find_program();

    if (!program || pipe(ends) < 0)
        return;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    self->child = fork();
    if (self->child == 0)
        exec_journalctl(program, self->place, ends[1]);
    close(ends[1]);
    self->fd = ends[0];
    self->n_pending = 0;
    if (self->child < 0) {
        close(self->fd);
        self->fd = -1;
    }
}

static void
stop(Reader *self)
{
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
    if (self->child > 0) {
        kill(self->child, SIGTERM);
        waitpid(self->child, NULL, 0);
    }
    self->child = 0;
    self->pause_s = 5;
}

typedef struct {
    const char *value;
    size_t length;
} Field;

static bool
is_name(const char *name, size_t length, const char *wanted)
{
    return length == strlen(wanted) && memcmp(name, wanted, length) == 0;
}

static unsigned long long
number_of(Field field)
{
    char digits[24] = "";

    if (field.value && field.length < sizeof digits)
        memcpy(digits, field.value, field.length);
    return strtoull(digits, NULL, 10);
}

/* One field at @at. Returns its size with all that belongs to it; 0: not whole yet. */
static size_t
read_field(const char *at, size_t length, const char **name, size_t *name_length, Field *field)
{
    const char *feed = memchr(at, '\n', length);
    const char *equals;

    if (!feed)
        return 0;
    *name = at;
    equals = memchr(at, '=', (size_t) (feed - at));
    if (equals || feed == at) {
        *name_length = equals ? (size_t) (equals - at) : 0;
        field->value = equals ? equals + 1 : feed;
        field->length = (size_t) (feed - field->value);
        return (size_t) (feed - at) + 1;
    }
    *name_length = (size_t) (feed - at);
    size_t header = *name_length + 1 + 8;
    if (length < header)
        return 0;
    uint64_t n = omen_guest_get((const uint8_t *) feed + 1, 8);
    if (n > PENDING_SIZE || length < header + n + 1)
        return 0;
    field->value = at + header;
    field->length = (size_t) n;
    return header + (size_t) n + 1;
}

static void
push_entry(Reader *self,
           Queue *queue,
           Field message,
           Field identifier,
           Field priority,
           Field time,
           Field cursor)
{
    Entry entry = {.time_us = number_of(time),
                   .priority = priority.value ? (int) number_of(priority) : 6,
                   .identifier = identifier.value ? identifier.value : "",
                   .identifier_length = identifier.length,
                   .message = message.value,
                   .message_length = message.length,
                   .place = self->place};

    if (cursor.length == 0 || cursor.length >= sizeof self->place)
        return;
    memcpy(self->place, cursor.value, cursor.length);
    self->place[cursor.length] = '\0';
    if (message.value)
        queue_push(queue, self->number, &entry);
}

/* Returns how many bytes from @at on were a whole entry; 0: none. */
static size_t
take_entry(Reader *self, Queue *queue, const char *at, size_t length)
{
    Field message = {0}, identifier = {0}, priority = {0}, time = {0}, cursor = {0};
    size_t done = 0;

    for (;;) {
        const char *name;
        size_t name_length;
        Field field;
        size_t n = read_field(at + done, length - done, &name, &name_length, &field);
        if (n == 0)
            return 0;
        done += n;
        if (n == 1) /* the empty line */
            break;
        if (is_name(name, name_length, "MESSAGE"))
            message = field;
        else if (is_name(name, name_length, "SYSLOG_IDENTIFIER"))
            identifier = field;
        else if (is_name(name, name_length, "PRIORITY"))
            priority = field;
        else if (is_name(name, name_length, "__REALTIME_TIMESTAMP"))
            time = field;
        else if (is_name(name, name_length, "__CURSOR"))
            cursor = field;
    }
    push_entry(self, queue, message, identifier, priority, time, cursor);
    return done;
}

static void
forget(Reader *self, size_t n)
{
    self->n_pending -= n;
    memmove(self->pending, self->pending + n, self->n_pending);
}

/* An entry that is larger than all that is taken is left out, up to where the next one begins. */
static bool
skip_to_entry(Reader *self)
{
    const char *next = memmem(self->pending, self->n_pending, NEXT_ENTRY, sizeof NEXT_ENTRY - 1);

    if (next)
        forget(self, (size_t) (next + 2 - self->pending));
    else if (self->n_pending >= sizeof NEXT_ENTRY)
        forget(self, self->n_pending - sizeof NEXT_ENTRY);
    return next != NULL;
}

static void
take_entries(Reader *self, Queue *queue)
{
    size_t done = 0;
    size_t n;

    if (self->skipping && !skip_to_entry(self))
        return;
    self->skipping = false;
    while (done < self->n_pending &&
           (n = take_entry(self, queue, self->pending + done, self->n_pending - done)) > 0)
        done += n;
    forget(self, done);
    self->skipping = self->n_pending == self->pending_size;
    if (self->skipping)
        skip_to_entry(self);
}

static void
read_journal(Reader *self, Queue *queue)
{
    if (self->fd < 0) {
        if (self->pause_s > 0)
            self->pause_s--;
        else
            start(self);
        return;
    }
    for (size_t done = 0; done < TURN_SIZE_MAX;) {
        ssize_t n =
            read(self->fd, self->pending + self->n_pending, self->pending_size - self->n_pending);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) { /* it ended: it is started again */
            stop(self);
            return;
        }
        self->n_pending += (size_t) n;
        done += (size_t) n;
        take_entries(self, queue);
    }
}

void
journal_reader_init(Reader *self, const char *place)
{
    self->name = "journal";
    self->read = read_journal;
    self->close = stop;
    self->readable_by_poll = true;
    self->fd = -1;
    self->pending_size = PENDING_SIZE;
    self->pending = malloc(PENDING_SIZE);
    if (!self->pending)
        abort();
    snprintf(self->place, sizeof self->place, "%s", place ? place : "");
    start(self);
}
