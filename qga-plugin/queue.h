/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records that wait for the host to read. Bounded: what is worse than OMEN_URGENT has a lane of its
 * own, and each lane drops its oldest record when it is full, so that chatter never pushes an error
 * out. Records leave in the order in which they came.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <virt-omen/guest-wire.h>

#define URGENT_PRIORITY 4 /* a warning, and what is worse */

typedef struct Item {
    struct Item *next;
    uint64_t sequence;
    uint64_t time_us;
    uint8_t priority;
    uint8_t identifier_length;
    uint16_t payload_length;
    uint8_t reader; /* number of who read it */
    char *place;    /* where that reader had come to with it */
    char *payload;  /* identifier and message */
    size_t size;    /* of all of it, in bytes */
} Item;

typedef struct {
    Item *first;
    Item **end;
    size_t size;
} Lane;

typedef struct {
    Lane lanes[2]; /* urgent, and the rest */
    size_t limit;  /* of a lane, in bytes */
    uint64_t sequence;
    uint64_t lost;
} Queue;

/* What a reader hands in: all borrowed. */
typedef struct {
    uint64_t time_us;
    int priority;
    const char *identifier;
    size_t identifier_length;
    const char *message;
    size_t message_length;
    const char *place;
} Entry;

void queue_init(Queue *self, size_t limit);
void queue_clear(Queue *self);

/* Cuts what is too long. */
void queue_push(Queue *self, unsigned int reader, const Entry *entry);

/* The oldest record, still owned by the queue; NULL: none. */
const Item *queue_peek(const Queue *self);
void queue_pop(Queue *self);
