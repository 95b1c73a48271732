/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/health/clock-source.h"

#include "source/reader.h"

#include <string.h>

#define PERIOD_MS     1000
#define LATE_US       (2 * G_USEC_PER_SEC)
#define JUMP_US       (2 * G_USEC_PER_SEC)
#define QUIET_PERIODS 60 /* after telling of lateness, before it is told again */

struct _OmenClockSource {
    OmenSource parent_instance;

    OmenReader *reader;
};

G_DEFINE_FINAL_TYPE(OmenClockSource, omen_clock_source, OMEN_TYPE_SOURCE)

static void
tell(OmenReader *reader, OmenPriority priority, const char *what, gint64 by_us)
{
    g_autofree char *message =
        g_strdup_printf("%s by %.1f s", what, (double) by_us / G_USEC_PER_SEC);
    const OmenRecord record = {
        .time_us = g_get_real_time(),
        .priority = priority,
        .identifier = "clock",
        .identifier_length = strlen("clock"),
        .message = message,
        .message_length = strlen(message),
    };

    omen_reader_add(reader, &record);
}

static void
run(OmenReader *reader, gpointer data G_GNUC_UNUSED)
{
    gint64 before_us = g_get_monotonic_time();
    gint64 offset_us = g_get_real_time() - before_us;
    guint quiet = 0;

    while (omen_reader_wait(reader, -1, PERIOD_MS)) {
        gint64 now_us = g_get_monotonic_time();
        gint64 late_us = now_us - before_us - (gint64) PERIOD_MS * 1000;
        gint64 jump_us = g_get_real_time() - now_us - offset_us;

        quiet -= quiet > 0 ? 1 : 0;
        if (late_us > LATE_US && quiet == 0) {
            tell(reader, OMEN_PRIORITY_WARNING, "scheduling delay: a timer was late", late_us);
            quiet = QUIET_PERIODS;
        }
        if (ABS(jump_us) > JUMP_US)
            tell(reader, OMEN_PRIORITY_NOTICE, "the clock was set", jump_us);
        offset_us += jump_us;
        before_us = now_us;
        omen_reader_flush(reader, NULL);
    }
}

static void
omen_clock_source_start(OmenSource *source)
{
    OMEN_CLOCK_SOURCE(source)->reader = omen_reader_start(source, "clock", run, NULL, NULL);
}

static void
omen_clock_source_stop(OmenSource *source)
{
    g_clear_pointer(&OMEN_CLOCK_SOURCE(source)->reader, omen_reader_stop);
}

static void
omen_clock_source_finalize(GObject *object)
{
    g_clear_pointer(&OMEN_CLOCK_SOURCE(object)->reader, omen_reader_stop);
    G_OBJECT_CLASS(omen_clock_source_parent_class)->finalize(object);
}

static void
omen_clock_source_class_init(OmenClockSourceClass *class)
{
    OmenSourceClass *source_class = OMEN_SOURCE_CLASS(class);

    G_OBJECT_CLASS(class)->finalize = omen_clock_source_finalize;
    source_class->start = omen_clock_source_start;
    source_class->stop = omen_clock_source_stop;
}

static void
omen_clock_source_init(OmenClockSource *self G_GNUC_UNUSED)
{
}

OmenSource *
omen_clock_source_new(void)
{
    OmenSource *self = g_object_new(OMEN_TYPE_CLOCK_SOURCE, "name", "clock", "provenance",
                                    (int) OMEN_PROVENANCE_HOST, NULL);

    omen_source_set_origin(self, OMEN_ORIGIN_MEASURED);
    return self;
}
