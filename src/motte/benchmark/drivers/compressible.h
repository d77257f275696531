/* Text-like data, the same everywhere: words of a small vocabulary with some noise. */
static unsigned char *compressible(size_t size)
{
    unsigned char *data = malloc(size);
    uint64_t seed = 41;
    if (!data)
        exit(1);
    for (size_t at = 0; at < size;) {
        uint64_t r = next_random(&seed), word = (r >> 8) % 600;
        for (unsigned i = 0; i < 3 + word % 7 && at < size; i++)
            data[at++] = (unsigned char)('a' + (word * 7 + i * (word % 5 + 1)) % 26);
        if (at < size)
            data[at++] = (r & 31) ? ' ' : (unsigned char)(r >> 32);
    }
    return data;
}
