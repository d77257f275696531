/* Six letters for the name of a temporary file: by chance where the process has random numbers, else one after the other.
 * Whoever wants a new file tries again when the name is taken. */
#include <sys/random.h>
#include "syscall.h"

char *__randname(char *template)
{
    static unsigned long last;
    unsigned long chance = 0, letters;
    __syscall(SYS_getrandom, &chance, sizeof chance, GRND_NONBLOCK);
    letters = chance + last++;
    for (int i = 0; i < 6; i++, letters >>= 5)
        template[i] = 'A' + (letters & 15) + (letters & 16) * 2;
    return template;
}
