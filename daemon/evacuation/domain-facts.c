/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evacuation/domain-facts.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <string.h>

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
    g_free(self);
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

OmenDomainFacts *
omen_domain_facts_new_from_xml(const char *xml, GError **error)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    g_autoptr(xmlDoc) document = xmlReadMemory(xml, (int) strlen(xml), "domain.xml", NULL, options);
    g_autoptr(xmlXPathContext) context = document ? xmlXPathNewContext(document) : NULL;
    g_autoptr(OmenDomainFacts) self = g_new0(OmenDomainFacts, 1);
    g_autofree char *memory_kib = NULL;
    g_autofree char *cpu_mode = NULL;

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
    return g_steal_pointer(&self);
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
    return self;
}
