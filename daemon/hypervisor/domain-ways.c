/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hypervisor/domain-ways.h"

#include "hypervisor/libvirt-types.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <string.h>
#include <virt-omen/guest-wire.h>

#define DEADLINE_S 20
#define AGENT_PORT "org.qemu.guest_agent.0"
#define CHANNEL    "/domain/devices/channel/target[@type='virtio' and @name='%s'%s]"
#define CONNECTED  " and @state='connected'"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathContext, xmlXPathFreeContext)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathObject, xmlXPathFreeObject)

void
omen_domain_ways_free(OmenDomainWays *self)
{
    g_free(self->serial_log);
    g_free(self);
}

static gboolean
has_port(xmlXPathContextPtr context, const char *name, const char *more)
{
    g_autofree char *path = g_strdup_printf("boolean(" CHANNEL ")", name, more);
    g_autoptr(xmlXPathObject) object = xmlXPathEvalExpression(BAD_CAST path, context);

    return object && object->boolval;
}

static OmenDomainWays *
parse_ways(const char *xml)
{
    g_autoptr(xmlDoc) document =
        xmlReadMemory(xml, (int) strlen(xml), NULL, NULL,
                      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    g_autoptr(xmlXPathContext) context = document ? xmlXPathNewContext(document) : NULL;
    g_autoptr(xmlXPathObject) log = NULL;
    OmenDomainWays *self;

    if (!context)
        return NULL;
    self = g_new0(OmenDomainWays, 1);
    self->has_channel = has_port(context, OMEN_GUEST_PORT, "");
    self->channel_connected = has_port(context, OMEN_GUEST_PORT, CONNECTED);
    self->has_agent = has_port(context, AGENT_PORT, "");
    self->agent_connected = has_port(context, AGENT_PORT, CONNECTED);
    log = xmlXPathEvalExpression(
        BAD_CAST "string((/domain/devices/console|/domain/devices/serial)/log/@file)", context);
    self->serial_log = g_strdup(log && log->stringval ? (const char *) log->stringval : "");
    return self;
}

typedef struct {
    virConnectPtr connection;
    char *uuid;
} Request;

static void
request_free(gpointer data)
{
    Request *self = data;

    virConnectClose(self->connection);
    g_free(self->uuid);
    g_free(self);
}

static gpointer
read_work(gpointer data, GError **error)
{
    Request *self = data;
    g_autoptr(OmenVirDomain) domain = virDomainLookupByUUIDString(self->connection, self->uuid);
    char *xml = domain ? virDomainGetXMLDesc(domain, 0) : NULL;
    OmenDomainWays *ways = xml ? parse_ways(xml) : NULL;

    if (!ways)
        omen_libvirt_set_error(error, "it is not known how the guest can be heard");
    free(xml);
    return ways;
}

void
omen_domain_ways_read_async(OmenHypervisor *hypervisor,
                            const char *uuid,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
    virConnectPtr connection = omen_hypervisor_ref_connection(hypervisor);
    Request *request;

    if (!connection) {
        g_task_report_new_error(hypervisor, callback, user_data, omen_domain_ways_read_async,
                                G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                                "there is no connection to libvirt");
        return;
    }
    request = g_new0(Request, 1);
    request->connection = connection;
    request->uuid = g_strdup(uuid);
    omen_workers_run_async(omen_hypervisor_get_workers(hypervisor), hypervisor, read_work, request,
                           request_free, (GDestroyNotify) omen_domain_ways_free, DEADLINE_S,
                           callback, user_data);
}

OmenDomainWays *
omen_domain_ways_read_finish(GAsyncResult *result, GError **error)
{
    return omen_workers_run_finish(result, error);
}
