/* Letters without their case, in the only locale that a guest has bytes of: ASCII. */

static inline int lower(unsigned char byte)
{
    return byte | (unsigned)((unsigned)byte - 'A' < 26) << 5;
}
