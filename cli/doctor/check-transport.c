/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "doctor.h"

#include <string.h>

#define EXPIRES_SOON (30 * G_TIME_SPAN_DAY)

/* Where libvirt looks unless it is told otherwise: for this host as a server, as a client, and for
 * QEMU's own connections (https://libvirt.org/kbase/tlscerts.html, qemu.conf's
 * migrate_tls_x509_cert_dir). */
static const char *const libvirt_certificates[] = {
    OMEN_SYSCONFDIR "/pki/CA/cacert.pem",
    OMEN_SYSCONFDIR "/pki/libvirt/clientcert.pem",
    NULL,
};
static const char *const server_certificates[] = {
    OMEN_SYSCONFDIR "/pki/libvirt/servercert.pem",
    NULL,
};
static const char *const qemu_certificates[] = {
    OMEN_SYSCONFDIR "/pki/qemu/ca-cert.pem",
    OMEN_SYSCONFDIR "/pki/qemu/server-cert.pem",
    NULL,
};

static void
check_own_uri(Doctor *self)
{
    const char *uri = self->configuration->own_uri;

    if (*uri)
        doctor_add(self, "way back", DOCTOR_OK,
                   g_strdup_printf("other hosts reach this one as %s", uri), "");
    else
        doctor_add(self, "way back", DOCTOR_WARNING,
                   g_strdup("own_uri is not set: virt-omen return cannot bring domains back"),
                   "set own_uri=qemu+tls://THIS-HOST/system in [evacuation] (virt-omen.conf(5))");
}

static void
check_certificate(Doctor *self, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GTlsCertificate) certificate = g_tls_certificate_new_from_file(path, &error);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) end = NULL;
    g_autofree char *date = NULL;
    GTimeSpan left;

    if (g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_ACCES)) {
        doctor_add(self, "certificate", DOCTOR_WARNING, g_strdup(error->message),
                   "run virt-omen doctor as root to check it");
        return;
    }
    if (!certificate) {
        doctor_add(self, "certificate", DOCTOR_FAILED, g_strdup(error->message),
                   "make one: https://libvirt.org/kbase/tlscerts.html");
        return;
    }
    end = g_tls_certificate_get_not_valid_after(certificate);
    if (!end)
        return;
    date = g_date_time_format(end, "%Y-%m-%d");
    left = g_date_time_difference(end, now);
    if (left <= 0)
        doctor_add(self, "certificate", DOCTOR_FAILED,
                   g_strdup_printf("%s expired on %s", path, date), "renew it");
    else
        doctor_add(self, "certificate", left < EXPIRES_SOON ? DOCTOR_WARNING : DOCTOR_OK,
                   g_strdup_printf("%s is valid until %s", path, date),
                   left < EXPIRES_SOON ? "renew it" : "");
}

static void
check_certificates(Doctor *self, const char *const *paths)
{
    for (; *paths; paths++)
        check_certificate(self, *paths);
}

static gboolean
uses_tls(const OmenConfiguration *configuration)
{
    for (guint i = 0; i < configuration->destinations->len; i++) {
        const OmenDestinationSettings *destination =
            g_ptr_array_index(configuration->destinations, i);
        if (strstr(destination->uri, "+tls:"))
            return TRUE;
    }
    return FALSE;
}

void
doctor_check_transport(Doctor *self)
{
    if (!self->configuration)
        return;
    check_own_uri(self);
    if (uses_tls(self->configuration))
        check_certificates(self, libvirt_certificates);
    if (strstr(self->configuration->own_uri, "+tls:"))
        check_certificates(self, server_certificates);
    if (self->configuration->tls)
        check_certificates(self, qemu_certificates);
}
