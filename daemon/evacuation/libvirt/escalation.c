/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/libvirt/escalation.h"

#include "evacuation/libvirt/balloon.h"

#include <glib/gstdio.h>

G_DEFINE_QUARK(omen - escalation - error - quark, omen_escalation_error)

#define POLL_US (G_USEC_PER_SEC / 2)

gboolean
omen_escalation_parse(char **words, OmenEscalationSteps *steps, GError **error)
{
    *steps = 0;
    for (; words && *words; words++) {
        if (g_str_equal(*words, "relieve")) {
            *steps |= OMEN_ESCALATION_RELIEVE;
        } else if (g_str_equal(*words, "save")) {
            *steps |= OMEN_ESCALATION_SAVE;
        } else if (g_str_equal(*words, "shutdown")) {
            *steps |= OMEN_ESCALATION_SHUTDOWN;
        } else {
            g_set_error(error, OMEN_ESCALATION_ERROR, OMEN_ESCALATION_ERROR_UNKNOWN_STEP,
                        "\"%s\" is not a step; there are: relieve, save, shutdown", *words);
            return FALSE;
        }
    }
    return TRUE;
}

void
omen_escalation_order_free(OmenEscalationOrder *self)
{
    g_free(self->source_uri);
    g_free(self->uuid);
    g_free(self->save_dir);
    g_free(self);
}

/* NULL: that is not enough. */
static char *
relieve(virConnectPtr connection, const OmenEscalationOrder *order, GString *reasons)
{
    g_auto(OmenBalloonYield) yield = {0};

    omen_balloon_reclaim(&yield, connection, order->uuid);
    if (yield.n_givers == 0)
        g_string_append(reasons, "; no other domain may be shrunk (metadata shrink-to)");
    else if (!yield.is_enough)
        g_string_append_printf(reasons, "; memory is still short%s%s",
                               yield.told->len > 0 ? ": " : "", yield.told->str);
    if (yield.n_givers == 0 || !yield.is_enough)
        return NULL;
    return g_strdup_printf("it runs on here, with more memory to spare: %s",
                           yield.told->len > 0 ? yield.told->str
                                               : "the other domains already gave what they may");
}

/* NULL: it was not. */
static char *
save(virDomainPtr domain, const OmenEscalationOrder *order, GString *reasons)
{
    g_autofree char *name = g_strdup_printf("%s.save", order->uuid);
    g_autofree char *path = g_build_filename(order->save_dir, name, NULL);
    g_autoptr(GError) error = NULL;

    if (!*order->save_dir) {
        g_string_append(reasons, "; it was not saved: no save_dir is set");
        return NULL;
    }
    if (virDomainSaveFlags(domain, path, NULL, VIR_DOMAIN_SAVE_RUNNING) == 0)
        return g_strdup_printf("it was saved to %s, and runs nowhere now: virsh restore %s, on a "
                               "host that sees this file",
                               path, path);
    omen_libvirt_set_error(&error, "it could not be saved");
    g_string_append_printf(reasons, "; %s", error->message);
    return NULL;
}

static gboolean
is_off(virDomainPtr domain)
{
    int active = virDomainIsActive(domain);

    return active == 0;
}

static char *
shut_down(virDomainPtr domain, const OmenEscalationOrder *order, GString *reasons)
{
    gint64 until_us = g_get_monotonic_time() + (gint64) order->shutdown_limit_s * G_USEC_PER_SEC;
    g_autoptr(GError) error = NULL;

    if (virDomainShutdown(domain) < 0) {
        omen_libvirt_set_error(&error, "it could not be told to shut down");
        g_string_append_printf(reasons, "; %s", error->message);
        return NULL;
    }
    while (g_get_monotonic_time() < until_us) {
        if (is_off(domain))
            return g_strdup("it was shut down, as the policy says; start it on another host");
        g_usleep(POLL_US);
    }
    g_string_append_printf(reasons, "; told to shut down, it did not within %u s",
                           order->shutdown_limit_s);
    return NULL;
}

char *
omen_escalation_run(const OmenEscalationOrder *order, GError **error)
{
    g_autoptr(OmenVirConnect) connection = virConnectOpen(order->source_uri);
    g_autoptr(OmenVirDomain) domain =
        connection ? virDomainLookupByUUIDString(connection, order->uuid) : NULL;
    g_autoptr(GString) reasons = g_string_new("nothing else helped");
    char *done = NULL;

    if (!domain) {
        omen_libvirt_set_error(error, "the domain can not be reached");
        return NULL;
    }
    if ((order->steps & OMEN_ESCALATION_RELIEVE) && order->memory_is_short)
        done = relieve(connection, order, reasons);
    if (!done && (order->steps & OMEN_ESCALATION_SAVE))
        done = save(domain, order, reasons);
    if (!done && (order->steps & OMEN_ESCALATION_SHUTDOWN))
        done = shut_down(domain, order, reasons);
    if (!done)
        g_set_error_literal(error, OMEN_ESCALATION_ERROR, OMEN_ESCALATION_ERROR_NO_HELP,
                            reasons->str);
    return done;
}
