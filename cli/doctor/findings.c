/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "doctor.h"

static void
finding_free(gpointer data)
{
    DoctorFinding *self = data;

    g_free(self->check);
    g_free(self->found);
    g_free(self->what_to_do);
    g_free(self);
}

GPtrArray *
doctor_findings_new(void)
{
    return g_ptr_array_new_with_free_func(finding_free);
}

void
doctor_add(
    Doctor *self, const char *check, DoctorResult result, char *found, const char *what_to_do)
{
    DoctorFinding *finding = g_new0(DoctorFinding, 1);

    finding->check = g_strdup(check);
    finding->result = result;
    finding->found = found;
    finding->what_to_do = g_strdup(what_to_do);
    g_ptr_array_add(self->findings, finding);
}
