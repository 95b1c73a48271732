/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source.h"

G_DEFINE_QUARK(omen - source - error - quark, omen_source_error)

typedef struct {
    char *name;
    int provenance;
    OmenOrigin origin;
    char *bookmark; /* of the earlier life */
    char *problem;
    OmenSourceRecordFunc function;
    gpointer user_data;
    guint64 n_records;
    guint64 n_dropped;
    gboolean started;
} OmenSourcePrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE(OmenSource, omen_source, G_TYPE_OBJECT)

enum {
    PROP_NAME = 1,
    PROP_PROVENANCE,
    PROP_BOOKMARK,
    PROP_PROBLEM,
    N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

static OmenSourcePrivate *
private_of(OmenSource *self)
{
    return omen_source_get_instance_private(self);
}

static void
omen_source_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    OmenSourcePrivate *private = private_of(OMEN_SOURCE(object));

    switch (id) {
    case PROP_NAME:
        private
        ->name = g_value_dup_string(value);
        break;
    case PROP_PROVENANCE:
        private
        ->provenance = g_value_get_int(value);
        break;
    case PROP_BOOKMARK:
        private
        ->bookmark = g_value_dup_string(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
}

static void
omen_source_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    OmenSourcePrivate *private = private_of(OMEN_SOURCE(object));

    switch (id) {
    case PROP_NAME:
        g_value_set_string(value, private->name);
        break;
    case PROP_PROVENANCE:
        g_value_set_int(value, private->provenance);
        break;
    case PROP_BOOKMARK:
        g_value_set_string(value, private->bookmark);
        break;
    case PROP_PROBLEM:
        g_value_set_string(value, private->problem);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
}

static void
omen_source_finalize(GObject *object)
{
    OmenSourcePrivate *private = private_of(OMEN_SOURCE(object));

    g_free(private->name);
    g_free(private->bookmark);
    g_free(private->problem);
    G_OBJECT_CLASS(omen_source_parent_class)->finalize(object);
}

static void
omen_source_class_init(OmenSourceClass *class)
{
    GObjectClass *object_class = G_OBJECT_CLASS(class);
    const GParamFlags construct =
        G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

    object_class->set_property = omen_source_set_property;
    object_class->get_property = omen_source_get_property;
    object_class->finalize = omen_source_finalize;
    properties[PROP_NAME] = g_param_spec_string("name", NULL, NULL, "", construct);
    properties[PROP_PROVENANCE] =
        g_param_spec_int("provenance", NULL, NULL, OMEN_PROVENANCE_HOST, OMEN_PROVENANCE_GUEST,
                         OMEN_PROVENANCE_HOST, construct);
    properties[PROP_BOOKMARK] = g_param_spec_string("bookmark", NULL, NULL, NULL, construct);
    properties[PROP_PROBLEM] =
        g_param_spec_string("problem", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
omen_source_init(OmenSource *self G_GNUC_UNUSED)
{
}

void
omen_source_start(OmenSource *self, OmenSourceRecordFunc function, gpointer user_data)
{
    OmenSourcePrivate *private = private_of(self);

    g_return_if_fail(!private->started);
    private->started = TRUE;
    private->function = function;
    private->user_data = user_data;
    OMEN_SOURCE_GET_CLASS(self)->start(self);
}

void
omen_source_stop(OmenSource *self)
{
    OmenSourcePrivate *private = private_of(self);

    if (!private->started || !private->function)
        return;
    private->function = NULL;
    OMEN_SOURCE_GET_CLASS(self)->stop(self);
}

const char *
omen_source_get_name(OmenSource *self)
{
    return private_of(self)->name;
}

OmenOrigin
omen_source_get_origin(OmenSource *self)
{
    OmenSourcePrivate *private = private_of(self);

    if (private->provenance == OMEN_PROVENANCE_DOMAIN)
        return OMEN_ORIGIN_HYPERVISOR;
    return private->provenance == OMEN_PROVENANCE_GUEST ? OMEN_ORIGIN_GUEST : private->origin;
}

void
omen_source_set_origin(OmenSource *self, OmenOrigin origin)
{
    private_of(self)->origin = origin;
}

const char *
omen_source_get_problem(OmenSource *self)
{
    return private_of(self)->problem;
}

char *
omen_source_dup_bookmark(OmenSource *self)
{
    OmenSourceClass *class = OMEN_SOURCE_GET_CLASS(self);
    char *bookmark = class->dup_bookmark ? class->dup_bookmark(self) : NULL;

    /* Nothing was read yet in this life: the place of the last one holds. */
    return bookmark ? bookmark : g_strdup(private_of(self)->bookmark);
}

guint64
omen_source_get_n_records(OmenSource *self)
{
    return private_of(self)->n_records;
}

guint64
omen_source_get_n_dropped(OmenSource *self)
{
    return private_of(self)->n_dropped;
}

/* What a file or a socket brings has a time alone: since this system's start, or before it (0). */
static gint64
estimate_uptime(gint64 time_us)
{
    struct timespec up;

    if (time_us <= 0 || clock_gettime(CLOCK_BOOTTIME, &up) < 0)
        return 0;
    gint64 up_us = (gint64) up.tv_sec * G_USEC_PER_SEC + up.tv_nsec / 1000;
    return MAX(time_us - (g_get_real_time() - up_us), 0);
}

void
omen_source_emit(OmenSource *self, const OmenRecord *record)
{
    OmenSourcePrivate *private = private_of(self);
    OmenRecord vouched = *record;

    if (!private->function)
        return;
    if (private->provenance != OMEN_PROVENANCE_HOST || record->origin == OMEN_ORIGIN_UNPROVEN)
        vouched.origin = omen_source_get_origin(self);
    if (private->provenance == OMEN_PROVENANCE_HOST && record->uptime_us == 0)
        vouched.uptime_us = estimate_uptime(record->time_us);
    private->n_records++;
    private->function(self, &vouched, private->user_data);
}

void
omen_source_count_dropped(OmenSource *self, guint64 n)
{
    private_of(self)->n_dropped += n;
}

void
omen_source_set_problem(OmenSource *self, const char *problem)
{
    OmenSourcePrivate *private = private_of(self);

    if (g_strcmp0(private->problem, problem) == 0)
        return;
    if (problem)
        g_warning("source %s: %s", private->name, problem);
    else
        g_message("source %s can be read again", private->name);
    g_free(private->problem);
    private->problem = g_strdup(problem);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_PROBLEM]);
}
