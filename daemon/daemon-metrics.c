/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon as a page of metrics. */
#include "config.h"

#include "daemon-private.h"

#include "metrics/openmetrics.h"
#include "omen/track-record.h"

static void
gauge(OmenOpenMetrics *page, const char *name, const char *help, double value)
{
    omen_open_metrics_family(page, name, OMEN_METRIC_TYPE_GAUGE, help);
    omen_open_metrics_sample(page, OMEN_NO_LABELS, value);
}

static void
counter(OmenOpenMetrics *page, const char *name, const char *help, double value)
{
    omen_open_metrics_family(page, name, OMEN_METRIC_TYPE_COUNTER, help);
    omen_open_metrics_sample(page, OMEN_NO_LABELS, value);
}

static void
histogram(OmenOpenMetrics *page, const char *name, const char *help, const OmenHistogram *values)
{
    omen_open_metrics_family(page, name, OMEN_METRIC_TYPE_HISTOGRAM, help);
    omen_open_metrics_histogram(page, OMEN_NO_LABELS, values);
}

static void
add_daemon(OmenDaemon *self, OmenOpenMetrics *page)
{
    const OmenMode modes[] = {OMEN_MODE_OBSERVE, OMEN_MODE_ADVISE, OMEN_MODE_ENFORCE};

    omen_open_metrics_family(page, "virt_omen_build", OMEN_METRIC_TYPE_INFO, "What runs here.");
    omen_open_metrics_sample(page, (const OmenLabel[]){{"version", OMEN_VERSION}, {NULL, NULL}}, 1);
    omen_open_metrics_family(page, "virt_omen_mode", OMEN_METRIC_TYPE_GAUGE,
                             "1 for the mode that holds.");
    for (guint i = 0; i < G_N_ELEMENTS(modes); i++)
        omen_open_metrics_sample(
            page, (const OmenLabel[]){{"mode", omen_mode_to_string(modes[i])}, {NULL, NULL}},
            omen_responder_get_mode(self->responder) == modes[i] ? 1 : 0);
    gauge(page, "virt_omen_libvirt_connected", "1: the daemon speaks with libvirt.",
          omen_hypervisor_is_connected(self->hypervisor) ? 1 : 0);
    gauge(page, "virt_omen_health", "As the neighbours are told: 0 green, 1 yellow, 2 red.",
          omen_health_get_level(self->health));
    gauge(page, "virt_omen_fleet_brake",
          "1: this host and others have one cause; nothing moves from here without approval.",
          omen_daemon_is_braked(self) ? 1 : 0);
    gauge(page, "virt_omen_host_endangered", "1: an open omen threatens the whole host.",
          omen_responder_is_host_endangered(self->responder) ? 1 : 0);
}

static void
add_domains(OmenDaemon *self, OmenOpenMetrics *page)
{
    g_autoptr(GPtrArray) domains = omen_hypervisor_list(self->hypervisor);
    gint64 now_us = g_get_real_time();

    omen_open_metrics_family(page, "virt_omen_domain_endangered", OMEN_METRIC_TYPE_GAUGE,
                             "1: an open omen threatens this domain.");
    for (guint i = 0; i < domains->len; i++) {
        const OmenDomainInfo *info = g_ptr_array_index(domains, i);
        const OmenLabel labels[] = {{"domain", info->name}, {"uuid", info->uuid}, {NULL, NULL}};
        omen_open_metrics_sample(
            page, labels,
            omen_registry_get_domain_danger(self->omens, info->uuid, now_us) != NULL ? 1 : 0);
    }
}

typedef enum {
    OF_RECORDS,
    OF_ANOMALIES,
    OF_DROPPED,
    OF_PROBLEMS,
    N_OF_SOURCE,
} OfSource;

static const struct {
    const char *name;
    OmenMetricType type;
    const char *help;
} of_source[N_OF_SOURCE] = {
    {"virt_omen_records", OMEN_METRIC_TYPE_COUNTER, "Log lines and events read."},
    {"virt_omen_anomalies", OMEN_METRIC_TYPE_COUNTER, "Records unlike what is normal here."},
    {"virt_omen_dropped_records", OMEN_METRIC_TYPE_COUNTER,
     "Lines lost: too long, or too many at once."},
    {"virt_omen_source_problem", OMEN_METRIC_TYPE_GAUGE, "1: the source can not be read."},
};

static double
value_of_source(const OmenStreamStatus *status, OfSource which)
{
    switch (which) {
    case OF_RECORDS:
        return (double) status->records;
    case OF_ANOMALIES:
        return (double) status->anomalies;
    case OF_DROPPED:
        return (double) status->dropped;
    default:
        return *status->problem ? 1 : 0;
    }
}

/* A stream in the words of labels; its sources. */
typedef struct {
    OmenStream *stream;
    const char *name;
    GPtrArray *sources;
} Row;

static void
row_free(Row *self)
{
    g_ptr_array_unref(self->sources);
    g_free(self);
}

static GPtrArray *
list_rows(OmenDaemon *self)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify) row_free);
    g_autoptr(GPtrArray) streams = omen_streams_list(self->streams);

    for (guint i = 0; i < streams->len; i++) {
        Row *row = g_new0(Row, 1);
        row->stream = g_ptr_array_index(streams, i);
        row->name = omen_stream_get_name(row->stream);
        row->sources = omen_stream_list_status(row->stream);
        g_ptr_array_add(rows, row);
    }
    return rows;
}

static void
add_sources(OmenOpenMetrics *page, GPtrArray *rows)
{
    for (guint which = 0; which < N_OF_SOURCE; which++) {
        omen_open_metrics_family(page, of_source[which].name, of_source[which].type,
                                 of_source[which].help);
        for (guint i = 0; i < rows->len; i++) {
            const Row *row = g_ptr_array_index(rows, i);
            for (guint j = 0; j < row->sources->len; j++) {
                const OmenStreamStatus *status = g_ptr_array_index(row->sources, j);
                const OmenLabel labels[] = {
                    {"stream", row->name}, {"source", status->source}, {NULL, NULL}};
                omen_open_metrics_sample(page, labels, value_of_source(status, which));
            }
        }
    }
}

static OmenDetector *
detector_of(const Row *row)
{
    return omen_stream_get_detector(row->stream);
}

static void
add_engine(OmenOpenMetrics *page, GPtrArray *rows)
{
    OmenHistogram scores;
    OmenHistogram delays;

    omen_open_metrics_family(page, "virt_omen_templates", OMEN_METRIC_TYPE_GAUGE,
                             "Templates of log lines that are told apart.");
    for (guint i = 0; i < rows->len; i++) {
        const Row *row = g_ptr_array_index(rows, i);
        omen_open_metrics_sample(
            page, (const OmenLabel[]){{"stream", row->name}, {NULL, NULL}},
            omen_miner_get_n_clusters(omen_detector_get_miner(detector_of(row))));
    }
    omen_open_metrics_family(page, "virt_omen_normal_subsequences", OMEN_METRIC_TYPE_GAUGE,
                             "Subsequences of templates that are normal here.");
    for (guint i = 0; i < rows->len; i++) {
        const Row *row = g_ptr_array_index(rows, i);
        omen_open_metrics_sample(
            page, (const OmenLabel[]){{"stream", row->name}, {NULL, NULL}},
            omen_profile_get_n_subsequences(omen_detector_get_profile(detector_of(row))));
    }
    omen_score_history_init_histogram(&scores);
    omen_stream_init_delays(&delays);
    for (guint i = 0; i < rows->len; i++) {
        OmenStream *stream = ((Row *) g_ptr_array_index(rows, i))->stream;
        omen_histogram_merge(&scores,
                             omen_score_history_get_histogram(omen_stream_get_scores(stream)));
        omen_histogram_merge(&delays, omen_stream_get_delays(stream));
    }
    histogram(page, "virt_omen_scores", "Scores of all records, 0 to 1; from 0.5 on an omen.",
              &scores);
    histogram(page, "virt_omen_record_delay_seconds",
              "From a record's own time stamp to its score, of records that have one.", &delays);
}

static void
add_judge(OmenDaemon *self, OmenOpenMetrics *page)
{
    const OmenLabel labels[] = {{"judge", omen_judge_get_name(self->judge)}, {NULL, NULL}};

    omen_open_metrics_family(page, "virt_omen_judge_seconds", OMEN_METRIC_TYPE_HISTOGRAM,
                             "How long the judge took; its count is that of the calls.");
    omen_open_metrics_histogram(page, labels, omen_metered_judge_get_latency(self->metered_judge));
}

static void
add_omens(OmenDaemon *self, OmenOpenMetrics *page)
{
    g_autoptr(GPtrArray) omens = omen_registry_list(self->omens);
    guint open[OMEN_N_FAILURE_CLASSES] = {0};
    gint64 now_us = g_get_real_time();

    for (guint i = 0; i < omens->len; i++) {
        Omen *omen = g_ptr_array_index(omens, i);
        if (omen_is_open(omen, now_us))
            open[omen_get_data(omen)->failure_class]++;
    }
    omen_open_metrics_family(page, "virt_omen_open_omens", OMEN_METRIC_TYPE_GAUGE,
                             "Omens that are a threat now, by class of failure.");
    for (guint i = OMEN_FAILURE_BENIGN + 1; i < OMEN_N_FAILURE_CLASSES; i++)
        omen_open_metrics_sample(
            page, (const OmenLabel[]){{"class", omen_failure_class_to_string(i)}, {NULL, NULL}},
            open[i]);
    omen_open_metrics_family(page, "virt_omen_omens", OMEN_METRIC_TYPE_COUNTER,
                             "Omens raised since the daemon began, by class of failure.");
    for (guint i = OMEN_FAILURE_BENIGN + 1; i < OMEN_N_FAILURE_CLASSES; i++)
        omen_open_metrics_sample(
            page, (const OmenLabel[]){{"class", omen_failure_class_to_string(i)}, {NULL, NULL}},
            (double) omen_counters_get_n_omens(self->counters, i));
    omen_open_metrics_family(page, "virt_omen_omen_actions", OMEN_METRIC_TYPE_COUNTER,
                             "Actions on omens: proposed, evacuating, dismissed ...");
    for (guint i = 0; i < OMEN_N_ACTIONS; i++)
        omen_open_metrics_sample(
            page, (const OmenLabel[]){{"action", omen_action_to_string(i)}, {NULL, NULL}},
            (double) omen_counters_get_n_omens_with_action(self->counters, i));
}

/* A share of few ends would be read as more than it is. */
static void
add_ends(OmenDaemon *self, OmenOpenMetrics *page)
{
    g_autoptr(GPtrArray) omens = omen_registry_list(self->omens);
    OmenTrackRecord record = omen_track_record_count(omens);
    double precision = omen_track_record_get_precision(&record);

    omen_open_metrics_family(page, "virt_omen_omen_ends", OMEN_METRIC_TYPE_GAUGE,
                             "Omens that are remembered, by outcome.");
    for (guint i = 0; i < OMEN_N_FATES; i++)
        omen_open_metrics_sample(
            page,
            (const OmenLabel[]){
                {"fate", i == OMEN_FATE_UNKNOWN ? "unknown" : omen_fate_to_string(i)},
                {NULL, NULL}},
            record.n_of_fate[i]);
    if (precision >= 0)
        gauge(page, "virt_omen_precision",
              "Share of omens that were real, of at least ten with a known outcome.", precision);
}

static void
add_evacuations(OmenDaemon *self, OmenOpenMetrics *page)
{
    g_autoptr(GPtrArray) evacuations = omen_evacuator_list(self->evacuator);
    guint now[OMEN_PHASE_CANCELLED + 1] = {0};

    for (guint i = 0; i < evacuations->len; i++)
        now[omen_evacuation_get_data(g_ptr_array_index(evacuations, i))->phase]++;
    omen_open_metrics_family(page, "virt_omen_current_evacuations", OMEN_METRIC_TYPE_GAUGE,
                             "Evacuations that have not ended, by phase.");
    for (guint i = 0; i <= OMEN_PHASE_CANCELLED; i++) {
        if (!omen_phase_is_final(i))
            omen_open_metrics_sample(
                page, (const OmenLabel[]){{"phase", omen_phase_to_string(i)}, {NULL, NULL}},
                now[i]);
    }
    omen_open_metrics_family(page, "virt_omen_evacuations", OMEN_METRIC_TYPE_COUNTER,
                             "Evacuations ended since the daemon began, by how.");
    for (guint i = 0; i <= OMEN_PHASE_CANCELLED; i++) {
        if (omen_phase_is_final(i))
            omen_open_metrics_sample(
                page, (const OmenLabel[]){{"phase", omen_phase_to_string(i)}, {NULL, NULL}},
                (double) omen_counters_get_n_evacuations(self->counters, i));
    }
    histogram(page, "virt_omen_migration_seconds",
              "From the call of libvirt to the verified end, of those that succeeded.",
              omen_counters_get_durations(self->counters));
    histogram(page, "virt_omen_migration_downtime_seconds",
              "Downtime of guests, as libvirt reports it.",
              omen_counters_get_downtimes(self->counters));
}

static void
add_destinations(OmenDaemon *self, OmenOpenMetrics *page)
{
    g_autoptr(GPtrArray) probes = omen_evacuator_list_probes(self->evacuator);

    omen_open_metrics_family(page, "virt_omen_destination_usable", OMEN_METRIC_TYPE_GAUGE,
                             "1: the destination answered, and can take domains.");
    for (guint i = 0; i < probes->len; i++) {
        const OmenDestinationProbe *probe = g_ptr_array_index(probes, i);
        omen_open_metrics_sample(
            page, (const OmenLabel[]){{"destination", probe->destination->name}, {NULL, NULL}},
            probe->reachable && !*probe->reason ? 1 : 0);
    }
    omen_open_metrics_family(page, "virt_omen_destination_free_bytes", OMEN_METRIC_TYPE_GAUGE,
                             "Memory that domains could use there.");
    for (guint i = 0; i < probes->len; i++) {
        const OmenDestinationProbe *probe = g_ptr_array_index(probes, i);
        omen_open_metrics_sample(
            page, (const OmenLabel[]){{"destination", probe->destination->name}, {NULL, NULL}},
            (double) probe->sight.free_bytes);
    }
}

static char *
make_page(gsize *length, gpointer user_data)
{
    OmenDaemon *self = user_data;
    g_autoptr(OmenOpenMetrics) page = omen_open_metrics_new();
    g_autoptr(GPtrArray) rows = list_rows(self);

    add_daemon(self, page);
    add_domains(self, page);
    add_sources(page, rows);
    add_engine(page, rows);
    add_judge(self, page);
    omen_daemon_add_llm_metrics(self, page);
    add_omens(self, page);
    add_ends(self, page);
    add_evacuations(self, page);
    add_destinations(self, page);
    gauge(page, "virt_omen_state_queue_rows", "Rows that wait to be written to state.db.",
          omen_state_db_get_n_waiting(self->state));
    counter(page, "virt_omen_state_dropped_rows",
            "Rows lost because state.db could not be written.",
            (double) omen_state_db_get_n_dropped(self->state));
    counter(page, "virt_omen_failed_notifications", "Notifications that could not be delivered.",
            (double) omen_notifier_get_n_failed(self->notifier));
    return omen_open_metrics_finish(page, length);
}

void
omen_daemon_start_metrics(OmenDaemon *self)
{
    char **addresses = self->configuration->metrics_listen;

    self->counters = omen_counters_new(self->omens, self->evacuator);
    self->metrics = omen_metrics_server_new(make_page, self);
    for (guint i = 0; addresses[i]; i++) {
        g_autoptr(GError) error = NULL;
        if (omen_metrics_server_listen(self->metrics, addresses[i], &error))
            continue;
        g_warning("%s", error->message);
        g_free(self->metrics_problem);
        self->metrics_problem = g_strdup(error->message);
    }
}
