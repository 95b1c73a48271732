/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a secret may be sent. */
#include "http/secret-file.h"

static void
test_places(void)
{
    static const char *const good[] = {
        "https://example.org/",
        "http://localhost:2379",
        "http://127.0.0.1:2379",
        "http://[::1]:2379",
    };
    static const char *const bad[] = {
        "http://example.org/",       "http://192.0.2.1/",          "http://127.example.org/",
        "http://127.0.0.1.nip.org/", "http://localhost.evil.org/",
    };

    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GUri) url = g_uri_parse(good[i], G_URI_FLAGS_NONE, NULL);
        g_assert_true(omen_secret_may_go_to(url));
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GUri) url = g_uri_parse(bad[i], G_URI_FLAGS_NONE, NULL);
        g_assert_false(omen_secret_may_go_to(url));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/secret-file/places", test_places);
    return g_test_run();
}
