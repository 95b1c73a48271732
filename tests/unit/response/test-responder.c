/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a restarted daemon makes of omens and evacuations of its earlier life, while libvirt is not
 * there yet; and how others are asked before it acts. */
#include "response/evacuation-summary.h"
#include "response/responder.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    OmenRegistry *omens;
    OmenHypervisor *hypervisor;
    OmenEvacuator *evacuator;
    OmenResponder *responder;
} Fixture;

static void
keep_nothing(const OmenEvacuationData *data G_GNUC_UNUSED,
             GAsyncReadyCallback callback,
             gpointer callback_data,
             gpointer user_data G_GNUC_UNUSED)
{
    callback(NULL, NULL, callback_data);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    const OmenEvacuatorLimits limits = {.concurrency = 1};

    fixture->omens = omen_registry_new(10);
    fixture->hypervisor =
        omen_hypervisor_new(data ? "test:///default" : "test:///there/is/none.xml", FALSE);
    fixture->evacuator = omen_evacuator_new(fixture->hypervisor, keep_nothing, NULL);
    omen_evacuator_configure(fixture->evacuator, none, &limits);
    fixture->responder =
        omen_responder_new(fixture->omens, fixture->evacuator, fixture->hypervisor);
    if (data)
        omen_hypervisor_start(fixture->hypervisor);
}

static void
tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_object_unref(fixture->responder);
    g_object_run_dispose(G_OBJECT(fixture->evacuator));
    g_object_unref(fixture->evacuator);
    g_object_unref(fixture->hypervisor);
    g_object_unref(fixture->omens);
}

static void
set_text(char **field, const char *text)
{
    g_free(*field);
    *field = g_strdup(text);
}

static Omen *
restore_omen(Fixture *fixture, guint64 id, OmenAction action, const char *outcome)
{
    OmenData *data = omen_data_new();

    data->is_proven = TRUE;
    data->id = id;
    data->time_us = data->last_us = g_get_real_time();
    data->expires_us = data->time_us + (gint64) 3600 * G_USEC_PER_SEC;
    set_text(&data->stream, "host");
    set_text(&data->outcome, outcome);
    data->scope = OMEN_SCOPE_HOST;
    data->failure_class = OMEN_FAILURE_OOM;
    data->probability = 0.99;
    data->migration_helps = TRUE;
    data->action = action;
    omen_registry_restore(fixture->omens, data);
    return omen_registry_lookup(fixture->omens, id);
}

static void
restore_evacuation(Fixture *fixture, guint64 id, guint64 omen_id, OmenPhase phase)
{
    OmenEvacuationData *data = omen_evacuation_data_new();
    OmenEvacuationRequest request = omen_responder_describe_request(fixture->responder, omen_id);

    data->id = id;
    data->omen_id = omen_id;
    data->phase = phase;
    set_text(&data->domain_name, "g1");
    set_text(&data->error, phase == OMEN_PHASE_FAILED ? "no room" : "");
    omen_evacuator_restore(fixture->evacuator, data, &request);
}

static const OmenData *
data_of(Fixture *fixture, guint64 id)
{
    return omen_get_data(omen_registry_lookup(fixture->omens, id));
}

static void
test_interrupted(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    restore_omen(fixture, 1, OMEN_ACTION_EVACUATING, "");
    restore_omen(fixture, 2, OMEN_ACTION_EVACUATING, "");
    restore_omen(fixture, 3, OMEN_ACTION_EVACUATING, "");
    restore_evacuation(fixture, 1, 2, OMEN_PHASE_SUCCEEDED);
    restore_evacuation(fixture, 2, 2, OMEN_PHASE_FAILED);
    restore_evacuation(fixture, 3, 3, OMEN_PHASE_QUEUED);
    omen_responder_take_up(fixture->responder);
    /* Nothing was begun; all had ended; one goes on. */
    g_assert_cmpint(data_of(fixture, 1)->action, ==, OMEN_ACTION_PROPOSED);
    g_assert_nonnull(strstr(data_of(fixture, 1)->outcome, "restarted"));
    g_assert_cmpint(data_of(fixture, 2)->action, ==, OMEN_ACTION_FINISHED);
    g_assert_cmpstr(data_of(fixture, 2)->outcome, ==, "1 of 2 domains moved away; g1: no room");
    g_assert_cmpint(data_of(fixture, 3)->action, ==, OMEN_ACTION_EVACUATING);
}

/* An omen that is told anew while its domains move goes on; where others move them, or nobody, it
 * is finished. */
static void
test_nothing_queued(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Omen *moving = restore_omen(fixture, 1, OMEN_ACTION_EVACUATING, "");
    Omen *moved = restore_omen(fixture, 2, OMEN_ACTION_EVACUATING, "");

    restore_evacuation(fixture, 1, 1, OMEN_PHASE_QUEUED);
    restore_evacuation(fixture, 2, 1, OMEN_PHASE_SUCCEEDED);
    restore_evacuation(fixture, 3, 2, OMEN_PHASE_SUCCEEDED);
    omen_evacuation_summary_conclude_empty(fixture->evacuator, moving, TRUE);
    g_assert_cmpint(data_of(fixture, 1)->action, ==, OMEN_ACTION_EVACUATING);
    g_assert_cmpstr(data_of(fixture, 1)->outcome, ==, "");
    omen_evacuation_summary_conclude_empty(fixture->evacuator, moved, TRUE);
    g_assert_cmpint(data_of(fixture, 2)->action, ==, OMEN_ACTION_FINISHED);
    g_assert_cmpstr(data_of(fixture, 2)->outcome, ==, "the domains are being evacuated already");
}

/* Its deadline is the omen's; one that is forgotten endangers all the same. */
static void
test_request(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    OmenEvacuationRequest request;

    restore_omen(fixture, 1, OMEN_ACTION_EVACUATING, "");
    request = omen_responder_describe_request(fixture->responder, 1);
    g_assert_cmpint(request.deadline_us, ==,
                    data_of(fixture, 1)->time_us + (gint64) 263 * G_USEC_PER_SEC);
    g_assert_true(request.host_may_die);
    g_assert_true(request.memory_is_short);
    request = omen_responder_describe_request(fixture->responder, 99);
    g_assert_true(request.host_may_die);
    g_assert_false(request.memory_is_short);
}

static void
test_dismissed(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GPtrArray) list = NULL;
    g_autoptr(GError) error = NULL;

    restore_omen(fixture, 1, OMEN_ACTION_EVACUATING, "");
    restore_evacuation(fixture, 1, 1, OMEN_PHASE_QUEUED);
    restore_evacuation(fixture, 2, 0, OMEN_PHASE_QUEUED);
    g_assert_true(omen_responder_dismiss(fixture->responder, 1, &error));
    g_assert_no_error(error);
    list = omen_evacuator_list(fixture->evacuator);
    g_assert_cmpint(omen_evacuation_get_data(g_ptr_array_index(list, 0))->phase, ==,
                    OMEN_PHASE_CANCELLED);
    g_assert_cmpint(omen_evacuation_get_data(g_ptr_array_index(list, 1))->phase, ==,
                    OMEN_PHASE_QUEUED);
    g_assert_cmpint(data_of(fixture, 1)->action, ==, OMEN_ACTION_DISMISSED);
}

/* A guest that waits to come back does not, once the host is endangered. */
static void
test_return(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    OmenEvacuationData *back = omen_evacuation_data_new();
    const OmenEvacuationRequest wish = {.omen_id = 0};
    g_autoptr(GPtrArray) list = NULL;

    back->id = 1;
    set_text(&back->source_uri, "test:///there/is/none.xml");
    omen_evacuator_restore(fixture->evacuator, back, &wish);
    list = omen_evacuator_list(fixture->evacuator);
    omen_responder_refresh(fixture->responder);
    g_assert_cmpint(omen_evacuation_get_data(g_ptr_array_index(list, 0))->phase, ==,
                    OMEN_PHASE_QUEUED);
    restore_omen(fixture, 1, OMEN_ACTION_PROPOSED, "");
    omen_responder_refresh(fixture->responder);
    g_assert_cmpint(omen_evacuation_get_data(g_ptr_array_index(list, 0))->phase, ==,
                    OMEN_PHASE_CANCELLED);
}

/* What waited goes on to wait, whatever its outcome says; what does not, does not. */
static void
test_waiting(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Omen *waits = restore_omen(fixture, 1, OMEN_ACTION_PROPOSED, "in other words than today's");
    Omen *asks = restore_omen(fixture, 2, OMEN_ACTION_PROPOSED, "an operator is asked");
    OmenData *detection = omen_data_new();

    omen_set_hold(waits, OMEN_HOLD_WAITING);
    omen_set_hold(asks, OMEN_HOLD_ASKING);
    omen_responder_take_up(fixture->responder);
    omen_responder_set_mode(fixture->responder, OMEN_MODE_ENFORCE);
    detection->time_us = detection->last_us = g_get_real_time();
    detection->scope = OMEN_SCOPE_GUEST;
    omen_responder_take_detection(fixture->responder, detection);
    g_assert_cmpint(data_of(fixture, 1)->hold, ==, OMEN_HOLD_WAITING);
    g_assert_nonnull(strstr(data_of(fixture, 1)->outcome, "libvirt does not answer"));
    g_assert_cmpstr(data_of(fixture, 2)->outcome, ==, "an operator is asked");
    /* In another mode nothing is waited for. */
    omen_responder_set_mode(fixture->responder, OMEN_MODE_ADVISE);
    detection = omen_data_new();
    detection->time_us = detection->last_us = g_get_real_time();
    detection->scope = OMEN_SCOPE_GUEST;
    omen_responder_take_detection(fixture->responder, detection);
    g_assert_cmpint(data_of(fixture, 1)->hold, ==, OMEN_HOLD_NONE);
}

/* ---- others are asked ---- */

typedef struct {
    OmenResponder *responder;
    guint64 last; /* omen asked for */
    guint n;
    gboolean answers_at_once;
    const char *against;
} Others;

static void
on_ask(guint64 omen_id, gpointer user_data)
{
    Others *others = user_data;

    others->last = omen_id;
    others->n++;
    if (others->answers_at_once)
        omen_responder_answer(others->responder, omen_id, others->against);
}

static OmenData *
make_certain(void)
{
    OmenData *detection = omen_data_new();

    detection->time_us = detection->last_us = g_get_real_time();
    set_text(&detection->stream, "host");
    detection->scope = OMEN_SCOPE_HOST;
    detection->failure_class = OMEN_FAILURE_MCE;
    detection->probability = 0.99;
    detection->migration_helps = TRUE;
    detection->is_proven = TRUE;
    return detection;
}

static void
connect_to(Fixture *fixture)
{
    while (!omen_hypervisor_is_connected(fixture->hypervisor))
        g_main_context_iteration(NULL, TRUE);
}

static void
test_asked(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenConfiguration) configuration = omen_configuration_new();
    Others others = {.responder = fixture->responder};

    connect_to(fixture);
    configuration->mode = OMEN_MODE_ENFORCE;
    omen_responder_configure(fixture->responder, configuration);
    omen_responder_set_ask(fixture->responder, on_ask, &others);
    omen_responder_take_detection(fixture->responder, make_certain());
    g_assert_cmpuint(others.n, ==, 1);
    g_assert_cmpuint(others.last, ==, 1);
    g_assert_cmpint(data_of(fixture, 1)->action, ==, OMEN_ACTION_PROPOSED);
    g_assert_cmpint(data_of(fixture, 1)->hold, ==, OMEN_HOLD_WAITING);
    /* Another of its signs asks no second time. */
    omen_responder_take_detection(fixture->responder, make_certain());
    g_assert_cmpuint(others.n, ==, 1);
    omen_responder_answer(fixture->responder, 1, "three have it");
    g_assert_cmpint(data_of(fixture, 1)->hold, ==, OMEN_HOLD_ASKING);
    g_assert_cmpint(data_of(fixture, 1)->action, ==, OMEN_ACTION_PROPOSED);
    g_assert_cmpstr(data_of(fixture, 1)->outcome, ==, "three have it");
    /* It stays a proposal, whatever comes of it later, until an operator approves it. */
    omen_responder_answer(fixture->responder, 1, NULL);
    omen_responder_take_detection(fixture->responder, make_certain());
    g_assert_cmpuint(others.n, ==, 1);
    g_assert_cmpint(data_of(fixture, 1)->action, ==, OMEN_ACTION_PROPOSED);
    g_assert_true(omen_responder_approve(fixture->responder, 1, NULL));
    g_assert_cmpint(data_of(fixture, 1)->action, !=, OMEN_ACTION_PROPOSED);
}

static void
test_agreed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(OmenConfiguration) configuration = omen_configuration_new();
    Others others = {.responder = fixture->responder,
                     .answers_at_once = g_str_equal(data, "at once")};

    connect_to(fixture);
    configuration->mode = OMEN_MODE_ENFORCE;
    omen_responder_configure(fixture->responder, configuration);
    omen_responder_set_ask(fixture->responder, on_ask, &others);
    omen_responder_take_detection(fixture->responder, make_certain());
    if (!others.answers_at_once)
        omen_responder_answer(fixture->responder, 1, NULL);
    g_assert_cmpuint(others.n, ==, 1);
    g_assert_cmpint(data_of(fixture, 1)->hold, ==, OMEN_HOLD_NONE);
    g_assert_cmpint(data_of(fixture, 1)->action, !=, OMEN_ACTION_PROPOSED);
}

/* An operator was quicker than the others. */
static void
test_overtaken(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenConfiguration) configuration = omen_configuration_new();
    Others others = {.responder = fixture->responder};

    connect_to(fixture);
    configuration->mode = OMEN_MODE_ENFORCE;
    omen_responder_configure(fixture->responder, configuration);
    omen_responder_set_ask(fixture->responder, on_ask, &others);
    omen_responder_take_detection(fixture->responder, make_certain());
    g_assert_true(omen_responder_dismiss(fixture->responder, 1, NULL));
    omen_responder_answer(fixture->responder, 1, NULL);
    g_assert_cmpint(data_of(fixture, 1)->action, ==, OMEN_ACTION_DISMISSED);
}

/* An operator has approved, and another sign joins: what is under way stays so, whatever the others
 * say by now. */
static void
test_approved(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenConfiguration) configuration = omen_configuration_new();
    Others others = {.responder = fixture->responder};
    OmenData *effect = make_certain();
    OmenData *cause = make_certain();
    Omen *omen;

    connect_to(fixture);
    configuration->mode = OMEN_MODE_ENFORCE;
    omen_responder_configure(fixture->responder, configuration);
    omen_responder_set_ask(fixture->responder, on_ask, &others);
    effect->failure_class = OMEN_FAILURE_CPU_LOCKUP;
    omen_responder_take_detection(fixture->responder, effect);
    omen_responder_answer(fixture->responder, 1, "three have it");
    g_assert_true(omen_responder_approve(fixture->responder, 1, NULL));
    omen = omen_registry_lookup(fixture->omens, 1);
    omen_set_action(omen, OMEN_ACTION_EVACUATING);
    cause->failure_class = OMEN_FAILURE_OOM;
    omen_responder_take_detection(fixture->responder, cause);
    g_assert_cmpuint(others.n, ==, 2);
    g_assert_cmpuint(others.last, ==, 1);
    omen_responder_answer(fixture->responder, 1, "four have it");
    g_assert_cmpint(data_of(fixture, 1)->action, ==, OMEN_ACTION_EVACUATING);
    g_assert_cmpstr(data_of(fixture, 1)->outcome, !=, "four have it");
}

/* The same where this host's own limits speak against more: libvirt does not answer here. */
static void
test_limited(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(OmenConfiguration) configuration = omen_configuration_new();
    OmenData *effect = make_certain();
    OmenData *cause = make_certain();

    configuration->mode = OMEN_MODE_ENFORCE;
    omen_responder_configure(fixture->responder, configuration);
    effect->failure_class = OMEN_FAILURE_CPU_LOCKUP;
    omen_responder_take_detection(fixture->responder, effect);
    g_assert_cmpint(data_of(fixture, 1)->action, ==, OMEN_ACTION_PROPOSED);
    omen_set_action(omen_registry_lookup(fixture->omens, 1), OMEN_ACTION_EVACUATING);
    cause->failure_class = OMEN_FAILURE_OOM;
    omen_responder_take_detection(fixture->responder, cause);
    g_assert_cmpint(data_of(fixture, 1)->failure_class, ==, OMEN_FAILURE_OOM);
    g_assert_cmpint(data_of(fixture, 1)->action, ==, OMEN_ACTION_EVACUATING);
}

int
main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    g_test_add("/responder/interrupted", Fixture, NULL, set_up, test_interrupted, tear_down);
    g_test_add("/responder/waiting", Fixture, NULL, set_up, test_waiting, tear_down);
    g_test_add("/responder/asked", Fixture, "connected", set_up, test_asked, tear_down);
    g_test_add("/responder/agreed", Fixture, "connected", set_up, test_agreed, tear_down);
    g_test_add("/responder/agreed-at-once", Fixture, "at once", set_up, test_agreed, tear_down);
    g_test_add("/responder/approved", Fixture, "connected", set_up, test_approved, tear_down);
    g_test_add("/responder/limited", Fixture, NULL, set_up, test_limited, tear_down);
    g_test_add("/responder/overtaken", Fixture, "connected", set_up, test_overtaken, tear_down);
    g_test_add("/responder/nothing-queued", Fixture, NULL, set_up, test_nothing_queued, tear_down);
    g_test_add("/responder/request", Fixture, NULL, set_up, test_request, tear_down);
    g_test_add("/responder/return", Fixture, NULL, set_up, test_return, tear_down);
    g_test_add("/responder/dismissed", Fixture, NULL, set_up, test_dismissed, tear_down);
    result = g_test_run();
    /* Threads whose libvirt calls nobody waits for may still run: nothing is taken from under them.
     */
    fflush(NULL);
    _exit(result);
}
