/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "input.h"

#include "detector/detector-config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <virt-omen/settings.h>

gboolean
input_open(Input *self, const char *path, GError **error)
{
    *self = (Input){.name = path};
    if (g_str_equal(path, "-")) {
        self->name = "standard input";
        self->file = stdin;
        return TRUE;
    }
    self->file = fopen(path, "re");
    if (!self->file)
        g_set_error(error, G_FILE_ERROR, (int) g_file_error_from_errno(errno), "cannot open %s: %s",
                    path, g_strerror(errno));
    return self->file != NULL;
}

void
input_close(Input *self)
{
    if (self->file && self->file != stdin)
        fclose(self->file);
    free(self->line);
}

const char *
input_read(Input *self, gsize *length, GError **error)
{
    ssize_t n;

    errno = 0;
    n = getline(&self->line, &self->capacity, self->file);
    if (n < 0) {
        if (ferror(self->file))
            g_set_error(error, G_FILE_ERROR, (int) g_file_error_from_errno(errno),
                        "%s:%" G_GUINT64_FORMAT ": cannot read: %s", self->name, self->number + 1,
                        g_strerror(errno));
        return NULL;
    }
    self->number++;
    self->bytes += (guint64) n;
    self->n_binary += memchr(self->line, '\0', (gsize) n) ? 1 : 0;
    *length = (gsize) n;
    if (*length > 0 && self->line[*length - 1] == '\n')
        (*length)--;
    if (*length > 0 && self->line[*length - 1] == '\r')
        (*length)--;
    return self->line;
}

gboolean
input_check_text(const Input *self, GError **error)
{
    if (self->number == 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: the file is empty", self->name);
        return FALSE;
    }
    if (self->n_binary > self->number / 4) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: not a text log: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                    " lines have NUL bytes",
                    self->name, self->n_binary, self->number);
        return FALSE;
    }
    return TRUE;
}

typedef struct {
    OmenDetectorConfig *config;
    GPtrArray *strings;
} Target;

static gboolean
take_setting(const char *group, const char *key, const char *value, gpointer data, GError **error)
{
    Target *target = data;

    if (!omen_detector_config_has_group(group))
        return TRUE;
    return omen_detector_config_set(target->config, target->strings, group, key, value, error);
}

gboolean
input_load_config(const char *path, OmenDetectorConfig *config, GPtrArray *strings, GError **error)
{
    Target target = {config, strings};
    g_autofree char *text = NULL;
    gsize length;

    if (!path)
        return TRUE;
    if (!g_file_get_contents(path, &text, &length, error))
        return FALSE;
    return omen_settings_parse(text, length, path, take_setting, &target, error);
}

char *
input_knowledge_dir(void)
{
    /* Beside an installed program, wherever its root lies; and beside a build folder. */
    static const char *const places[] = {"../share/virt-omen/knowledge", "../../data/knowledge"};
    const char *folder = g_getenv("OMEN_DATA_DIR");
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *beside = program ? g_path_get_dirname(program) : NULL;

    if (folder)
        return g_build_filename(folder, "knowledge", NULL);
    for (guint i = 0; beside && i < G_N_ELEMENTS(places); i++) {
        g_autofree char *place = g_build_filename(beside, places[i], NULL);
        if (g_file_test(place, G_FILE_TEST_IS_DIR))
            return g_steal_pointer(&place);
    }
    return NULL;
}
