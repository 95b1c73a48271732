/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "omen/host-health.h"

/* Endangered domains that are named. */
#define MAX_NAMED 5

const char *
omen_health_level_to_string(OmenHealthLevel level)
{
    static const char *const words[] = {"green", "yellow", "red"};

    return words[level];
}

void
omen_host_health_clear(OmenHostHealth *self)
{
    g_clear_pointer(&self->text, g_free);
}

static OmenHealthLevel
level_of(const OmenData *omen)
{
    if (omen->scope == OMEN_SCOPE_GUEST || !omen->is_proven)
        return OMEN_HEALTH_GREEN;
    return omen_data_does_moving_help(omen) && omen_data_is_of_host(omen) ? OMEN_HEALTH_RED
                                                                          : OMEN_HEALTH_YELLOW;
}

/* The names of those that the omen concerns, each once. */
static void
collect_domains(GPtrArray *names, const OmenData *omen)
{
    const OmenDeviceReach *reach = omen->device_reach;

    if (*omen->domain_name &&
        !g_ptr_array_find_with_equal_func(names, omen->domain_name, g_str_equal, NULL))
        g_ptr_array_add(names, g_strdup(omen->domain_name));
    for (guint i = 0; reach && reach->reach == OMEN_REACH_DOMAINS && i < reach->uses->len; i++) {
        const OmenDeviceUse *use = g_ptr_array_index(reach->uses, i);
        if (!g_ptr_array_find_with_equal_func(names, use->name, g_str_equal, NULL))
            g_ptr_array_add(names, g_strdup(use->name));
    }
}

static char *
list_names(const GPtrArray *names)
{
    g_autoptr(GString) list = g_string_new(NULL);

    for (guint i = 0; i < MIN(names->len, MAX_NAMED); i++)
        g_string_append_printf(list, "%s%s", i > 0 ? ", " : "",
                               (const char *) g_ptr_array_index(names, i));
    if (names->len > MAX_NAMED)
        g_string_append_printf(list, " and %u more", names->len - MAX_NAMED);
    return g_string_free(g_steal_pointer(&list), FALSE);
}

static char *
describe(OmenHealthLevel level, const OmenData *cause, const GPtrArray *names)
{
    g_autofree char *list = list_names(names);
    const char *reason;

    if (!cause)
        return g_strdup("no sign of failure");
    reason = *cause->reason ? cause->reason : omen_failure_class_to_string(cause->failure_class);
    if (level == OMEN_HEALTH_RED || names->len == 0)
        return g_strdup(reason);
    return g_strdup_printf("no sign that the host itself fails; endangered: %s (%s%s%s)", list,
                           reason, omen_data_is_shared(cause) ? "; " : "",
                           omen_data_is_shared(cause) ? cause->device_reach->note : "");
}

void
omen_host_health_assess(OmenHostHealth *self, OmenRegistry *omens, gint64 now_us)
{
    g_autoptr(GPtrArray) list = omen_registry_list(omens);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    *self = (OmenHostHealth){.level = OMEN_HEALTH_GREEN};
    for (guint i = 0; i < list->len; i++) {
        const OmenData *omen = omen_get_data(g_ptr_array_index(list, i));
        OmenHealthLevel level = level_of(omen);

        if (!omen_is_open(g_ptr_array_index(list, i), now_us) || omen_data_is_tentative(omen) ||
            omen_data_is_noted(omen))
            continue;
        collect_domains(names, omen);
        if (!self->cause || level > self->level ||
            (level == self->level && omen->probability > self->cause->probability)) {
            self->level = level;
            self->cause = omen;
        }
    }
    self->text = describe(self->level, self->cause, names);
}
