/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rank.h"

#include <math.h>

typedef struct {
    double value;
    gsize at;
} Place;

static int
compare_places(const void *a, const void *b)
{
    const Place *first = a, *second = b;

    return (first->value > second->value) - (first->value < second->value);
}

/* Returns: (transfer full): the rank of each value, ties at their mean. */
static double *
ranks_of(const double *values, gsize n)
{
    g_autoptr(GArray) places = g_array_sized_new(FALSE, FALSE, sizeof(Place), (guint) n);
    double *ranks = g_new0(double, MAX(n, 1));

    for (gsize i = 0; i < n; i++) {
        Place place = {values[i], i};

        g_array_append_val(places, place);
    }
    g_array_sort(places, compare_places);
    for (gsize first = 0, end = 0; first < n; first = end) {
        double value = g_array_index(places, Place, first).value;

        for (end = first; end < n && g_array_index(places, Place, end).value <= value; end++)
            ;
        for (gsize i = first; i < end; i++)
            ranks[g_array_index(places, Place, i).at] = (double) (first + end - 1) / 2;
    }
    return ranks;
}

double
rank_correlation(const double *a, const double *b, gsize n)
{
    g_autofree double *left = ranks_of(a, n);
    g_autofree double *right = ranks_of(b, n);
    double mean = n > 0 ? (double) (n - 1) / 2 : 0;
    double both = 0, first = 0, second = 0;

    for (gsize i = 0; i < n; i++) {
        both += (left[i] - mean) * (right[i] - mean);
        first += (left[i] - mean) * (left[i] - mean);
        second += (right[i] - mean) * (right[i] - mean);
    }
    return first > 0 && second > 0 ? both / sqrt(first * second) : NAN;
}
