/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/impact.h"

#include "hypervisor/domain-storage.h"
#include "topology/device-names.h"
#include "topology/remote-storage.h"

#include <string.h>

/* Longer than a healthy host needs with a thousand domains; an evacuation waits for it. */
#define DEADLINE_S 10
/* Domains come in bursts. */
#define SETTLE_S 3
/* A path on storage that is dead holds up its thread; libvirt's own threads are not lent for that,
 * and no more searches than these are begun before some have ended. */
#define MAX_THREADS  2
#define MAX_SEARCHES 32
#define MAX_NAMED    4 /* other hosts */

struct _OmenImpact {
    GObject parent_instance;

    OmenRegistry *omens;
    OmenEvacuator *evacuator;
    OmenHypervisor *hypervisor;
    OmenWorkers *workers;
    gint *n_begun; /* atomic, shared with the threads: searches that have not ended there */
    guint again_source;
};

G_DEFINE_FINAL_TYPE(OmenImpact, omen_impact, G_TYPE_OBJECT)

enum {
    SIGNAL_FOUND,
    N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
omen_impact_init(OmenImpact *self)
{
    self->workers = omen_workers_new(MAX_THREADS);
    self->n_begun = g_atomic_rc_box_new0(gint);
}

static void
omen_impact_dispose(GObject *object)
{
    OmenImpact *self = OMEN_IMPACT(object);

    g_clear_handle_id(&self->again_source, g_source_remove);
    g_clear_object(&self->omens);
    g_clear_object(&self->evacuator);
    g_clear_object(&self->hypervisor);
    G_OBJECT_CLASS(omen_impact_parent_class)->dispose(object);
}

static void
omen_impact_finalize(GObject *object)
{
    OmenImpact *self = OMEN_IMPACT(object);

    g_object_unref(self->workers);
    g_atomic_rc_box_release(self->n_begun);
    G_OBJECT_CLASS(omen_impact_parent_class)->finalize(object);
}

static void
omen_impact_class_init(OmenImpactClass *class)
{
    G_OBJECT_CLASS(class)->dispose = omen_impact_dispose;
    G_OBJECT_CLASS(class)->finalize = omen_impact_finalize;
    signals[SIGNAL_FOUND] = g_signal_new("found", OMEN_TYPE_IMPACT, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 1, OMEN_TYPE_OMEN);
}

static gboolean
is_of_device(const OmenData *data)
{
    return data->scope == OMEN_SCOPE_DEVICE && !*data->domain_uuid;
}

/* What QEMU says of a disk of a domain. */
static gboolean
is_of_disk(const OmenData *data)
{
    return data->scope == OMEN_SCOPE_DOMAIN && *data->domain_uuid &&
           data->failure_class == OMEN_FAILURE_QEMU_BLOCK;
}

/* The name by which lines of one device are one omen: the judge's word if the line has it, since a
 * verdict may be remembered from a like line about another device; else the line's own, better a
 * disk's name than a port's or an address. */
static char *
choose_device(const char *judged, const char *line)
{
    g_autofree char *lower = g_ascii_strdown(line, -1);
    g_auto(GStrv) names = omen_device_names_find(line);
    const char *best = *judged && strstr(lower, judged) ? judged : "";

    for (guint i = 0; names[i] && !*best; i++)
        best = strchr(names[i], ':') || g_str_has_prefix(names[i], "ata") ? "" : names[i];
    if (!*best && names[0])
        best = names[0];
    if (g_str_has_prefix(best, "/dev/") && !strchr(best + strlen("/dev/"), '/'))
        best += strlen("/dev/");
    char *plain = omen_device_name_from_word(best);
    return plain ? plain : g_strdup(best);
}

void
omen_impact_prepare(OmenData *detection)
{
    if (!is_of_device(detection) && !is_of_disk(detection))
        return;
    detection->is_reach_sought = TRUE;
    if (is_of_disk(detection))
        return;
    if (detection->records->len > 0) {
        char *device = choose_device(detection->device, g_ptr_array_index(detection->records, 0));
        g_free(detection->device);
        detection->device = device;
    }
}

/* What the omen calls the device: by the judge's word, and by its first line, which may say it
 * better. */
static char **
list_names(const OmenData *data)
{
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    g_auto(GStrv) found =
        omen_device_names_find(data->records->len > 0 ? g_ptr_array_index(data->records, 0) : "");

    if (*data->device && !g_strv_contains((const char *const *) found, data->device))
        g_strv_builder_add(names, data->device);
    g_strv_builder_addv(names, (const char **) found);
    return g_strv_builder_end(names);
}

static gboolean
is_same(const OmenDeviceReach *a, const OmenDeviceReach *b)
{
    if (!a || a->reach != b->reach || a->uses->len != b->uses->len)
        return FALSE;
    for (guint i = 0; i < a->uses->len; i++) {
        const OmenDeviceUse *one = g_ptr_array_index(a->uses, i);
        const OmenDeviceUse *other = g_ptr_array_index(b->uses, i);
        if (!g_str_equal(one->uuid, other->uuid) || !g_str_equal(one->chain, other->chain))
            return FALSE;
    }
    return TRUE;
}

/* A search, which outlives neither the impact nor the omen. */
typedef struct {
    OmenImpact *impact;
    Omen *omen;
} Search;

static void
search_free(Search *self)
{
    g_object_unref(self->impact);
    g_object_unref(self->omen);
    g_free(self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Search, search_free)

/* (transfer full): for an omen of which nothing could be found out. */
static OmenDeviceReach *
make_unknown(const OmenData *data)
{
    OmenDeviceReach *reach;

    if (!*data->domain_uuid)
        return omen_device_reach_new(
            OMEN_REACH_HOST,
            "it could not be determined which domains use the device: all are assumed to");
    reach = omen_device_reach_new(OMEN_REACH_DOMAINS,
                                  "it could not be determined where its disks are stored");
    omen_device_reach_add_use(reach, data->domain_uuid, data->domain_name, reach->note);
    return reach;
}

/* Whoever moves meets the same storage there. */
static void
name_sharers(OmenImpact *self, OmenDeviceReach *reach)
{
    g_autoptr(GPtrArray) probes = omen_evacuator_list_probes(self->evacuator);
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < MIN(probes->len, MAX_NAMED); i++) {
        const OmenDestinationProbe *probe = g_ptr_array_index(probes, i);
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", probe->destination->name);
    }
    if (probes->len > MAX_NAMED)
        g_string_append_printf(names, " and %u more", probes->len - MAX_NAMED);
    g_autofree char *note =
        g_strdup_printf("%s; the storage is shared: %s would be affected too", reach->note,
                        probes->len > 0 ? names->str : "another host");
    g_free(reach->note);
    reach->note = g_steal_pointer(&note);
}

/* What it came to; NULL: it is not known, for that reason. */
static void
conclude(OmenImpact *self, Omen *omen, OmenDeviceReach *found, const char *why)
{
    const OmenData *data = omen_get_data(omen);
    g_autoptr(OmenDeviceReach) reach = found;

    if (!reach) {
        g_message("omen %" G_GUINT64_FORMAT ": it is not known which domains use the device: %s",
                  data->id, why);
        /* What was known before is better than nothing. */
        if (!data->is_reach_sought)
            return;
        reach = make_unknown(data);
    }
    if (reach->is_shared)
        name_sharers(self, reach);
    if (!data->is_reach_sought && is_same(data->device_reach, reach))
        return;
    omen_set_device_reach(omen, reach);
    g_signal_emit(self, signals[SIGNAL_FOUND], 0, omen);
}

static void
on_found(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(Search) search = user_data;
    g_autoptr(GError) error = NULL;
    OmenDeviceReach *reach = omen_workers_run_finish(result, &error);

    if (search->impact->omens)
        conclude(search->impact, search->omen, reach, error ? error->message : NULL);
    else /* disposed */
        g_clear_pointer(&reach, omen_device_reach_free);
}

static const char *
first_line(const OmenData *data)
{
    return data->records->len > 0 ? g_ptr_array_index(data->records, 0) : "";
}

static OmenReachRequest *
make_request(OmenImpact *self, const OmenData *data)
{
    virConnectPtr connection = omen_hypervisor_ref_connection(self->hypervisor);
    g_auto(GStrv) names = NULL;
    OmenDeviceQuestion question = {
        .only_part = data->failure_class == OMEN_FAILURE_FILESYSTEM,
        .of_way = data->failure_class == OMEN_FAILURE_STORAGE_FABRIC,
        .remote = omen_remote_kind_of_line(first_line(data)),
    };

    if (is_of_disk(data))
        return omen_reach_request_new_of_domain(connection, data->domain_uuid, first_line(data));
    names = list_names(data);
    question.names = names;
    return omen_reach_request_new(connection, &question);
}

static void
start_search(OmenImpact *self, Omen *omen)
{
    Search *search;
    OmenReachRequest *request;

    if (g_atomic_int_get(self->n_begun) >= MAX_SEARCHES) {
        conclude(self, omen, NULL, "earlier searches hang: does some storage not answer?");
        return;
    }
    request = make_request(self, omen_get_data(omen));
    omen_reach_request_count(request, self->n_begun);
    search = g_new0(Search, 1);
    search->impact = g_object_ref(self);
    search->omen = g_object_ref(omen);
    omen_workers_run_async(self->workers, self, omen_domain_storage_reach_work, request,
                           omen_reach_request_free, (GDestroyNotify) omen_device_reach_free,
                           DEADLINE_S, on_found, search);
}

void
omen_impact_seek(OmenImpact *self, Omen *omen)
{
    if (omen_get_data(omen)->is_reach_sought)
        start_search(self, omen);
}

void
omen_impact_add_users(OmenImpact *self, const OmenData *omen, GStrvBuilder *builder)
{
    for (guint i = 0; i < omen->device_reach->uses->len; i++) {
        const OmenDeviceUse *use = g_ptr_array_index(omen->device_reach->uses, i);
        const OmenDomainInfo *info = omen_hypervisor_lookup(self->hypervisor, use->uuid);
        if (info && omen_domain_info_is_active(info))
            g_strv_builder_add(builder, use->uuid);
    }
}

static gboolean
on_again(gpointer user_data)
{
    OmenImpact *self = user_data;
    g_autoptr(GPtrArray) omens = omen_registry_list(self->omens);
    gint64 now_us = g_get_real_time();

    self->again_source = 0;
    for (guint i = 0; i < omens->len; i++) {
        Omen *omen = g_ptr_array_index(omens, i);
        const OmenData *data = omen_get_data(omen);
        gboolean is_undone =
            data->action == OMEN_ACTION_RECORDED || data->action == OMEN_ACTION_PROPOSED;
        if (is_of_device(data) && is_undone && !data->is_reach_sought && omen_is_open(omen, now_us))
            start_search(self, omen);
    }
    return G_SOURCE_REMOVE;
}

/* It may use what was nobody's. */
static void
on_domain(OmenHypervisor *hypervisor G_GNUC_UNUSED, const OmenDomainInfo *info, gpointer user_data)
{
    OmenImpact *self = user_data;

    if (omen_domain_info_is_active(info) && self->again_source == 0)
        self->again_source = g_timeout_add_seconds(SETTLE_S, on_again, self);
}

OmenImpact *
omen_impact_new(OmenRegistry *omens, OmenEvacuator *evacuator, OmenHypervisor *hypervisor)
{
    OmenImpact *self = g_object_new(OMEN_TYPE_IMPACT, NULL);

    self->omens = g_object_ref(omens);
    self->evacuator = g_object_ref(evacuator);
    self->hypervisor = g_object_ref(hypervisor);
    g_signal_connect_object(hypervisor, "domain-added", G_CALLBACK(on_domain), self, 0);
    g_signal_connect_object(hypervisor, "domain-changed", G_CALLBACK(on_domain), self, 0);
    return self;
}
