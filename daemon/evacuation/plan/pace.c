/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/plan/pace.h"

#include <math.h>

/* A first pass sends all; from the third on one sees whether it gets less. */
#define PASSES_TO_JUDGE 3
#define DOWNTIME_MARGIN 1.25

static double
expect_end(const OmenMigrationProgress *progress)
{
    double net = progress->bytes_per_second - progress->dirty_bytes_per_second;

    if (progress->is_after)
        net = progress->bytes_per_second;
    return net > 0 ? (double) progress->remaining_bytes / net : INFINITY;
}

static gboolean
is_time_for_post_copy(const OmenMigrationProgress *progress,
                      const OmenPaceTerms *terms,
                      double expected_s)
{
    if (!terms->post_copy || progress->is_after || progress->passes < 1)
        return FALSE;
    switch (terms->technique) {
    case OMEN_TECHNIQUE_POST_COPY:
        return TRUE;
    case OMEN_TECHNIQUE_HYBRID:
        return progress->passes >= 2;
    case OMEN_TECHNIQUE_AUTO:
    case OMEN_TECHNIQUE_PRE_COPY:
    case OMEN_TECHNIQUE_AUTO_CONVERGE:
    case OMEN_N_TECHNIQUES:
    default:
        return progress->passes >= 2 && isfinite(terms->left_s) && expected_s > terms->left_s;
    }
}

OmenPaceDecision
omen_pace_decide(const OmenMigrationProgress *progress, const OmenPaceTerms *terms)
{
    OmenPaceDecision decision = {OMEN_PACE_KEEP, 0, expect_end(progress)};
    gboolean is_late = decision.expected_s > terms->left_s ||
                       (isinf(decision.expected_s) && progress->passes >= PASSES_TO_JUDGE);
    double needed_ms;

    if (progress->bytes_per_second <= 0 || progress->is_after)
        return decision;
    needed_ms =
        DOWNTIME_MARGIN * 1000 * (double) progress->remaining_bytes / progress->bytes_per_second;
    /* A pause that is short enough is gentler than a guest without its memory. */
    if (is_late && progress->passes >= 2 && needed_ms > progress->downtime_limit_ms &&
        needed_ms <= terms->max_downtime_ms) {
        decision.action = OMEN_PACE_RAISE_DOWNTIME;
        decision.downtime_ms = (guint) ceil(needed_ms);
    } else if (is_time_for_post_copy(progress, terms, decision.expected_s)) {
        decision.action = OMEN_PACE_SWITCH_TO_POST_COPY;
    }
    return decision;
}
