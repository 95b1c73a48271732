/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Forwards a guest's log to its host, by a virtio-serial port: see virt-omen/guest-wire.h. Never
 * waits for the host: while that does not read, records wait in a bounded queue.
 */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PORT            "/dev/virtio-ports/" OMEN_GUEST_PORT
#define PLACES          "/var/lib/virt-omen-forward/places"
#define LANE_BYTES      (768 * 1024)
#define BEAT_MS         5000
#define TICK_MS         1000
#define SAVE_MS         5000
#define TURN_MS         20 /* after a turn of work others have theirs: batches cost less */
#define FLUSH_LIMIT_MS  1000
#define FRAMES_A_TURN   256
#define PLACES_SIZE_MAX 16384

typedef struct {
    const char *port_path;
    const char *places_path;
    int port;
    Queue queue;
    uint64_t session;
    uint8_t frame[OMEN_GUEST_FRAME_MAX]; /* what is being written */
    size_t frame_size;
    size_t frame_done;
    bool frame_is_record;
    uint64_t written; /* sequence of the last record written */
    uint64_t next_beat_ms;
    Reader readers[READERS_MAX];
    unsigned int n_readers;
    char written_places[READERS_MAX][PLACE_SIZE];
    bool places_changed;
} Forwarder;

static uint64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

/* ---- places ---- */

/* "NAME PLACE\n" in @text; copies the place to @out. */
static const char *
find_place(const char *text, const char *name, char *out, size_t size)
{
    size_t length = strlen(name);

    for (const char *line = text; line && *line;) {
        size_t n = strcspn(line, "\n");
        if (n > length && n - length - 1 < size && strncmp(line, name, length) == 0 &&
            line[length] == ' ') {
            memcpy(out, line + length + 1, n - length - 1);
            out[n - length - 1] = '\0';
            return out;
        }
        line += n + (line[n] ? 1 : 0);
    }
    return NULL;
}

static void
load_places(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

    text[n > 0 ? n : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

static void
save_places(Forwarder *self)
{
    char path[300];
    FILE *file;
    bool good;

    if (!self->places_changed)
        return;
    snprintf(path, sizeof path, "%s.new", self->places_path);
    file = fopen(path, "we");
    if (!file)
        return; /* a read-only guest: after a restart it begins at the end */
    for (unsigned int i = 0; i < self->n_readers; i++)
        if (*self->written_places[i])
            fprintf(file, "%s %s\n", self->readers[i].name, self->written_places[i]);
    good = fflush(file) == 0;
    good = fclose(file) == 0 && good;
    if (good && rename(path, self->places_path) == 0)
        self->places_changed = false;
}

/* ---- the port ---- */

static void
close_port(Forwarder *self)
{
    if (self->port >= 0)
        close(self->port);
    self->port = -1;
}

static void
open_port(Forwarder *self)
{
    self->port = open(self->port_path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    self->frame_size = 0;
}

static void
fill_beat(Forwarder *self)
{
    const OmenGuestFrame beat = {
        .type = OMEN_GUEST_FRAME_BEAT,
        .session = self->session,
        .sequence = self->written,
        .lost = self->queue.lost,
    };

    self->frame_size = omen_guest_frame_encode(&beat, self->frame);
    self->frame_is_record = false;
    self->next_beat_ms = now_ms() + BEAT_MS;
}

static void
fill_record(Forwarder *self, const Item *item)
{
    const OmenGuestFrame frame = {
        .type = OMEN_GUEST_FRAME_RECORD,
        .priority = item->priority,
        .identifier_length = item->identifier_length,
        .payload_length = item->payload_length,
        .session = self->session,
        .sequence = item->sequence,
        .time_us = item->time_us,
        .lost = self->queue.lost,
        .payload = item->payload,
    };

    self->frame_size = omen_guest_frame_encode(&frame, self->frame);
    self->frame_is_record = true;
    self->written = item->sequence;
    memcpy(self->written_places[item->reader], item->place, strlen(item->place) + 1);
    queue_pop(&self->queue);
}

static bool
has_more(const Forwarder *self)
{
    return self->frame_size > 0 || queue_peek(&self->queue) || now_ms() >= self->next_beat_ms;
}

static bool
fill_frame(Forwarder *self)
{
    const Item *item;

    self->frame_done = 0;
    if (now_ms() >= self->next_beat_ms)
        fill_beat(self);
    else if ((item = queue_peek(&self->queue)))
        fill_record(self, item);
    return self->frame_size > 0;
}

/* Writes what the port takes. */
static void
write_frames(Forwarder *self)
{
    for (int i = 0; i < FRAMES_A_TURN && (self->frame_size > 0 || fill_frame(self)); i++) {
        ssize_t n =
            write(self->port, self->frame + self->frame_done, self->frame_size - self->frame_done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            if (errno != EAGAIN)
                close_port(self);
            return;
        }
        self->frame_done += (size_t) n;
        if (self->frame_done < self->frame_size)
            continue;
        self->places_changed = self->places_changed || self->frame_is_record;
        self->frame_size = 0;
    }
}

/* ---- the loop ---- */

static void
wait_for_work(Forwarder *self, int signals)
{
    struct pollfd fds[READERS_MAX + 2];
    nfds_t n = 0;
    bool host_is_away = self->port < 0;

    if (self->port >= 0 && has_more(self)) {
        struct pollfd port = {.fd = self->port, .events = POLLOUT};
        poll(&port, 1, 0);
        /* While nobody is connected the port would wake us for ever. */
        host_is_away = (port.revents & (POLLHUP | POLLERR)) != 0;
        if (!host_is_away)
            fds[n++] = (struct pollfd){.fd = self->port, .events = POLLOUT};
    }
    fds[n++] = (struct pollfd){.fd = signals, .events = POLLIN};
    for (unsigned int i = 0; i < self->n_readers; i++)
        if (self->readers[i].readable_by_poll && self->readers[i].fd >= 0)
            fds[n++] = (struct pollfd){.fd = self->readers[i].fd, .events = POLLIN};
    poll(fds, n, TICK_MS);
}

static void
read_all(Forwarder *self, uint64_t *next_tick_ms)
{
    bool tick = now_ms() >= *next_tick_ms;

    for (unsigned int i = 0; i < self->n_readers; i++) {
        Reader *reader = &self->readers[i];
        if (tick || (reader->readable_by_poll && reader->fd >= 0))
            reader->read(reader, &self->queue);
    }
    if (tick)
        *next_tick_ms = now_ms() + TICK_MS;
}

static void
run(Forwarder *self, int signals)
{
    uint64_t next_tick_ms = 0;
    uint64_t next_save_ms = now_ms() + SAVE_MS;
    const struct timespec pause = {.tv_nsec = TURN_MS * 1000000L};
    struct signalfd_siginfo info;

    while (read(signals, &info, sizeof info) < 0) {
        if (self->port < 0)
            open_port(self);
        read_all(self, &next_tick_ms);
        if (self->port >= 0)
            write_frames(self);
        if (now_ms() >= next_save_ms) {
            save_places(self);
            next_save_ms = now_ms() + SAVE_MS;
        }
        nanosleep(&pause, NULL);
        wait_for_work(self, signals);
    }
}

/* What waits is given to a host that reads; what it does not take is read again in the next life.
 */
static void
finish(Forwarder *self)
{
    uint64_t limit_ms = now_ms() + FLUSH_LIMIT_MS;
    const struct timespec pause = {.tv_nsec = TURN_MS * 1000000L};

    while (self->port >= 0 && (self->frame_size > 0 || queue_peek(&self->queue)) &&
           now_ms() < limit_ms) {
        write_frames(self);
        nanosleep(&pause, NULL);
    }
    save_places(self);
    for (unsigned int i = 0; i < self->n_readers; i++)
        self->readers[i].close(&self->readers[i]);
    queue_clear(&self->queue);
    close_port(self);
}

/* Returns a descriptor that tells of the signals to end, or -1. */
static int
catch_signals(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void
usage(FILE *out)
{
    fputs(
        "Usage: virt-omen-forward [OPTION...]\n"
        "Forwards this guest's log to its host's virt-omend.\n\n"
        "  --port PATH     the port (default: " PORT ")\n"
        "  --journal       read the journal\n"
        "  --kmsg          read the kernel's log\n"
        "  --file PATH     read a file that a syslog daemon writes; may be repeated\n"
        "  --places PATH   where it is kept how far was read (default: " PLACES ")\n\n"
        "Without --journal, --kmsg and --file: the journal where there is one, else the kernel's\n"
        "log, /var/log/syslog and /var/log/messages.\n",
        out);
}

static void
add_reader(Forwarder *self, const char *kind, const char *path, const char *places)
{
    char name[300];
    char place[PLACE_SIZE];
    const char *known;
    Reader *reader = &self->readers[self->n_readers];

    if (self->n_readers == READERS_MAX)
        return;
    snprintf(name, sizeof name, "%s", path ? path : kind);
    known = find_place(places, name, place, sizeof place);
    reader->number = self->n_readers;
    if (path)
        file_reader_init(reader, path, known);
    else if (*kind == 'j')
        journal_reader_init(reader, known);
    else
        kmsg_reader_init(reader, known);
    if (known)
        snprintf(self->written_places[self->n_readers], PLACE_SIZE, "%s", known);
    self->n_readers++;
}

static void
add_default_readers(Forwarder *self, const char *places)
{
    if (journal_is_there()) {
        add_reader(self, "journal", NULL, places);
        return;
    }
    add_reader(self, "kmsg", NULL, places);
    add_reader(self, "file", "/var/log/syslog", places);
    add_reader(self, "file", "/var/log/messages", places);
    for (unsigned int i = 1; i < self->n_readers; i++)
        self->readers[i].skip_kernel = self->readers[0].fd >= 0;
}

static int
take_options(Forwarder *self, int argc, char **argv)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"places", required_argument, NULL, 's'},
        {"journal", no_argument, NULL, 'j'},
        {"kmsg", no_argument, NULL, 'k'},
        {"file", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    static char places[PLACES_SIZE_MAX];
    int option;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'p')
            self->port_path = optarg;
        else if (option == 's')
            self->places_path = optarg;
        else if (option == 'h' || option == '?') {
            usage(option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    }
    if (optind < argc) {
        usage(stderr);
        return 2;
    }
    load_places(self->places_path, places, sizeof places);
    optind = 1;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'j')
            add_reader(self, "journal", NULL, places);
        else if (option == 'k')
            add_reader(self, "kmsg", NULL, places);
        else if (option == 'f')
            add_reader(self, "file", optarg, places);
    }
    if (self->n_readers == 0)
        add_default_readers(self, places);
    return -1;
}

int
main(int argc, char **argv)
{
    static Forwarder forwarder = {.port_path = PORT, .places_path = PLACES, .port = -1};
    int answer;
    int signals;

    umask(077);
    mkdir("/var/lib/virt-omen-forward", 0700);
    queue_init(&forwarder.queue, LANE_BYTES);
    if (getrandom(&forwarder.session, sizeof forwarder.session, 0) < 0)
        forwarder.session = (uint64_t) time(NULL) << 20 | (uint64_t) getpid();
    answer = take_options(&forwarder, argc, argv);
    if (answer >= 0)
        return answer;
    signals = catch_signals();
    if (signals < 0)
        return 1;
    run(&forwarder, signals);
    finish(&forwarder);
    return 0;
}
