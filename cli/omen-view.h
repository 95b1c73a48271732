/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An omen as commands show it. @path: of its object on the bus. */
#pragma once

#include "client.h"

G_BEGIN_DECLS

/* What fails: "disk sda", "memory of g1", "disk sda (not proven)". (transfer full) */
char *omen_view_describe(Client *client, const char *path);

/* Who wrote its records, and whether that proves it. (transfer full) */
char *omen_view_describe_writer(Client *client, const char *path);

/* As an object of JSON. */
void omen_view_add(Client *client, const char *path, JsonBuilder *builder);

/* By which chain of devices each domain uses the device that fails: a line each after @head. */
void omen_view_append_uses(Client *client, const char *path, const char *head, GString *out);

/* The kinds of signs that told of it, where there was more than one: a line each after @head. */
void omen_view_append_course(Client *client, const char *path, const char *head, GString *out);

G_END_DECLS
