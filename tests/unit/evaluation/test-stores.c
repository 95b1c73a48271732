/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paper's stores: a list and a heap say the same, and the heap looks at less. */
#include "../../evaluation/stores.h"

#define LENGTH 3

static void
fill(PaperStore *store)
{
    const guint32 normal[][LENGTH] = {{90, 90, 90}, {10, 10, 10}, {10, 10, 20}, {10, 10, 10}};

    for (guint i = 0; i < G_N_ELEMENTS(normal); i++)
        paper_store_add(store, normal[i]);
}

static void
test_scores(gconstpointer kind)
{
    g_autoptr(PaperStore) store =
        paper_store_new((PaperStoreKind) GPOINTER_TO_INT(kind), LENGTH, 0.05);
    const guint32 known[] = {10, 10, 10}, near[] = {10, 10, 13}, far[] = {1000, 1000, 1000};

    fill(store);
    g_assert_cmpfloat_with_epsilon(paper_store_score(store, known), 0, 1e-12);
    g_assert_cmpfloat_with_epsilon(paper_store_score(store, near), 0.1, 1e-12);
    g_assert_cmpfloat_with_epsilon(paper_store_score(store, far), 1, 1e-12);
}

/* What is often used is soon found. */
static void
test_heap(void)
{
    g_autoptr(PaperStore) list = paper_store_new(PAPER_STORE_LIST, LENGTH, 0.05);
    g_autoptr(PaperStore) heap = paper_store_new(PAPER_STORE_HEAP, LENGTH, 0.05);
    const guint32 often[] = {10, 10, 20};

    fill(list);
    fill(heap);
    for (guint i = 0; i < 10; i++)
        g_assert_cmpfloat_with_epsilon(paper_store_score(list, often),
                                       paper_store_score(heap, often), 1e-12);
    g_assert_cmpuint(paper_store_get_n_compared(list), ==, 30);
    g_assert_cmpuint(paper_store_get_n_compared(heap), <, 20);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/evaluation/stores/list", GINT_TO_POINTER(PAPER_STORE_LIST), test_scores);
    g_test_add_data_func("/evaluation/stores/heap", GINT_TO_POINTER(PAPER_STORE_HEAP), test_scores);
    g_test_add_func("/evaluation/stores/order", test_heap);
    return g_test_run();
}
