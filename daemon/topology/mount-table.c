/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "topology/mount-table.h"

#include <stdio.h>
#include <string.h>

#define MAX_MOUNTS 65536

/* Fields before the optional ones; those after the "-". */
enum {
    FIELD_NUMBER = 2,
    FIELD_ROOT,
    FIELD_MOUNT_POINT,
    N_FIELDS = 6,
    N_LAST_FIELDS = 3
};

struct _OmenMountTable {
    GPtrArray *mounts;
    GHashTable *by_point; /* mount point -> GArray of guint, rising */
};

static void
mount_free(gpointer data)
{
    OmenMount *self = data;

    g_free(self->root);
    g_free(self->mount_point);
    g_free(self->fs_type);
    g_free(self->source);
    g_free(self->super_options);
    g_free(self);
}

/* The kernel writes white space and the backslash as "\040". */
static char *
unescape(const char *text)
{
    GString *plain = g_string_new(NULL);

    for (; *text; text++) {
        if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
            text[2] <= '7' && text[3] >= '0' && text[3] <= '7') {
            g_string_append_c(
                plain, (char) ((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0')));
            text += 3;
        } else {
            g_string_append_c(plain, *text);
        }
    }
    return g_string_free(plain, FALSE);
}

static OmenMount *
parse_line(const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", 64);
    guint n = g_strv_length(fields);
    guint dash = N_FIELDS;
    guint major_number;
    guint minor_number;
    OmenMount *self;

    while (dash < n && strcmp(fields[dash], "-") != 0)
        dash++;
    if (dash + N_LAST_FIELDS >= n ||
        sscanf(fields[FIELD_NUMBER], "%9u:%9u", &major_number, &minor_number) != 2)
        return NULL;
    self = g_new0(OmenMount, 1);
    self->major_number = major_number;
    self->minor_number = minor_number;
    self->root = unescape(fields[FIELD_ROOT]);
    self->mount_point = unescape(fields[FIELD_MOUNT_POINT]);
    self->fs_type = unescape(fields[dash + 1]);
    self->source = unescape(fields[dash + 2]);
    self->super_options = unescape(fields[dash + 3]);
    return self;
}

static void
add(OmenMountTable *self, OmenMount *mount)
{
    GArray *numbers = g_hash_table_lookup(self->by_point, mount->mount_point);
    guint number = self->mounts->len;

    if (!numbers) {
        numbers = g_array_new(FALSE, FALSE, sizeof(guint));
        g_hash_table_insert(self->by_point, mount->mount_point, numbers);
    }
    g_array_append_val(numbers, number);
    g_ptr_array_add(self->mounts, mount);
}

OmenMountTable *
omen_mount_table_new(const char *mountinfo)
{
    OmenMountTable *self = g_new0(OmenMountTable, 1);
    const char *line = mountinfo;

    self->mounts = g_ptr_array_new_with_free_func(mount_free);
    self->by_point =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_array_unref);
    while (*line && self->mounts->len < MAX_MOUNTS) {
        gsize length = strcspn(line, "\n");
        g_autofree char *one = g_strndup(line, length);
        OmenMount *mount = parse_line(one);
        if (mount)
            add(self, mount);
        line += length + (line[length] == '\n');
    }
    return self;
}

void
omen_mount_table_free(OmenMountTable *self)
{
    g_hash_table_unref(self->by_point);
    g_ptr_array_unref(self->mounts);
    g_free(self);
}

guint
omen_mount_table_get_size(const OmenMountTable *self)
{
    return self->mounts->len;
}

const OmenMount *
omen_mount_table_get(const OmenMountTable *self, guint index)
{
    return g_ptr_array_index(self->mounts, index);
}

/* The last mount at exactly @point before number @before. */
static const OmenMount *
find_at(const OmenMountTable *self, const char *point, guint before, guint *index)
{
    GArray *numbers = g_hash_table_lookup(self->by_point, point);

    for (guint i = numbers ? numbers->len : 0; i > 0; i--) {
        guint number = g_array_index(numbers, guint, i - 1);
        if (number >= before)
            continue;
        if (index)
            *index = number;
        return g_ptr_array_index(self->mounts, number);
    }
    return NULL;
}

const OmenMount *
omen_mount_table_find(const OmenMountTable *self, const char *path, guint before, guint *index)
{
    g_autofree char *point = g_strdup(path);
    const OmenMount *mount = find_at(self, point, before, index);
    char *slash;

    while (!mount && (slash = strrchr(point, '/')) && point[1]) {
        slash[slash == point ? 1 : 0] = '\0';
        mount = find_at(self, point, before, index);
    }
    return mount;
}

char *
omen_mount_get_option(const OmenMount *self, const char *name)
{
    gsize length = strlen(name);
    const char *at = self->super_options;

    for (; *at; at += at[strcspn(at, ",")] ? strcspn(at, ",") + 1 : strcspn(at, ",")) {
        if (strncmp(at, name, length) == 0 && at[length] == '=')
            return g_strndup(at + length + 1, strcspn(at + length + 1, ","));
    }
    return NULL;
}
