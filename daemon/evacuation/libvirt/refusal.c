/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/libvirt/refusal.h"

#include "evacuation/libvirt/migration.h"

typedef struct {
    int code;
    OmenRefusal refusal;
    const char *why;
} Row;

#define NO_PERMISSION "permission is missing there"
#define NOT_OFFERED   "that host does not offer what the domain's definition asks for"
#define NOT_THERE     "something that the domain uses is missing there"

/* What is not listed may pass. VIR_ERR_INTERNAL_ERROR, _OPERATION_FAILED and _SYSTEM_ERROR are said
 * of everything; _DOM_EXIST of an earlier try that is just being cleaned up. */
static const Row rows[] = {
    {VIR_ERR_CPU_INCOMPATIBLE, OMEN_REFUSAL_THERE, "its CPU lacks what the domain's has"},
    {VIR_ERR_HOOK_SCRIPT_FAILED, OMEN_REFUSAL_THERE, "its libvirt hook refuses"},
    {VIR_ERR_ACCESS_DENIED, OMEN_REFUSAL_THERE, NO_PERMISSION},
    {VIR_ERR_OPERATION_DENIED, OMEN_REFUSAL_THERE, NO_PERMISSION},
    {VIR_ERR_AUTH_FAILED, OMEN_REFUSAL_THERE, NO_PERMISSION},
    {VIR_ERR_AUTH_CANCELLED, OMEN_REFUSAL_THERE, NO_PERMISSION},
    {VIR_ERR_AUTH_UNAVAILABLE, OMEN_REFUSAL_THERE, NO_PERMISSION},
    {VIR_ERR_CONFIG_UNSUPPORTED, OMEN_REFUSAL_THERE, NOT_OFFERED},
    {VIR_ERR_ARGUMENT_UNSUPPORTED, OMEN_REFUSAL_THERE, NOT_OFFERED},
    {VIR_ERR_OPERATION_UNSUPPORTED, OMEN_REFUSAL_THERE, NOT_OFFERED},
    {VIR_ERR_NO_SUPPORT, OMEN_REFUSAL_THERE, NOT_OFFERED},
    {VIR_ERR_INVALID_ARG, OMEN_REFUSAL_THERE, NOT_OFFERED},
    {VIR_ERR_OS_TYPE, OMEN_REFUSAL_THERE, NOT_OFFERED},
    {VIR_ERR_XML_ERROR, OMEN_REFUSAL_THERE, NOT_OFFERED},
    {VIR_ERR_XML_DETAIL, OMEN_REFUSAL_THERE, NOT_OFFERED},
    {VIR_ERR_XML_INVALID_SCHEMA, OMEN_REFUSAL_THERE, NOT_OFFERED},
    {VIR_ERR_NO_SECURITY_MODEL, OMEN_REFUSAL_THERE, NOT_OFFERED},
    {VIR_ERR_NO_NETWORK, OMEN_REFUSAL_THERE, NOT_THERE},
    {VIR_ERR_NO_STORAGE_POOL, OMEN_REFUSAL_THERE, NOT_THERE},
    {VIR_ERR_NO_STORAGE_VOL, OMEN_REFUSAL_THERE, NOT_THERE},
    {VIR_ERR_NO_NODE_DEVICE, OMEN_REFUSAL_THERE, NOT_THERE},
    {VIR_ERR_NO_NWFILTER, OMEN_REFUSAL_THERE, NOT_THERE},
    {VIR_ERR_NO_SECRET, OMEN_REFUSAL_THERE, NOT_THERE},
    {VIR_ERR_DEVICE_MISSING, OMEN_REFUSAL_THERE, NOT_THERE},
    {VIR_ERR_MIGRATE_UNSAFE, OMEN_REFUSAL_EVERYWHERE,
     "it would be unsafe wherever it goes (cache='none' on shared storage is safe)"},
    {VIR_ERR_NO_DOMAIN, OMEN_REFUSAL_EVERYWHERE, "the domain is not here any more"},
};

OmenRefusal
omen_refusal_classify(const GError *error, const char **why)
{
    *why = "";
    if (!error)
        return OMEN_REFUSAL_NONE;
    if (g_error_matches(error, OMEN_MIGRATION_ERROR, OMEN_MIGRATION_ERROR_NOT_MOVABLE) ||
        g_error_matches(error, OMEN_MIGRATION_ERROR, OMEN_MIGRATION_ERROR_NOT_RUNNING)) {
        *why = "the cause is the state of the domain";
        return OMEN_REFUSAL_EVERYWHERE;
    }
    if (error->domain != OMEN_LIBVIRT_ERROR)
        return OMEN_REFUSAL_NONE;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].code == error->code) {
            *why = rows[i].why;
            return rows[i].refusal;
        }
    }
    return OMEN_REFUSAL_NONE;
}
