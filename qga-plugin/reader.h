/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a guest's records come from: its journal, its kernel, files that its syslog daemon writes.
 * Each begins at the end in its first life, and where it had come to in later ones.
 */
#pragma once

#include "queue.h"

#include <stdbool.h>
#include <sys/types.h>

#define READERS_MAX 16
#define PLACE_SIZE  512
#define READ_SIZE   65536
#define TURN_SIZE_MAX                                                                              \
    (4 * READ_SIZE) /* bytes that one reader reads before the others have theirs */

typedef struct Reader Reader;

struct Reader {
    unsigned int number;
    const char *name; /* "journal", "kmsg", "file:PATH" */
    char place[PLACE_SIZE];
    int fd; /* to be polled for; -1: it is looked at once a second */
    bool readable_by_poll;
    void (*read)(Reader *self, Queue *queue); /* all that is there, up to a turn's share */
    void (*close)(Reader *self);
    /* of one kind or another */
    char path[256];
    pid_t child;
    unsigned int pause_s;
    unsigned long long device;
    unsigned long long inode;
    unsigned long long offset;
    unsigned long long sequence;
    char boot_id[40];
    char *pending; /* what was read, and is no whole record yet */
    size_t n_pending;
    size_t pending_size;
    bool skip_kernel; /* another reader brings what the kernel says */
    bool skipping;    /* the rest of a line that was too long */
};

bool journal_is_there(void);
void journal_reader_init(Reader *self, const char *place);
void kmsg_reader_init(Reader *self, const char *place);
void file_reader_init(Reader *self, const char *path, const char *place);

/* "<13>Nov 23 10:00:00 host sshd[12]: message", in parts. */
void parse_syslog_line(const char *line, size_t length, Entry *entry);
