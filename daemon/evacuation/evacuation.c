/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/evacuation.h"

static const char *const phase_words[] = {
    [OMEN_PHASE_QUEUED] = "queued",           [OMEN_PHASE_CHECKING] = "checking",
    [OMEN_PHASE_RUNNING] = "running",         [OMEN_PHASE_VERIFYING] = "verifying",
    [OMEN_PHASE_RECONCILING] = "reconciling", [OMEN_PHASE_SUCCEEDED] = "succeeded",
    [OMEN_PHASE_FAILED] = "failed",           [OMEN_PHASE_CANCELLED] = "cancelled",
};

const char *
omen_phase_to_string(OmenPhase phase)
{
    return phase_words[phase];
}

gboolean
omen_phase_from_string(const char *word, OmenPhase *out)
{
    for (guint i = 0; i < G_N_ELEMENTS(phase_words); i++) {
        if (g_str_equal(phase_words[i], word)) {
            *out = (OmenPhase) i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
omen_phase_is_final(OmenPhase phase)
{
    return phase == OMEN_PHASE_SUCCEEDED || phase == OMEN_PHASE_FAILED ||
           phase == OMEN_PHASE_CANCELLED;
}

OmenEvacuationData *
omen_evacuation_data_new(void)
{
    OmenEvacuationData *self = g_new0(OmenEvacuationData, 1);

    self->domain_uuid = g_strdup("");
    self->domain_name = g_strdup("");
    self->destination = g_strdup("");
    self->destination_uri = g_strdup("");
    self->source_uri = g_strdup("");
    self->error = g_strdup("");
    return self;
}

OmenEvacuationData *
omen_evacuation_data_copy(const OmenEvacuationData *self)
{
    OmenEvacuationData *copy = g_new(OmenEvacuationData, 1);

    *copy = *self;
    copy->domain_uuid = g_strdup(self->domain_uuid);
    copy->domain_name = g_strdup(self->domain_name);
    copy->destination = g_strdup(self->destination);
    copy->destination_uri = g_strdup(self->destination_uri);
    copy->source_uri = g_strdup(self->source_uri);
    copy->error = g_strdup(self->error);
    return copy;
}

void
omen_evacuation_data_free(OmenEvacuationData *self)
{
    g_free(self->domain_uuid);
    g_free(self->domain_name);
    g_free(self->destination);
    g_free(self->destination_uri);
    g_free(self->source_uri);
    g_free(self->error);
    g_free(self);
}

struct _OmenEvacuation {
    GObject parent_instance;

    OmenEvacuationData *data;
};

G_DEFINE_FINAL_TYPE(OmenEvacuation, omen_evacuation, G_TYPE_OBJECT)

enum {
    SIGNAL_CHANGED,
    N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
omen_evacuation_finalize(GObject *object)
{
    omen_evacuation_data_free(OMEN_EVACUATION(object)->data);
    G_OBJECT_CLASS(omen_evacuation_parent_class)->finalize(object);
}

static void
omen_evacuation_class_init(OmenEvacuationClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_evacuation_finalize;
    signals[SIGNAL_CHANGED] = g_signal_new("changed", OMEN_TYPE_EVACUATION, G_SIGNAL_RUN_LAST, 0,
                                           NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
omen_evacuation_init(OmenEvacuation *self G_GNUC_UNUSED)
{
}

OmenEvacuation *
omen_evacuation_new(OmenEvacuationData *data)
{
    OmenEvacuation *self = g_object_new(OMEN_TYPE_EVACUATION, NULL);

    self->data = data;
    return self;
}

const OmenEvacuationData *
omen_evacuation_get_data(OmenEvacuation *self)
{
    return self->data;
}

void
omen_evacuation_update(OmenEvacuation *self, OmenEvacuationData *data)
{
    omen_evacuation_data_free(self->data);
    self->data = data;
    g_signal_emit(self, signals[SIGNAL_CHANGED], 0);
}
