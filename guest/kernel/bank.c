#include "request.h"

int motte_bank_create(int bank, unsigned long limit)
{
    struct motte_size_request request = {limit};
    struct request call = {.bytes = &request, .size = sizeof request, .handles = 1, .timeout = -1};
    return __motte_request(bank, MOTTE_BANK_CREATE, &call);
}

int motte_bank_figures(int bank, struct motte_bank_figures *figures)
{
    return __motte_request_record(bank, MOTTE_BANK_FIGURES, figures, sizeof *figures);
}

long motte_bank_used(int bank)
{
    struct motte_bank_figures figures;
    int result = motte_bank_figures(bank, &figures);
    return result < 0 ? result : (long)figures.used;
}

long motte_bank_available(int bank)
{
    struct motte_bank_figures figures;
    int result = motte_bank_figures(bank, &figures);
    return result < 0 ? result : (long)figures.available;
}

int motte_bank_limit(int bank, unsigned long limit)
{
    return __motte_request_size(bank, MOTTE_BANK_LIMIT, limit);
}

int motte_bank_destroy(int bank)
{
    return __motte_request_plain(bank, MOTTE_BANK_DESTROY);
}

int motte_bank_remove(int bank)
{
    return __motte_request_plain(bank, MOTTE_BANK_REMOVE);
}

int motte_bank_verify(int bank, int claimed)
{
    struct request call = {.capabilities = &claimed, .capability_count = 1, .timeout = -1};
    return __motte_request(bank, MOTTE_BANK_VERIFY, &call);
}
