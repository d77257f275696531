/* Supplies zeros to whoever it keeps, where that is possible; exits with the number of faults when nobody is left. */
#include <motte.h>

int main(void)
{
    struct motte_fault fault;
    int handle, count = 0;
    while ((handle = motte_fault_receive(motte_grant("faults"), &fault, -1)) > 0) {
        count++;
        if (motte_fault_supply(handle, fault.address & ~4095UL, 4096, 0, 0, 1) == 0)
            motte_fault_resume(handle);
        else
            motte_fault_decline(handle);
    }
    return count;
}
