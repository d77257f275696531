#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "dynlink.h"
#include "small_objects.h"

void *calloc(size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total)) {
		errno = ENOMEM;
		return 0;
	}
	void *memory = malloc(total);
	/* Only the general allocator knows memory that is fresh, and therefore zero. */
	if (!memory || (total > SMALL_MAX && !is_small(memory) && __malloc_allzerop(memory)))
		return memory;
	return memset(memory, 0, total);
}
