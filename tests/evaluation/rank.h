/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Spearman's rank correlation of @n pairs; ties share their mean rank. NAN if a side is constant.
 */
double rank_correlation(const double *a, const double *b, gsize n);
