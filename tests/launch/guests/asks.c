/* Believes that its grant "bank" is a bank, until it asks "official". */
#include <motte.h>
#include <stdio.h>

int main(void)
{
    int bank = motte_grant("bank");
    printf("available %ld\n", motte_bank_available(bank));
    printf("create %d\n", motte_bank_create(bank, 1 << 20) > 0);
    printf("verify %d\n", motte_bank_verify(motte_grant("official"), bank));
    return 0;
}
