/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "omen/track-record.h"

#include <math.h>

static gboolean
is_real(OmenFate fate)
{
    return fate == OMEN_FATE_FAILED || fate == OMEN_FATE_REPAIRED || fate == OMEN_FATE_CONFIRMED;
}

static gboolean
is_false(OmenFate fate)
{
    return fate == OMEN_FATE_NOTHING || fate == OMEN_FATE_DISMISSED;
}

OmenTrackRecord
omen_track_record_count(const GPtrArray *omens)
{
    OmenTrackRecord self = {0};

    for (guint i = 0; i < omens->len; i++)
        self.n_of_fate[omen_get_data(g_ptr_array_index(omens, i))->fate]++;
    return self;
}

guint
omen_track_record_count_real(const OmenTrackRecord *self)
{
    guint n = 0;

    for (guint i = 0; i < OMEN_N_FATES; i++)
        n += is_real((OmenFate) i) ? self->n_of_fate[i] : 0;
    return n;
}

guint
omen_track_record_count_known(const OmenTrackRecord *self)
{
    guint n = omen_track_record_count_real(self);

    for (guint i = 0; i < OMEN_N_FATES; i++)
        n += is_false((OmenFate) i) ? self->n_of_fate[i] : 0;
    return n;
}

double
omen_track_record_get_precision(const OmenTrackRecord *self)
{
    guint n_known = omen_track_record_count_known(self);

    return n_known >= OMEN_TRACK_LEAST_KNOWN ? (double) omen_track_record_count_real(self) / n_known
                                             : -1;
}

static gboolean
is_alike(const OmenData *detection, const OmenData *other)
{
    return other->is_proven == detection->is_proven &&
           other->failure_class == detection->failure_class && other->scope == detection->scope &&
           (detection->id == 0 || other->id != detection->id);
}

guint
omen_track_record_estimate_urgency_s(const GPtrArray *omens, const OmenData *detection)
{
    double weight = detection->urgency_s > 0 ? OMEN_TRACK_PRIOR_WEIGHT : 0;
    double sum = detection->urgency_s > 0 ? weight * log(detection->urgency_s) : 0;

    for (guint i = 0; i < omens->len; i++) {
        const OmenData *other = omen_get_data(g_ptr_array_index(omens, i));
        double lead_s = (double) (other->fate_us - other->time_us) / G_USEC_PER_SEC;
        if (!is_alike(detection, other) || other->fate != OMEN_FATE_FAILED || !(lead_s >= 1))
            continue;
        weight++;
        sum += log(lead_s);
    }
    return weight > 0 ? (guint) MIN(exp(sum / weight) + 0.5, (double) G_MAXINT) : 0;
}

double
omen_track_record_correct_probability(const GPtrArray *omens, const OmenData *detection)
{
    double weight = OMEN_TRACK_CONFIDENCE_WEIGHT;
    double sum = weight * detection->probability;

    for (guint i = 0; i < omens->len; i++) {
        const OmenData *other = omen_get_data(g_ptr_array_index(omens, i));
        if (!is_alike(detection, other) || !(is_real(other->fate) || is_false(other->fate)))
            continue;
        weight++;
        sum += is_real(other->fate) ? 1 : 0;
    }
    return MAX(sum / weight, MIN(detection->probability, OMEN_TRACK_LEAST));
}
