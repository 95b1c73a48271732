/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "topology/reach-search.h"

#include "topology/device-names.h"
#include "topology/remote-storage.h"

#include <string.h>

#define ARROW      " → "
#define MAX_STEPS  16
#define MAX_LISTED 8

/* One search. */
typedef struct {
    const OmenStorage *storage;
    GPtrArray *devices;  /* OmenBlockDevice: what the names stand for */
    GHashTable *reached; /* OmenBlockDevice -> the one below through which it is reached */
    char *what;          /* the names, for people */
    gboolean has_free;   /* something of it has no use that is known */
    const char *remote;  /* no device, but shared storage of that kind; NULL */
    gboolean of_way;
    gboolean has_local; /* what was found is not all shared with other hosts */
} Search;

static void
search_clear(Search *self)
{
    g_clear_pointer(&self->devices, g_ptr_array_unref);
    g_clear_pointer(&self->reached, g_hash_table_unref);
    g_clear_pointer(&self->what, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

static void G_GNUC_PRINTF(3, 4)
    set_note(OmenDeviceReach *self, OmenReach reach, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_free(self->note);
    self->note = g_strdup_vprintf(format, arguments);
    self->reach = reach;
    va_end(arguments);
}

/* ---- what lies on the device ---- */

static GPtrArray *
resolve_names(const OmenStorage *storage, char **names)
{
    GPtrArray *all = g_ptr_array_new();

    for (; *names; names++) {
        g_autofree char *plain = omen_device_name_from_word(*names);
        g_autoptr(GPtrArray) devices = omen_storage_resolve(storage, plain ? plain : *names);
        for (guint i = 0; i < devices->len; i++) {
            if (!g_ptr_array_find(all, g_ptr_array_index(devices, i), NULL))
                g_ptr_array_add(all, g_ptr_array_index(devices, i));
        }
    }
    return all;
}

/* An error that was met in a partition is its disk's. */
static void
widen_to_disks(GPtrArray *devices)
{
    for (guint i = 0; i < devices->len; i++) {
        const OmenBlockDevice *device = g_ptr_array_index(devices, i);
        if (device->is_partition && device->below->len == 1)
            devices->pdata[i] = g_ptr_array_index(device->below, 0);
    }
}

/* "sdb → sdb1 → vg0/vm-a (dm-3)". */
static char *
format_way(const Search *self, OmenBlockDevice *device)
{
    g_autoptr(GString) way = g_string_new(NULL);

    for (guint i = 0; device && i < MAX_STEPS; i++) {
        g_autofree char *one = omen_block_device_describe(device);
        if (i > 0)
            g_string_prepend(way, ARROW);
        g_string_prepend(way, one);
        device = g_hash_table_lookup(self->reached, device);
    }
    if (device)
        g_string_prepend(way, "..." ARROW);
    return g_strdup(way->str);
}

/* What of the host itself lies on it; NULL: nothing. (transfer full): the way there. */
static char *
find_own_use(const Search *self)
{
    GHashTableIter iter;
    gpointer device;

    g_hash_table_iter_init(&iter, self->reached);
    while (g_hash_table_iter_next(&iter, &device, NULL)) {
        /* The topmost one: the others are on the way to it. */
        const OmenBlockDevice *one = device;
        const char *use = omen_storage_get_own_use(self->storage, one);
        gboolean is_top = use != NULL;
        for (guint i = 0; is_top && i < one->above->len; i++) {
            const OmenBlockDevice *above = g_ptr_array_index(one->above, i);
            is_top = g_strcmp0(omen_storage_get_own_use(self->storage, above), use) != 0;
        }
        if (!is_top)
            continue;
        g_autofree char *way = format_way(self, device);
        return g_strconcat(way, ARROW, use, NULL);
    }
    return NULL;
}

static gboolean
has_free_device(const Search *self)
{
    GHashTableIter iter;
    gpointer device;

    g_hash_table_iter_init(&iter, self->reached);
    while (g_hash_table_iter_next(&iter, &device, NULL)) {
        if (!omen_storage_is_claimed(self->storage, device))
            return TRUE;
    }
    return FALSE;
}

/* ---- the domains ---- */

static gboolean
is_handle_asked(const Search *self, const OmenDeviceQuestion *question, const char *handle)
{
    g_autoptr(GPtrArray) devices = omen_storage_resolve(self->storage, handle);

    for (guint i = 0; question->names[i]; i++) {
        if (g_ascii_strcasecmp(question->names[i], handle) == 0)
            return TRUE;
    }
    for (guint i = 0; i < devices->len; i++) {
        if (g_hash_table_contains(self->reached, g_ptr_array_index(devices, i)))
            return TRUE;
    }
    return FALSE;
}

/* Of what fails on its way, an adapter of this host may be the cause. */
static void
note_place(Search *self, const OmenPlace *place)
{
    if (!place->remote || (self->of_way && omen_remote_kind_has_own_way(place->remote)))
        self->has_local = TRUE;
}

/* How the disk lies on the device. NULL: it does not. */
static char *
chain_of_path(Search *self, const OmenDomainDisk *disk, const char *domain)
{
    g_auto(OmenPlace) place = {0};

    omen_storage_locate(self->storage, disk->path, &place);
    if (self->remote)
        return g_strcmp0(place.remote, self->remote) == 0
                   ? g_strdup_printf("%s" ARROW "%s%s%s of %s", self->remote, place.mount_point,
                                     *place.mount_point ? ARROW : "", disk->target, domain)
                   : NULL;
    for (guint i = 0; i < place.devices->len; i++) {
        OmenBlockDevice *device = g_ptr_array_index(place.devices, i);
        if (!g_hash_table_contains(self->reached, device))
            continue;
        g_autofree char *way = format_way(self, device);
        note_place(self, &place);
        return g_strconcat(way, ARROW, *place.mount_point ? place.mount_point : "",
                           *place.mount_point ? ARROW : "", disk->target, " of ", domain, NULL);
    }
    if (place.kind == OMEN_PLACE_UNKNOWN ||
        (place.kind == OMEN_PLACE_UNCLAIMED && self->has_free)) {
        self->has_local = TRUE;
        return g_strdup_printf("%s of %s: it is not known which device holds %s", disk->target,
                               domain, disk->path);
    }
    return NULL;
}

/* What is not known of shared storage is not looked for there. */
static char *
chain_of_remote(const Search *self, const OmenDomainDisk *disk, const char *domain)
{
    if (disk->kind != OMEN_DISK_REMOTE || g_strcmp0(disk->remote, self->remote) != 0)
        return NULL;
    return g_strdup_printf("%s" ARROW "%s of %s", disk->remote, disk->target, domain);
}

static char *
chain_of(Search *self,
         const OmenDeviceQuestion *question,
         const OmenDomainDisk *disk,
         const char *domain)
{
    if (self->remote && disk->kind != OMEN_DISK_PATH)
        return chain_of_remote(self, disk, domain);
    switch (disk->kind) {
    case OMEN_DISK_PATH:
        return chain_of_path(self, disk, domain);
    case OMEN_DISK_HANDLE:
        return is_handle_asked(self, question, disk->path)
                   ? g_strdup_printf("%s" ARROW "%s of %s", disk->path, disk->target, domain)
                   : NULL;
    case OMEN_DISK_REMOTE:
        return NULL;
    case OMEN_DISK_VOLUME:
        return g_strdup_printf(
            "%s of %s: it is not known where the volume %s of the pool %s is stored", disk->target,
            domain, disk->volume, disk->pool);
    case OMEN_DISK_UNKNOWN:
    default:
        return g_strdup_printf("%s of %s: it is not known where a disk of type %s is stored",
                               disk->target, domain, disk->path);
    }
}

static void
look_at_domain(Search *self,
               const OmenDeviceQuestion *question,
               const OmenDomainDisks *domain,
               OmenDeviceReach *reach)
{
    for (guint i = 0; i < domain->disks->len; i++) {
        const OmenDomainDisk *disk = g_ptr_array_index(domain->disks, i);
        /* A device that was given to a domain is not seen any more as the host's. */
        gboolean counts = self->remote || self->devices->len > 0 || disk->kind == OMEN_DISK_HANDLE;
        g_autofree char *chain = counts ? chain_of(self, question, disk, domain->name) : NULL;
        if (!chain)
            continue;
        if (!self->remote && disk->kind != OMEN_DISK_PATH)
            self->has_local = TRUE;
        omen_device_reach_add_use(reach, domain->uuid, domain->name, chain);
        return;
    }
    if (!domain->is_complete && (self->remote || self->devices->len > 0)) {
        self->has_local = TRUE;
        g_autofree char *chain =
            g_strdup_printf("%s: not all of its disks are known", domain->name);
        omen_device_reach_add_use(reach, domain->uuid, domain->name, chain);
    }
}

/* (transfer full) */
static char **
list_devices(const Search *self)
{
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    GHashTableIter iter;
    gpointer device;

    g_hash_table_iter_init(&iter, self->reached);
    while (g_hash_table_iter_next(&iter, &device, NULL))
        g_strv_builder_add(names, ((const OmenBlockDevice *) device)->name);
    return g_strv_builder_end(names);
}

static char *
list_names(const OmenDeviceReach *reach)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < MIN(reach->uses->len, MAX_LISTED); i++) {
        const OmenDeviceUse *use = g_ptr_array_index(reach->uses, i);
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", use->name);
    }
    if (reach->uses->len > MAX_LISTED)
        g_string_append_printf(names, " and %u more", reach->uses->len - MAX_LISTED);
    return g_strdup(names->str);
}

static void
conclude(const Search *self, OmenDeviceReach *reach)
{
    OmenPlaceKind own = omen_storage_get_own_place(self->storage);
    gboolean own_is_open =
        own == OMEN_PLACE_UNKNOWN || (own == OMEN_PLACE_UNCLAIMED && self->has_free);
    g_autofree char *own_use = find_own_use(self);
    g_autofree char *names = list_names(reach);

    if (own_use || own_is_open)
        g_ptr_array_set_size(reach->uses, 0);
    if (own_use)
        set_note(reach, OMEN_REACH_HOST, "the host itself uses it: %s", own_use);
    else if (own_is_open)
        set_note(
            reach, OMEN_REACH_HOST,
            "it is not known which devices the host itself uses: %s is assumed to be one of them",
            self->what);
    else if (reach->uses->len > 0)
        set_note(reach, OMEN_REACH_DOMAINS, "used by %s", names);
    else
        set_note(reach, OMEN_REACH_NOBODY,
                 "neither a domain nor the host itself uses %s: no domain is moved", self->what);
}

static void
conclude_remote(const Search *self, OmenDeviceReach *reach)
{
    g_autofree char *names = list_names(reach);

    if (omen_storage_lives_on(self->storage, self->remote)) {
        g_ptr_array_set_size(reach->uses, 0);
        set_note(reach, OMEN_REACH_HOST, "the host itself uses storage of the kind %s",
                 self->remote);
    } else if (reach->uses->len > 0) {
        set_note(reach, OMEN_REACH_DOMAINS, "used by %s", names);
    } else {
        set_note(
            reach, OMEN_REACH_NOBODY,
            "neither a domain nor the host itself uses storage of the kind %s: no domain is moved",
            self->remote);
    }
}

OmenDeviceReach *
omen_device_reach_find(const OmenStorage *storage,
                       const OmenDeviceQuestion *question,
                       GPtrArray *domains)
{
    g_auto(Search) self = {.storage = storage, .devices = resolve_names(storage, question->names)};
    OmenDeviceReach *reach = omen_device_reach_new(OMEN_REACH_HOST, "");

    self.what = g_strjoinv(", ", question->names);
    if (!question->only_part)
        widen_to_disks(self.devices);
    self.reached = omen_block_graph_climb(omen_storage_get_graph(storage), self.devices);
    self.has_free = has_free_device(&self);
    self.of_way = question->of_way;
    self.remote = self.devices->len == 0 ? question->remote : NULL;
    omen_device_reach_set_devices(reach, list_devices(&self));
    for (guint i = 0; i < domains->len; i++)
        look_at_domain(&self, question, g_ptr_array_index(domains, i), reach);
    if (self.remote)
        conclude_remote(&self, reach);
    else if (self.devices->len > 0)
        conclude(&self, reach);
    else if (reach->uses->len > 0)
        set_note(reach, OMEN_REACH_DOMAINS, "%s was given to a domain", self.what);
    else if (*self.what)
        set_note(reach, OMEN_REACH_HOST,
                 "no storage device %s is known here: every domain is assumed to use it",
                 self.what);
    else
        set_note(reach, OMEN_REACH_HOST,
                 "the lines name no device: every domain is assumed to be affected");
    reach->is_shared = reach->reach == OMEN_REACH_DOMAINS && !self.has_local;
    return reach;
}
