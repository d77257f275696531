/* Copies a capability until its table is full, drops one, and copies again; the numbers of all three. */
#include <motte.h>
#include <stdio.h>

int main(void)
{
    int out = motte_grant("out"), last = 0, copies = 0, result;
    while ((result = motte_cap_copy(out)) > 0) {
        last = result;
        copies++;
    }
    int dropped = motte_cap_drop(last), again = motte_cap_copy(out);
    printf("%d %d %d %d\n", copies, result, dropped, again == last);
    return 0;
}
