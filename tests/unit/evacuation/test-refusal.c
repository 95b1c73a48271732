/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of libvirt's errors are worth another try. */
#include "evacuation/libvirt/refusal.h"

#include "evacuation/libvirt/migration.h"

static OmenRefusal
classify(GQuark domain, int code)
{
    g_autoptr(GError) error = g_error_new_literal(domain, code, "it failed");
    const char *why;
    OmenRefusal refusal = omen_refusal_classify(error, &why);

    if (refusal == OMEN_REFUSAL_NONE)
        g_assert_cmpstr(why, ==, "");
    else
        g_assert_cmpstr(why, !=, "");
    return refusal;
}

/* Whatever the same destination would say again, of the same domain. */
static void
test_lasts_there(void)
{
    static const int codes[] = {
        VIR_ERR_CPU_INCOMPATIBLE, VIR_ERR_HOOK_SCRIPT_FAILED, VIR_ERR_ACCESS_DENIED,
        VIR_ERR_AUTH_FAILED,      VIR_ERR_CONFIG_UNSUPPORTED, VIR_ERR_NO_NETWORK,
    };

    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
        g_assert_cmpint(classify(OMEN_LIBVIRT_ERROR, codes[i]), ==, OMEN_REFUSAL_THERE);
}

static void
test_lasts_everywhere(void)
{
    g_assert_cmpint(classify(OMEN_LIBVIRT_ERROR, VIR_ERR_MIGRATE_UNSAFE), ==,
                    OMEN_REFUSAL_EVERYWHERE);
    g_assert_cmpint(classify(OMEN_LIBVIRT_ERROR, VIR_ERR_NO_DOMAIN), ==, OMEN_REFUSAL_EVERYWHERE);
    g_assert_cmpint(classify(OMEN_MIGRATION_ERROR, OMEN_MIGRATION_ERROR_NOT_MOVABLE), ==,
                    OMEN_REFUSAL_EVERYWHERE);
}

/* A link that breaks, a libvirtd that is restarted, a time-out; and a code of another domain that
 * has the same number. */
static void
test_passes(void)
{
    static const int codes[] = {
        VIR_ERR_INTERNAL_ERROR,    VIR_ERR_OPERATION_FAILED, VIR_ERR_SYSTEM_ERROR,  VIR_ERR_RPC,
        VIR_ERR_OPERATION_TIMEOUT, VIR_ERR_NO_CONNECT,       VIR_ERR_RESOURCE_BUSY,
    };
    const char *why;

    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
        g_assert_cmpint(classify(OMEN_LIBVIRT_ERROR, codes[i]), ==, OMEN_REFUSAL_NONE);
    g_assert_cmpint(classify(g_quark_from_static_string("another"), VIR_ERR_CPU_INCOMPATIBLE), ==,
                    OMEN_REFUSAL_NONE);
    g_assert_cmpint(omen_refusal_classify(NULL, &why), ==, OMEN_REFUSAL_NONE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/refusal/there", test_lasts_there);
    g_test_add_func("/refusal/everywhere", test_lasts_everywhere);
    g_test_add_func("/refusal/passes", test_passes);
    return g_test_run();
}
