/* The same functions for memory of the window and of a block: SPACE and NAME say which. */

typedef struct { uint8_t tag; uint32_t numbers[7]; double real; uint64_t words[20]; } NAME(record);

/* A loop that compilers take for memset, memcpy or memmove, with sizes that they do not know. */
static void NAME(loops)(SPACE uint8_t *bytes, long size)
{
    for (long i = 0; i < size; i++)
        bytes[i] = 0x5a;
    for (long i = 0; i < size / 3; i++)
        bytes[size / 2 + i] = (uint8_t)(i * 7);
    for (long i = 0; i < size / 4; i++)
        bytes[i] = bytes[i + 1];
    for (long i = size / 4; i > 0; i--)
        bytes[i] = bytes[i - 1];
}

static long NAME(length)(const SPACE char *text)
{
    long length = 0;
    while (text[length])
        length++;
    return length;
}

static int NAME(compare)(const SPACE uint8_t *one, const SPACE uint8_t *other, long size)
{
    for (long i = 0; i < size; i++)
        if (one[i] != other[i])
            return one[i] - other[i];
    return 0;
}

/* Structures as a whole: within, into and out of the space. */
static uint64_t NAME(structures)(SPACE NAME(record) *records, int count)
{
    NAME(record) local = {.tag = 3, .real = 1.5};
    for (int i = 0; i < 20; i++)
        local.words[i] = (uint64_t)i * i;
    for (int i = 0; i < count; i++) {
        local.numbers[i % 7] += (uint32_t)i;
        local.real *= 1.25;
        records[i] = local;
    }
    for (int i = 1; i < count; i += 2)
        records[i - 1] = records[i];
    uint64_t sum = 0;
    for (int i = 0; i < count; i++) {
        NAME(record) copy = records[i];
        sum = sum * 31 + copy.tag + copy.numbers[i % 7] + (uint64_t)copy.real + copy.words[i % 20];
    }
    return sum;
}

static double NAME(reals)(SPACE double *x, SPACE double *y, long count)
{
    for (long i = 0; i < count; i++) {
        x[i] = (double)i / 3;
        y[i] = 1;
    }
    for (long i = 0; i < count; i++)
        y[i] += 2.5 * x[i];
    double sum = 0;
    for (long i = 0; i < count; i += 3)
        sum += y[i] * x[count - 1 - i];
    return sum;
}

static void NAME(sort)(SPACE int *numbers, long count)
{
    for (long i = 1; i < count; i++)
        for (long at = i; at > 0 && numbers[at - 1] > numbers[at]; at--) {
            int moved = numbers[at];
            numbers[at] = numbers[at - 1];
            numbers[at - 1] = moved;
        }
}

static uint64_t NAME(atomics)(SPACE uint64_t *words)
{
    words[0] = 5;
    uint64_t seen = 0, wanted = 12;
    seen += __atomic_fetch_add(&words[0], 7, __ATOMIC_SEQ_CST);
    seen += __atomic_compare_exchange_n(&words[0], &wanted, 99, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
    seen = seen * 3 + __atomic_exchange_n(&words[0], 4, __ATOMIC_ACQ_REL);
    seen = seen * 3 + __atomic_fetch_or(&words[1], 64, __ATOMIC_RELAXED) + __atomic_fetch_and(&words[1], 65, __ATOMIC_RELAXED);
    __atomic_store_n(&words[2], seen, __ATOMIC_SEQ_CST);
    seen += __atomic_fetch_xor(&words[2], 3, __ATOMIC_SEQ_CST) & 255;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return seen + __atomic_load_n(&words[2], __ATOMIC_ACQUIRE);
}

struct NAME(list) { SPACE struct NAME(list) *next; uint64_t (*apply)(uint64_t); uint64_t value; };

/* Pointers into the space that lie in it, and pointers to functions. */
static uint64_t NAME(lists)(SPACE struct NAME(list) *nodes, int count)
{
    for (int i = 0; i < count; i++) {
        nodes[i].next = i + 1 < count ? &nodes[(i * 7 + 3) % count] : 0;
        nodes[i].apply = i % 2 ? twice : plus_three;
        nodes[i].value = (uint64_t)i;
    }
    uint64_t sum = 1;
    SPACE struct NAME(list) *node = nodes;
    for (int steps = 0; node && steps < 1000; steps++, node = node->next)
        sum = node->apply(sum + node->value) % 1000003;
    return sum;
}

static uint64_t NAME(odd)(SPACE uint8_t *bytes, unsigned __int128 wide)
{
    typedef unsigned __int128 any128 __attribute__((aligned(1)));
    typedef uint32_t any32 __attribute__((aligned(1)));
    *(SPACE any128 *)(bytes + 3) = wide;
    *(volatile SPACE any32 *)(bytes + 21) = 0x12345678;
    for (int i = 0; i < 64; i++)
        bytes[100 + i] = (uint8_t)(bytes[3 + i % 16] ^ bytes[21 + i % 4]);
    uint64_t sum = 0;
    for (int i = 0; i < 164; i++)
        switch (bytes[i] & 15) {
        case 0: sum += 3; break;
        case 1: sum ^= 55; break;
        case 2: sum *= 3; break;
        case 3: sum -= 9; break;
        case 7: sum += bytes[i]; break;
        case 9: sum = sum << 3 | sum >> 61; break;
        default: sum += 1;
        }
    return sum + (uint64_t)(*(SPACE any128 *)(bytes + 103) >> 64);
}

static uint64_t NAME(all)(SPACE uint8_t *memory, long size)
{
    uint64_t result = 1;
    NAME(loops)(memory, size);
    for (long i = 0; i < size; i++)
        result = result * 31 + memory[i];
    memory[777] = 0;
    result = result * 31 + (uint64_t)NAME(length)((const SPACE char *)memory);
    result = result * 31 + (uint64_t)NAME(compare)(memory, memory + size / 2, size / 8);
    result = result * 31 + NAME(structures)((SPACE NAME(record) *)memory, 40);
    result = result * 31 + (uint64_t)NAME(reals)((SPACE double *)memory, (SPACE double *)memory + 400, 400);
    SPACE int *numbers = (SPACE int *)memory;
    for (int i = 0; i < 300; i++)
        numbers[i] = i * 7919 % 301;
    NAME(sort)(numbers, 300);
    for (int i = 0; i < 300; i++)
        result = result * 31 + (uint64_t)numbers[i];
    for (int i = 0; i < 8; i++)
        ((SPACE uint64_t *)memory)[i] = 0;
    result = result * 31 + NAME(atomics)((SPACE uint64_t *)memory);
    result = result * 31 + NAME(lists)((SPACE struct NAME(list) *)memory, 50);
    for (int i = 0; i < 200; i++)
        memory[i] = (uint8_t)i; /* where addresses were, which differ */
    return result * 31 + NAME(odd)(memory, (unsigned __int128)result << 64 | 0x1234567890abcdef);
}
