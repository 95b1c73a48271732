/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "topology/device-reach.h"

#include <string.h>

#define MAX_USES 65536

static const char *const reach_words[] = {
    [OMEN_REACH_HOST] = "host",
    [OMEN_REACH_DOMAINS] = "domains",
    [OMEN_REACH_NOBODY] = "nobody",
};

const char *
omen_reach_to_string(OmenReach reach)
{
    return reach_words[reach];
}

static gboolean
reach_from_string(const char *word, OmenReach *out)
{
    for (guint i = 0; i < G_N_ELEMENTS(reach_words); i++) {
        if (g_str_equal(word, reach_words[i])) {
            *out = (OmenReach) i;
            return TRUE;
        }
    }
    return FALSE;
}

static void
use_free(gpointer data)
{
    OmenDeviceUse *self = data;

    g_free(self->uuid);
    g_free(self->name);
    g_free(self->chain);
    g_free(self);
}

OmenDeviceReach *
omen_device_reach_new(OmenReach reach, const char *note)
{
    OmenDeviceReach *self = g_new0(OmenDeviceReach, 1);

    self->reach = reach;
    self->note = g_strdup(note);
    self->uses = g_ptr_array_new_with_free_func(use_free);
    self->devices = g_new0(char *, 1);
    return self;
}

void
omen_device_reach_set_devices(OmenDeviceReach *self, char **devices)
{
    g_strfreev(self->devices);
    self->devices = devices;
}

void
omen_device_reach_add_use(OmenDeviceReach *self,
                          const char *uuid,
                          const char *name,
                          const char *chain)
{
    OmenDeviceUse *use = g_new0(OmenDeviceUse, 1);

    use->uuid = g_strdup(uuid);
    use->name = g_strdup(name);
    use->chain = g_strdup(chain);
    g_ptr_array_add(self->uses, use);
}

gboolean
omen_device_reach_includes(const OmenDeviceReach *self, const char *uuid)
{
    for (guint i = 0; self->reach == OMEN_REACH_DOMAINS && i < self->uses->len; i++) {
        if (g_str_equal(((const OmenDeviceUse *) g_ptr_array_index(self->uses, i))->uuid, uuid))
            return TRUE;
    }
    return FALSE;
}

OmenDeviceReach *
omen_device_reach_copy(const OmenDeviceReach *self)
{
    OmenDeviceReach *copy = omen_device_reach_new(self->reach, self->note);

    copy->is_shared = self->is_shared;
    omen_device_reach_set_devices(copy, g_strdupv(self->devices));
    for (guint i = 0; i < self->uses->len; i++) {
        const OmenDeviceUse *use = g_ptr_array_index(self->uses, i);
        omen_device_reach_add_use(copy, use->uuid, use->name, use->chain);
    }
    return copy;
}

void
omen_device_reach_free(OmenDeviceReach *self)
{
    g_ptr_array_unref(self->uses);
    g_strfreev(self->devices);
    g_free(self->note);
    g_free(self);
}

/* What separates fields must not be in them. */
static void
append_field(GString *text, const char *field, char end)
{
    gsize start = text->len;

    g_string_append(text, field);
    g_strdelimit(text->str + start, "\t\n", ' ');
    g_string_append_c(text, end);
}

char *
omen_device_reach_to_text(const OmenDeviceReach *self)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *devices = g_strjoinv(" ", self->devices);

    append_field(text, omen_reach_to_string(self->reach), '\t');
    append_field(text, self->note, '\t');
    append_field(text, self->is_shared ? "shared" : "local", '\t');
    append_field(text, devices, '\n');
    for (guint i = 0; i < self->uses->len; i++) {
        const OmenDeviceUse *use = g_ptr_array_index(self->uses, i);
        append_field(text, use->uuid, '\t');
        append_field(text, use->name, '\t');
        append_field(text, use->chain, '\n');
    }
    return g_strdup(text->str);
}

OmenDeviceReach *
omen_device_reach_new_from_text(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", MAX_USES);
    g_auto(GStrv) first = g_strsplit(*lines ? *lines : "", "\t", 4);
    OmenReach reach;
    OmenDeviceReach *self;

    /* An older version wrote neither of the last two. */
    if (g_strv_length(first) < 2 || !reach_from_string(first[0], &reach))
        return NULL;
    self = omen_device_reach_new(reach, first[1]);
    if (first[2] && first[3]) {
        self->is_shared = g_str_equal(first[2], "shared");
        omen_device_reach_set_devices(self, g_strsplit(first[3], " ", -1));
    }
    for (guint i = 1; lines[i]; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], "\t", 3);
        if (g_strv_length(fields) == 3)
            omen_device_reach_add_use(self, fields[0], fields[1], fields[2]);
    }
    return self;
}
