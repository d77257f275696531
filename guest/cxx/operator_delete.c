/* C++'s operators delete, under their mangled names: sizes and alignments need not be told. */

#include <features.h>
#include <stddef.h>
#include <stdlib.h>

#define DELETE(name, mangled, ...) \
    void name(void *memory, ##__VA_ARGS__) __asm__(mangled); \
    weak void name(void *memory, ##__VA_ARGS__) \
    { \
        free(memory); \
    }

DELETE(delete_object, "_ZdlPv")
DELETE(delete_array, "_ZdaPv")
DELETE(delete_object_sized, "_ZdlPvm", size_t size)
DELETE(delete_array_sized, "_ZdaPvm", size_t size)
DELETE(delete_object_aligned, "_ZdlPvSt11align_val_t", size_t alignment)
DELETE(delete_array_aligned, "_ZdaPvSt11align_val_t", size_t alignment)
DELETE(delete_object_sized_aligned, "_ZdlPvmSt11align_val_t", size_t size, size_t alignment)
DELETE(delete_array_sized_aligned, "_ZdaPvmSt11align_val_t", size_t size, size_t alignment)
DELETE(delete_object_nothrow, "_ZdlPvRKSt9nothrow_t", const void *tag)
DELETE(delete_array_nothrow, "_ZdaPvRKSt9nothrow_t", const void *tag)
