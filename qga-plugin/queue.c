/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "queue.h"

#include <stdlib.h>

void
queue_init(Queue *self, size_t limit)
{
    memset(self, 0, sizeof *self);
    self->limit = limit;
    for (int i = 0; i < 2; i++)
        self->lanes[i].end = &self->lanes[i].first;
}

static void
drop_first(Lane *lane)
{
    Item *item = lane->first;

    lane->first = item->next;
    if (!lane->first)
        lane->end = &lane->first;
    lane->size -= item->size;
    free(item);
}

void
queue_clear(Queue *self)
{
    for (int i = 0; i < 2; i++)
        while (self->lanes[i].first)
            drop_first(&self->lanes[i]);
}

static Item *
make_item(const Entry *entry)
{
    size_t identifier_length = entry->identifier_length < 64 ? entry->identifier_length : 64;
    size_t room = OMEN_GUEST_PAYLOAD_MAX - identifier_length;
    size_t message_length = entry->message_length < room ? entry->message_length : room;
    size_t payload_length = identifier_length + message_length;
    size_t place_size = strlen(entry->place) + 1;
    size_t size = sizeof(Item) + payload_length + place_size;
    Item *item = malloc(size);

    if (!item)
        return NULL;
    memset(item, 0, sizeof *item);
    item->size = size;
    item->time_us = entry->time_us;
    item->priority = entry->priority >= 0 && entry->priority <= 7 ? (uint8_t) entry->priority : 6;
    item->identifier_length = (uint8_t) identifier_length;
    item->payload_length = (uint16_t) payload_length;
    item->payload = (char *) (item + 1);
    item->place = item->payload + payload_length;
    memcpy(item->payload, entry->identifier, identifier_length);
    memcpy(item->payload + identifier_length, entry->message, message_length);
    memcpy(item->place, entry->place, place_size);
    return item;
}

void
queue_push(Queue *self, unsigned int reader, const Entry *entry)
{
    Item *item = make_item(entry);
    Lane *lane;

    self->sequence++;
    if (!item) {
        self->lost++;
        return;
    }
    item->sequence = self->sequence;
    item->reader = (uint8_t) reader;
    lane = &self->lanes[item->priority <= URGENT_PRIORITY ? 0 : 1];
    while (lane->first && lane->size + item->size > self->limit) {
        drop_first(lane);
        self->lost++;
    }
    *lane->end = item;
    lane->end = &item->next;
    lane->size += item->size;
}

static Lane *
oldest_lane(const Queue *self)
{
    const Lane *urgent = &self->lanes[0];
    const Lane *rest = &self->lanes[1];

    if (!rest->first || (urgent->first && urgent->first->sequence < rest->first->sequence))
        return (Lane *) urgent;
    return (Lane *) rest;
}

const Item *
queue_peek(const Queue *self)
{
    return oldest_lane(self)->first;
}

void
queue_pop(Queue *self)
{
    drop_first(oldest_lane(self));
}
