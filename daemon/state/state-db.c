/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "virt-omen-state"

#include "state/state-db.h"

#include "state/schema.h"
#include "state/state-writer.h"
#include "state/store-load.h"

struct _OmenStateDb {
    GObject parent_instance;

    OmenStateWriter *writer;
    char *problem;
};

G_DEFINE_TYPE(OmenStateDb, omen_state_db, G_TYPE_OBJECT)

enum {
    PROP_0,
    PROP_PROBLEM,
    N_PROPERTIES
};
static GParamSpec *properties[N_PROPERTIES];

/* How the writer's thread reaches an object of the main context, which it may outlive. */
typedef struct {
    GWeakRef db;
    GMainContext *context;
} Reporter;

typedef struct {
    OmenStateDb *db;
    char *problem;
} Report;

static void
reporter_free(gpointer data)
{
    Reporter *self = data;

    g_weak_ref_clear(&self->db);
    g_main_context_unref(self->context);
    g_free(self);
}

static void
report_free(gpointer data)
{
    Report *report = data;

    g_object_unref(report->db);
    g_free(report->problem);
    g_free(report);
}

static gboolean
set_problem(gpointer data)
{
    Report *report = data;
    OmenStateDb *self = report->db;

    if (g_strcmp0(self->problem, report->problem) == 0)
        return G_SOURCE_REMOVE;
    if (report->problem != NULL)
        g_warning("%s; continuing in memory and trying again", report->problem);
    else
        g_message("the state database can be written again");
    g_free(self->problem);
    self->problem = g_steal_pointer(&report->problem);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_PROBLEM]);
    return G_SOURCE_REMOVE;
}

static void
report_problem(const char *problem, gpointer user_data)
{
    Reporter *reporter = user_data;
    OmenStateDb *db = g_weak_ref_get(&reporter->db);

    if (db == NULL)
        return;
    Report *report = g_new0(Report, 1);
    report->db = db;
    report->problem = g_strdup(problem);
    /* Not g_main_context_invoke(): it would run here if nobody owns the context just now. */
    g_autoptr(GSource) source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, set_problem, report, report_free);
    g_source_attach(source, reporter->context);
}

static void
omen_state_db_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_PROBLEM)
        g_value_set_string(value, OMEN_STATE_DB(object)->problem);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void
omen_state_db_finalize(GObject *object)
{
    OmenStateDb *self = OMEN_STATE_DB(object);

    if (self->writer != NULL)
        omen_state_writer_stop(self->writer, 0);
    g_free(self->problem);
    G_OBJECT_CLASS(omen_state_db_parent_class)->finalize(object);
}

static void
omen_state_db_class_init(OmenStateDbClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);

    object_class->get_property = omen_state_db_get_property;
    object_class->finalize = omen_state_db_finalize;
    properties[PROP_PROBLEM] =
        g_param_spec_string("problem", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void
omen_state_db_init(OmenStateDb *self)
{
}

/* Reads what is there of a file that can't be opened for writing because of @cause. */
static OmenStateContents *
load_read_only(const char *path, guint max_rows, const GError *cause, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(sqlite3) db = omen_state_schema_open_read_only(path, &local);
    OmenStateContents *contents = db != NULL ? omen_store_load(db, max_rows, &local) : NULL;

    if (contents == NULL)
        g_propagate_error(error, g_error_copy(cause));
    return contents;
}

static OmenStateWriter *
start_writer(OmenStateDb *self, const char *path, const OmenStateDbConfig *config, sqlite3 *db)
{
    Reporter *reporter = g_new0(Reporter, 1);

    g_weak_ref_init(&reporter->db, self);
    reporter->context = g_main_context_ref_thread_default();
    return omen_state_writer_new(
        &(OmenStateWriterConfig){.path = path,
                                 .max_waiting_rows = config->max_waiting_rows,
                                 .max_waiting_bytes = config->max_waiting_bytes,
                                 .limits = config->limits,
                                 .retry_ms = config->retry_ms,
                                 .problem = report_problem,
                                 .user_data = reporter,
                                 .destroy = reporter_free},
        db);
}

static void
add_warning(OmenStateContents *contents, const char *warning)
{
    if (warning == NULL)
        return;
    char *both = contents->warning != NULL ? g_strconcat(warning, "; ", contents->warning, NULL)
                                           : g_strdup(warning);
    g_free(contents->warning);
    contents->warning = both;
}

OmenStateDb *
omen_state_db_open(const char *path,
                   const OmenStateDbConfig *config,
                   OmenStateContents **contents,
                   GError **error)
{
    g_autofree char *warning = NULL;
    g_autoptr(GError) cause = NULL;
    g_autoptr(sqlite3) db = omen_state_schema_open(path, &warning, &cause);
    g_autoptr(OmenStateContents) loaded = NULL;

    if (db != NULL)
        loaded = omen_store_load(db, config->max_loaded_rows, error);
    else if (g_error_matches(cause, OMEN_STATE_ERROR, OMEN_STATE_ERROR_UNAVAILABLE))
        loaded = load_read_only(path, config->max_loaded_rows, cause, error);
    else
        g_propagate_error(error, g_error_copy(cause));
    if (loaded == NULL)
        return NULL;

    OmenStateDb *self = g_object_new(OMEN_TYPE_STATE_DB, NULL);
    add_warning(loaded, warning);
    if (cause != NULL)
        self->problem = g_strdup(cause->message);
    self->writer = start_writer(self, path, config, g_steal_pointer(&db));
    *contents = g_steal_pointer(&loaded);
    return self;
}

const char *
omen_state_db_get_problem(OmenStateDb *self)
{
    return self->problem;
}

gboolean
omen_state_db_may_put_streams(OmenStateDb *self)
{
    return self->writer != NULL && omen_state_writer_may_put_streams(self->writer);
}

guint64
omen_state_db_get_n_dropped(OmenStateDb *self)
{
    return self->writer != NULL ? omen_state_writer_get_n_dropped(self->writer) : 0;
}

guint
omen_state_db_get_n_waiting(OmenStateDb *self)
{
    return self->writer != NULL ? omen_state_writer_get_n_waiting(self->writer) : 0;
}

static void
put(OmenStateDb *self, OmenRowKind kind, gpointer row, GTask *task)
{
    g_autoptr(OmenStateOp) op = omen_state_op_new(kind, row, task);
    g_autoptr(GError) error = NULL;

    if (self->writer != NULL) {
        omen_state_writer_push(self->writer, g_steal_pointer(&op));
        return;
    }
    error = g_error_new(OMEN_STATE_ERROR, OMEN_STATE_ERROR_DROPPED, "the state database is closed");
    omen_state_op_finish(op, error);
}

void
omen_state_db_put_stream(OmenStateDb *self, OmenStreamRow *row)
{
    put(self, OMEN_ROW_STREAM, row, NULL);
}

void
omen_state_db_put_verdict(OmenStateDb *self, OmenVerdictRow *row)
{
    put(self, OMEN_ROW_VERDICT, row, NULL);
}

void
omen_state_db_put_omen(OmenStateDb *self, const OmenData *data)
{
    put(self, OMEN_ROW_OMEN, omen_data_copy(data), NULL);
}

void
omen_state_db_put_evacuation(OmenStateDb *self, const OmenEvacuationData *data)
{
    put(self, OMEN_ROW_EVACUATION, omen_evacuation_data_copy(data), NULL);
}

void
omen_state_db_put_setting(OmenStateDb *self, const char *key, const char *value)
{
    const char *const row[] = {key, value, NULL};

    put(self, OMEN_ROW_SETTING, g_strdupv((char **) row), NULL);
}

void
omen_state_db_put_evacuation_async(OmenStateDb *self,
                                   const OmenEvacuationData *data,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
    GTask *task = g_task_new(self, NULL, callback, user_data);

    g_task_set_source_tag(task, omen_state_db_put_evacuation_async);
    put(self, OMEN_ROW_EVACUATION, omen_evacuation_data_copy(data), task);
}

gboolean
omen_state_db_put_evacuation_finish(OmenStateDb *self, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, self), FALSE);
    return g_task_propagate_boolean(G_TASK(result), error);
}

gboolean
omen_state_db_flush(OmenStateDb *self, guint timeout_ms)
{
    return self->writer == NULL || omen_state_writer_flush(self->writer, timeout_ms);
}

gboolean
omen_state_db_close(OmenStateDb *self, guint timeout_ms)
{
    gint64 start = g_get_monotonic_time();
    gboolean written = omen_state_db_flush(self, timeout_ms);
    guint spent_ms = (guint) ((g_get_monotonic_time() - start) / 1000);

    if (self->writer == NULL)
        return TRUE;
    return omen_state_writer_stop(g_steal_pointer(&self->writer),
                                  timeout_ms - MIN(spent_ms, timeout_ms)) &&
           written;
}
