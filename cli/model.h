/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The language model that the configuration names, asked while one waits. */
#pragma once

#include <gio/gio.h>
#include <virt-omen/judge.h>

G_BEGIN_DECLS

typedef struct _Model Model;

/* @config: the configuration's file, NULL for the installed one. Returns: NULL with @error, also if
 * it names no model. */
Model *model_new(const char *config, GError **error);
void model_free(Model *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_free)

/* Lines of one kind are asked about once. @verdict gets the answer; it lives as long as @self or
 * until the next call. FALSE with @error: there is none, and @verdict is as it was. */
gboolean model_ask(Model *self, const OmenEvidence *evidence, OmenVerdict *verdict, GError **error);

G_END_DECLS
