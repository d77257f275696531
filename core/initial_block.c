#define _GNU_SOURCE
#include "initial_block.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "motte_abi.h"
#include "process_create.h"
#include "random_bytes.h"
#include "random_stream.h"

/*     start                                                            end
 *     | argc | argv… NULL | environment… NULL | auxv | random | strings |
 *
 * It is put together in host memory, on the stack if it is as small as usual, and copied out once. */

enum { AUXILIARY_WORDS = 2 * 5, ALIGNMENT = 16, USUAL_SIZE = 512 };

static uint64_t strings_size(const struct byte_string *strings, size_t count)
{
    uint64_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += strings[i].size + 1;
    return size;
}

static uint64_t word_count(const struct process_options *options)
{
    return 1 + options->argument_count + 1 + options->environment_count + 1 + AUXILIARY_WORDS;
}

uint64_t initial_block_size(const struct process_options *options)
{
    uint64_t size = word_count(options) * sizeof(uint64_t) + RANDOM_BYTES
                  + strings_size(options->arguments, options->argument_count)
                  + strings_size(options->environment, options->environment_count);
    return (size + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
}

/* The block while it is written; `address` is where its first byte will lie in the window. */
struct draft {
    char *bytes;
    uint64_t *next_word;
    char *next_byte;
    uint32_t address;
};

static void put_word(struct draft *draft, uint64_t word)
{
    *draft->next_word++ = word;
}

static uint64_t guest_position(const struct draft *draft)
{
    return draft->address + (uint64_t)(draft->next_byte - draft->bytes);
}

static void put_strings(struct draft *draft, const struct byte_string *strings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put_word(draft, guest_position(draft));
        memcpy(draft->next_byte, strings[i].bytes, strings[i].size);
        draft->next_byte += strings[i].size + 1; /* the NUL is there already */
    }
    put_word(draft, 0);
}

/* Those that it draws itself are of other streams: their numbers have 32 bits. */
static const uint64_t initial_stream = UINT64_MAX;

/* None, or not the host's, where the process is not to have these: false if the host has none. */
static bool put_random(const struct source_terms *terms, unsigned char *to)
{
    enum random_kind kind = source_initial(terms);
    if (kind == RANDOM_OF_SEED)
        random_stream_read(terms->seed, initial_stream, 0, to, RANDOM_BYTES);
    return kind != RANDOM_OF_HOST || random_bytes_take(to);
}

static void put_auxiliary(struct draft *draft, bool has_random, uint64_t random)
{
    const uint64_t vector[AUXILIARY_WORDS] = {
        AT_PAGESZ, MOTTE_PAGE_SIZE,
        has_random ? AT_RANDOM : AT_IGNORE, random,
        AT_CLKTCK, (uint64_t)sysconf(_SC_CLK_TCK),
        AT_SECURE, 0,
        AT_NULL,   0,
    };
    for (size_t i = 0; i < AUXILIARY_WORDS; i++)
        put_word(draft, vector[i]);
}

int initial_block_write(struct process *process, const struct process_options *options, guest_addr start)
{
    _Alignas(ALIGNMENT) char usual[USUAL_SIZE] = {0};
    uint64_t size = initial_block_size(options);
    bool is_usual = size <= sizeof usual;
    struct draft draft = {.bytes = is_usual ? usual : calloc(1, size), .address = start.value};
    if (!draft.bytes)
        return -ENOMEM;
    draft.next_word = (uint64_t *)draft.bytes;
    draft.next_byte = draft.bytes + word_count(options) * sizeof(uint64_t);

    uint64_t random = guest_position(&draft);
    bool complete = put_random(&options->sources, (unsigned char *)draft.next_byte);
    draft.next_byte += RANDOM_BYTES;
    put_word(&draft, options->argument_count);
    put_strings(&draft, options->arguments, options->argument_count);
    put_strings(&draft, options->environment, options->environment_count);
    put_auxiliary(&draft, source_initial(&options->sources) != RANDOM_NONE, random);

    complete = complete && copy_out(process, start, draft.bytes, size);
    if (!is_usual)
        free(draft.bytes);
    return complete ? 0 : -EFAULT;
}
