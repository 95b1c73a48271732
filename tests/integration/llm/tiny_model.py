# SPDX-License-Identifier: LGPL-2.1-or-later
"""A language model of random weights in GGUF (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): it knows nothing,
and proves that a real server loads, answers to a schema, and can be ended."""
import random
import struct

WIDTH, HEADS, HIDDEN, CONTEXT = 32, 2, 64, 8192
UINT32, INT32, FLOAT32, STRING, ARRAY = 4, 5, 6, 8, 9
NORMAL_BYTE, CONTROL, UNKNOWN = 6, 3, 2
TOKENS = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
TYPES = [UNKNOWN, CONTROL, CONTROL] + [NORMAL_BYTE] * 256


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def pair(key, kind, value):
    return text(key) + struct.pack("<I", kind) + value


def number(key, value):
    return pair(key, UINT32, struct.pack("<I", value))


def array(key, kind, values):
    return pair(key, ARRAY, struct.pack("<IQ", kind, len(values)) + b"".join(values))


def metadata():
    sizes = {"context_length": CONTEXT, "embedding_length": WIDTH, "block_count": 1, "feed_forward_length": HIDDEN,
             "attention.head_count": HEADS, "attention.head_count_kv": HEADS, "rope.dimension_count": WIDTH // HEADS,
             "vocab_size": len(TOKENS)}
    return [pair("general.architecture", STRING, text("llama")), pair("general.name", STRING, text("random"))] + \
        [number("llama." + key, value) for key, value in sizes.items()] + \
        [pair("llama.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", 1e-5)),
         pair("tokenizer.ggml.model", STRING, text("llama")),
         array("tokenizer.ggml.tokens", STRING, [text(token) for token in TOKENS]),
         array("tokenizer.ggml.scores", FLOAT32, [struct.pack("<f", 0)] * len(TOKENS)),
         array("tokenizer.ggml.token_type", INT32, [struct.pack("<i", kind) for kind in TYPES]),
         number("tokenizer.ggml.bos_token_id", 1), number("tokenizer.ggml.eos_token_id", 2),
         number("tokenizer.ggml.unknown_token_id", 0)]


def shapes():
    square = [WIDTH, WIDTH]
    return {"token_embd": [WIDTH, len(TOKENS)], "output_norm": [WIDTH], "output": [WIDTH, len(TOKENS)],
            "blk.0.attn_norm": [WIDTH], "blk.0.ffn_norm": [WIDTH], "blk.0.attn_q": square, "blk.0.attn_k": square,
            "blk.0.attn_v": square, "blk.0.attn_output": square, "blk.0.ffn_gate": [WIDTH, HIDDEN],
            "blk.0.ffn_up": [WIDTH, HIDDEN], "blk.0.ffn_down": [HIDDEN, WIDTH]}


def write(path):
    """The same file each time."""
    source = random.Random(3)
    entries, data = [], bytearray()
    for name, sizes in shapes().items():
        data += bytes(-len(data) % 32)
        entries.append(text(name + ".weight") + struct.pack("<I", len(sizes)) + struct.pack(f"<{len(sizes)}Q", *sizes) +
                       struct.pack("<IQ", 0, len(data)))
        count = sizes[0] * (sizes[1] if len(sizes) > 1 else 1)
        values = [1.0] * count if "norm" in name else [source.gauss(0, 0.3) for _ in range(count)]
        data += struct.pack(f"<{count}f", *values)
    rows = metadata()
    head = b"GGUF" + struct.pack("<IQQ", 3, len(entries), len(rows)) + b"".join(rows) + b"".join(entries)
    with open(path, "wb") as model:
        model.write(head + bytes(-len(head) % 32) + data)
