/* The locks of banks: a fixed set, shared by all trees.
 *
 * A tree has the lock of its root's number.  Two trees that share one are slower together and nothing else, since nobody
 * ever holds two.  In exchange a lock has no life of its own, and a fork of the host can take all of them: the
 * child's banks are as whole as the parent's.
 */
#ifndef MOTTE_BANK_LOCK_H
#define MOTTE_BANK_LOCK_H

#include <pthread.h>
#include <stdint.h>

pthread_mutex_t *bank_lock_for(uint64_t root_identity);

#endif
