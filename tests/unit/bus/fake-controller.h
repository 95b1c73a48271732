/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A daemon that does nothing but remember what it was asked. */
#pragma once

#include "bus/controller.h"

G_BEGIN_DECLS

#define FAKE_TYPE_CONTROLLER (fake_controller_get_type())
G_DECLARE_FINAL_TYPE(FakeController, fake_controller, FAKE, CONTROLLER, GObject)

struct _FakeController {
    GObject parent_instance;

    char *mode;
    OmenRegistry *omens;
    GPtrArray *evacuations;  /* OmenEvacuation */
    GPtrArray *domains;      /* char *, names; the UUID is made of the place */
    GPtrArray *destinations; /* char *, names */
    GPtrArray *plans;        /* GTask: not answered yet */
    guint within_s;          /* of the last plan that was asked for */
    GString *calls;          /* what was asked, in order */
    GError *next_error;      /* (nullable) what the next call fails with */
    guint64 records;         /* of the host's stream */
};

FakeController *fake_controller_new(void);

/* Answers all plans with one move and one stay. */
void fake_controller_answer_plans(FakeController *self);

/* A new evacuation in @phase, told to the bus. Borrowed. */
OmenEvacuation *fake_controller_add_evacuation(FakeController *self, OmenPhase phase);

G_END_DECLS
