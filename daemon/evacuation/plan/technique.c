/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/plan/technique.h"

#include <math.h>

/* Connections, the destination's QEMU starting, the hand-over itself. */
#define SETUP_S            0.5
#define HAND_OVER_MS       30
#define MAX_PASSES         1000
#define THROTTLE_FIRST     0.20
#define THROTTLE_STEP      0.10
#define THROTTLE_MOST      0.99
#define TRIGGER_SHARE      0.5 /* of what was sent, dirtied anew */
#define POST_COPY_OVERHEAD 1.05
#define POST_COPY_PAUSE_MS 100

static const char *const words[] = {
    [OMEN_TECHNIQUE_AUTO] = "auto",
    [OMEN_TECHNIQUE_PRE_COPY] = "pre-copy",
    [OMEN_TECHNIQUE_AUTO_CONVERGE] = "auto-converge",
    [OMEN_TECHNIQUE_HYBRID] = "hybrid",
    [OMEN_TECHNIQUE_POST_COPY] = "post-copy",
};

const char *
omen_technique_to_string(OmenTechnique technique)
{
    return words[technique];
}

gboolean
omen_technique_from_string(const char *word, OmenTechnique *out)
{
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_equal(words[i], word)) {
            *out = (OmenTechnique) i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
omen_technique_is_post_copy(OmenTechnique technique)
{
    return technique == OMEN_TECHNIQUE_HYBRID || technique == OMEN_TECHNIQUE_POST_COPY;
}

/* Passes until what remains fits into the downtime, with a guest that is slowed if @may_throttle.
 */
static OmenMigrationEstimate
estimate_passes(const OmenMigrationLoad *load, gboolean may_throttle)
{
    const double rate = load->bytes_per_second;
    const double fits_bytes = rate * load->downtime_limit_ms / 1000.0;
    double remaining = (double) load->memory_bytes;
    double seconds = 0;
    double throttle = 0;
    guint slow_passes = 0;

    for (guint pass = 0; pass < MAX_PASSES; pass++) {
        double took_s = remaining / rate;
        double dirtied = MIN((double) load->memory_bytes,
                             load->dirty_bytes_per_second * (1 - throttle) * took_s);
        seconds += took_s;
        if (dirtied <= fits_bytes)
            return (OmenMigrationEstimate){seconds + dirtied / rate,
                                           (guint) (1000 * dirtied / rate) + HAND_OVER_MS};
        if (!may_throttle && load->dirty_bytes_per_second >= rate)
            break;
        slow_passes = dirtied > TRIGGER_SHARE * remaining ? slow_passes + 1 : 0;
        if (may_throttle && slow_passes >= 2) {
            throttle = MIN(throttle > 0 ? throttle + THROTTLE_STEP : THROTTLE_FIRST, THROTTLE_MOST);
            slow_passes = 0;
        }
        remaining = dirtied;
    }
    return (OmenMigrationEstimate){INFINITY, 0};
}

static OmenMigrationEstimate
estimate_memory(OmenTechnique technique, const OmenMigrationLoad *load)
{
    double once_s = (double) load->memory_bytes / load->bytes_per_second;
    double dirtied = MIN((double) load->memory_bytes, load->dirty_bytes_per_second * once_s);

    switch (technique) {
    case OMEN_TECHNIQUE_PRE_COPY:
        return estimate_passes(load, FALSE);
    case OMEN_TECHNIQUE_HYBRID:
        return (OmenMigrationEstimate){
            once_s + POST_COPY_OVERHEAD * dirtied / load->bytes_per_second, POST_COPY_PAUSE_MS};
    case OMEN_TECHNIQUE_POST_COPY:
        return (OmenMigrationEstimate){POST_COPY_OVERHEAD * once_s, POST_COPY_PAUSE_MS};
    case OMEN_TECHNIQUE_AUTO:
    case OMEN_TECHNIQUE_AUTO_CONVERGE:
    case OMEN_N_TECHNIQUES:
    default:
        return estimate_passes(load, TRUE);
    }
}

OmenMigrationEstimate
omen_technique_estimate(OmenTechnique technique, const OmenMigrationLoad *load)
{
    OmenMigrationEstimate estimate = estimate_memory(technique, load);

    estimate.seconds += SETUP_S + (double) load->disk_bytes / load->bytes_per_second;
    return estimate;
}

OmenTechnique
omen_technique_choose(const OmenMigrationLoad *load,
                      gboolean post_copy,
                      double limit_s,
                      OmenMigrationEstimate *estimate)
{
    static const OmenTechnique gentlest_first[] = {
        OMEN_TECHNIQUE_PRE_COPY, OMEN_TECHNIQUE_AUTO_CONVERGE, OMEN_TECHNIQUE_HYBRID};
    OmenTechnique quickest = OMEN_TECHNIQUE_AUTO_CONVERGE;

    *estimate = (OmenMigrationEstimate){INFINITY, 0};
    for (guint i = 0; i < G_N_ELEMENTS(gentlest_first); i++) {
        OmenMigrationEstimate one;
        if (omen_technique_is_post_copy(gentlest_first[i]) && !post_copy)
            continue;
        one = omen_technique_estimate(gentlest_first[i], load);
        if (one.seconds < estimate->seconds) {
            *estimate = one;
            quickest = gentlest_first[i];
        }
        if (isfinite(one.seconds) && one.seconds <= limit_s) {
            *estimate = one;
            return gentlest_first[i];
        }
    }
    return quickest;
}
