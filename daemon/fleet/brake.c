/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet/brake.h"

#define MAX_NAMED 8

struct _OmenFleetBrake {
    OmenFleetBrakeSettings settings;
    OmenFleetCause *cause; /* (nullable): the last that was seen; NULL: it does not hold */
    gboolean is_present;   /* it was seen when rows were last read */
    gint64 seen_us;        /* steady: it was last seen */
    gint64 read_us;        /* steady: rows were last read */
};

OmenFleetBrake *
omen_fleet_brake_new(const OmenFleetBrakeSettings *settings)
{
    OmenFleetBrake *self = g_new0(OmenFleetBrake, 1);

    self->settings = *settings;
    return self;
}

void
omen_fleet_brake_free(OmenFleetBrake *self)
{
    g_clear_pointer(&self->cause, omen_fleet_cause_free);
    g_free(self);
}

gboolean
omen_fleet_brake_holds(const OmenFleetBrake *self, const OmenFleetMoment *now)
{
    gint64 unread_us = now->steady_us - self->read_us;

    if (!self->cause || unread_us >= 2 * (gint64) self->settings.terms.window_s * G_USEC_PER_SEC)
        return FALSE;
    return self->is_present ||
           now->steady_us - self->seen_us < (gint64) self->settings.release_s * G_USEC_PER_SEC;
}

void
omen_fleet_brake_look(OmenFleetBrake *self,
                      GPtrArray *hosts,
                      const OmenFleetHost *own,
                      const OmenFleetMoment *now)
{
    gboolean is_held = omen_fleet_brake_holds(self, now);
    OmenFleetCauseAnchor anchor = {0};
    OmenFleetCause *found;

    if (is_held)
        anchor = (OmenFleetCauseAnchor){self->cause->key, self->cause->since_us};
    found = omen_fleet_cause_find(&self->settings.terms, hosts, own, is_held ? &anchor : NULL,
                                  now->real_us);
    self->read_us = now->steady_us;
    self->is_present = found != NULL;
    if (found) {
        g_clear_pointer(&self->cause, omen_fleet_cause_free);
        self->cause = found;
        self->seen_us = now->steady_us;
    } else if (!omen_fleet_brake_holds(self, now)) {
        g_clear_pointer(&self->cause, omen_fleet_cause_free);
    }
}

static char *
list_names(const GPtrArray *hosts)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < MIN(hosts->len, MAX_NAMED); i++)
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "",
                               (const char *) g_ptr_array_index(hosts, i));
    if (hosts->len > MAX_NAMED)
        g_string_append_printf(names, " and %u more", hosts->len - MAX_NAMED);
    return g_string_free(g_steal_pointer(&names), FALSE);
}

char *
omen_fleet_brake_describe(const OmenFleetBrake *self, const OmenFleetMoment *now)
{
    g_autofree char *names = NULL;

    if (!omen_fleet_brake_holds(self, now))
        return NULL;
    names = list_names(self->cause->hosts);
    return g_strdup_printf("%u hosts %s endangered and have in common: %s (%s)",
                           self->cause->hosts->len, self->is_present ? "are" : "were",
                           self->cause->text, names);
}

const OmenFleetCause *
omen_fleet_brake_get_cause(const OmenFleetBrake *self, const OmenFleetMoment *now)
{
    return omen_fleet_brake_holds(self, now) ? self->cause : NULL;
}
