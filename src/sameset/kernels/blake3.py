"""BLAKE3 (O'Connor, Aumasson, Neves, Wilcox-O'Hearn 2020) of many short byte strings: their long outputs, added up.

The 64 blocks of an output of 4096 bytes differ in a counter alone, so they are compressed side by side, one per lane of a
vector; and so are the chunks of 16 byte strings, which know nothing of each other. A row of lineitem (580 bytes) takes
0.6 us in all on one core with AVX-512; the package blake3 takes 1.6 us, holds the lock of the interpreter, and leaves the
adding to do.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sameset.kernels.murmur import load8, load64

__all__ = ["IV", "OUTPUT_WORDS", "add_outputs"]

u, w = np.uint64, np.uint32
BLOCK, CHUNK, WORDS = 64, 1024, 16
OUTPUT_BLOCKS = 64
OUTPUT_WORDS = OUTPUT_BLOCKS * WORDS
ABREAST = 16  # chunks at once: as many as a vector of 512 bits has lanes
DEEPEST = 54  # levels of the tree over 2^64 bytes
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
IV = np.array(
    [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19], np.uint32
)
IV0, IV1, IV2, IV3 = w(0x6A09E667), w(0xBB67AE85), w(0x3C6EF372), w(0xA54FF53A)


@njit(nogil=True, cache=True)
def add_outputs(address, offsets, key, flags, lanes):  # type: ignore[no-untyped-def]
    """Adds the first 4096 bytes of the output for every byte string to `lanes`, uint32 (1024,), modulo 2^32.

    String i lies from `address + offsets[i]` to `address + offsets[i + 1]`; int64 offsets. `key` is uint32 (8,), IV if
    there is none; `flags` are those of the mode: 16 keyed, 32 and 64 for the halves of deriving a key.
    """
    starts, sizes, counters = np.empty(ABREAST, np.uint64), np.zeros(ABREAST, np.int64), np.zeros(ABREAST, np.int64)
    chains, blocks = np.empty(8 * ABREAST, np.uint32), np.zeros(WORDS * ABREAST, np.uint32)
    stack, block = np.empty((DEEPEST, 8), np.uint32), np.empty(WORDS, np.uint32)
    sums = np.zeros(OUTPUT_WORDS, np.uint32)
    string, counter = 0, 0
    while string < offsets.shape[0] - 1:
        filled = 0
        while filled < ABREAST and string < offsets.shape[0] - 1:
            at = offsets[string] + counter * CHUNK
            left = offsets[string + 1] - at
            starts[filled], sizes[filled], counters[filled] = u(address) + u(at), left, counter
            counter = counter + 1 if left > CHUNK else 0
            string += left <= CHUNK
            filled += 1
        sizes[filled:] = 0
        chain_chunks(starts, sizes, counters, (key, flags), blocks, chains)
        for i in range(filled):
            end_chunk(starts[i], sizes[i], counters[i], chain_of(chains, i, ABREAST), (key, flags), stack, block, sums)
    for i in range(OUTPUT_BLOCKS):
        for j in range(WORDS):
            lanes[i * WORDS + j] += sums[j * OUTPUT_BLOCKS + i]


@njit(forceinline=True)
def chain_chunks(starts, sizes, counters, mode, blocks, chains):  # type: ignore[no-untyped-def]
    """Chaining values of 16 chunks before their last blocks: word j of chunk i is `chains[16 * j + i]`.

    `sizes` says how much of its string is left where a chunk starts: more than 1024 bytes if there are more chunks.
    """
    key, flags = mode
    longest = 0
    for i in range(ABREAST):
        longest = max(longest, full_blocks(sizes[i]))
        for j in range(8):
            chains[j * ABREAST + i] = key[j]
    for at in range(longest):
        for i in range(ABREAST):
            if at < full_blocks(sizes[i]):
                for j in range(WORDS // 2):
                    word = load64(starts[i] + u(BLOCK * at + 8 * j))
                    blocks[2 * j * ABREAST + i] = w(word)
                    blocks[(2 * j + 1) * ABREAST + i] = w(word >> u(32))
        chain_blocks(sizes, counters, at, flags | CHUNK_START if at == 0 else flags, blocks, chains)


@njit(forceinline=True)
def chain_blocks(sizes, counters, at, flags, blocks, chains):  # type: ignore[no-untyped-def]
    """Compresses a block of each of 16 chunks, except of those whose last block it is or that are over."""
    for lane in range(ABREAST):
        old = chain_of(chains, lane, ABREAST)
        new = compress(old, words_of(blocks, lane, ABREAST), counters[lane], BLOCK, flags)
        goes_on = at < full_blocks(sizes[lane])
        for j in range(8):
            chains[j * ABREAST + lane] = new[j] if goes_on else old[j]


@njit(forceinline=True)
def full_blocks(size):  # type: ignore[no-untyped-def]
    """How many blocks of a chunk come before its last one."""
    return (min(max(size, 1), CHUNK) - 1) // BLOCK


@njit(forceinline=True)
def end_chunk(start, size, counter, chain, mode, stack, block, sums):  # type: ignore[no-untyped-def]
    """Takes in the last block of a chunk; if it ends its string, adds the string's output to `sums`.

    `stack` holds the chaining values of the complete subtrees to the left, the largest first; how many follows from `counter`.
    """
    key, flags = mode
    before = full_blocks(size)
    rest = min(size, CHUNK) - before * BLOCK
    load_block(start + u(before * BLOCK), rest, block)
    last = flags | CHUNK_END | (CHUNK_START if before == 0 else 0)
    if counter == 0 and size <= CHUNK:
        add_output(chain, block, rest, last | ROOT, sums)
        return
    top = compress_block(chain, block, counter, rest, last)
    depth = ones_of(counter)
    merges = depth - 1 if size <= CHUNK else depth - ones_of(counter & (counter + 1))
    for _ in range(merges):
        depth -= 1
        put_pair(stack[depth], top, block)
        top = compress_block(chain_of(key, 0, 1), block, 0, BLOCK, flags | PARENT)
    if size <= CHUNK:
        put_pair(stack[0], top, block)
        add_output(chain_of(key, 0, 1), block, BLOCK, flags | PARENT | ROOT, sums)
    else:
        for j in range(8):
            stack[depth, j] = top[j]


@njit(forceinline=True)
def load_block(start, size, block):  # type: ignore[no-untyped-def]
    """Up to 64 bytes as sixteen words, with zeros behind them."""
    for j in range(WORDS // 2):
        word = u(0)
        if 8 * j + 8 <= size:
            word = load64(start + u(8 * j))
        else:
            for i in range(8 * j, size):
                word |= load8(start + u(i)) << u(8 * (i - 8 * j))
        block[2 * j] = w(word)
        block[2 * j + 1] = w(word >> u(32))


@njit(forceinline=True)
def put_pair(left, right, block):  # type: ignore[no-untyped-def]
    """The block of a parent: the chaining values of both children."""
    for j in range(8):
        block[j] = left[j]
        block[8 + j] = right[j]


@njit(forceinline=True)
def ones_of(number):  # type: ignore[no-untyped-def]
    """How many bits of a number are set."""
    ones = 0
    while number:
        number &= number - 1
        ones += 1
    return ones


@njit
def add_output(chain, block, size, flags, sums):  # type: ignore[no-untyped-def]
    """Adds the output of a root: word j of its block i to `sums[64 * j + i]`, so that lanes of a vector are neighbours."""
    words, n = words_of(block, 0, 1), OUTPUT_BLOCKS
    for i in range(n):
        s = rounds(start_of(chain, i, size, flags), words)
        sums[0 * n + i] += s[0] ^ s[8]
        sums[1 * n + i] += s[1] ^ s[9]
        sums[2 * n + i] += s[2] ^ s[10]
        sums[3 * n + i] += s[3] ^ s[11]
        sums[4 * n + i] += s[4] ^ s[12]
        sums[5 * n + i] += s[5] ^ s[13]
        sums[6 * n + i] += s[6] ^ s[14]
        sums[7 * n + i] += s[7] ^ s[15]
        sums[8 * n + i] += s[8] ^ chain[0]
        sums[9 * n + i] += s[9] ^ chain[1]
        sums[10 * n + i] += s[10] ^ chain[2]
        sums[11 * n + i] += s[11] ^ chain[3]
        sums[12 * n + i] += s[12] ^ chain[4]
        sums[13 * n + i] += s[13] ^ chain[5]
        sums[14 * n + i] += s[14] ^ chain[6]
        sums[15 * n + i] += s[15] ^ chain[7]


@njit
def compress_block(chain, block, counter, size, flags):  # type: ignore[no-untyped-def]
    """The same for the block of an array, once in the machine code."""
    return compress(chain, words_of(block, 0, 1), counter, size, flags)


@njit(forceinline=True)
def compress(chain, words, counter, size, flags):  # type: ignore[no-untyped-def]
    """The next chaining value, eight words, after a block of sixteen."""
    s = rounds(start_of(chain, counter, size, flags), words)
    return (
        s[0] ^ s[8],
        s[1] ^ s[9],
        s[2] ^ s[10],
        s[3] ^ s[11],
        s[4] ^ s[12],
        s[5] ^ s[13],
        s[6] ^ s[14],
        s[7] ^ s[15],
    )


@njit(forceinline=True)
def start_of(chain, counter, size, flags):  # type: ignore[no-untyped-def]
    """The state before the first round."""
    return (*chain, IV0, IV1, IV2, IV3, w(counter), w(u(counter) >> u(32)), w(size), w(flags))


@njit(forceinline=True)
def rounds(s, m):  # type: ignore[no-untyped-def]
    """The state after seven rounds, without the feed-forward."""
    s = one_round(s, m)
    m = permuted(m)
    s = one_round(s, m)
    m = permuted(m)
    s = one_round(s, m)
    m = permuted(m)
    s = one_round(s, m)
    m = permuted(m)
    s = one_round(s, m)
    m = permuted(m)
    s = one_round(s, m)
    return one_round(s, permuted(m))


@njit(forceinline=True)
def one_round(s, m):  # type: ignore[no-untyped-def]
    """Mixes the columns of the state, then its diagonals."""
    s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15 = s
    s0, s4, s8, s12 = quarter(s0, s4, s8, s12, m[0], m[1])
    s1, s5, s9, s13 = quarter(s1, s5, s9, s13, m[2], m[3])
    s2, s6, s10, s14 = quarter(s2, s6, s10, s14, m[4], m[5])
    s3, s7, s11, s15 = quarter(s3, s7, s11, s15, m[6], m[7])
    s0, s5, s10, s15 = quarter(s0, s5, s10, s15, m[8], m[9])
    s1, s6, s11, s12 = quarter(s1, s6, s11, s12, m[10], m[11])
    s2, s7, s8, s13 = quarter(s2, s7, s8, s13, m[12], m[13])
    s3, s4, s9, s14 = quarter(s3, s4, s9, s14, m[14], m[15])
    return s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15


@njit(forceinline=True)
def quarter(a, b, c, d, x, y):  # type: ignore[no-untyped-def]
    """Mixes four words of the state with two of the block."""
    a = w(a + b + x)
    d = rotated(w(d ^ a), 16)
    c = w(c + d)
    b = rotated(w(b ^ c), 12)
    a = w(a + b + y)
    d = rotated(w(d ^ a), 8)
    c = w(c + d)
    return a, rotated(w(b ^ c), 7), c, d


@njit(forceinline=True)
def rotated(x, r):  # type: ignore[no-untyped-def]
    return w(w(x >> w(r)) | w(x << w(32 - r)))  # numba widens every operation to 64 bits; LLVM sees through it


@njit(forceinline=True)
def permuted(m):  # type: ignore[no-untyped-def]
    """The words of a block in the order in which the next round takes them."""
    return m[2], m[6], m[3], m[10], m[7], m[0], m[4], m[13], m[1], m[11], m[12], m[5], m[9], m[14], m[15], m[8]


@njit(forceinline=True)
def chain_of(words, at, step):  # type: ignore[no-untyped-def]
    """Eight words of an array, `step` apart."""
    a, b, c, d, e, f, g, h = (
        at,
        at + step,
        at + 2 * step,
        at + 3 * step,
        at + 4 * step,
        at + 5 * step,
        at + 6 * step,
        at + 7 * step,
    )
    return words[a], words[b], words[c], words[d], words[e], words[f], words[g], words[h]


@njit(forceinline=True)
def words_of(words, at, step):  # type: ignore[no-untyped-def]
    """Sixteen words of an array, `step` apart."""
    return (*chain_of(words, at, step), *chain_of(words, at + 8 * step, step))
