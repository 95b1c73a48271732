/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch/host-pressure.h"

OmenPressureSource *
omen_host_pressure_add(OmenStream *stream, const OmenConfiguration *configuration)
{
    OmenSource *host;

    if (!configuration->pressure)
        return NULL;
    host = omen_pressure_source_new();
    omen_stream_add_source(stream, host, NULL);
    for (guint i = 0; configuration->pressure_groups[i]; i++) {
        const char *folder = configuration->pressure_groups[i];
        omen_stream_add_source(
            stream, omen_pressure_source_new_for_group(folder, folder, OMEN_PROVENANCE_HOST), NULL);
    }
    return OMEN_PRESSURE_SOURCE(host);
}
