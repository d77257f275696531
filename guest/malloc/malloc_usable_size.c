#include <malloc.h>
#include <stdlib.h>
#include "../malloc/oldmalloc/malloc_impl.h"
#include "small_objects.h"

size_t malloc_usable_size(void *memory)
{
	if (!memory)
		return 0;
	if (is_small(memory))
		return slab_of(memory)->object_size;
	return CHUNK_SIZE(MEM_TO_CHUNK(memory)) - OVERHEAD;
}
