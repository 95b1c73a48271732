/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor/libvirt-types.h"

#include <virt-omen/text.h>

#define MESSAGE_MAX_LENGTH 600

#define NAME_MAX_LENGTH    255 /* as of a file that libvirt names after a domain */

G_DEFINE_QUARK(omen - libvirt - error - quark, omen_libvirt_error)

void
omen_libvirt_set_error(GError **error, const char *what)
{
    virErrorPtr last = virGetLastError();
    g_autofree char *message = omen_text_sanitise(
        last && last->message ? last->message : "unknown error", -1, MESSAGE_MAX_LENGTH);

    g_set_error(error, OMEN_LIBVIRT_ERROR, last ? last->code : VIR_ERR_INTERNAL_ERROR, "%s: %s",
                what, message);
}

char *
omen_libvirt_clean_name(const char *name)
{
    return omen_text_sanitise(name ? name : "", -1, NAME_MAX_LENGTH);
}
