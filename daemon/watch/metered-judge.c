/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/metered-judge.h"

#include <time.h>

static const double latency_bounds[] = {1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5,
                                        1e-4, 1e-3, 1e-2, 1e-1, 1.0,  10.0};

struct _OmenMeteredJudge {
    GObject parent_instance;

    OmenJudge *judge;
    OmenHistogram latency;
};

static void iface_init(OmenJudgeInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(OmenMeteredJudge,
                              omen_metered_judge,
                              G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(OMEN_TYPE_JUDGE, iface_init))

static void
omen_metered_judge_finalize(GObject *object)
{
    g_object_unref(OMEN_METERED_JUDGE(object)->judge);
    G_OBJECT_CLASS(omen_metered_judge_parent_class)->finalize(object);
}

static void
omen_metered_judge_class_init(OmenMeteredJudgeClass *class)
{
    G_OBJECT_CLASS(class)->finalize = omen_metered_judge_finalize;
}

static void
omen_metered_judge_init(OmenMeteredJudge *self)
{
    omen_histogram_init(&self->latency, latency_bounds, G_N_ELEMENTS(latency_bounds));
}

OmenMeteredJudge *
omen_metered_judge_new(OmenJudge *judge)
{
    OmenMeteredJudge *self = g_object_new(OMEN_TYPE_METERED_JUDGE, NULL);

    self->judge = g_object_ref(judge);
    return self;
}

const OmenHistogram *
omen_metered_judge_get_latency(OmenMeteredJudge *self)
{
    return &self->latency;
}

static const char *
get_name(OmenJudge *judge)
{
    return omen_judge_get_name(OMEN_METERED_JUDGE(judge)->judge);
}

/* The embedded judge answers in less than the microseconds that GLib's clock counts. */
static double
now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

static void
judge_one(OmenJudge *judge, const OmenEvidence *evidence, OmenVerdict *verdict)
{
    OmenMeteredJudge *self = OMEN_METERED_JUDGE(judge);
    double began_s = now_s();

    omen_judge_judge(self->judge, evidence, verdict);
    omen_histogram_add(&self->latency, now_s() - began_s);
}

static void
iface_init(OmenJudgeInterface *iface)
{
    iface->get_name = get_name;
    iface->judge = judge_one;
}
