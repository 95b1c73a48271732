/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "topology/device-names.h"

#include <string.h>

#define MAX_NAMES 16

/* Prefix, and what follows it: 'a' lower-case letters and possibly digits, '0' a number and
 * possibly more of a name. */
static const struct {
    const char *prefix;
    char follows;
} shapes[] = {
    {"sd", 'a'},   {"vd", 'a'},     {"xvd", 'a'},  {"hd", 'a'},   {"dasd", 'a'},
    {"nvme", '0'}, {"dm-", '0'},    {"md", '0'},   {"md_d", '0'}, {"nbd", '0'},
    {"loop", '0'}, {"mmcblk", '0'}, {"pmem", '0'}, {"rbd", '0'},  {"drbd", '0'},
    {"zd", '0'},   {"bcache", '0'}, {"sr", '0'},   {"zram", '0'}, {"mpath", 'a'},
};

/* "a", "aa12": at most four letters, and the number of a partition. */
static gboolean
is_letters(const char *rest)
{
    gsize letters = strspn(rest, "abcdefghijklmnopqrstuvwxyz");
    gsize digits = strspn(rest + letters, "0123456789");

    return letters >= 1 && letters <= 4 && digits <= 4 && rest[letters + digits] == '\0';
}

/* "0", "0n1p2", "127p1". */
static gboolean
is_numbered(const char *rest)
{
    return g_ascii_isdigit(*rest) && strlen(rest) <= 16 &&
           rest[strspn(rest, "0123456789npc")] == '\0';
}

static gboolean
has_shape(const char *word)
{
    for (guint i = 0; i < G_N_ELEMENTS(shapes); i++) {
        const char *rest = word + strlen(shapes[i].prefix);
        if (!g_str_has_prefix(word, shapes[i].prefix))
            continue;
        if (shapes[i].follows == 'a' ? is_letters(rest) : is_numbered(rest))
            return TRUE;
    }
    return FALSE;
}

/* "ata3.00: failed": the port. */
static char *
match_port(const char *word)
{
    gsize digits = g_str_has_prefix(word, "ata") ? strspn(word + 3, "0123456789") : 0;

    if (digits == 0 || digits > 4)
        return NULL;
    if (word[3 + digits] != '\0' && word[3 + digits] != '.')
        return NULL;
    return g_strndup(word, 3 + digits);
}

/* "2:0:0:0": host, channel, target, unit. */
static gboolean
is_scsi_address(const char *word)
{
    for (guint i = 0; i < 4; i++) {
        gsize n = strspn(word, "0123456789");
        if (n == 0 || n > 5 || word[n] != (i < 3 ? ':' : '\0'))
            return FALSE;
        word += n + 1;
    }
    return TRUE;
}

/* "0000:3b:00.0": of another length it may be a time. */
static gboolean
is_pci_address(const char *word)
{
    static const char shape[] = "xxxx:xx:xx.x";
    gsize i = 0;

    while (word[i] && shape[i] &&
           (shape[i] == 'x' ? g_ascii_isxdigit(word[i]) : word[i] == shape[i]))
        i++;
    return word[i] == '\0' && shape[i] == '\0';
}

char *
omen_device_name_from_word(const char *word)
{
    if (g_str_has_prefix(word, "/dev/") && word[strlen("/dev/")])
        return g_strdup(word);
    if (has_shape(word) || is_scsi_address(word) || is_pci_address(word))
        return g_strdup(word);
    return match_port(word);
}

static gboolean
is_word_character(char c)
{
    return g_ascii_isalnum(c) || (c && strchr("-_./:!+", c));
}

/* The word of @length without what ends a sentence. */
static char *
take_word(const char *at, gsize length)
{
    while (length > 0 && strchr(".:/-!", at[length - 1]))
        length--;
    return length > 1 && length < 256 ? g_strndup(at, length) : NULL;
}

/* "host2" may be a machine's name, but not in "scsi host2". */
static char *
match_adapter(const char *word, const char *before)
{
    return before && strcmp(before, "scsi") == 0 && g_str_has_prefix(word, "host") &&
                   is_numbered(word + strlen("host"))
               ? g_strdup(word)
               : NULL;
}

static void
add_name(GPtrArray *names, char *name)
{
    if (name && names->len < MAX_NAMES &&
        !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
        g_ptr_array_add(names, name);
    else
        g_free(name);
}

/* @before: the word before it. */
static void
look_at_word(GPtrArray *names, const char *word, const char *before)
{
    char *name = omen_device_name_from_word(word);

    name = name ? name : match_adapter(word, before);
    if (name || !strchr(word, ':')) {
        add_name(names, name);
        return;
    }
    /* "md/raid1:md127" */
    g_auto(GStrv) parts = g_strsplit(word, ":", MAX_NAMES);
    for (guint i = 0; parts[i]; i++)
        add_name(names, omen_device_name_from_word(parts[i]));
}

char **
omen_device_names_find(const char *line)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *before = NULL;

    while (*line && names->len < MAX_NAMES) {
        gsize length = 0;
        while (is_word_character(line[length]))
            length++;
        char *word = take_word(line, length);
        if (word) {
            look_at_word(names, word, before);
            g_free(before);
            before = word;
        }
        line += MAX(length, 1);
    }
    g_ptr_array_add(names, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&names), FALSE);
}
