/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* EXPoSE's two forms: the sampled one against scores that NAB's program gave, and against the
 * other. */
#include "../../evaluation/detectors.h"

static void
test_recorded(void)
{
    /* The first records of a series of VMFT-LAD's public data (CC BY 4.0), with NAB's scores. */
    const guint32 keys[] = {176, 201};
    const double recorded[] = {0.016159418885312096, 0.9675220580835452};
    EvaluationDetector detector = {.model = expose_sampled_fit(NULL)};
    gpointer state = expose_sampled_reset(&detector, NULL, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
        g_assert_cmpfloat_with_epsilon(expose_sampled_feed(state, keys[i]), recorded[i], 1e-5);
    expose_sampled_free(state);
    expose_sampled_free_model(detector.model);
}

/* Random features differ from the kernel by about 0.007. */
static void
test_forms(void)
{
    EvaluationDetector detector = {.model = expose_sampled_fit(NULL)};
    gpointer sampled = expose_sampled_reset(&detector, NULL, NULL);
    gpointer exact = expose_reset(&detector, NULL, NULL);

    for (guint i = 0; i < 200; i++) {
        guint32 key = (i * i + i / 7) % 23 + 100;

        g_assert_cmpfloat_with_epsilon(expose_sampled_feed(sampled, key), expose_feed(exact, key),
                                       0.03);
    }
    /* Unlike all: no more than this, since the mean has taken it in before. */
    g_assert_cmpfloat_with_epsilon(expose_feed(exact, 500), (1 - 0.01 + 0.02) / 1.04, 1e-9);
    expose_sampled_free(sampled);
    expose_free(exact);
    expose_sampled_free_model(detector.model);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/evaluation/expose/recorded", test_recorded);
    g_test_add_func("/evaluation/expose/forms", test_forms);
    return g_test_run();
}
