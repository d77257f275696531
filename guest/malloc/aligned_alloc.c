/* Only the general allocator can split a block at an aligned place, so it serves all sizes here. */

#include <stdlib.h>

#define malloc __libc_malloc_impl
#include "../malloc/oldmalloc/aligned_alloc.c"
