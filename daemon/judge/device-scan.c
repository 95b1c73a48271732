/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/device-scan.h"

#include <string.h>

#define MAX_INTERFACE 15 /* IFNAMSIZ, without its end */

static const char pci_shape[] = "xxxx:xx:xx.x";

typedef gboolean (*IsDevice)(const char *word, gsize length);

static gboolean
is_block_device(const char *word, gsize length)
{
    static const char *const prefixes[] = {"sd",  "vd", "xvd", "hd",   "nvme",
                                           "dm-", "md", "nbd", "loop", "mmcblk"};

    for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        gsize prefix = strlen(prefixes[i]);
        gboolean has_letters = i < 4;
        /* "vdev" and "SATA HDD" are no names. */
        if (length <= prefix || length > prefix + 8 ||
            (length == 4 && strncmp(word, "vdev", 4) == 0) ||
            (length == 3 && strncmp(word, "hdd", 3) == 0) ||
            strncmp(word, prefixes[i], prefix) != 0)
            continue;
        if (has_letters ? g_ascii_islower(word[prefix]) && length <= prefix + 4
                        : g_ascii_isdigit(word[prefix]))
            return TRUE;
    }
    return FALSE;
}

/* "eth1", "bond0", "ib0", and systemd's names by place: "eno1", "ens1f0", "enp5s0f0np0". */
static gboolean
is_interface(const char *word, gsize length)
{
    static const char *const prefixes[] = {"eth", "bond", "team", "ib", "em", "eno", "ens", "enp"};

    if (length > MAX_INTERFACE)
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        gsize prefix = strlen(prefixes[i]);
        if (length > prefix && strncmp(word, prefixes[i], prefix) == 0 &&
            g_ascii_isdigit(word[prefix]))
            return TRUE;
    }
    return FALSE;
}

/* "0000:3b:00.0": of another length it may be a time. */
static gboolean
is_pci_address(const char *word, gsize length)
{
    for (gsize i = 0; i < strlen(pci_shape); i++) {
        if (i >= length ||
            (pci_shape[i] == 'x' ? !g_ascii_isxdigit(word[i]) : word[i] != pci_shape[i]))
            return FALSE;
    }
    return length == strlen(pci_shape) ||
           (length == strlen(pci_shape) + 1 && word[length - 1] == ':');
}

/* The first word of letters, digits and @others that looks like a device. */
static gboolean
find_word(const char *text, const char *others, IsDevice is_device, char *device)
{
    while (*text) {
        gsize length = 0;
        while (text[length] && (g_ascii_isalnum(text[length]) || strchr(others, text[length])))
            length++;
        if (is_device(text, length)) {
            g_strlcpy(device, text, MIN(length + 1, OMEN_DEVICE_MAX));
            return TRUE;
        }
        text += MAX(length, 1);
    }
    return FALSE;
}

void
omen_device_scan(const char *message, OmenFailureClass failure_class, char device[OMEN_DEVICE_MAX])
{
    if (find_word(message, "-", is_block_device, device))
        return;
    if (failure_class == OMEN_FAILURE_NIC && find_word(message, "-", is_interface, device))
        return;
    if (find_word(message, ":.", is_pci_address, device))
        device[strlen(pci_shape)] = '\0';
}

void
omen_device_tidy(char device[OMEN_DEVICE_MAX])
{
    char *tail;
    gsize length;

    if (g_str_has_prefix(device, "/dev/"))
        memmove(device, device + 5, strlen(device + 5) + 1);
    tail = strrchr(device, '-');
    length = tail ? (gsize) (tail - device) : 0;
    if (tail && tail[1] && tail[1 + strspn(tail + 1, "0123456789")] == '\0' &&
        is_block_device(device, length))
        *tail = '\0';
}
