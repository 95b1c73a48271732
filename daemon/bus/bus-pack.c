/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told over the bus, as dictionaries. */
#include "bus/bus-private.h"

#include <virt-omen/text.h>

#define MAX_LINE 1100

GVariant *
omen_bus_pack_streams(GPtrArray *streams)
{
    GVariantBuilder list;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < streams->len; i++) {
        const OmenStreamStatus *stream = g_ptr_array_index(streams, i);
        GVariantBuilder row;
        g_variant_builder_init(&row, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&row, "{sv}", "source", g_variant_new_string(stream->source));
        g_variant_builder_add(&row, "{sv}", "trusted", g_variant_new_boolean(stream->trusted));
        g_variant_builder_add(&row, "{sv}", "records", g_variant_new_uint64(stream->records));
        g_variant_builder_add(&row, "{sv}", "anomalies", g_variant_new_uint64(stream->anomalies));
        g_variant_builder_add(&row, "{sv}", "dropped", g_variant_new_uint64(stream->dropped));
        g_variant_builder_add(&row, "{sv}", "training", g_variant_new_boolean(stream->training));
        g_variant_builder_add(&row, "{sv}", "problem", g_variant_new_string(stream->problem));
        g_variant_builder_add_value(&list, g_variant_builder_end(&row));
    }
    return g_variant_builder_end(&list);
}

GVariant *
omen_bus_pack_training(GPtrArray *streams)
{
    const OmenStreamStatus *first = streams->len > 0 ? g_ptr_array_index(streams, 0) : NULL;
    GVariantBuilder training;

    g_variant_builder_init(&training, G_VARIANT_TYPE("a{st}"));
    g_variant_builder_add(&training, "{st}", "records",
                          first ? (guint64) first->training_records : 0);
    g_variant_builder_add(&training, "{st}", "of", first ? (guint64) first->training_of : 0);
    g_variant_builder_add(&training, "{st}", "day_ends", first ? (guint64) first->day_ends_us : 0);
    return g_variant_builder_end(&training);
}

/* Adds "scores" and "step_s" to a row of the host (@uuid NULL) or of a domain. */
void
omen_bus_add_scores(GVariantBuilder *row,
                    OmenController *controller,
                    const char *uuid,
                    OmenBusScores which)
{
    guint n_scores;
    guint step_s;
    g_autofree double *scores =
        which == OMEN_BUS_SCORES_NONE
            ? NULL
            : omen_controller_list_scores(controller, uuid, which == OMEN_BUS_SCORES_DAY, &n_scores,
                                          &step_s);

    if (!scores)
        return;
    g_variant_builder_add(
        row, "{sv}", "scores",
        g_variant_new_fixed_array(G_VARIANT_TYPE_DOUBLE, scores, n_scores, sizeof(double)));
    g_variant_builder_add(row, "{sv}", "step_s", g_variant_new_uint32(step_s));
}

/* Adds "pressure" to the host's row, where @options ask for it and it is measured. */
void
omen_bus_add_pressure(GVariantBuilder *row, OmenController *controller, GVariant *options)
{
    static const char *const resources[] = {"memory", "cpu", "io"};
    GVariantBuilder pressure;
    gboolean is_wanted = FALSE;
    guint step_s = 0;

    if (!g_variant_lookup(options, "pressure", "b", &is_wanted) || !is_wanted)
        return;
    g_variant_builder_init(&pressure, G_VARIANT_TYPE_VARDICT);
    for (guint i = 0; i < G_N_ELEMENTS(resources); i++) {
        guint n_values;
        g_autofree double *values =
            omen_controller_list_pressure(controller, resources[i], &n_values, &step_s);
        if (!values) {
            g_variant_builder_clear(&pressure);
            return;
        }
        g_variant_builder_add(
            &pressure, "{sv}", resources[i],
            g_variant_new_fixed_array(G_VARIANT_TYPE_DOUBLE, values, n_values, sizeof(double)));
    }
    g_variant_builder_add(&pressure, "{sv}", "step_s", g_variant_new_uint32(step_s));
    g_variant_builder_add(row, "{sv}", "pressure", g_variant_builder_end(&pressure));
}

GVariant *
omen_bus_pack_domains(OmenController *controller, GPtrArray *domains, OmenBusScores scores)
{
    GVariantBuilder list;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < domains->len; i++) {
        const OmenDomainStatus *domain = g_ptr_array_index(domains, i);
        GVariantBuilder row;
        g_variant_builder_init(&row, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&row, "{sv}", "name", g_variant_new_string(domain->name));
        g_variant_builder_add(&row, "{sv}", "uuid", g_variant_new_string(domain->uuid));
        g_variant_builder_add(&row, "{sv}", "state", g_variant_new_string(domain->state));
        g_variant_builder_add(&row, "{sv}", "endangered",
                              g_variant_new_boolean(domain->endangered));
        if (domain->hearing)
            g_variant_builder_add(&row, "{sv}", "hearing", g_variant_new_string(domain->hearing));
        g_variant_builder_add(&row, "{sv}", "streams", omen_bus_pack_streams(domain->streams));
        omen_bus_add_scores(&row, controller, domain->uuid, scores);
        g_variant_builder_add_value(&list, g_variant_builder_end(&row));
    }
    return g_variant_builder_end(&list);
}

void
omen_bus_pack_plan_row(const OmenPlanRow *plan, GVariantBuilder *moves, GVariantBuilder *stays)
{
    gboolean moves_away = *plan->destination != '\0';
    GVariantBuilder row;

    g_variant_builder_init(&row, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&row, "{sv}", "domain", g_variant_new_string(plan->domain_name));
    g_variant_builder_add(&row, "{sv}", "uuid", g_variant_new_string(plan->domain_uuid));
    if (moves_away) {
        g_variant_builder_add(&row, "{sv}", "destination", g_variant_new_string(plan->destination));
        g_variant_builder_add(&row, "{sv}", "technique", g_variant_new_string(plan->technique));
        g_variant_builder_add(&row, "{sv}", "start_s", g_variant_new_double(plan->start_s));
        g_variant_builder_add(&row, "{sv}", "end_s", g_variant_new_double(plan->end_s));
        g_variant_builder_add(&row, "{sv}", "link_mib_s", g_variant_new_double(plan->link_mib_s));
        g_variant_builder_add(&row, "{sv}", "downtime_ms", g_variant_new_uint32(plan->downtime_ms));
    } else {
        g_variant_builder_add(&row, "{sv}", "reason", g_variant_new_string(plan->reason));
    }
    g_variant_builder_add_value(moves_away ? moves : stays, g_variant_builder_end(&row));
}

GVariant *
omen_bus_pack_fleet(GPtrArray *hosts)
{
    GVariantBuilder list;

    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < hosts->len; i++) {
        const OmenFleetHost *host = g_ptr_array_index(hosts, i);
        GVariantBuilder row;
        g_variant_builder_init(&row, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&row, "{sv}", "host", g_variant_new_string(host->name));
        g_variant_builder_add(&row, "{sv}", "health", g_variant_new_string(host->health));
        g_variant_builder_add(&row, "{sv}", "reason", g_variant_new_string(host->reason));
        g_variant_builder_add(&row, "{sv}", "takes", g_variant_new_boolean(host->takes));
        g_variant_builder_add(&row, "{sv}", "maintenance",
                              g_variant_new_boolean(host->maintenance));
        g_variant_builder_add(&row, "{sv}", "mode", g_variant_new_string(host->mode));
        g_variant_builder_add(&row, "{sv}", "version", g_variant_new_string(host->version));
        g_variant_builder_add(&row, "{sv}", "uri", g_variant_new_string(host->uri));
        if (host->uri_refused)
            g_variant_builder_add(&row, "{sv}", "uri_refused",
                                  g_variant_new_string(host->uri_refused));
        g_variant_builder_add(&row, "{sv}", "labels",
                              g_variant_new_strv((const char *const *) host->labels, -1));
        g_variant_builder_add(&row, "{sv}", "running", g_variant_new_uint32(host->running));
        g_variant_builder_add(&row, "{sv}", "free_mib", g_variant_new_uint64(host->free_mib));
        g_variant_builder_add(&row, "{sv}", "reserved_mib",
                              g_variant_new_uint64(host->reserved_mib));
        g_variant_builder_add(&row, "{sv}", "omens", g_variant_new_uint32(host->omens));
        g_variant_builder_add(&row, "{sv}", "seen", g_variant_new_uint64((guint64) host->seen_us));
        g_variant_builder_add(&row, "{sv}", "held_by_brake",
                              g_variant_new_boolean(*host->brake != '\0'));
        g_variant_builder_add(&row, "{sv}", "in_common", g_variant_new_string(host->brake_text));
        if (host->drain && host->drain->state != OMEN_DRAIN_NONE)
            g_variant_builder_add(&row, "{sv}", "drain", omen_bus_pack_drain(host->drain));
        g_variant_builder_add_value(&list, g_variant_builder_end(&row));
    }
    return g_variant_builder_end(&list);
}

static GVariant *
pack_drain_domain(const OmenDrainDomain *domain)
{
    GVariantBuilder row;

    g_variant_builder_init(&row, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&row, "{sv}", "domain", g_variant_new_string(domain->name));
    g_variant_builder_add(&row, "{sv}", "uuid", g_variant_new_string(domain->uuid));
    g_variant_builder_add(&row, "{sv}", "place",
                          g_variant_new_string(omen_drain_place_to_string(domain->place)));
    g_variant_builder_add(&row, "{sv}", "destination", g_variant_new_string(domain->destination));
    g_variant_builder_add(&row, "{sv}", "reason", g_variant_new_string(domain->reason));
    return g_variant_builder_end(&row);
}

GVariant *
omen_bus_pack_drain(const OmenHostDrain *drain)
{
    GVariantBuilder row;
    GVariantBuilder domains;

    g_variant_builder_init(&domains, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < drain->domains->len; i++)
        g_variant_builder_add_value(&domains,
                                    pack_drain_domain(g_ptr_array_index(drain->domains, i)));
    g_variant_builder_init(&row, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&row, "{sv}", "state",
                          g_variant_new_string(omen_drain_state_to_string(drain->state)));
    g_variant_builder_add(&row, "{sv}", "wish", g_variant_new_string(drain->wish));
    g_variant_builder_add(&row, "{sv}", "by", g_variant_new_string(drain->by));
    g_variant_builder_add(&row, "{sv}", "refused_wish", g_variant_new_string(drain->refused_wish));
    g_variant_builder_add(&row, "{sv}", "refused", g_variant_new_string(drain->refused));
    g_variant_builder_add(&row, "{sv}", "reason", g_variant_new_string(drain->reason));
    g_variant_builder_add(&row, "{sv}", "begun", g_variant_new_uint64((guint64) drain->begun_us));
    g_variant_builder_add(&row, "{sv}", "ended", g_variant_new_uint64((guint64) drain->ended_us));
    g_variant_builder_add(&row, "{sv}", "total", g_variant_new_uint32(drain->n_domains));
    g_variant_builder_add(&row, "{sv}", "away", g_variant_new_uint32(drain->n_away));
    g_variant_builder_add(&row, "{sv}", "domains", g_variant_builder_end(&domains));
    return g_variant_builder_end(&row);
}

GVariant *
omen_bus_pack_normal_row(const OmenNormalRow *normal)
{
    GVariantBuilder row;
    GVariantBuilder texts;

    g_variant_builder_init(&texts, G_VARIANT_TYPE("as"));
    for (guint i = 0; normal->texts[i]; i++) {
        g_autofree char *text = omen_text_sanitise(normal->texts[i], -1, MAX_LINE);
        g_variant_builder_add(&texts, "s", text);
    }
    g_variant_builder_init(&row, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&row, "{sv}", "templates",
                          g_variant_new_fixed_array(G_VARIANT_TYPE_UINT32, normal->templates->data,
                                                    normal->templates->len, sizeof(guint32)));
    g_variant_builder_add(&row, "{sv}", "texts", g_variant_builder_end(&texts));
    g_variant_builder_add(&row, "{sv}", "uses", g_variant_new_uint64(normal->uses));
    g_variant_builder_add(&row, "{sv}", "learnt",
                          g_variant_new_uint64((guint64) normal->learnt_us));
    return g_variant_builder_end(&row);
}

static const char *
name_of_word(OmenWord word)
{
    return word == OMEN_WORD_CONFIRMED ? "confirmed" : "dismissed";
}

GVariant *
omen_bus_pack_word_row(const OmenWordRow *word)
{
    GVariantBuilder row;
    g_autofree char *text = omen_text_sanitise(word->text, -1, MAX_LINE);

    g_variant_builder_init(&row, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&row, "{sv}", "template", g_variant_new_uint32(word->word.template_id));
    g_variant_builder_add(&row, "{sv}", "text", g_variant_new_string(text));
    g_variant_builder_add(&row, "{sv}", "word",
                          g_variant_new_string(name_of_word(word->word.word)));
    g_variant_builder_add(&row, "{sv}", "time", g_variant_new_uint64((guint64) word->word.time_us));
    g_variant_builder_add(
        &row, "{sv}", "class",
        g_variant_new_string(omen_failure_class_to_string(word->word.failure_class)));
    return g_variant_builder_end(&row);
}

GVariant *
omen_bus_pack_accepted(const OmenAcceptedValue *value)
{
    GVariantBuilder row;
    g_autofree char *text = omen_text_sanitise(value->line, -1, MAX_LINE);
    g_autofree char *device = omen_text_sanitise(value->device, -1, MAX_LINE);

    g_variant_builder_init(&row, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&row, "{sv}", "number", g_variant_new_uint32(value->number));
    g_variant_builder_add(&row, "{sv}", "device", g_variant_new_string(device));
    g_variant_builder_add(&row, "{sv}", "line", g_variant_new_string(text));
    g_variant_builder_add(&row, "{sv}", "time", g_variant_new_uint64((guint64) value->time_us));
    g_variant_builder_add(&row, "{sv}", "class",
                          g_variant_new_string(omen_failure_class_to_string(value->failure_class)));
    return g_variant_builder_end(&row);
}
