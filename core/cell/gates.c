#include <sys/mman.h>

#include "../gate_code.h"
#include "program.h"
#include "system.h"

long gates_map(uint64_t address)
{
    uint8_t *base = (uint8_t *)address;
    long result = system_call(SYS_mmap, base, GATES_SIZE, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (result < 0)
        return result;
    memset(base, GATE_FILLING, GATES_SIZE);
    gate_code_write_calls(base, (uint64_t)cell_gate);
    gate_code_write_function_return(base, (uint64_t)cell_function_return);
    return system_call(SYS_mprotect, base, GATES_SIZE, PROT_READ | PROT_EXEC);
}
