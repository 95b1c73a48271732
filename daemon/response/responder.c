/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response/responder.h"

#include "omen/track-record.h"
#include "response/evacuation-summary.h"
#include "response/impact.h"
#include "response/limiter.h"
#include "response/policy.h"
#include "response/quarantine.h"
#include "response/recovery.h"
#include "response/request.h"

#define REFRESH_S        5
#define CHECK_INTERVAL_S 30
#define OTHERS_ASKED     "asks other hosts whether they have the same cause"
#define DOUBT_LIFETIME_S 300 /* of a quarantine without an omen, should the daemon die */

G_DEFINE_QUARK(omen - responder - error - quark, omen_responder_error)

struct _OmenResponder {
    GObject parent_instance;

    OmenRegistry *omens;
    OmenEvacuator *evacuator;
    OmenHypervisor *hypervisor;
    OmenQuarantine *quarantine;
    OmenImpact *impact;
    OmenMode mode;
    guint omen_lifetime_s;
    gboolean use_quarantine;
    gboolean refuse_starts;
    OmenLimiterSettings limiter;
    gboolean bring_back;
    guint bring_back_after_s;
    OmenRecovery *recovery;
    OmenResponderAsk ask; /* NULL: nobody is asked */
    gpointer ask_data;
    GHashTable *asked; /* guint64: omens whose answer has not come */
    guint refresh_source;
};

G_DEFINE_FINAL_TYPE(OmenResponder, omen_responder, G_TYPE_OBJECT)

static void
omen_responder_init(OmenResponder *self)
{
    self->quarantine = omen_quarantine_new(NULL);
    self->recovery = omen_recovery_new();
    self->asked = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

static void
omen_responder_finalize(GObject *object)
{
    OmenResponder *self = OMEN_RESPONDER(object);

    g_clear_handle_id(&self->refresh_source, g_source_remove);
    g_signal_handlers_disconnect_by_data(self->evacuator, self);
    g_object_run_dispose(G_OBJECT(self->impact));
    g_object_unref(self->impact);
    g_object_unref(self->quarantine);
    g_object_unref(self->recovery);
    g_hash_table_unref(self->asked);
    g_object_unref(self->omens);
    g_object_unref(self->evacuator);
    g_object_unref(self->hypervisor);
    G_OBJECT_CLASS(omen_responder_parent_class)->finalize(object);
}

static void
omen_responder_class_init(OmenResponderClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_responder_finalize;
}

static void
on_evacuation_changed(OmenEvacuation *evacuation, gpointer user_data)
{
    OmenResponder *self = user_data;
    const OmenEvacuationData *data = omen_evacuation_get_data(evacuation);
    Omen *omen = omen_registry_lookup(self->omens, data->omen_id);
    g_auto(OmenEvacuationSummary) summary = {0};

    if (!omen || !omen_phase_is_final(data->phase) ||
        omen_get_data(omen)->action != OMEN_ACTION_EVACUATING)
        return;
    omen_evacuation_summary_count(&summary, self->evacuator, data->omen_id);
    if (summary.final == summary.total)
        omen_evacuation_summary_conclude(&summary, omen);
}

static void
on_evacuation_added(OmenEvacuator *evacuator G_GNUC_UNUSED,
                    OmenEvacuation *evacuation,
                    gpointer user_data)
{
    g_signal_connect_object(evacuation, "changed", G_CALLBACK(on_evacuation_changed), user_data, 0);
}

static void reconsider(OmenResponder *self);
static void on_reach_found(OmenImpact *impact, Omen *found, gpointer user_data);
static void on_merged(OmenRegistry *omens, Omen *older, Omen *part, gpointer user_data);

/* A host that has been well for long enough gets back what left it. */
static void
bring_back(OmenResponder *self)
{
    gboolean is_wanted = self->bring_back && self->mode == OMEN_MODE_ENFORCE;
    g_auto(GStrv) away = NULL;

    if (!omen_recovery_is_over(self->recovery, is_wanted ? self->bring_back_after_s : 0))
        return;
    omen_recovery_end(self->recovery);
    if (!is_wanted)
        return;
    away = omen_evacuator_list_away(self->evacuator, TRUE);
    for (guint i = 0; away[i]; i++) {
        g_autoptr(GError) error = NULL;
        if (!omen_evacuator_bring_back(self->evacuator, away[i], &error))
            g_message("a domain does not come back: %s", error->message);
    }
}

static gboolean
on_refresh(gpointer user_data)
{
    reconsider(user_data);
    omen_responder_refresh(user_data);
    bring_back(user_data);
    return G_SOURCE_CONTINUE;
}

OmenResponder *
omen_responder_new(OmenRegistry *omens, OmenEvacuator *evacuator, OmenHypervisor *hypervisor)
{
    OmenResponder *self = g_object_new(OMEN_TYPE_RESPONDER, NULL);

    self->omens = g_object_ref(omens);
    self->evacuator = g_object_ref(evacuator);
    self->hypervisor = g_object_ref(hypervisor);
    self->impact = omen_impact_new(omens, evacuator, hypervisor);
    g_signal_connect_object(self->impact, "found", G_CALLBACK(on_reach_found), self, 0);
    g_signal_connect_object(omens, "merged", G_CALLBACK(on_merged), self, 0);
    g_signal_connect(evacuator, "added", G_CALLBACK(on_evacuation_added), self);
    self->refresh_source = g_timeout_add_seconds(REFRESH_S, on_refresh, self);
    return self;
}

void
omen_responder_configure(OmenResponder *self, const OmenConfiguration *configuration)
{
    self->omen_lifetime_s = configuration->omen_lifetime_s;
    self->use_quarantine = configuration->quarantine;
    self->refuse_starts = configuration->quarantine_starts;
    self->limiter = configuration->limiter;
    self->bring_back = configuration->bring_back;
    self->bring_back_after_s = configuration->bring_back_after_s;
    omen_recovery_configure(self->recovery, configuration->state_dir, CHECK_INTERVAL_S);
    omen_responder_set_mode(self, configuration->mode);
}

void
omen_responder_set_mode(OmenResponder *self, OmenMode mode)
{
    self->mode = mode;
    omen_responder_refresh(self);
}

OmenMode
omen_responder_get_mode(OmenResponder *self)
{
    return self->mode;
}

/* The domains that an omen endangers, as UUIDs. */
static char **
list_endangered(OmenResponder *self, const OmenData *omen, OmenEndangers endangers)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    if (endangers == OMEN_ENDANGERS_DOMAIN)
        g_strv_builder_add(builder, omen->domain_uuid);
    else if (endangers == OMEN_ENDANGERS_USERS)
        omen_impact_add_users(self->impact, omen, builder);
    else if (endangers == OMEN_ENDANGERS_HOST)
        return omen_hypervisor_list_active_uuids(self->hypervisor);
    return g_strv_builder_end(builder);
}

OmenEvacuationRequest
omen_responder_describe_request(OmenResponder *self, guint64 omen_id)
{
    return omen_request_describe(self->omens, omen_id);
}

static void
evacuate(OmenResponder *self, Omen *omen, OmenEndangers endangers)
{
    const OmenData *data = omen_get_data(omen);
    g_auto(GStrv) uuids = list_endangered(self, data, endangers);
    OmenEvacuationRequest request = omen_request_of_omen(self->omens, data);
    guint started = 0;
    guint busy = 0;

    omen_set_action(omen, OMEN_ACTION_EVACUATING);
    for (guint i = 0; uuids[i]; i++) {
        g_autoptr(GError) error = NULL;
        if (omen_evacuator_enqueue(self->evacuator, uuids[i], &request, &error))
            started++;
        else if (g_error_matches(error, OMEN_EVACUATOR_ERROR, OMEN_EVACUATOR_ERROR_BUSY))
            busy++;
        else
            g_message("omen %" G_GUINT64_FORMAT ": %s", data->id, error->message);
    }
    if (started == 0)
        omen_evacuation_summary_conclude_empty(self->evacuator, omen, busy > 0);
}

/* What is on its way already stays so meanwhile. */
static void
ask_others(OmenResponder *self, Omen *omen)
{
    guint64 id = omen_get_data(omen)->id;

    g_hash_table_add(self->asked, g_memdup2(&id, sizeof id));
    self->ask(id, self->ask_data);
    if (!g_hash_table_contains(self->asked, &id) ||
        !omen_policy_is_unanswered(omen_get_data(omen), FALSE))
        return;
    omen_set_hold(omen, OMEN_HOLD_WAITING);
    omen_set_outcome(omen, OTHERS_ASKED);
    omen_set_action(omen, OMEN_ACTION_PROPOSED);
}

/* The policy would act: is this the moment? What is under way goes on. */
static void
act_within_limits(OmenResponder *self, Omen *omen, OmenEndangers endangers, gboolean is_agreed)
{
    const OmenData *data = omen_get_data(omen);
    OmenLimiterFacts facts;
    const char *explanation;
    OmenHold hold;

    if (g_hash_table_contains(self->asked, &data->id))
        return;
    facts = omen_limiter_gather(data, self->omens, self->evacuator, self->hypervisor,
                                g_get_real_time());
    hold = omen_limiter_weigh(&self->limiter, &facts, &explanation);
    if (hold != OMEN_HOLD_NONE && data->action == OMEN_ACTION_EVACUATING)
        return;
    if (hold == OMEN_HOLD_NONE && self->ask && !is_agreed) {
        ask_others(self, omen);
        return;
    }
    omen_set_hold(omen, hold);
    omen_set_outcome(omen, explanation);
    if (hold == OMEN_HOLD_NONE)
        evacuate(self, omen, endangers);
    else
        omen_set_action(omen, OMEN_ACTION_PROPOSED);
}

/* What mode enforce would have done is kept with the omen: by it an operator judges whether to
 * trust that mode. */
static void
note_shadow(OmenResponder *self, Omen *omen)
{
    const OmenData *data = omen_get_data(omen);
    OmenPolicyDecision decision = omen_policy_decide(OMEN_MODE_ENFORCE, data);
    g_auto(GStrv) uuids = list_endangered(self, data, decision.endangers);

    if (decision.action == OMEN_ACTION_EVACUATING)
        omen_evacuation_summary_note_shadow(self->hypervisor, uuids, omen);
}

/* By an operator's leave, or because something independent says the same. */
static gboolean
is_backed(OmenResponder *self, const OmenData *data)
{
    OmenLimiterFacts facts = omen_limiter_gather(data, self->omens, self->evacuator,
                                                 self->hypervisor, g_get_real_time());

    return self->limiter.act_on_unknown || facts.n_independent > 0;
}

/* @is_agreed: whoever is to be asked has agreed. */
static void
respond(OmenResponder *self, Omen *omen, gboolean is_agreed)
{
    const OmenData *data = omen_get_data(omen);
    OmenPolicyDecision decision = omen_policy_decide(self->mode, data);

    if (decision.action == OMEN_ACTION_EVACUATING ||
        (decision.needs_backing && is_backed(self, data))) {
        act_within_limits(self, omen, decision.endangers, is_agreed);
        return;
    }
    if (decision.needs_backing)
        omen_set_hold(omen, OMEN_HOLD_WAITING);
    omen_set_outcome(omen, decision.explanation);
    if (self->mode == OMEN_MODE_OBSERVE)
        note_shadow(self, omen);
    omen_set_action(omen, decision.action);
}

void
omen_responder_set_ask(OmenResponder *self, OmenResponderAsk ask, gpointer user_data)
{
    self->ask = ask;
    self->ask_data = user_data;
    g_hash_table_remove_all(self->asked);
}

void
omen_responder_answer(OmenResponder *self, guint64 omen_id, const char *against)
{
    Omen *omen = omen_registry_lookup(self->omens, omen_id);

    if (!g_hash_table_remove(self->asked, &omen_id) || !omen ||
        !omen_is_open(omen, g_get_real_time()) || self->mode != OMEN_MODE_ENFORCE)
        return;
    if (!against) {
        respond(self, omen, TRUE);
        return;
    }
    /* Its domains are on their way, by an operator's leave: they are not called back. */
    if (!omen_policy_is_unanswered(omen_get_data(omen), FALSE))
        return;
    omen_set_outcome(omen, against);
    omen_set_hold(omen, OMEN_HOLD_ASKING);
    omen_set_action(omen, OMEN_ACTION_PROPOSED);
}

/* Those that waited: may be that they last, or that another one backs them. */
static void
reconsider(OmenResponder *self)
{
    g_autoptr(GPtrArray) list = omen_registry_list(self->omens);
    gint64 now_us = g_get_real_time();

    for (guint i = 0; i < list->len; i++) {
        Omen *omen = g_ptr_array_index(list, i);
        if (omen_get_data(omen)->hold != OMEN_HOLD_WAITING)
            continue;
        if (omen_is_open(omen, now_us) && self->mode == OMEN_MODE_ENFORCE &&
            omen_get_data(omen)->action == OMEN_ACTION_PROPOSED)
            respond(self, omen, FALSE);
        else
            omen_set_hold(omen, OMEN_HOLD_NONE);
    }
}

void
omen_responder_take_detection(OmenResponder *self, OmenData *detection)
{
    g_autoptr(GPtrArray) omens = NULL;
    OmenRaise what;
    Omen *omen;

    omens = omen_registry_list(self->omens);
    detection->expires_us = detection->time_us + (gint64) self->omen_lifetime_s * G_USEC_PER_SEC;
    detection->urgency_s = omen_track_record_estimate_urgency_s(omens, detection);
    omen_impact_prepare(detection);
    omen = omen_registry_raise(self->omens, detection, &what);

    if (what == OMEN_RAISE_JOINED) {
        /* What was noted may be more by now. */
        if (omen_get_data(omen)->action == OMEN_ACTION_RECORDED &&
            !omen_data_is_noted(omen_get_data(omen)))
            respond(self, omen, FALSE);
        reconsider(self);
        omen_responder_refresh(self);
        return;
    }
    /* A device's waits until it is known whom it concerns. */
    if (omen_policy_is_unanswered(omen_get_data(omen), what == OMEN_RAISE_CHANGED))
        respond(self, omen, FALSE);
    omen_impact_seek(self->impact, omen);
    reconsider(self);
    omen_responder_refresh(self);
}

static void
on_reach_found(OmenImpact *impact G_GNUC_UNUSED, Omen *found, gpointer user_data)
{
    OmenResponder *self = user_data;
    gint64 now_us = g_get_real_time();
    gboolean is_other = FALSE;
    Omen *omen;

    /* An operator may have spoken meanwhile. */
    if (omen_is_open(found, now_us)) {
        omen = omen_registry_merge_event(self->omens, found, now_us, &is_other);
        if (omen_policy_is_unanswered(omen_get_data(omen), is_other))
            respond(self, omen, FALSE);
    }
    omen_responder_refresh(self);
}

/* What is being done about the part goes on as the older one's. */
static void
on_merged(OmenRegistry *omens G_GNUC_UNUSED, Omen *older, Omen *part, gpointer user_data)
{
    OmenResponder *self = user_data;
    const OmenData *data = omen_get_data(part);

    omen_evacuator_reassign(self->evacuator, data->id, omen_get_data(older)->id);
    if (data->action != OMEN_ACTION_EVACUATING && data->action != OMEN_ACTION_FINISHED)
        return;
    omen_set_outcome(older, data->outcome);
    omen_set_action(older, data->action);
}

void
omen_responder_take_up(OmenResponder *self)
{
    g_autoptr(GPtrArray) list = omen_registry_list(self->omens);

    for (guint i = 0; i < list->len; i++) {
        Omen *omen = g_ptr_array_index(list, i);
        if (omen_get_data(omen)->action == OMEN_ACTION_EVACUATING)
            omen_evacuation_summary_take_up(self->evacuator, omen);
    }
}

static Omen *
lookup(OmenResponder *self, guint64 omen_id, GError **error)
{
    Omen *omen = omen_registry_lookup(self->omens, omen_id);

    if (!omen)
        g_set_error(error, OMEN_RESPONDER_ERROR, OMEN_RESPONDER_ERROR_NOT_FOUND,
                    "there is no omen %" G_GUINT64_FORMAT "; virt-omen omens lists them", omen_id);
    return omen;
}

gboolean
omen_responder_approve(OmenResponder *self, guint64 omen_id, GError **error)
{
    Omen *omen = lookup(self, omen_id, error);

    if (!omen)
        return FALSE;
    const OmenData *data = omen_get_data(omen);
    if (data->action != OMEN_ACTION_PROPOSED) {
        g_set_error(error, OMEN_RESPONDER_ERROR, OMEN_RESPONDER_ERROR_INVALID,
                    "omen %" G_GUINT64_FORMAT " proposes nothing: it is %s", omen_id,
                    omen_action_to_string(data->action));
        return FALSE;
    }
    if (!omen_hypervisor_is_connected(self->hypervisor)) {
        g_set_error(error, OMEN_RESPONDER_ERROR, OMEN_RESPONDER_ERROR_DISCONNECTED, "%s",
                    omen_hypervisor_get_problem(self->hypervisor));
        return FALSE;
    }
    g_hash_table_remove(self->asked, &omen_id);
    omen_set_outcome(omen, "");
    evacuate(self, omen, omen_policy_decide(OMEN_MODE_ENFORCE, data).endangers);
    return TRUE;
}

static gboolean
close_omen(
    OmenResponder *self, guint64 omen_id, OmenAction action, const char *outcome, GError **error)
{
    Omen *omen = lookup(self, omen_id, error);

    if (!omen)
        return FALSE;
    g_hash_table_remove(self->asked, &omen_id);
    omen_set_outcome(omen, outcome);
    omen_set_action(omen, action);
    omen_responder_refresh(self);
    omen_recovery_vouch(self->recovery);
    omen_responder_refresh(self);
    return TRUE;
}

gboolean
omen_responder_dismiss(OmenResponder *self, guint64 omen_id, GError **error)
{
    if (!close_omen(self, omen_id, OMEN_ACTION_DISMISSED, "dismissed by an operator", error))
        return FALSE;
    omen_evacuation_summary_cancel_queued(self->evacuator, omen_id);
    omen_set_fate(omen_registry_lookup(self->omens, omen_id), OMEN_FATE_DISMISSED,
                  g_get_real_time());
    return TRUE;
}

gboolean
omen_responder_confirm(OmenResponder *self, guint64 omen_id, GError **error)
{
    Omen *omen = lookup(self, omen_id, error);

    if (!omen)
        return FALSE;
    omen_set_fate(omen, OMEN_FATE_CONFIRMED, g_get_real_time());
    /* It was taken for a false alarm before: that is over, and nothing moves by hindsight. */
    if (omen_get_data(omen)->action == OMEN_ACTION_DISMISSED) {
        omen_set_outcome(omen, "confirmed by an operator");
        omen_set_action(omen, OMEN_ACTION_CLEARED);
    }
    return TRUE;
}

gboolean
omen_responder_clear(OmenResponder *self, guint64 omen_id, const char *outcome, GError **error)
{
    return close_omen(self, omen_id, OMEN_ACTION_CLEARED, outcome, error);
}

gboolean
omen_responder_is_host_endangered(OmenResponder *self)
{
    return omen_registry_get_host_danger(self->omens, g_get_real_time()) != NULL;
}

const char *
omen_responder_get_doubt(OmenResponder *self)
{
    return omen_recovery_get_doubt(self->recovery);
}

void
omen_responder_refresh(OmenResponder *self)
{
    gint64 now_us = g_get_real_time();
    Omen *danger;
    const char *doubt;

    omen_registry_expire(self->omens, now_us);
    danger = omen_registry_get_host_danger(self->omens, now_us);
    omen_recovery_note(self->recovery, danger != NULL);
    if (danger)
        omen_evacuator_cancel_returns(self->evacuator);
    doubt = omen_recovery_get_doubt(self->recovery);
    if ((!danger && !doubt) || self->mode == OMEN_MODE_OBSERVE || !self->use_quarantine) {
        omen_quarantine_withdraw(self->quarantine);
        return;
    }
    if (!danger) {
        omen_quarantine_publish(self->quarantine, doubt, DOUBT_LIFETIME_S, self->refuse_starts);
        return;
    }
    const OmenData *data = omen_get_data(danger);
    g_autofree char *reason =
        g_strdup_printf("omen %" G_GUINT64_FORMAT ": %s", data->id, data->reason);
    gint64 left_s = (data->expires_us - now_us) / G_USEC_PER_SEC + 1;
    omen_quarantine_publish(self->quarantine, reason, (guint) left_s, self->refuse_starts);
}
