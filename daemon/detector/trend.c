/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detector/trend.h"

#include <string.h>

#define MINUTE_US ((gint64) 60 * G_USEC_PER_SEC)
#define N_WINDOWS 3
#define MAX_COUNT 1000000000

static const OmenTrendKind disk = {
    .failure_class = OMEN_FAILURE_DISK,
    .scope = OMEN_SCOPE_DEVICE,
    .migration_helps = TRUE,
    .urgency_s = 86400,
    .reason = "a disk reallocates more and more sectors, or has more and more trouble reading",
};
static const OmenTrendKind memory = {
    .failure_class = OMEN_FAILURE_MEMORY,
    .scope = OMEN_SCOPE_HOST,
    .migration_helps = TRUE,
    .urgency_s = 86400,
    .reason = "more and more errors are corrected: soon one may not be correctable",
};
static const OmenTrendKind retries = {
    .failure_class = OMEN_FAILURE_STORAGE_FABRIC,
    .scope = OMEN_SCOPE_HOST,
    .migration_helps = TRUE,
    .urgency_s = 3600,
    .reason = "more and more storage commands have to be retried",
};

static const struct {
    const char *words;
    const OmenTrendKind *kind;
} kinds[] = {
    {"Reallocated_Sector", &disk},
    {"Reallocated_Event", &disk},
    {"Current_Pending_Sector", &disk},
    {"Offline_Uncorrectable", &disk},
    {"Reported_Uncorrect", &disk},
    {"UDMA_CRC_Error", &disk},
    {"Corrected error", &memory},
    {"corrected error", &memory},
    {"orrectable error", &memory},
    {"corrected memory", &memory},
    {"retrying", &retries},
    {"Retrying", &retries},
};

/* A scale at which it is looked at: the third window must hold at least so many. */
static const struct {
    gint64 window_us;
    guint least;
} scales[] = {
    {10 * MINUTE_US, 12},
    {24 * 60 * MINUTE_US, 4},
};

#define N_COUNTS (G_N_ELEMENTS(scales) * N_WINDOWS)

typedef struct {
    gint64 last_us;
    guint32 counts[G_N_ELEMENTS(scales)][N_WINDOWS]; /* the oldest first; the last: of last_us */
} Course;

struct _OmenTrend {
    GHashTable *courses; /* template -> Course */
};

const OmenTrendKind *
omen_trend_find_kind(const char *message, gsize length)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (memmem(message, length, kinds[i].words, strlen(kinds[i].words)))
            return kinds[i].kind;
    }
    return NULL;
}

OmenTrend *
omen_trend_new(void)
{
    OmenTrend *self = g_new0(OmenTrend, 1);

    self->courses = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return self;
}

void
omen_trend_free(OmenTrend *self)
{
    g_hash_table_unref(self->courses);
    g_free(self);
}

static void
make_room(OmenTrend *self)
{
    gpointer silent = NULL;
    gint64 silent_us = G_MAXINT64;
    GHashTableIter iter;
    gpointer template_id;
    gpointer course;

    if (g_hash_table_size(self->courses) < OMEN_TREND_MAX_TEMPLATES)
        return;
    g_hash_table_iter_init(&iter, self->courses);
    while (g_hash_table_iter_next(&iter, &template_id, &course)) {
        if (((Course *) course)->last_us < silent_us) {
            silent_us = ((Course *) course)->last_us;
            silent = template_id;
        }
    }
    g_hash_table_remove(self->courses, silent);
}

/* The windows up to the one of @time_us; those between hold nothing. */
static void
go_on(Course *self, gsize scale, gint64 time_us)
{
    gint64 window_us = scales[scale].window_us;
    gint64 steps = time_us / window_us - self->last_us / window_us;
    guint32 *counts = self->counts[scale];

    for (gint64 i = 0; i < MIN(steps, N_WINDOWS); i++) {
        memmove(counts, counts + 1, (N_WINDOWS - 1) * sizeof *counts);
        counts[N_WINDOWS - 1] = 0;
    }
}

static gboolean
rises(const guint32 *counts, guint least)
{
    return counts[0] > 0 && counts[1] > counts[0] && counts[2] > counts[1] &&
           counts[2] >= 2 * counts[0] && counts[2] >= least;
}

static Course *
ensure_course(OmenTrend *self, guint32 template_id)
{
    Course *course = g_hash_table_lookup(self->courses, GUINT_TO_POINTER(template_id));

    if (course)
        return course;
    make_room(self);
    course = g_new0(Course, 1);
    g_hash_table_insert(self->courses, GUINT_TO_POINTER(template_id), course);
    return course;
}

gboolean
omen_trend_add(OmenTrend *self, guint32 template_id, gint64 time_us)
{
    Course *course = ensure_course(self, template_id);
    gint64 now_us = MAX(course->last_us, time_us);
    gboolean is_rising = FALSE;

    for (gsize i = 0; i < G_N_ELEMENTS(scales); i++) {
        go_on(course, i, now_us);
        if (course->counts[i][N_WINDOWS - 1] < MAX_COUNT)
            course->counts[i][N_WINDOWS - 1]++;
        is_rising = is_rising || rises(course->counts[i], scales[i].least);
    }
    course->last_us = now_us;
    return is_rising;
}

guint
omen_trend_get_n_templates(const OmenTrend *self)
{
    return g_hash_table_size(self->courses);
}

GVariant *
omen_trend_save(const OmenTrend *self)
{
    GVariantBuilder builder;
    GHashTableIter iter;
    gpointer template_id;
    gpointer known;

    g_variant_builder_init(&builder, G_VARIANT_TYPE(OMEN_TREND_TYPE));
    g_hash_table_iter_init(&iter, self->courses);
    while (g_hash_table_iter_next(&iter, &template_id, &known)) {
        const Course *course = known;
        g_variant_builder_add(&builder, "(ux@au)", GPOINTER_TO_UINT(template_id), course->last_us,
                              g_variant_new_fixed_array(G_VARIANT_TYPE_UINT32, course->counts,
                                                        N_COUNTS, sizeof(guint32)));
    }
    return g_variant_builder_end(&builder);
}

static void
take_counts(Course *self, const guint32 *counts)
{
    for (gsize i = 0; i < N_COUNTS; i++)
        self->counts[i / N_WINDOWS][i % N_WINDOWS] = MIN(counts[i], MAX_COUNT);
}

void
omen_trend_restore(OmenTrend *self, GVariant *state)
{
    GVariantIter iter;
    GVariant *counts;
    guint32 template_id;
    gint64 last_us;

    g_variant_iter_init(&iter, state);
    while (g_variant_iter_loop(&iter, "(ux@au)", &template_id, &last_us, &counts)) {
        gsize n = 0;
        const guint32 *values = g_variant_get_fixed_array(counts, &n, sizeof(guint32));
        Course *course = n == N_COUNTS && last_us > 0 ? ensure_course(self, template_id) : NULL;
        if (!course)
            continue;
        course->last_us = last_us;
        take_counts(course, values);
    }
}
