/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/libvirt/domain-facts.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <string.h>
#include <sys/vfs.h>
#include <virt-omen/text.h>

#define MAX_LISTED 64 /* networks, disks ... of one domain */

G_DEFINE_QUARK(omen - domain - facts - error - quark, omen_domain_facts_error)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathContext, xmlXPathFreeContext)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathObject, xmlXPathFreeObject)

void
omen_domain_facts_free(OmenDomainFacts *self)
{
    g_free(self->uuid);
    g_free(self->name);
    g_free(self->virt_type);
    g_free(self->arch);
    g_free(self->machine);
    g_free(self->cpu_xml);
    g_strfreev(self->networks);
    g_strfreev(self->bridges);
    g_strfreev(self->pools);
    g_strfreev(self->local_files);
    g_free(self->wishes.group);
    g_strfreev(self->wishes.needs);
    g_free(self->wishes.problem);
    g_free(self);
}

OmenDomainFacts *
omen_domain_facts_copy(const OmenDomainFacts *self)
{
    OmenDomainFacts *copy = g_new(OmenDomainFacts, 1);

    *copy = *self;
    copy->uuid = g_strdup(self->uuid);
    copy->name = g_strdup(self->name);
    copy->virt_type = g_strdup(self->virt_type);
    copy->arch = g_strdup(self->arch);
    copy->machine = g_strdup(self->machine);
    copy->cpu_xml = g_strdup(self->cpu_xml);
    copy->networks = g_strdupv(self->networks);
    copy->bridges = g_strdupv(self->bridges);
    copy->pools = g_strdupv(self->pools);
    copy->local_files = g_strdupv(self->local_files);
    copy->wishes.group = g_strdup(self->wishes.group);
    copy->wishes.needs = g_strdupv(self->wishes.needs);
    copy->wishes.problem = g_strdup(self->wishes.problem);
    return copy;
}

/* The text that an XPath expression gives; "" if nothing. */
static char *
text_at(xmlXPathContextPtr context, const char *path)
{
    g_autofree char *expression = g_strdup_printf("string(%s)", path);
    g_autoptr(xmlXPathObject) object = xmlXPathEvalExpression(BAD_CAST expression, context);

    return g_strdup(object && object->stringval ? (const char *) object->stringval : "");
}

static gboolean
exists_at(xmlXPathContextPtr context, const char *path)
{
    g_autofree char *expression = g_strdup_printf("boolean(%s)", path);
    g_autoptr(xmlXPathObject) object = xmlXPathEvalExpression(BAD_CAST expression, context);

    return object && object->boolval;
}

/* An element as XML; NULL if there is none. */
static char *
element_at(xmlXPathContextPtr context, const char *path)
{
    g_autoptr(xmlXPathObject) object = xmlXPathEvalExpression(BAD_CAST path, context);
    xmlBufferPtr buffer;
    char *text;

    if (!object || xmlXPathNodeSetIsEmpty(object->nodesetval))
        return NULL;
    buffer = xmlBufferCreate();
    xmlNodeDump(buffer, context->doc, object->nodesetval->nodeTab[0], 0, 0);
    text = g_strdup((const char *) xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    return text;
}

/* The texts of all nodes that an XPath expression gives. */
static char **
texts_at(xmlXPathContextPtr context, const char *path)
{
    g_autoptr(xmlXPathObject) object = xmlXPathEvalExpression(BAD_CAST path, context);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    int n = object && object->nodesetval ? object->nodesetval->nodeNr : 0;

    for (int i = 0; i < MIN(n, MAX_LISTED); i++) {
        xmlChar *text = xmlNodeGetContent(object->nodesetval->nodeTab[i]);
        g_strv_builder_add(builder, (const char *) text);
        xmlFree(text);
    }
    return g_strv_builder_end(builder);
}

/* ---- wishes ---- */

#define MAX_SHRINK_TO_MIB (64 * 1024 * 1024)
#define WISHES                                                                                     \
    "/domain/metadata/*[local-name()='evacuation' and namespace-uri()='" OMEN_WISHES_NAMESPACE "']"

static void
complain(OmenWishes *wishes, const char *attribute, const char *value, const char *allowed)
{
    g_autofree char *before = g_steal_pointer(&wishes->problem);
    g_autofree char *shown = omen_text_sanitise(value, -1, 40);

    wishes->problem = g_strdup_printf("%s%s%s=\"%s\" is ignored: allowed are %s", before,
                                      *before ? "; " : "", attribute, shown, allowed);
}

static gboolean
read_flag(xmlXPathContextPtr context, const char *attribute, OmenWishes *wishes)
{
    g_autofree char *path = g_strconcat(WISHES "/@", attribute, NULL);
    g_autofree char *value = text_at(context, path);

    if (g_str_equal(value, "yes"))
        return TRUE;
    if (*value && !g_str_equal(value, "no"))
        complain(wishes, attribute, value, "yes, no");
    return FALSE;
}

static void
read_shrinking(xmlXPathContextPtr context, OmenWishes *wishes)
{
    g_autofree char *text = text_at(context, WISHES "/@shrink-to");
    guint64 mib = 0;

    if (*text && !g_ascii_string_to_unsigned(text, 10, 1, MAX_SHRINK_TO_MIB, &mib, NULL))
        complain(wishes, "shrink-to", text, "MiB, from 1");
    else
        wishes->shrink_to_bytes = mib * 1024 * 1024;
}

static void
read_wishes(xmlXPathContextPtr context, OmenWishes *wishes)
{
    g_autofree char *priority = text_at(context, WISHES "/@priority");
    g_autofree char *technique = text_at(context, WISHES "/@technique");
    g_autofree char *needs = text_at(context, WISHES "/@needs");
    guint64 number = 1;

    wishes->problem = g_strdup("");
    if (*priority && !g_ascii_string_to_unsigned(priority, 10, 1, 1000, &number, NULL)) {
        complain(wishes, "priority", priority, "1 to 1000");
        number = 1;
    }
    wishes->priority = (guint) number;
    if (*technique && !omen_technique_from_string(technique, &wishes->technique))
        complain(wishes, "technique", technique,
                 "auto, pre-copy, auto-converge, hybrid, post-copy");
    wishes->never_move = read_flag(context, "never-move", wishes);
    wishes->shutdown_instead = read_flag(context, "shutdown-instead", wishes);
    read_shrinking(context, wishes);
    wishes->group = text_at(context, WISHES "/@group");
    wishes->needs = *needs ? g_strsplit(needs, ";", MAX_LISTED) : g_new0(char *, 1);
}

OmenDomainFacts *
omen_domain_facts_new_from_xml(const char *xml, GError **error)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    g_autoptr(xmlDoc) document = xmlReadMemory(xml, (int) strlen(xml), "domain.xml", NULL, options);
    g_autoptr(xmlXPathContext) context = document ? xmlXPathNewContext(document) : NULL;
    g_autoptr(OmenDomainFacts) self = g_new0(OmenDomainFacts, 1);
    g_autofree char *memory_kib = NULL;
    g_autofree char *cpu_mode = NULL;
    g_autofree char *vcpus = NULL;

    if (!context || !exists_at(context, "/domain/uuid")) {
        g_set_error(error, OMEN_DOMAIN_FACTS_ERROR, OMEN_DOMAIN_FACTS_ERROR_BAD_XML,
                    "libvirt's description of the domain can not be read");
        return NULL;
    }
    self->uuid = text_at(context, "/domain/uuid");
    self->name = text_at(context, "/domain/name");
    self->virt_type = text_at(context, "/domain/@type");
    self->arch = text_at(context, "/domain/os/type/@arch");
    self->machine = text_at(context, "/domain/os/type/@machine");
    self->cpu_xml = element_at(context, "/domain/cpu");
    cpu_mode = text_at(context, "/domain/cpu/@mode");
    self->host_passthrough = g_str_equal(cpu_mode, "host-passthrough");
    self->has_host_devices = exists_at(context, "/domain/devices/hostdev[@type != 'usb' and "
                                                "@type != 'scsi'] | "
                                                "/domain/devices/interface[@type = 'hostdev']");
    /* libvirt always writes it in KiB. */
    memory_kib = text_at(context, "/domain/memory");
    self->memory_bytes = g_ascii_strtoull(memory_kib, NULL, 10) * 1024;
    vcpus = text_at(context, "/domain/vcpu");
    self->vcpus = (guint) g_ascii_strtoull(vcpus, NULL, 10);
    self->networks =
        texts_at(context, "/domain/devices/interface[@type = 'network']/source/@network");
    self->bridges = texts_at(context, "/domain/devices/interface[@type = 'bridge']/source/@bridge");
    self->pools = texts_at(context, "/domain/devices/disk[@type = 'volume']/source/@pool");
    self->local_files =
        texts_at(context, "/domain/devices/disk[not(readonly) and not(shareable)]/source/@file | "
                          "/domain/devices/disk[not(readonly) and not(shareable)]/source/@dev");
    read_wishes(context, &self->wishes);
    return g_steal_pointer(&self);
}

/* ---- what only libvirt knows ---- */

/* File systems that other hosts see as well (linux/magic.h, and those of clusters). */
static gboolean
is_shared(const char *path)
{
    static const guint32 shared[] = {0x6969,     /* NFS */
                                     0xFF534D42, /* CIFS */
                                     0xFE534D42, /* SMB2 */
                                     0x00C36400, /* Ceph */
                                     0x01161970, /* GFS2 */
                                     0x7461636F, /* OCFS2 */
                                     0x47504653, /* GPFS */
                                     0x65735546, /* FUSE: GlusterFS and others */
                                     0x5346414F /* AFS */};
    struct statfs found;

    if (statfs(path, &found) != 0)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(shared); i++) {
        if ((guint32) found.f_type == shared[i])
            return TRUE;
    }
    return FALSE;
}

/* Block devices may be a SAN's: libvirt decides about them when it is asked to migrate. */
static guint64
measure_local_disks(virDomainPtr domain, char **files)
{
    guint64 bytes = 0;

    for (; *files; files++) {
        virDomainBlockInfo info;
        if (g_str_has_prefix(*files, "/dev/") || is_shared(*files))
            continue;
        if (virDomainGetBlockInfo(domain, *files, &info, 0) == 0)
            bytes += info.allocation;
        bytes = MAX(bytes, 1);
    }
    return bytes;
}

/* Pages that the guest never touched are sent as next to nothing. */
static guint64
measure_resident(virDomainPtr domain, guint64 memory_bytes)
{
    virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
    int n = virDomainMemoryStats(domain, stats, VIR_DOMAIN_MEMORY_STAT_NR, 0);

    for (int i = 0; i < n; i++) {
        if (stats[i].tag == VIR_DOMAIN_MEMORY_STAT_RSS && stats[i].val > 0)
            return MIN(memory_bytes, (guint64) stats[i].val * 1024);
    }
    return 0;
}

gboolean
omen_domain_start_dirty_rate(virDomainPtr domain, guint seconds)
{
    return virDomainStartDirtyRateCalc(domain, (int) seconds, 0) == 0;
}

double
omen_domain_read_dirty_rate(virDomainPtr domain)
{
    virDomainPtr domains[] = {domain, NULL};
    virDomainStatsRecordPtr *records = NULL;
    int status = VIR_DOMAIN_DIRTYRATE_UNSTARTED;
    long long mib_per_second = 0;

    if (virDomainListGetStats(domains, VIR_DOMAIN_STATS_DIRTYRATE, &records, 0) < 1)
        return -1;
    virTypedParamsGetInt(records[0]->params, records[0]->nparams, "dirtyrate.calc_status", &status);
    virTypedParamsGetLLong(records[0]->params, records[0]->nparams,
                           "dirtyrate.megabytes_per_second", &mib_per_second);
    virDomainStatsRecordListFree(records);
    return status == VIR_DOMAIN_DIRTYRATE_MEASURED ? (double) mib_per_second * 1024 * 1024 : -1;
}

OmenDomainFacts *
omen_domain_facts_new(virDomainPtr domain, GError **error)
{
    char *xml = virDomainGetXMLDesc(domain, 0);
    OmenDomainFacts *self;

    if (!xml) {
        omen_libvirt_set_error(error, "cannot read the domain's description");
        return NULL;
    }
    self = omen_domain_facts_new_from_xml(xml, error);
    free(xml);
    if (self) {
        self->transfer_bytes = measure_resident(domain, self->memory_bytes);
        self->disk_bytes = measure_local_disks(domain, self->local_files);
    }
    return self;
}
