/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest writes to its virtio-serial port OMEN_GUEST_PORT, and its host reads there: frames,
 * one after another, in one direction. Needs nothing but a C compiler, so that it can be built into
 * a guest's programs.
 *
 * A frame is a header and up to OMEN_GUEST_PAYLOAD_MAX bytes; numbers are little-endian:
 *
 *      0  "OMEN"
 *      4  version, 1 byte: OMEN_GUEST_WIRE_VERSION
 *      5  type, 1 byte: OmenGuestFrameType
 *      6  length of the payload, 2 bytes
 *      8  session, 8 bytes: another one each time the writer starts
 *     16  sequence, 8 bytes: number of the record, from 1; of a beat, that of the last one
 *     24  time, 8 bytes: microseconds since the epoch by the guest's clock; 0 not known
 *     32  lost, 8 bytes: records of this session that the writer has dropped so far
 *     40  priority, 1 byte, as syslog's
 *     41  length of the identifier, 1 byte: the payload begins with it, the message follows
 *     42  two bytes of 0
 *     44  check, 4 bytes: CRC-32 (IEEE 802.3) of the bytes 0 to 43 and of the payload
 *
 * Sequences leave out the numbers of what was dropped. A reader that meets anything else goes on at
 * the next "OMEN".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define OMEN_GUEST_PORT         "org.virtomen.log.0"
#define OMEN_GUEST_MAGIC        "OMEN"
#define OMEN_GUEST_MAGIC_SIZE   4
#define OMEN_GUEST_WIRE_VERSION 1
#define OMEN_GUEST_HEADER_SIZE  48
#define OMEN_GUEST_FRAME_MAX    8192
#define OMEN_GUEST_PAYLOAD_MAX  (OMEN_GUEST_FRAME_MAX - OMEN_GUEST_HEADER_SIZE)

typedef enum {
    OMEN_GUEST_FRAME_RECORD = 1,
    OMEN_GUEST_FRAME_BEAT = 2, /* the writer lives; without payload */
} OmenGuestFrameType;

typedef struct {
    uint8_t type;
    uint8_t priority;
    uint8_t identifier_length;
    uint16_t payload_length;
    uint64_t session;
    uint64_t sequence;
    uint64_t time_us;
    uint64_t lost;
    const char *payload; /* identifier and message, not ended by NUL */
} OmenGuestFrame;

typedef enum {
    OMEN_GUEST_DECODED,       /* a frame is there */
    OMEN_GUEST_INCOMPLETE,    /* it may become one with more bytes */
    OMEN_GUEST_BAD,           /* it is none */
    OMEN_GUEST_OTHER_VERSION, /* it may be one, of a version that is not known here */
} OmenGuestDecoding;

static inline uint32_t
omen_guest_crc(uint32_t crc, const uint8_t *bytes, size_t length)
{
    /* Of each half byte. */
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };

    crc = ~crc;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return ~crc;
}

static inline void
omen_guest_put(uint8_t *at, uint64_t number, unsigned int n_bytes)
{
    for (unsigned int i = 0; i < n_bytes; i++)
        at[i] = (uint8_t) (number >> (8 * i));
}

static inline uint64_t
omen_guest_get(const uint8_t *at, unsigned int n_bytes)
{
    uint64_t number = 0;

    for (unsigned int i = 0; i < n_bytes; i++)
        number |= (uint64_t) at[i] << (8 * i);
    return number;
}

static inline uint32_t
omen_guest_check(const uint8_t *frame, size_t payload_length)
{
    return omen_guest_crc(omen_guest_crc(0, frame, 44), frame + OMEN_GUEST_HEADER_SIZE,
                          payload_length);
}

/* Writes @frame, whose lengths must be within the limits, to @out of OMEN_GUEST_FRAME_MAX bytes.
 * Returns its size. */
static inline size_t
omen_guest_frame_encode(const OmenGuestFrame *frame, uint8_t *out)
{
    for (size_t i = 0; i < OMEN_GUEST_MAGIC_SIZE; i++)
        out[i] = (uint8_t) OMEN_GUEST_MAGIC[i];
    out[4] = OMEN_GUEST_WIRE_VERSION;
    out[5] = frame->type;
    omen_guest_put(out + 6, frame->payload_length, 2);
    omen_guest_put(out + 8, frame->session, 8);
    omen_guest_put(out + 16, frame->sequence, 8);
    omen_guest_put(out + 24, frame->time_us, 8);
    omen_guest_put(out + 32, frame->lost, 8);
    out[40] = frame->priority;
    out[41] = frame->identifier_length;
    omen_guest_put(out + 42, 0, 2);
    if (frame->payload_length > 0)
        memcpy(out + OMEN_GUEST_HEADER_SIZE, frame->payload, frame->payload_length);
    omen_guest_put(out + 44, omen_guest_check(out, frame->payload_length), 4);
    return OMEN_GUEST_HEADER_SIZE + (size_t) frame->payload_length;
}

/* Reads the frame that @bytes begin with; @frame then points into them. */
static inline OmenGuestDecoding
omen_guest_frame_decode(const uint8_t *bytes, size_t length, OmenGuestFrame *frame)
{
    size_t n_magic = length < OMEN_GUEST_MAGIC_SIZE ? length : OMEN_GUEST_MAGIC_SIZE;

    if (memcmp(bytes, OMEN_GUEST_MAGIC, n_magic) != 0)
        return OMEN_GUEST_BAD;
    if (length > 4 && bytes[4] != OMEN_GUEST_WIRE_VERSION)
        return OMEN_GUEST_OTHER_VERSION;
    if (length < OMEN_GUEST_HEADER_SIZE)
        return OMEN_GUEST_INCOMPLETE;
    *frame = (OmenGuestFrame){
        .type = bytes[5],
        .priority = bytes[40],
        .identifier_length = bytes[41],
        .payload_length = (uint16_t) omen_guest_get(bytes + 6, 2),
        .session = omen_guest_get(bytes + 8, 8),
        .sequence = omen_guest_get(bytes + 16, 8),
        .time_us = omen_guest_get(bytes + 24, 8),
        .lost = omen_guest_get(bytes + 32, 8),
        .payload = (const char *) bytes + OMEN_GUEST_HEADER_SIZE,
    };
    if ((frame->type != OMEN_GUEST_FRAME_RECORD && frame->type != OMEN_GUEST_FRAME_BEAT) ||
        frame->priority > 7 || frame->payload_length > OMEN_GUEST_PAYLOAD_MAX ||
        frame->identifier_length > frame->payload_length)
        return OMEN_GUEST_BAD;
    if (length < OMEN_GUEST_HEADER_SIZE + (size_t) frame->payload_length)
        return OMEN_GUEST_INCOMPLETE;
    if (omen_guest_get(bytes + 44, 4) != omen_guest_check(bytes, frame->payload_length))
        return OMEN_GUEST_BAD;
    return OMEN_GUEST_DECODED;
}
