/* Which call has which number. */
#ifndef MOTTE_PERSONALITY_TABLE_H
#define MOTTE_PERSONALITY_TABLE_H

#include "state.h"

/* Never NULL: a number that is not in the table has the handler that answers -ENOSYS. */
personality_handler *table_handler(int64_t claimed_number);

#endif
