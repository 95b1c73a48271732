/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state/engine-blob.h"

#define LEVEL     3 /* of zlib: most of the gain, in a third of the time */
#define MAX_BYTES (256 * 1024 * 1024)

/* All of @data through @converter. (transfer full) (nullable): NULL where it can't be. */
static GByteArray *
convert(GConverter *converter, const guint8 *data, gsize length)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    GConverterResult result = G_CONVERTER_CONVERTED;
    gsize taken = 0;

    while (result != G_CONVERTER_FINISHED) {
        guint8 piece[32768];
        gsize n_read = 0;
        gsize n_written = 0;

        result = g_converter_convert(converter, data + taken, length - taken, piece, sizeof piece,
                                     G_CONVERTER_INPUT_AT_END, &n_read, &n_written, NULL);
        if (result == G_CONVERTER_ERROR || out->len > MAX_BYTES)
            return NULL;
        taken += n_read;
        g_byte_array_append(out, piece, (guint) n_written);
    }
    return g_steal_pointer(&out);
}

static GVariant *
variant_from(GByteArray *array, const GVariantType *type)
{
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(array);

    return g_variant_ref_sink(g_variant_new_from_bytes(type, bytes, FALSE));
}

static GVariant *
swap_if_big_endian(GVariant *value)
{
    return G_BYTE_ORDER == G_BIG_ENDIAN ? g_variant_byteswap(value) : g_variant_ref(value);
}

GVariant *
omen_engine_pack(GVariant *engine)
{
    g_autoptr(GVariant) own = g_variant_ref_sink(g_variant_new_variant(engine));
    g_autoptr(GVariant) boxed = swap_if_big_endian(own);
    g_autoptr(GZlibCompressor) compressor =
        g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB, LEVEL);
    GByteArray *packed =
        convert(G_CONVERTER(compressor), g_variant_get_data(boxed), g_variant_get_size(boxed));

    return packed ? variant_from(packed, G_VARIANT_TYPE_BYTESTRING) : g_variant_ref(engine);
}

GVariant *
omen_engine_unpack(GVariant *packed)
{
    g_autoptr(GZlibDecompressor) decompressor = NULL;
    g_autoptr(GVariant) stored = NULL;
    g_autoptr(GVariant) boxed = NULL;
    GByteArray *plain;

    if (!g_variant_is_of_type(packed, G_VARIANT_TYPE_BYTESTRING))
        return g_variant_ref(packed);
    decompressor = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB);
    plain =
        convert(G_CONVERTER(decompressor), g_variant_get_data(packed), g_variant_get_size(packed));
    if (!plain)
        return NULL;
    stored = variant_from(plain, G_VARIANT_TYPE_VARIANT);
    boxed = swap_if_big_endian(stored);
    return g_variant_get_variant(boxed);
}
