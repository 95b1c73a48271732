/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A source of records: the base of all readers.
 *
 * A source is started on the main context and hands each record to one function there, in order.
 * Nothing that can wait for a disk runs on the main context: such readers have a thread of their
 * own and hand over batches through a bounded queue. A source that can not read (no file, no
 * permission) does not fail for good: it says why by its problem, and tries again by itself.
 */
#pragma once

#include <gio/gio.h>
#include <virt-omen/record.h>

G_BEGIN_DECLS

#define OMEN_SOURCE_ERROR (omen_source_error_quark())
GQuark omen_source_error_quark(void);

typedef enum {
    OMEN_SOURCE_ERROR_UNAVAILABLE, /* what it reads is not there, or may not be read */
    OMEN_SOURCE_ERROR_INVALID,     /* a setting makes no sense */
} OmenSourceError;

#define OMEN_TYPE_SOURCE (omen_source_get_type())
G_DECLARE_DERIVABLE_TYPE(OmenSource, omen_source, OMEN, SOURCE, GObject)

/* @record is valid during the call. */
typedef void (*OmenSourceRecordFunc)(OmenSource *source,
                                     const OmenRecord *record,
                                     gpointer user_data);

struct _OmenSourceClass {
    GObjectClass parent_class;

    void (*start)(OmenSource *self);
    void (*stop)(OmenSource *self);
    char *(*dup_bookmark)(OmenSource *self);
};

/*
 * Properties: "name" (construct-only, string: "journal", "file:/var/log/syslog", "qemu-log:g1"),
 * "provenance" (construct-only, int), "bookmark" (construct-only, nullable string: where an earlier
 * life of this source had come to), "problem" (read-only, nullable string, notified).
 */

/* Starts to read. @function is called on the thread-default main context of this call. */
void omen_source_start(OmenSource *self, OmenSourceRecordFunc function, gpointer user_data);

/* After it returns no record comes any more. Idempotent. */
void omen_source_stop(OmenSource *self);

const char *omen_source_get_name(OmenSource *self);

/* Of its records that say nothing of it themselves: of a domain's source OMEN_ORIGIN_HYPERVISOR, of
 * a guest's OMEN_ORIGIN_GUEST (these two are not changed by anything), of the host's
 * OMEN_ORIGIN_UNPROVEN until it is set. */
OmenOrigin omen_source_get_origin(OmenSource *self);
void omen_source_set_origin(OmenSource *self, OmenOrigin origin);

/* Why it does not read at present; NULL: it does. */
const char *omen_source_get_problem(OmenSource *self);

/* How far the records handed over so far have come, for the next life of this source.
 * Returns: (transfer full) (nullable). */
char *omen_source_dup_bookmark(OmenSource *self);

guint64 omen_source_get_n_records(OmenSource *self);

/* Lines lost: overlong ones cut, datagrams refused, queue overflow. */
guint64 omen_source_get_n_dropped(OmenSource *self);

/* For sub-classes. */
void omen_source_emit(OmenSource *self, const OmenRecord *record);
void omen_source_count_dropped(OmenSource *self, guint64 n);
void omen_source_set_problem(OmenSource *self, const char *problem);

G_END_DECLS
